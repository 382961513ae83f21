package dev.blindspot.bench.workbench;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ActivationPlan;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import dev.blindspot.engine.primitives.SoftmaxPlan;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * ReLU, sigmoid, tanh or softmax of rows, benchdnn's {@code --eltwise} and {@code --softmax}: the
 * first dimension is the batch, a softmax runs over all others together.
 */
record RowProblem(String driver, String prb, String name, Shape shape) implements Problem {

  static RowProblem parse(String driver, String text, String place) {
    DimsLine l = DimsLine.parse(text, place, 1);
    return new RowProblem(driver, text, l.name(), l.shapes().get(0));
  }

  @Override
  public Set<Pass> passes() {
    return EnumSet.of(Pass.FWD_D, Pass.BWD_D);
  }

  @Override
  public double operations() {
    return shape.size();
  }

  @Override
  public double bytes(Pass pass) {
    return (pass == Pass.FWD_D ? 8.0 : 12.0) * shape.size();
  }

  @Override
  public Prepared prepare(Backend backend, Pass pass, Precision precision, String implementation) {
    PlanOptions options = PlanOptions.directions(pass.direction()).implementation(implementation);
    long n = shape.dim(0);
    long length = shape.size() / n;
    Context ctx = backend.newContext();
    Tensors t = new Tensors(backend, ElementType.F32, shape, shape, shape);
    Tensor x = t.random(shape);
    Tensor y = t.random(shape);
    Tensor z = t.empty(shape);
    boolean forward = pass == Pass.FWD_D;
    if (driver.equals("softmax")) {
      SoftmaxPlan plan = backend.plan(new SoftmaxDesc(ElementType.F32, n, length, false), options);
      return new Execution(
          plan,
          pass,
          ctx,
          t,
          z,
          () -> {
            if (forward) {
              plan.forward(ctx, x, z);
            } else {
              plan.backwardData(ctx, y, x, z);
            }
          },
          null);
    }
    Activation f = Activation.valueOf(driver.toUpperCase(Locale.ROOT));
    ActivationPlan plan = backend.plan(ActivationDesc.of(f, ElementType.F32, n, length), options);
    return new Execution(
        plan,
        pass,
        ctx,
        t,
        z,
        () -> {
          if (forward) {
            plan.forward(ctx, x, z);
          } else {
            plan.backwardData(ctx, y, x, z);
          }
        },
        null);
  }
}
