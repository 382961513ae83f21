package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
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

/**
 * Dense layer, split among the context's threads: by OpenBLAS with epilogues by our kernels, or, of
 * few rows, by kernels/skinny.h, which reads the weights once, unpacked, at the speed of memory.
 * Those hand products that OpenBLAS was measured to do faster (small weights and more than 4 rows),
 * and gradients of the weights, to it.
 */
final class CpuLinear extends CheckedWeighted<LinearDesc> implements LinearPlan {
  /** Rows up to which a product is "skinny". */
  static final int FEW_ROWS = 64;

  private final CpuBackend backend;
  private final long forward;
  private final long backwardData;
  private final long backwardWeights;
  private final long post;

  static void register(CpuBackend backend) {
    backend.add(
        LinearDesc.class,
        "skinny-or-openblas",
        (d, o) -> reasonAgainstSkinny(backend, d),
        (d, o, i) -> new CpuLinear(backend, d, o, i, "skinny_linear"));
    backend.add(
        LinearDesc.class,
        "openblas-gemm",
        (d, o) -> reasonWhyNot(d),
        (d, o, i) -> new CpuLinear(backend, d, o, i, "linear"));
  }

  private static String reasonAgainstSkinny(CpuBackend backend, LinearDesc d) {
    String why = reasonAgainstSkinny(backend, d.type(), d.n());
    return why.isEmpty() ? PostOps.reasonWhyNot(d.post()) : why;
  }

  /** Why products of so many rows are not skinny, or "". */
  static String reasonAgainstSkinny(CpuBackend backend, ElementType type, long rows) {
    if (type != ElementType.F32) {
      return KernelBackend.onlyF32(type);
    }
    if (backend.levelName().equals("scalar")) {
      return "vectors of four numbers; OpenBLAS has wider ones";
    }
    return rows > FEW_ROWS
        ? rows + " rows; above " + FEW_ROWS + " the packed products of OpenBLAS are faster"
        : "";
  }

  private static String reasonWhyNot(LinearDesc d) {
    return d.n() > Integer.MAX_VALUE
        ? "a batch of " + d.n() + "; OpenBLAS counts in 31 bits"
        : PostOps.reasonWhyNot(d.post());
  }

  private CpuLinear(
      CpuBackend backend, LinearDesc d, PlanOptions o, Implementation<?, ?> i, String kernels) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
    String type = KernelBackend.suffix(d.type());
    forward = backend.kernel(kernels + "_forward" + type);
    backwardData = backend.kernel(kernels + "_backward_data" + type);
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
    CpuPackedWeights p = new CpuPackedWeights(backend, w);
    backend.copy(ctx, desc(), true, w, p.tensor());
    return p;
  }

  @Override
  protected void update(Context ctx, PackedWeights p, Tensor w) {
    Tensor own = CpuPackedWeights.of(this, backend, p, sizes().w()).tensor();
    backend.copy(ctx, desc(), false, w, own);
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
