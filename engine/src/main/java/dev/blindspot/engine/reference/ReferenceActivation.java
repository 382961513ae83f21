package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ActivationPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** Activation functions and their derivatives by the formula. */
final class ReferenceActivation extends BasePlan<ActivationDesc> implements ActivationPlan {

  static void register(ReferenceBackend backend) {
    backend.add(ActivationDesc.class, (d, o, i) -> new ReferenceActivation(backend, d, o, i));
  }

  private ReferenceActivation(
      ReferenceBackend backend, ActivationDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public void forward(Context ctx, Tensor x, Tensor y) {
    planned(Direction.FORWARD);
    long n = batch("x", x, desc().type(), desc().n(), desc().length());
    rows("y", y, desc().type(), n, desc().length());
    distinct("y", y, "x", x, true);
    Cells in = Cells.of(x);
    Cells out = Cells.of(y);
    for (long i = 0; i < n * desc().length(); i++) {
      out.set(i, value(in.get(i)));
    }
  }

  private double value(double x) {
    return switch (desc().activation()) {
      case RELU -> Math.max(0, x);
      case LEAKY_RELU -> x > 0 ? x : desc().slope() * x;
      case SIGMOID -> 1 / (1 + Math.exp(-x));
      case TANH -> Math.tanh(x);
    };
  }

  @Override
  public void backwardData(Context ctx, Tensor y, Tensor dy, Tensor dx) {
    planned(Direction.BACKWARD_DATA);
    long n = batch("y", y, desc().type(), desc().n(), desc().length());
    rows("dy", dy, desc().type(), n, desc().length());
    rows("dx", dx, desc().type(), n, desc().length());
    distinct("dx", dx, "y", y, false);
    distinct("dx", dx, "dy", dy, true);
    Cells out = Cells.of(y);
    Cells gradient = Cells.of(dy);
    Cells result = Cells.of(dx);
    for (long i = 0; i < n * desc().length(); i++) {
      double g = gradient.get(i) * derivative(out.get(i));
      result.set(i, options().accumulate() ? result.get(i) + g : g);
    }
  }

  /** f'(x) as a function of y = f(x). */
  private double derivative(double y) {
    return switch (desc().activation()) {
      case RELU -> Double.isNaN(y) ? y : y > 0 ? 1 : 0;
      case LEAKY_RELU -> Double.isNaN(y) ? y : y > 0 ? 1 : desc().slope();
      case SIGMOID -> y * (1 - y);
      case TANH -> 1 - y * y;
    };
  }
}
