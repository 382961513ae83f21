package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ActivationPlan;
import dev.blindspot.engine.spi.Implementation;

/** Activation functions by kernels/activation.cpp. */
final class KernelActivation extends KernelPlan<ActivationDesc> implements ActivationPlan {
  private final long forward;
  private final long backward;

  static void register(KernelBackend backend) {
    backend.add(
        ActivationDesc.class,
        "activation",
        (d, o) -> KernelBackend.onlyF32(d.type()),
        (d, o, i) -> new KernelActivation(backend, d, o, i));
  }

  private KernelActivation(
      KernelBackend backend, ActivationDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    forward = backend.kernel("activation_forward_f32");
    backward = backend.kernel("activation_backward_f32");
  }

  @Override
  public void forward(Context ctx, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().type(), desc().n(), desc().length());
    rows("y", y, desc().type(), n, desc().length());
    distinct("y", y, "x", x, true);
    arguments(ctx, n, y, x, null, null).execute(forward);
  }

  @Override
  public void backwardData(Context ctx, Tensor y, Tensor dy, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    long n = batch("y", y, desc().type(), desc().n(), desc().length());
    rows("dy", dy, desc().type(), n, desc().length());
    rows("dx", dx, desc().type(), n, desc().length());
    distinct("dx", dx, "y", y, false);
    distinct("dx", dx, "dy", dy, true);
    arguments(ctx, n, y, null, dy, dx).execute(backward);
  }

  private KernelCall arguments(Context ctx, long n, Tensor y, Tensor x, Tensor dy, Tensor dx) {
    return begin(ctx)
        .put(desc().activation().ordinal())
        .put(n * desc().length())
        .put(options().accumulate())
        .put(y)
        .put(x)
        .put(dy)
        .put(dx)
        .put(desc().slope());
  }
}
