package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;

/** One direction of a direct convolution, ready to be executed at any batch up to the desc's. */
final class ConvPass {
  private final CpuBackend backend;
  private final Conv2dDesc desc;
  private final ConvGeometry geometry;
  private final ConvScheme scheme;
  private final ConvBlocking[] byBatch; // the last one for every batch of at least its number
  private final long kernel;
  private final long packKernel;

  ConvPass(CpuBackend backend, Conv2dDesc desc, ConvGeometry geometry, ConvScheme scheme) {
    this.backend = backend;
    this.desc = desc;
    this.geometry = geometry;
    this.scheme = scheme;
    int threads = backend.options().threads();
    byBatch = new ConvBlocking[(int) Math.min(threads, geometry.n())];
    for (int i = 0; i < byBatch.length; i++) {
      byBatch[i] =
          scheme == ConvScheme.GRADIENT
              ? ConvBlocking.gradient(geometry, i + 1, backend.width(), threads)
              : ConvBlocking.of(scheme, geometry, i + 1, backend.width(), threads);
    }
    kernel = backend.kernel(scheme.kernel);
    packKernel = scheme == ConvScheme.GRADIENT ? 0 : backend.kernel(scheme.packKernel);
  }

  /** Bytes of workspace for all threads. */
  long workspaceBytes() {
    long bytes = 0;
    for (ConvBlocking b : byBatch) {
      long sums = scheme == ConvScheme.GRADIENT ? 4 * b.weightFloats() : 0;
      bytes = Math.max(bytes, b.threadBytes() + sums);
    }
    return bytes * backend.options().threads();
  }

  /** Elements of the packed weights. */
  long weightFloats() {
    return byBatch[0].weightFloats();
  }

  /** Packs w at once, even while the context records. */
  void pack(Context ctx, Tensor w, Tensor packed) {
    write(ctx, 1, 0, w, packed, null, null, null, null).executeNow(packKernel);
  }

  /** All of a direction's tensors; null where it has none. */
  void execute(
      Context ctx,
      long n,
      long flags,
      Tensor in,
      Tensor w,
      Tensor b,
      Tensor residual,
      Tensor out,
      Tensor mask) {
    write(ctx, n, flags, in, w, b, residual, out, mask).execute(kernel);
  }

  /** In the order of DirectArgs in kernels/direct.h. */
  private CpuContext write(
      Context ctx,
      long n,
      long flags,
      Tensor in,
      Tensor w,
      Tensor b,
      Tensor residual,
      Tensor out,
      Tensor mask) {
    ConvBlocking k = byBatch[(int) Math.min(n, byBatch.length) - 1];
    CpuContext c = CpuContext.begin(ctx, backend, desc, workspaceBytes());
    writeGeometry(c, n).put(flags);
    c.put(geometry.backward() ? 1L : 0L)
        .put(scheme == ConvScheme.CHANNELS ? 1L : 0L)
        .put((long) k.vectors())
        .put((long) k.outputs())
        .put((long) k.bandRows())
        .put((long) k.bandColumns())
        .put((long) k.chunk())
        .put((long) k.parts())
        .put(k.packedFloats())
        .put(k.partialFloats())
        .put(k.phaseFloats());
    return c.put(in).put(w).put(b).put(residual).put(out).put(mask);
  }

  private CpuContext writeGeometry(CpuContext c, long n) {
    ConvGeometry g = geometry;
    return c.put(n)
        .put((long) g.c())
        .put((long) g.h())
        .put((long) g.w())
        .put((long) g.k())
        .put((long) g.r())
        .put((long) g.s())
        .put((long) g.strideH())
        .put((long) g.strideW())
        .put((long) g.padTop())
        .put((long) g.padLeft())
        .put((long) g.dilationH())
        .put((long) g.dilationW())
        .put((long) g.groups())
        .put((long) g.p())
        .put((long) g.q());
  }
}
