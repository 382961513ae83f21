package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.primitives.BatchNormPlan;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** A batch normalisation whose tensors fit. */
public abstract class CheckedBatchNorm extends BasePlan<BatchNormDesc> implements BatchNormPlan {

  protected CheckedBatchNorm(
      Backend backend, BatchNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected final boolean acceptsChannelsLast() {
    return false;
  }

  private long length() {
    return desc().c() * desc().spatial();
  }

  private void channels(String name, Tensor t) {
    elements(name, t, desc().type(), desc().c());
  }

  @Override
  public final void forwardInference(
      Context ctx, Tensor x, Tensor gamma, Tensor beta, Tensor mean, Tensor variance, Tensor y) {
    planned(Direction.FORWARD);
    if (!desc().post().isEmpty()) {
      throw new InvalidInputException(
          desc().summary() + ": its post-operations are those of training; plan it without");
    }
    long n = batch("x", x, desc().type(), desc().n(), length());
    channels("gamma", gamma);
    channels("beta", beta);
    channels("mean", mean);
    channels("variance", variance);
    rows("y", y, desc().type(), n, length());
    distinct("y", y, "x", x, true);
    runForwardInference(ctx, n, x, gamma, beta, mean, variance, y);
  }

  @Override
  public final void forwardTraining(
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
      Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().type(), desc().n(), length());
    channels("gamma", gamma);
    channels("beta", beta);
    channels("runningMean", runningMean);
    channels("runningVariance", runningVariance);
    channels("savedMean", savedMean);
    channels("savedInverseDeviation", savedInverseDeviation);
    rows("y", y, desc().type(), n, length());
    distinct("y", y, "x", x, false);
    if (adds()) {
      rows("residual", residual, desc().type(), n, length());
      distinct("y", y, "residual", residual, false);
    }
    runForwardTraining(
        ctx,
        n,
        x,
        gamma,
        beta,
        momentum,
        runningMean,
        runningVariance,
        savedMean,
        savedInverseDeviation,
        adds() ? residual : null,
        y);
  }

  /** Whether a residual is added in training. */
  protected final boolean adds() {
    return desc().post().contains(PostOp.RESIDUAL_ADD);
  }

  /** Whether a ReLU follows in training. */
  protected final boolean rectifies() {
    return desc().post().contains(PostOp.RELU);
  }

  @Override
  public final void backwardDataInference(
      Context ctx, Tensor dy, Tensor gamma, Tensor variance, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    long n = batch("dy", dy, desc().type(), desc().n(), length());
    channels("gamma", gamma);
    channels("variance", variance);
    rows("dx", dx, desc().type(), n, length());
    distinct("dx", dx, "dy", dy, true);
    runBackwardDataInference(ctx, n, dy, gamma, variance, dx);
  }

  @Override
  public final void backwardWeightsInference(
      Context ctx, Tensor x, Tensor dy, Tensor mean, Tensor variance, Tensor dgamma, Tensor dbeta) {
    planned(Direction.BACKWARD_WEIGHTS);
    long n = batch("x", x, desc().type(), desc().n(), length());
    rows("dy", dy, desc().type(), n, length());
    channels("mean", mean);
    channels("variance", variance);
    channels("dgamma", dgamma);
    channels("dbeta", dbeta);
    runBackwardWeightsInference(ctx, n, x, dy, mean, variance, dgamma, dbeta);
  }

  @Override
  public final void backwardTraining(
      Context ctx,
      Tensor x,
      Tensor y,
      Tensor dy,
      Tensor gamma,
      Tensor savedMean,
      Tensor savedInverseDeviation,
      Tensor dx,
      Tensor dgamma,
      Tensor dbeta) {
    planned(Direction.BACKWARD_DATA);
    planned(Direction.BACKWARD_WEIGHTS);
    long n = batch("x", x, desc().type(), desc().n(), length());
    rows("dy", dy, desc().type(), n, length());
    channels("gamma", gamma);
    channels("savedMean", savedMean);
    channels("savedInverseDeviation", savedInverseDeviation);
    rows("dx", dx, desc().type(), n, length());
    channels("dgamma", dgamma);
    channels("dbeta", dbeta);
    distinct("dx", dx, "x", x, false);
    distinct("dx", dx, "dy", dy, false);
    if (rectifies()) {
      rows("y", y, desc().type(), n, length());
      distinct("dx", dx, "y", y, false);
      distinct("dy", dy, "y", y, false);
    }
    Tensor mask = rectifies() ? y : null;
    runBackwardTraining(
        ctx, n, x, mask, dy, gamma, savedMean, savedInverseDeviation, dx, dgamma, dbeta);
  }

  protected abstract void runForwardInference(
      Context ctx,
      long n,
      Tensor x,
      Tensor gamma,
      Tensor beta,
      Tensor mean,
      Tensor variance,
      Tensor y);

  /** residual is null unless one is added. */
  protected abstract void runForwardTraining(
      Context ctx,
      long n,
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

  protected abstract void runBackwardDataInference(
      Context ctx, long n, Tensor dy, Tensor gamma, Tensor variance, Tensor dx);

  protected abstract void runBackwardWeightsInference(
      Context ctx,
      long n,
      Tensor x,
      Tensor dy,
      Tensor mean,
      Tensor variance,
      Tensor dgamma,
      Tensor dbeta);

  /** y is null unless a ReLU follows. */
  protected abstract void runBackwardTraining(
      Context ctx,
      long n,
      Tensor x,
      Tensor y,
      Tensor dy,
      Tensor gamma,
      Tensor savedMean,
      Tensor savedInverseDeviation,
      Tensor dx,
      Tensor dgamma,
      Tensor dbeta);
}
