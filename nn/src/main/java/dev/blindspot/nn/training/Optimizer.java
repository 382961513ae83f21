package dev.blindspot.nn.training;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Tensor;
import java.util.List;

/** Changes parameters by their gradients. Belongs to one thread; owns its state. */
public interface Optimizer extends AutoCloseable {

  /** One step with the gradients that the plan holds now. Allocates nothing. */
  void step(Context ctx, double learningRate);

  /** State that a checkpoint must keep, beside the parameters. */
  List<Tensor> state();

  /** Steps done; kept by checkpoints. */
  long steps();

  /** Sets the steps done, after the state was restored. */
  void steps(long done);

  @Override
  void close();
}
