package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedBatchNorm;

/** Batch normalisation by kernels/normalise.cpp. */
final class KernelBatchNorm extends CheckedBatchNorm {
  private final KernelBackend backend;
  private final long forwardInference;
  private final long forwardTraining;
  private final long dataInference;
  private final long weightsInference;
  private final long backwardTraining;

  static void register(KernelBackend backend) {
    backend.add(
        BatchNormDesc.class,
        "batch-norm",
        (d, o) -> KernelBackend.onlyF32(d.type()),
        (d, o, i) -> new KernelBatchNorm(backend, d, o, i));
  }

  private KernelBatchNorm(
      KernelBackend backend, BatchNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    forwardInference = backend.kernel("batch_norm_inference_f32");
    forwardTraining = backend.kernel("batch_norm_training_f32");
    dataInference = backend.kernel("batch_norm_data_inference_f32");
    weightsInference = backend.kernel("batch_norm_weights_inference_f32");
    backwardTraining = backend.kernel("batch_norm_backward_training_f32");
  }

  private KernelCall begin(Context ctx) {
    return backend.begin(ctx, desc(), 0);
  }

  private KernelCall sizes(Context ctx, long n, double momentum) {
    return begin(ctx)
        .put(n)
        .put(desc().c())
        .put(desc().spatial())
        .put(options().accumulate())
        .put(desc().epsilon())
        .put(momentum);
  }

  @Override
  protected void runForwardInference(
      Context ctx,
      long n,
      Tensor x,
      Tensor gamma,
      Tensor beta,
      Tensor mean,
      Tensor variance,
      Tensor y) {
    inputs(sizes(ctx, n, 0), x, gamma, beta, mean, variance)
        .put((Tensor) null)
        .put((Tensor) null)
        .put(y)
        .put((Tensor) null)
        .put(false)
        .execute(forwardInference);
  }

  private static KernelCall inputs(
      KernelCall c, Tensor x, Tensor gamma, Tensor beta, Tensor mean, Tensor variance) {
    return c.put(x).put(gamma).put(beta).put(mean).put(variance);
  }

  /** Behind saved statistics. */
  private static void gradients(
      KernelCall c,
      Tensor y,
      boolean masks,
      Tensor dy,
      Tensor dx,
      Tensor dgamma,
      Tensor dbeta,
      long kernel) {
    c.put(y).put((Tensor) null).put(masks).put(dy).put(dx).put(dgamma).put(dbeta).execute(kernel);
  }

  @Override
  protected void runForwardTraining(
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
      Tensor y) {
    inputs(sizes(ctx, n, momentum), x, gamma, beta, runningMean, runningVariance)
        .put(savedMean)
        .put(savedInverseDeviation)
        .put(y)
        .put(residual)
        .put(rectifies())
        .execute(forwardTraining);
  }

  @Override
  protected void runBackwardDataInference(
      Context ctx, long n, Tensor dy, Tensor gamma, Tensor variance, Tensor dx) {
    KernelCall c = inputs(sizes(ctx, n, 0), null, gamma, null, null, variance);
    c.put((Tensor) null).put((Tensor) null);
    gradients(c, null, false, dy, dx, null, null, dataInference);
  }

  @Override
  protected void runBackwardWeightsInference(
      Context ctx,
      long n,
      Tensor x,
      Tensor dy,
      Tensor mean,
      Tensor variance,
      Tensor dgamma,
      Tensor dbeta) {
    KernelCall c = inputs(sizes(ctx, n, 0), x, null, null, mean, variance);
    c.put((Tensor) null).put((Tensor) null);
    gradients(c, null, false, dy, null, dgamma, dbeta, weightsInference);
  }

  @Override
  protected void runBackwardTraining(
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
      Tensor dbeta) {
    KernelCall c = inputs(sizes(ctx, n, 0), x, gamma, null, null, null);
    c.put(savedMean).put(savedInverseDeviation);
    gradients(c, y, adds(), dy, dx, dgamma, dbeta, backwardTraining);
  }
}
