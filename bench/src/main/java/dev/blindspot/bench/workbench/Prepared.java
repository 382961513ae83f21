package dev.blindspot.bench.workbench;

import dev.blindspot.engine.Context;

/** A problem ready to be executed again and again. Owns plan and tensors. */
interface Prepared extends AutoCloseable {

  /** Name of the implementation chosen. */
  String implementation();

  /** One execution, on this object's context. */
  void run();

  Context context();

  /** The result of the last execution, in double. */
  double[] result();

  @Override
  void close();
}
