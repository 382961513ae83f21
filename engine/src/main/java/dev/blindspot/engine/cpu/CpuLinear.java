package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.KernelBackend;
import dev.blindspot.engine.spi.kernels.KernelCall;
import dev.blindspot.engine.spi.kernels.PostOps;
import dev.blindspot.engine.spi.layers.CheckedWeighted;

/** Dense layer by OpenBLAS, split among the context's threads; epilogues by our kernels. */
final class CpuLinear extends CheckedWeighted<LinearDesc> implements LinearPlan {
  private final CpuBackend backend;
  private final long forward;
  private final long backwardData;
  private final long backwardWeights;
  private final long post;

  static void register(CpuBackend backend) {
    backend.add(
        LinearDesc.class,
        "openblas-gemm",
        (d, o) -> reasonWhyNot(d),
        (d, o, i) -> new CpuLinear(backend, d, o, i));
  }

  private static String reasonWhyNot(LinearDesc d) {
    return d.n() > Integer.MAX_VALUE
        ? "a batch of " + d.n() + "; OpenBLAS counts in 31 bits"
        : PostOps.reasonWhyNot(d.post());
  }

  private CpuLinear(CpuBackend backend, LinearDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
    String type = KernelBackend.suffix(d.type());
    forward = backend.kernel("linear_forward" + type);
    backwardData = backend.kernel("linear_backward_data" + type);
    backwardWeights = backend.kernel("linear_backward_weights" + type);
    post = PostOps.flags(d.post());
  }

  /** A fresh gradient that is masked and then added needs memory of its own. */
  @Override
  public long workspaceBytes() {
    return desc().reluMask() && options().accumulate()
        ? desc().n() * desc().c() * desc().type().bytes()
        : 0;
  }

  @Override
  protected PackedWeights newPacked(Context ctx, Tensor w) {
    return new CpuPackedWeights(backend, w);
  }

  @Override
  protected void update(Context ctx, PackedWeights p, Tensor w) {
    CpuPackedWeights.of(this, backend, p, sizes().w()).update(w);
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    Tensor w = CpuPackedWeights.of(this, backend, p, sizes().w()).tensor();
    arguments(ctx, n, post, x, w, b, residual, y, null).execute(forward);
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    Tensor w = CpuPackedWeights.of(this, backend, p, sizes().w()).tensor();
    long flags = PostOps.gradientFlags(options().accumulate(), mask != null);
    arguments(ctx, n, flags, dx, w, null, null, dy, mask).execute(backwardData);
  }

  @Override
  protected void runBackwardWeights(Context ctx, long n, Tensor x, Tensor dy, Tensor dw) {
    long flags = PostOps.gradientFlags(options().accumulate(), false);
    arguments(ctx, n, flags, x, dw, null, null, dy, null).execute(backwardWeights);
  }

  private KernelCall arguments(
      Context ctx,
      long n,
      long flags,
      Tensor x,
      Tensor w,
      Tensor b,
      Tensor residual,
      Tensor y,
      Tensor mask) {
    LinearDesc d = desc();
    return CpuContext.begin(ctx, backend, d, workspaceBytes())
        .put(n)
        .put(d.c())
        .put(d.k())
        .put(flags)
        .put(x)
        .put(w)
        .put(b)
        .put(residual)
        .put(y)
        .put(mask);
  }
}
