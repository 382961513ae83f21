package dev.blindspot.bench.peer;

/** A problem prepared in one way. */
public interface PeerVariant extends AutoCloseable {

  /** Layout and implementation. */
  String name();

  /** One execution. */
  void run();

  /** The result of an execution, NCHW. */
  float[] result();

  @Override
  void close();
}
