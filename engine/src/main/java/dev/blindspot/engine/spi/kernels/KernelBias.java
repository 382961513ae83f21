package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.BiasPlan;
import dev.blindspot.engine.spi.Implementation;

/** Bias for each channel by kernels/dense.cpp. */
final class KernelBias extends KernelPlan<BiasDesc> implements BiasPlan {
  private final long forward;
  private final long backward;

  static void register(KernelBackend backend) {
    backend.add(
        BiasDesc.class, "bias", (d, o) -> "", (d, o, i) -> new KernelBias(backend, d, o, i));
  }

  private KernelBias(KernelBackend backend, BiasDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    forward = backend.kernel("bias_forward" + KernelBackend.suffix(d.type()));
    backward = backend.kernel("bias_backward" + KernelBackend.suffix(d.type()));
  }

  @Override
  protected boolean acceptsChannelsLast() {
    return false;
  }

  @Override
  public void forward(Context ctx, Tensor x, Tensor b, Tensor y) {
    planned(Direction.FORWARD);
    BiasDesc d = desc();
    long n = batch("x", x, d.type(), d.n(), d.c() * d.spatial());
    elements("b", b, d.type(), d.c());
    rows("y", y, d.type(), n, d.c() * d.spatial());
    distinct("y", y, "x", x, true);
    distinct("y", y, "b", b, false);
    arguments(ctx, n, x, b, y).execute(forward);
  }

  @Override
  public void backwardWeights(Context ctx, Tensor dy, Tensor db) {
    planned(Direction.BACKWARD_WEIGHTS);
    BiasDesc d = desc();
    long n = batch("dy", dy, d.type(), d.n(), d.c() * d.spatial());
    elements("db", db, d.type(), d.c());
    distinct("db", db, "dy", dy, false);
    arguments(ctx, n, dy, db, null).execute(backward);
  }

  private KernelCall arguments(Context ctx, long n, Tensor x, Tensor b, Tensor y) {
    return begin(ctx)
        .put(n)
        .put(desc().c())
        .put(desc().spatial())
        .put(options().accumulate())
        .put(x)
        .put(b)
        .put(y);
  }
}
