package dev.blindspot.engine;

import java.util.Set;

/**
 * A primitive prepared for execution. Immutable and shareable between threads; making one is slow
 * and may allocate, executing allocates nothing on the Java heap or natively. A plan is usable
 * until it or its backend is closed.
 *
 * <p>Every execution checks that each tensor has the planned type and row shape, belongs to the
 * plan's backend and is open, and that all agree in their batch; it throws {@link
 * InvalidInputException} before anything is written. Unless a method says otherwise an output must
 * not overlap an input.
 */
public interface Plan extends AutoCloseable {

  Desc<?> desc();

  PlanOptions options();

  /** The implementation chosen for a planned direction: "cpu:avx512-relu", "reference". */
  String implementation(Direction direction);

  /** What the chosen implementation of this direction keeps. */
  Set<Guarantee> guarantees(Direction direction);

  /** Bytes of context workspace that an execution needs. */
  long workspaceBytes();

  /**
   * Gives back what the plan holds of libraries (descriptors); at most once, by any thread, when no
   * execution is under way. A plan that is forgotten is given back when a later one is made:
   * closing matters only where many are made.
   */
  @Override
  default void close() {}
}
