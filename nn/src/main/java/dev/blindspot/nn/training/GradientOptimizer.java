package dev.blindspot.nn.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** SGD with momentum and Adam by element-wise primitives, parameter by parameter. */
final class GradientOptimizer implements Optimizer {
  private static final double BETA_1 = 0.9;
  private static final double BETA_2 = 0.999;
  private static final double EPSILON = 1e-8;

  /** One parameter w with gradient g and decay lambda. */
  private record Slot(
      Tensor w,
      Tensor g,
      double decay,
      Tensor first,
      Tensor second,
      Tensor scratch,
      Map<ElementwiseOp, ElementwisePlan> ops) {}

  private final Recipe recipe;
  private final TensorArena arena;
  private final List<Slot> slots = new ArrayList<>();
  private long steps;

  GradientOptimizer(Backend backend, Parameters parameters, NetworkPlan plan, Recipe recipe) {
    this.recipe = recipe;
    boolean adam = recipe.method() == Recipe.Method.ADAM;
    long bytes = 64;
    for (var spec : parameters.specs().values()) {
      bytes += 3 * TensorArena.bytes(parameters.type(), spec.shape().size());
    }
    arena = backend.arena(bytes);
    int layer = 0;
    for (var entry : parameters.specs().entrySet()) {
      if (!entry.getValue().trainable()) {
        continue;
      }
      Tensor w = parameters.get(entry.getKey());
      Tensor g = plan.parameterGradient(entry.getKey().node(), entry.getKey().name());
      double lambda = entry.getValue().decays() ? recipe.decay(layer++) : 0;
      slots.add(
          new Slot(w, g, lambda, zeros(w), adam ? zeros(w) : null, zeros(w), plans(backend, w)));
    }
  }

  private Tensor zeros(Tensor like) {
    Tensor t = arena.tensor(like.type(), like.shape(), Layout.NCHW);
    int size = Math.toIntExact(like.size());
    return like.type() == ElementType.F64
        ? t.copyFrom(new double[size])
        : t.copyFrom(new float[size]);
  }

  private static Map<ElementwiseOp, ElementwisePlan> plans(Backend backend, Tensor w) {
    Map<ElementwiseOp, ElementwisePlan> plans = new EnumMap<>(ElementwiseOp.class);
    for (ElementwiseOp op :
        List.of(
            ElementwiseOp.LINEAR_COMBINATION,
            ElementwiseOp.MULTIPLY,
            ElementwiseOp.SQRT,
            ElementwiseOp.AFFINE,
            ElementwiseOp.DIVIDE)) {
      plans.put(
          op,
          backend.plan(
              new ElementwiseDesc(op, w.type(), w.n(), w.shape().rowLength()),
              PlanOptions.forward()));
    }
    return plans;
  }

  @Override
  public void step(Context ctx, double learningRate) {
    steps++;
    for (int i = 0; i < slots.size(); i++) {
      Slot s = slots.get(i);
      ElementwisePlan combine = s.ops().get(ElementwiseOp.LINEAR_COMBINATION);
      Tensor g = s.g();
      if (s.decay() > 0) {
        combine.execute(ctx, g, s.w(), 1, s.decay(), g);
      }
      if (recipe.method() == Recipe.Method.SGD) {
        combine.execute(ctx, s.first(), g, recipe.momentum(), 1, s.first());
        combine.execute(ctx, s.w(), s.first(), 1, -learningRate, s.w());
      } else {
        adam(ctx, s, g, learningRate);
      }
    }
  }

  /** m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= rate m / (sqrt(v) + eps), bias-corrected. */
  private void adam(Context ctx, Slot s, Tensor g, double learningRate) {
    ElementwisePlan combine = s.ops().get(ElementwiseOp.LINEAR_COMBINATION);
    Tensor m = s.first();
    Tensor v = s.second();
    Tensor u = s.scratch();
    combine.execute(ctx, m, g, BETA_1, 1 - BETA_1, m);
    s.ops().get(ElementwiseOp.MULTIPLY).execute(ctx, g, g, u);
    combine.execute(ctx, v, u, BETA_2, 1 - BETA_2, v);
    s.ops().get(ElementwiseOp.SQRT).execute(ctx, v, null, u);
    double correction = Math.sqrt(1 - Math.pow(BETA_2, steps));
    s.ops().get(ElementwiseOp.AFFINE).execute(ctx, u, null, 1 / correction, EPSILON, u);
    s.ops().get(ElementwiseOp.DIVIDE).execute(ctx, m, u, u);
    double rate = learningRate / (1 - Math.pow(BETA_1, steps));
    combine.execute(ctx, s.w(), u, 1, -rate, s.w());
  }

  @Override
  public List<Tensor> state() {
    List<Tensor> state = new ArrayList<>();
    for (Slot s : slots) {
      state.add(s.first());
      if (s.second() != null) {
        state.add(s.second());
      }
    }
    return state;
  }

  @Override
  public long steps() {
    return steps;
  }

  @Override
  public void steps(long done) {
    steps = done;
  }

  @Override
  public void close() {
    arena.close();
  }
}
