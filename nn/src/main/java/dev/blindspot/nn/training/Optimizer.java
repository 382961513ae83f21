package dev.blindspot.nn.training;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Tensor;
import java.util.List;

/** Changes parameters by their gradients. Belongs to one thread; owns its state. */
public interface Optimizer extends AutoCloseable {

  /**
   * Begins the next step: brings what it depends on to the device, without waiting. No part of a
   * recording.
   */
  void begin(Context ctx, double learningRate);

  /**
   * Ends the step with the gradients that the plan holds now. Depends on nothing of the host, so
   * that a program can repeat it. Allocates nothing.
   */
  void apply(Context ctx);

  /** One step with the gradients that the plan holds now. */
  default void step(Context ctx, double learningRate) {
    begin(ctx, learningRate);
    apply(ctx);
  }

  /** State that a checkpoint must keep, beside the parameters. */
  List<Tensor> state();

  /** Steps done; kept by checkpoints. */
  long steps();

  /** Sets the steps done, after the state was restored. */
  void steps(long done);

  @Override
  void close();
}
