package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING;
import static org.bytedeco.cuda.global.cudnn.CUDNN_POOLING_MAX_DETERMINISTIC;
import static org.bytedeco.cuda.global.cudnn.CUDNN_PROPAGATE_NAN;
import static org.bytedeco.cuda.global.cudnn.cudnnPoolingBackward;
import static org.bytedeco.cuda.global.cudnn.cudnnPoolingForward;
import static org.bytedeco.cuda.global.cudnn.cudnnSetPooling2dDescriptor;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.BatchTable;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Scalars;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedPool2d;
import java.util.EnumSet;
import org.bytedeco.cuda.cudnn.cudnnPoolingStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;

/** Pooling by cuDNN, which says nothing of ties. */
@SuppressWarnings("deprecation") // cuDNN's legacy interface
final class CudnnPool2d extends CheckedPool2d {
  private static final String NAME = "cudnn:pool";

  private record Tensors(cudnnTensorStruct x, cudnnTensorStruct y) {}

  private final LibraryBackend backend;
  private final LegacyPlan plan;
  private final cudnnPoolingStruct window;
  private final BatchTable<Tensors> tensors;

  static void register(LibraryBackend backend) {
    backend.add(
        Pool2dDesc.class,
        new Implementation<>(
            NAME,
            EnumSet.of(Guarantee.DETERMINISTIC),
            (d, o) -> reasonWhyNot(d),
            (d, o, i) -> new CudnnPool2d(backend, d, o, i)));
  }

  private static String reasonWhyNot(Pool2dDesc d) {
    if (d.padTop() != d.padBottom() || d.padLeft() != d.padRight()) {
      return "padding that differs between two sides; cuDNN pads both alike";
    }
    if (d.layout() == Layout.NHWC) {
      return "layout NHWC; cuda:pool-channels-last has it";
    }
    if (d.reluMask()) {
      return "a mask of x; cuDNN's pooling has none";
    }
    double x = (double) d.n() * d.c() * d.h() * d.w();
    double y = (double) d.n() * d.c() * d.p() * d.q();
    return LegacyPlan.reasonWhyNot(d.type(), Math.max(x, y));
  }

  private CudnnPool2d(LibraryBackend backend, Pool2dDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    plan = new LegacyPlan(d.summary(), NAME);
    int mode =
        switch (d.pooling()) {
          case MAX -> CUDNN_POOLING_MAX_DETERMINISTIC;
          case AVERAGE_INCLUDE_PAD -> CUDNN_POOLING_AVERAGE_COUNT_INCLUDE_PADDING;
          case AVERAGE_EXCLUDE_PAD -> CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING;
        };
    window =
        plan.keep(
            Descriptor.pooling(
                d.summary(),
                w ->
                    cudnnSetPooling2dDescriptor(
                        w,
                        mode,
                        CUDNN_PROPAGATE_NAN,
                        d.r(),
                        d.s(),
                        d.padTop(),
                        d.padLeft(),
                        d.strideH(),
                        d.strideW())));
    tensors =
        new BatchTable<>(
            plan.resources(),
            (c, n) ->
                new Tensors(
                    plan.keep(Descriptor.tensor(d.type(), (int) n, d.c(), d.h(), d.w())),
                    plan.keep(Descriptor.tensor(d.type(), (int) n, d.c(), d.p(), d.q()))));
    plan.owned(backend, this);
  }

  @Override
  protected void runForward(Context ctx, long n, Tensor x, Tensor y) {
    LibraryContext c = backend.begin(ctx, desc(), 0);
    try {
      Tensors t = tensors.get(c, n);
      int status =
          cudnnPoolingForward(
              c.cudnn(),
              window,
              Scalars.one(desc().type()),
              t.x,
              c.pointer(0, c.use(x)),
              Scalars.zero(desc().type()),
              t.y,
              c.pointer(1, c.use(y)));
      plan.check(c, status, "forward");
    } finally {
      c.end();
    }
  }

  @Override
  protected void runBackwardData(Context ctx, long n, Tensor x, Tensor y, Tensor dy, Tensor dx) {
    LibraryContext c = backend.begin(ctx, desc(), 0);
    try {
      Tensors t = tensors.get(c, n);
      long gradient = c.use(dy);
      long result = c.use(dx);
      // A mean's gradient needs neither x nor y, but the call wants addresses of their size.
      int status =
          cudnnPoolingBackward(
              c.cudnn(),
              window,
              Scalars.one(desc().type()),
              t.y,
              c.pointer(0, y == null ? gradient : c.use(y)),
              t.y,
              c.pointer(1, gradient),
              t.x,
              c.pointer(2, x == null ? result : c.use(x)),
              Scalars.beta(desc().type(), options().accumulate()),
              t.x,
              c.pointer(3, result));
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
