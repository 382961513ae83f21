package dev.blindspot.engine.spi.tuning;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;

/** Buffers of one question, on which its candidates are executed. */
interface Trial extends AutoCloseable {

  /** The planned directions of a plan, ready to be executed again and again. */
  Runnable step(Context ctx, Plan plan);

  /** Gives the buffers back. */
  @Override
  void close();
}
