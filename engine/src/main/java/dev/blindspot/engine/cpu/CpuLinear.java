package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.spi.Implementation;

/** Dense layer by OpenBLAS, split among the context's threads; epilogues by our kernels. */
final class CpuLinear extends CpuPlan<LinearDesc> implements LinearPlan {
  private final long forward;
  private final long backwardData;
  private final long backwardWeights;
  private final long post;
  private final long xLength;
  private final long yLength;
  private final long wLength;

  static void register(CpuBackend backend) {
    backend.add(
        LinearDesc.class,
        "openblas-gemm",
        (d, o) -> PostOps.reasonWhyNot(d.post()),
        (d, o, i) -> new CpuLinear(backend, d, o, i));
  }

  private CpuLinear(CpuBackend backend, LinearDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    String type = CpuBackend.suffix(d.type());
    forward = backend.kernel("linear_forward" + type);
    backwardData = backend.kernel("linear_backward_data" + type);
    backwardWeights = backend.kernel("linear_backward_weights" + type);
    post = PostOps.flags(d.post());
    xLength = d.c();
    yLength = d.k();
    wLength = (long) d.k() * d.c();
  }

  /** A fresh gradient that is masked and then added needs memory of its own. */
  @Override
  public long workspaceBytes() {
    return desc().reluMask() && options().accumulate()
        ? desc().n() * desc().c() * desc().type().bytes()
        : 0;
  }

  @Override
  public PackedWeights pack(Context ctx, Tensor w) {
    elements("w", w, desc().type(), wLength);
    return new CpuPackedWeights(backend(), w);
  }

  @Override
  public void repack(Context ctx, Tensor w, PackedWeights p) {
    elements("w", w, desc().type(), wLength);
    CpuPackedWeights.of(this, p, wLength).update(w);
  }

  @Override
  public void forward(Context ctx, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    planned(Direction.FORWARD);
    LinearDesc d = desc();
    long n = batch("x", x, d.type(), d.n(), xLength);
    rows("y", y, d.type(), n, yLength);
    distinct("y", y, "x", x, false);
    if (d.post().contains(PostOp.BIAS)) {
      elements("b", b, d.type(), d.k());
    }
    if (d.post().contains(PostOp.RESIDUAL_ADD)) {
      rows("residual", residual, d.type(), n, yLength);
      distinct("y", y, "residual", residual, false);
    }
    Tensor w = CpuPackedWeights.of(this, p, wLength).tensor();
    arguments(ctx, n, post, x, w, b, residual, y, null).execute(forward);
  }

  @Override
  public void backwardData(Context ctx, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    LinearDesc d = desc();
    long n = batch("dy", dy, d.type(), d.n(), yLength);
    rows("dx", dx, d.type(), n, xLength);
    distinct("dx", dx, "dy", dy, false);
    long flags = options().accumulate() ? PostOps.ACCUMULATE : 0;
    if (d.reluMask()) {
      rows("mask", mask, d.type(), n, xLength);
      distinct("dx", dx, "mask", mask, false);
      flags |= PostOps.MASK;
    }
    Tensor w = CpuPackedWeights.of(this, p, wLength).tensor();
    arguments(ctx, n, flags, dx, w, null, null, dy, mask).execute(backwardData);
  }

  @Override
  public void backwardWeights(Context ctx, Tensor x, Tensor dy, Tensor dw) {
    planned(Direction.BACKWARD_WEIGHTS);
    LinearDesc d = desc();
    long n = batch("x", x, d.type(), d.n(), xLength);
    rows("dy", dy, d.type(), n, yLength);
    elements("dw", dw, d.type(), wLength);
    distinct("dw", dw, "x", x, false);
    distinct("dw", dw, "dy", dy, false);
    long flags = options().accumulate() ? PostOps.ACCUMULATE : 0;
    arguments(ctx, n, flags, x, dw, null, null, dy, null).execute(backwardWeights);
  }

  private CpuContext arguments(
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
    return begin(ctx)
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
