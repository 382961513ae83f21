package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_LRN_CROSS_CHANNEL_DIM1;
import static org.bytedeco.cuda.global.cudnn.CUDNN_LRN_MAX_N;
import static org.bytedeco.cuda.global.cudnn.cudnnLRNCrossChannelBackward;
import static org.bytedeco.cuda.global.cudnn.cudnnLRNCrossChannelForward;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.BatchTable;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Scalars;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedLocalResponseNorm;
import java.util.EnumSet;
import org.bytedeco.cuda.cudnn.cudnnLRNStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;

/** Local response normalisation by cuDNN; its gradient needs y, which is computed again. */
final class CudnnLocalResponseNorm extends CheckedLocalResponseNorm {
  private static final String NAME = "cudnn:lrn";

  /** CUDNN_LRN_MIN_K and CUDNN_LRN_MIN_BETA of cudnn_ops.h. */
  private static final double LEAST_BIAS = 1e-5;

  private static final double LEAST_BETA = 0.01;

  private final LibraryBackend backend;
  private final LegacyPlan plan;
  private final cudnnLRNStruct norm;
  private final BatchTable<cudnnTensorStruct> tensors;

  static void register(LibraryBackend backend) {
    backend.add(
        LocalResponseNormDesc.class,
        new Implementation<>(
            NAME,
            EnumSet.of(Guarantee.TIES_FIRST, Guarantee.DETERMINISTIC),
            (d, o) -> reasonWhyNot(d),
            (d, o, i) -> new CudnnLocalResponseNorm(backend, d, o, i)));
  }

  private static String reasonWhyNot(LocalResponseNormDesc d) {
    if (d.size() > CUDNN_LRN_MAX_N) {
      return "size " + d.size() + "; cuDNN's largest is " + CUDNN_LRN_MAX_N;
    }
    if (d.bias() < LEAST_BIAS || d.beta() < LEAST_BETA) {
      return "bias "
          + d.bias()
          + " or beta "
          + d.beta()
          + "; cuDNN wants at least "
          + LEAST_BIAS
          + " and "
          + LEAST_BETA;
    }
    return LegacyPlan.reasonWhyNot(d.type(), (double) d.n() * d.c() * d.spatial());
  }

  private CudnnLocalResponseNorm(
      LibraryBackend backend, LocalResponseNormDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    plan = new LegacyPlan(d.summary(), NAME);
    norm = plan.keep(Descriptor.lrn(d.size(), d.alpha(), d.beta(), d.bias()));
    tensors =
        new BatchTable<>(
            plan.resources(),
            (c, n) -> plan.keep(Descriptor.tensor(d.type(), (int) n, d.c(), (int) d.spatial(), 1)));
    plan.owned(backend, this);
  }

  /** y of the gradient. */
  @Override
  public long workspaceBytes() {
    return options().directions().contains(Direction.BACKWARD_DATA)
        ? desc().n() * desc().c() * desc().spatial() * desc().type().bytes()
        : 0;
  }

  @Override
  protected void runForward(Context ctx, long n, Tensor x, Tensor y) {
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes());
    try {
      forward(c, n, x, c.use(y));
    } finally {
      c.end();
    }
  }

  private void forward(LibraryContext c, long n, Tensor x, long y) {
    cudnnTensorStruct t = tensors.get(c, n);
    int status =
        cudnnLRNCrossChannelForward(
            c.cudnn(),
            norm,
            CUDNN_LRN_CROSS_CHANNEL_DIM1,
            Scalars.one(desc().type()),
            t,
            c.pointer(0, c.use(x)),
            Scalars.zero(desc().type()),
            t,
            c.pointer(1, y));
    plan.check(c, status, "forward");
  }

  @Override
  protected void runBackwardData(Context ctx, long n, Tensor x, Tensor dy, Tensor dx) {
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes());
    try {
      forward(c, n, x, c.workspace());
      cudnnTensorStruct t = tensors.get(c, n);
      int status =
          cudnnLRNCrossChannelBackward(
              c.cudnn(),
              norm,
              CUDNN_LRN_CROSS_CHANNEL_DIM1,
              Scalars.one(desc().type()),
              t,
              c.pointer(1, c.workspace()),
              t,
              c.pointer(2, c.use(dy)),
              t,
              c.pointer(0, c.use(x)),
              Scalars.beta(desc().type(), options().accumulate()),
              t,
              c.pointer(3, c.use(dx)));
      plan.check(c, status, "backward-data");
    } finally {
      c.end();
    }
  }

  @Override
  public void close() {
    plan.close();
  }
}
