package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.Tensor;

/** Executes a {@link BatchNormDesc}. All tensors of one channel's values have shape [c]. */
public interface BatchNormPlan extends Plan {

  /** y = gamma (x - mean) / sqrt(variance + epsilon) + beta with given statistics; y may be x. */
  void forwardInference(
      Context ctx, Tensor x, Tensor gamma, Tensor beta, Tensor mean, Tensor variance, Tensor y);

  /**
   * Normalises by the batch's own statistics, saves its mean and 1/sqrt(variance + epsilon), and
   * moves the running ones: running = (1 - momentum) running + momentum batch.
   */
  void forwardTraining(
      Context ctx,
      Tensor x,
      Tensor gamma,
      Tensor beta,
      double momentum,
      Tensor runningMean,
      Tensor runningVariance,
      Tensor savedMean,
      Tensor savedInverseDeviation,
      Tensor y);

  /** dx of {@link #forwardInference}; dx may be dy. */
  void backwardDataInference(Context ctx, Tensor dy, Tensor gamma, Tensor variance, Tensor dx);

  /** dgamma and dbeta of {@link #forwardInference}. */
  void backwardWeightsInference(
      Context ctx, Tensor x, Tensor dy, Tensor mean, Tensor variance, Tensor dgamma, Tensor dbeta);

  /** dx, dgamma and dbeta of {@link #forwardTraining}, through the batch's statistics. */
  void backwardTraining(
      Context ctx,
      Tensor x,
      Tensor dy,
      Tensor gamma,
      Tensor savedMean,
      Tensor savedInverseDeviation,
      Tensor dx,
      Tensor dgamma,
      Tensor dbeta);
}
