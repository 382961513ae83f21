package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_SOFTMAX_ACCURATE;
import static org.bytedeco.cuda.global.cudnn.CUDNN_SOFTMAX_LOG;
import static org.bytedeco.cuda.global.cudnn.CUDNN_SOFTMAX_MODE_INSTANCE;
import static org.bytedeco.cuda.global.cudnn.cudnnSoftmaxBackward;
import static org.bytedeco.cuda.global.cudnn.cudnnSoftmaxForward;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.BatchTable;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Scalars;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedSoftmax;
import java.util.EnumSet;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;

/** Softmax and log-softmax by cuDNN. */
final class CudnnSoftmax extends CheckedSoftmax {
  private static final String NAME = "cudnn:softmax";

  private final LibraryBackend backend;
  private final LegacyPlan plan;
  private final int algorithm;
  private final BatchTable<cudnnTensorStruct> tensors;

  static void register(LibraryBackend backend) {
    // A row's maximum decides, and what it does with NaN is not documented.
    backend.add(
        SoftmaxDesc.class,
        new Implementation<>(
            NAME,
            EnumSet.of(Guarantee.TIES_FIRST, Guarantee.DETERMINISTIC),
            (d, o) -> LegacyPlan.reasonWhyNot(d.type(), (double) d.n() * d.length()),
            (d, o, i) -> new CudnnSoftmax(backend, d, o, i)));
  }

  private CudnnSoftmax(
      LibraryBackend backend, SoftmaxDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    plan = new LegacyPlan(d.summary(), NAME);
    algorithm = d.log() ? CUDNN_SOFTMAX_LOG : CUDNN_SOFTMAX_ACCURATE;
    tensors =
        new BatchTable<>(
            plan.resources(),
            (c, n) -> plan.keep(Descriptor.tensor(d.type(), (int) n, (int) d.length(), 1, 1)));
    plan.owned(backend, this);
  }

  @Override
  protected void runForward(Context ctx, long n, Tensor x, Tensor y) {
    LibraryContext c = backend.begin(ctx, desc(), 0);
    try {
      cudnnTensorStruct t = tensors.get(c, n);
      int status =
          cudnnSoftmaxForward(
              c.cudnn(),
              algorithm,
              CUDNN_SOFTMAX_MODE_INSTANCE,
              Scalars.one(desc().type()),
              t,
              c.pointer(0, c.use(x)),
              Scalars.zero(desc().type()),
              t,
              c.pointer(1, c.use(y)));
      plan.check(c, status, "forward");
    } finally {
      c.end();
    }
  }

  @Override
  protected void runBackwardData(Context ctx, long n, Tensor y, Tensor dy, Tensor dx) {
    LibraryContext c = backend.begin(ctx, desc(), 0);
    try {
      cudnnTensorStruct t = tensors.get(c, n);
      int status =
          cudnnSoftmaxBackward(
              c.cudnn(),
              algorithm,
              CUDNN_SOFTMAX_MODE_INSTANCE,
              Scalars.one(desc().type()),
              t,
              c.pointer(0, c.use(y)),
              t,
              c.pointer(1, c.use(dy)),
              Scalars.beta(desc().type(), options().accumulate()),
              t,
              c.pointer(2, c.use(dx)));
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
