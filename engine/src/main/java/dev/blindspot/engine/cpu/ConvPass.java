package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;
import java.util.Arrays;

/** One direction of a direct convolution, ready to be executed at any batch up to the desc's. */
final class ConvPass {
  private final CpuBackend backend;
  private final Conv2dDesc desc;
  private final ConvGeometry geometry;
  private final ConvScheme scheme;
  private final ConvBlocking[] byBatch; // the last one for every batch of at least its number
  private final long workspaceBytes;
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
      boolean all = scheme == ConvScheme.WINOGRAD && i == byBatch.length - 1;
      long n = all ? geometry.n() : i + 1; // of small images a block takes many
      byBatch[i] =
          scheme == ConvScheme.GRADIENT
              ? ConvBlocking.gradient(geometry, n, backend.width(), threads)
              : ConvBlocking.of(scheme, geometry, n, backend.width(), threads);
    }
    workspaceBytes =
        threads * Arrays.stream(byBatch).mapToLong(ConvPass::threadBytes).max().orElseThrow();
    kernel = backend.kernel(scheme.kernel);
    packKernel = scheme == ConvScheme.GRADIENT ? 0 : backend.kernel(scheme.packKernel);
  }

  private static long threadBytes(ConvBlocking b) {
    return b.threadBytes() + (b.scheme() == ConvScheme.GRADIENT ? 4 * b.weightFloats() : 0);
  }

  /** Bytes of workspace for all threads. */
  long workspaceBytes() {
    return workspaceBytes;
  }

  /** Elements of the packed weights. */
  long weightFloats() {
    return byBatch[0].weightFloats();
  }

  /** Packs w, at once even while the context records, or as an execution like others. */
  void pack(Context ctx, boolean now, Tensor w, Tensor packed) {
    CpuContext c = write(ctx, 1, 0, w, packed, null, null, null, null);
    c.execute(packKernel, now);
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
    CpuContext c = CpuContext.begin(ctx, backend, desc, workspaceBytes);
    return geometry
        .write(c, n)
        .put(flags)
        .put(geometry.backward() ? 1L : 0L)
        .put(scheme == ConvScheme.CHANNELS ? 1L : 0L)
        .put(k.vectors())
        .put(k.outputs())
        .put(k.bandRows())
        .put(k.bandColumns())
        .put(k.chunk())
        .put(k.parts())
        .put(k.packedFloats())
        .put(k.partialFloats())
        .put(k.phaseFloats())
        .put(in)
        .put(w)
        .put(b)
        .put(residual)
        .put(out)
        .put(mask);
  }
}
