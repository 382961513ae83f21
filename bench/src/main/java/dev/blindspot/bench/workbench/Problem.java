package dev.blindspot.bench.workbench;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Precision;
import java.util.Set;

/** A primitive at a shape. */
interface Problem {

  /** The driver's name: "conv". */
  String driver();

  /** The shape as it was written. */
  String prb();

  /** The name given, or "". */
  String name();

  /** Directions that it has. */
  Set<Pass> passes();

  /** Arithmetic operations of one execution, a multiply-add counting as two. */
  double operations();

  /** Bytes that one execution has to move, each operand once. */
  double bytes(Pass pass);

  /** The same for a peer. */
  PeerProblem forPeer(Pass pass);

  /** The same, or its first image, in an element type: small enough to be computed in double. */
  Problem single(ElementType type);

  /**
   * Plans it with random data.
   *
   * @param implementation only those whose name begins so; "" for all
   * @throws dev.blindspot.engine.UnsupportedException with the reason if none can do it
   */
  Prepared prepare(Backend backend, Pass pass, Precision precision, String implementation);
}
