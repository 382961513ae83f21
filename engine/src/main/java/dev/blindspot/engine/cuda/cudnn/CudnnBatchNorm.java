package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_BATCHNORM_SPATIAL;
import static org.bytedeco.cuda.global.cudnn.cudnnBatchNormalizationBackward;
import static org.bytedeco.cuda.global.cudnn.cudnnBatchNormalizationForwardInference;
import static org.bytedeco.cuda.global.cudnn.cudnnBatchNormalizationForwardTraining;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.BatchTable;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Scalars;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.primitives.BatchNormPlan;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedBatchNorm;
import java.util.EnumSet;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.javacpp.Pointer;

/**
 * Batch normalisation by cuDNN. The gradients with given statistics, which cuDNN lacks, are our
 * kernels'.
 */
@SuppressWarnings("deprecation") // cuDNN's legacy interface
final class CudnnBatchNorm extends CheckedBatchNorm {
  private static final String NAME = "cudnn:batch-norm";

  private final LibraryBackend backend;
  private final LegacyPlan plan;
  private final BatchNormPlan given;
  private final cudnnTensorStruct channels;
  private final BatchTable<cudnnTensorStruct> tensors;

  static void register(LibraryBackend backend) {
    backend.add(
        BatchNormDesc.class,
        new Implementation<>(
            NAME,
            EnumSet.of(Guarantee.TIES_FIRST, Guarantee.DETERMINISTIC),
            (d, o) -> reasonWhyNot(d),
            (d, o, i) -> new CudnnBatchNorm(backend, d, o, i)));
  }

  private static String reasonWhyNot(BatchNormDesc d) {
    if (d.type() != ElementType.F32) {
      return "element type " + d.type() + "; our part of the gradients has F32 only";
    }
    if (!d.post().isEmpty()) {
      return "post-operations " + d.post() + "; they would be kernels of their own";
    }
    if (d.spatial() < 2) {
      return "one element a channel and sample; cuDNN divides by 0 for the variance of one sample";
    }
    return LegacyPlan.reasonWhyNot(d.type(), (double) d.n() * d.c() * d.spatial());
  }

  private CudnnBatchNorm(
      LibraryBackend backend, BatchNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    boolean gradients =
        o.directions().contains(Direction.BACKWARD_DATA)
            || o.directions().contains(Direction.BACKWARD_WEIGHTS);
    given = gradients ? backend.plan(d, o.implementation("cuda:batch-norm")) : null;
    plan = new LegacyPlan(d.summary(), NAME);
    channels = plan.keep(Descriptor.tensor(d.type(), 1, d.c(), 1, 1));
    tensors =
        new BatchTable<>(
            plan.resources(),
            (c, n) -> plan.keep(Descriptor.tensor(d.type(), (int) n, d.c(), (int) d.spatial(), 1)));
    plan.owned(backend, this);
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
    LibraryContext c = backend.begin(ctx, desc(), 0);
    try {
      cudnnTensorStruct t = tensors.get(c, n);
      int status =
          cudnnBatchNormalizationForwardInference(
              c.cudnn(),
              CUDNN_BATCHNORM_SPATIAL,
              Scalars.one(desc().type()),
              Scalars.zero(desc().type()),
              t,
              c.pointer(0, c.use(x)),
              t,
              c.pointer(1, c.use(y)),
              channels,
              c.pointer(2, c.use(gamma)),
              c.pointer(3, c.use(beta)),
              c.pointer(4, c.use(mean)),
              c.pointer(5, c.use(variance)),
              desc().epsilon());
      plan.check(c, status, "forward with given statistics");
    } finally {
      c.end();
    }
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
    LibraryContext c = backend.begin(ctx, desc(), 0);
    try {
      cudnnTensorStruct t = tensors.get(c, n);
      int status =
          cudnnBatchNormalizationForwardTraining(
              c.cudnn(),
              CUDNN_BATCHNORM_SPATIAL,
              Scalars.one(desc().type()),
              Scalars.zero(desc().type()),
              t,
              c.pointer(0, c.use(x)),
              t,
              c.pointer(1, c.use(y)),
              channels,
              c.pointer(2, c.use(gamma)),
              c.pointer(3, c.use(beta)),
              momentum,
              c.pointer(4, c.use(runningMean)),
              c.pointer(5, c.use(runningVariance)),
              desc().epsilon(),
              c.pointer(6, c.use(savedMean)),
              c.pointer(7, c.use(savedInverseDeviation)));
      plan.check(c, status, "forward with the batch's statistics");
    } finally {
      c.end();
    }
  }

  @Override
  protected void runBackwardDataInference(
      Context ctx, long n, Tensor dy, Tensor gamma, Tensor variance, Tensor dx) {
    given.backwardDataInference(ctx, dy, gamma, variance, dx);
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
    given.backwardWeightsInference(ctx, x, dy, mean, variance, dgamma, dbeta);
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
    LibraryContext c = backend.begin(ctx, desc(), 0);
    try {
      cudnnTensorStruct t = tensors.get(c, n);
      Pointer added = Scalars.beta(desc().type(), options().accumulate());
      int status =
          cudnnBatchNormalizationBackward(
              c.cudnn(),
              CUDNN_BATCHNORM_SPATIAL,
              Scalars.one(desc().type()),
              added,
              Scalars.one(desc().type()),
              added,
              t,
              c.pointer(0, c.use(x)),
              t,
              c.pointer(1, c.use(dy)),
              t,
              c.pointer(2, c.use(dx)),
              channels,
              c.pointer(3, c.use(gamma)),
              c.pointer(4, c.use(dgamma)),
              c.pointer(5, c.use(dbeta)),
              desc().epsilon(),
              c.pointer(6, c.use(savedMean)),
              c.pointer(7, c.use(savedInverseDeviation)));
      plan.check(c, status, "gradients through the batch's statistics");
    } finally {
      c.end();
    }
  }

  @Override
  public void close() {
    plan.close();
    if (given != null) {
      given.close();
    }
  }
}
