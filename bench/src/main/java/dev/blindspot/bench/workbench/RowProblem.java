package dev.blindspot.bench.workbench;

import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Plan;
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
import java.util.Map;
import java.util.Set;

/**
 * ReLU, sigmoid, tanh or softmax of rows, benchdnn's {@code --eltwise} and {@code --softmax}: the
 * first dimension is the batch, a softmax runs over all others together. The gradient starts from
 * the saved output.
 */
record RowProblem(String driver, String prb, String name, Shape shape, ElementType type)
    implements Problem {

  static RowProblem parse(String driver, String text, String place) {
    DimsLine l = DimsLine.parse(text, place, 1);
    return new RowProblem(driver, text, l.name(), l.shapes().get(0), ElementType.F32);
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
  public RowProblem single(ElementType other) {
    return new RowProblem(driver, prb, name, shape, other);
  }

  @Override
  public PeerProblem forPeer(Pass pass) {
    int n = (int) shape.dim(0);
    int length = Math.toIntExact(shape.size() / n);
    return new PeerProblem(driver, pass.name(), Map.of("n", n, "length", length), null);
  }

  @Override
  public Prepared prepare(Backend backend, Pass pass, Precision precision, String implementation) {
    PlanOptions options = PlanOptions.directions(pass.direction()).implementation(implementation);
    Functions f = functions(backend, options);
    Context ctx = backend.newContext();
    Tensors t = new Tensors(backend, type, shape, shape, shape);
    Tensor x = t.random(shape);
    Tensor y = t.empty(shape);
    if (pass == Pass.FWD_D) {
      return new Execution(f.plan, pass, ctx, t, y, () -> f.forward.execute(ctx, x, y), null);
    }
    Functions saved = functions(backend, PlanOptions.forward());
    saved.forward.execute(ctx, x, y);
    saved.plan.close();
    Tensor dy = t.random(shape);
    return new Execution(f.plan, pass, ctx, t, x, () -> f.backward.execute(ctx, y, dy, x), null);
  }

  private interface Forward {
    void execute(Context ctx, Tensor x, Tensor y);
  }

  private interface Backward {
    void execute(Context ctx, Tensor y, Tensor dy, Tensor dx);
  }

  private record Functions(Plan plan, Forward forward, Backward backward) {}

  private Functions functions(Backend backend, PlanOptions options) {
    long n = shape.dim(0);
    long length = shape.size() / n;
    if (driver.equals("softmax")) {
      SoftmaxPlan plan = backend.plan(new SoftmaxDesc(type, n, length, false), options);
      return new Functions(plan, plan::forward, plan::backwardData);
    }
    Activation f = Activation.valueOf(driver.toUpperCase(Locale.ROOT));
    ActivationPlan plan = backend.plan(ActivationDesc.of(f, type, n, length), options);
    return new Functions(plan, plan::forward, plan::backwardData);
  }
}
