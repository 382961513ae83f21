package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.spi.kernels.KernelBackend;

/** Convolution through a column matrix of some output rows, multiplied by OpenBLAS. */
final class CpuIm2col {
  /** Bytes of one column matrix: it should stay in the second-level cache. */
  private static final long COLUMN_BYTES = 1 << 20;

  private final CpuBackend backend;
  private final Conv2dDesc desc;
  private final ConvGeometry geometry;
  private final long forward;
  private final long backwardData;
  private final long backwardWeights;
  private final long blockRows;

  CpuIm2col(CpuBackend backend, Conv2dDesc d) {
    this.backend = backend;
    this.desc = d;
    geometry = ConvGeometry.unflattened(d);
    String type = KernelBackend.suffix(d.type());
    forward = backend.kernel("conv_forward" + type);
    backwardData = backend.kernel("conv_backward_data" + type);
    backwardWeights = backend.kernel("conv_backward_weights" + type);
    blockRows = blockRows(d, backend.options().threads());
  }

  /** Empty, or why not. */
  static String reasonWhyNot(Conv2dDesc d) {
    return taps(d) > Integer.MAX_VALUE || (long) d.p() * d.q() > Integer.MAX_VALUE
        ? "more than 2^31 taps or positions; OpenBLAS counts in 31 bits"
        : "";
  }

  private static long taps(Conv2dDesc d) {
    return (long) d.c() / d.groups() * d.r() * d.s();
  }

  /** Rows that fill a column matrix; fewer if there are too few images to occupy all threads. */
  private static long blockRows(Conv2dDesc d, int threads) {
    long rows = Math.max(1, COLUMN_BYTES / (taps(d) * d.q() * d.type().bytes()));
    long tasks = d.n() * d.groups();
    long blocks = tasks >= threads ? 1 : (threads + tasks - 1) / tasks;
    return Math.min(rows, (d.p() + blocks - 1) / blocks);
  }

  /** As laid out by conv_task in kernels/convolution.cpp. */
  long workspaceBytes(boolean weights) {
    Conv2dDesc d = desc;
    long columns = (taps(d) * blockRows * d.q() * d.type().bytes() + 63) / 64 * 64;
    long image = ((long) d.c() / d.groups() * d.h() * d.w() * d.type().bytes() + 63) / 64 * 64;
    long threads = backend.options().threads();
    return threads * (columns + image)
        + (weights ? Math.min(threads, d.n()) * d.k() * taps(d) * d.type().bytes() : 0);
  }

  void forward(
      Context ctx, long n, long flags, Tensor x, Tensor w, Tensor b, Tensor residual, Tensor y) {
    write(ctx, n, flags, x, w, b, residual, y, null, false).execute(forward);
  }

  void backwardData(Context ctx, long n, long flags, Tensor dy, Tensor w, Tensor mask, Tensor dx) {
    write(ctx, n, flags, dx, w, null, null, dy, mask, false).execute(backwardData);
  }

  void backwardWeights(Context ctx, long n, long flags, Tensor x, Tensor dy, Tensor dw) {
    write(ctx, n, flags, x, dw, null, null, dy, null, true).execute(backwardWeights);
  }

  private CpuContext write(
      Context ctx,
      long n,
      long flags,
      Tensor x,
      Tensor w,
      Tensor b,
      Tensor residual,
      Tensor y,
      Tensor mask,
      boolean weights) {
    return geometry
        .write(CpuContext.begin(ctx, backend, desc, workspaceBytes(weights)), n)
        .put(flags)
        .put(blockRows)
        .put(x)
        .put(w)
        .put(b)
        .put(residual)
        .put(y)
        .put(mask);
  }
}
