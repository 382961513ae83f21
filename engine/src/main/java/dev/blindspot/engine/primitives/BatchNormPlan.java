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
   * moves the running ones: running = (1 - momentum) running + momentum batch. The desc's
   * post-operations follow.
   *
   * @param residual of y's shape; null unless it is a post-operation
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
      Tensor residual,
      Tensor y);

  /** The same without a residual. */
  default void forwardTraining(
      Context ctx,
      Tensor x,
      Tensor gamma,
      Tensor beta,
      double momentum,
      Tensor runningMean,
      Tensor runningVariance,
      Tensor savedMean,
      Tensor savedInverseDeviation,
      Tensor y) {
    forwardTraining(
        ctx,
        x,
        gamma,
        beta,
        momentum,
        runningMean,
        runningVariance,
        savedMean,
        savedInverseDeviation,
        null,
        y);
  }

  /** dx of {@link #forwardInference}; dx may be dy. */
  void backwardDataInference(Context ctx, Tensor dy, Tensor gamma, Tensor variance, Tensor dx);

  /** dgamma and dbeta of {@link #forwardInference}. */
  void backwardWeightsInference(
      Context ctx, Tensor x, Tensor dy, Tensor mean, Tensor variance, Tensor dgamma, Tensor dbeta);

  /**
   * dx, dgamma and dbeta of {@link #forwardTraining}, through the batch's statistics. Where a ReLU
   * follows, dy counts where y is positive only; where a residual is added before it, dy is
   * overwritten with what counts, which is the residual's gradient.
   *
   * @param y what {@link #forwardTraining} gave; null unless a ReLU is a post-operation
   */
  void backwardTraining(
      Context ctx,
      Tensor x,
      Tensor y,
      Tensor dy,
      Tensor gamma,
      Tensor savedMean,
      Tensor savedInverseDeviation,
      Tensor dx,
      Tensor dgamma,
      Tensor dbeta);

  /** The same where no ReLU follows. */
  default void backwardTraining(
      Context ctx,
      Tensor x,
      Tensor dy,
      Tensor gamma,
      Tensor savedMean,
      Tensor savedInverseDeviation,
      Tensor dx,
      Tensor dgamma,
      Tensor dbeta) {
    backwardTraining(ctx, x, null, dy, gamma, savedMean, savedInverseDeviation, dx, dgamma, dbeta);
  }
}
