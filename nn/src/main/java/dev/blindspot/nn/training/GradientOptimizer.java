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
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.primitives.RowwisePlan;
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
      Map<ElementwiseOp, ElementwisePlan> ops,
      RowwisePlan scale,
      RowwisePlan axpy,
      Tensor row,
      Tensor firstRow,
      Tensor scratchRow) {}

  private final Recipe recipe;
  private final TensorArena arena;
  private final List<Slot> slots = new ArrayList<>();

  /** [1]: what a parameter moves by along its direction. */
  private final Tensor rate;

  /** [1], of Adam: 1 / sqrt(1 - beta2^steps). */
  private final Tensor correction;

  private long steps;

  GradientOptimizer(Backend backend, Parameters parameters, NetworkPlan plan, Recipe recipe) {
    this.recipe = recipe;
    boolean adam = recipe.method() == Recipe.Method.ADAM;
    long bytes = 3 * 64;
    for (var spec : parameters.specs().values()) {
      bytes += 3 * TensorArena.bytes(parameters.type(), spec.shape().size());
    }
    arena = backend.arena(bytes);
    rate = arena.tensor(ElementType.F32, 1);
    correction = arena.tensor(ElementType.F32, 1);
    int layer = 0;
    for (var entry : parameters.specs().entrySet()) {
      if (!entry.getValue().trainable()) {
        continue;
      }
      Tensor w = parameters.get(entry.getKey());
      Tensor g = plan.parameterGradient(entry.getKey().node(), entry.getKey().name());
      double lambda = entry.getValue().decays() ? recipe.decay(layer++) : 0;
      slots.add(slot(backend, w, g, lambda, adam));
    }
  }

  private Slot slot(Backend backend, Tensor w, Tensor g, double decay, boolean adam) {
    Tensor first = zeros(w);
    Tensor second = adam ? zeros(w) : null;
    Tensor scratch = zeros(w);
    return new Slot(
        w,
        g,
        decay,
        first,
        second,
        scratch,
        plans(backend, w),
        rowwise(backend, RowwiseOp.SCALE, w),
        rowwise(backend, RowwiseOp.AXPY, w),
        row(w),
        row(first),
        row(scratch));
  }

  /** As one row, which a number on the device scales. */
  private static Tensor row(Tensor t) {
    return t.reshape(1, t.size());
  }

  private Tensor zeros(Tensor like) {
    Tensor t = arena.tensor(like.type(), like.shape(), Layout.NCHW);
    return t.copyFrom(new float[Math.toIntExact(like.size())]);
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

  private static RowwisePlan rowwise(Backend backend, RowwiseOp op, Tensor w) {
    return backend.plan(new RowwiseDesc(op, w.type(), 1, w.size()), PlanOptions.forward());
  }

  @Override
  public void begin(Context ctx, double learningRate) {
    steps++;
    boolean adam = recipe.method() == Recipe.Method.ADAM;
    double step = adam ? learningRate / (1 - Math.pow(BETA_1, steps)) : learningRate;
    ctx.upload(new float[] {(float) -step}, rate);
    if (adam) {
      double inverse = 1 / Math.sqrt(1 - Math.pow(BETA_2, steps));
      ctx.upload(new float[] {(float) inverse}, correction);
    }
  }

  @Override
  public void apply(Context ctx) {
    for (int i = 0; i < slots.size(); i++) {
      Slot s = slots.get(i);
      ElementwisePlan combine = s.ops().get(ElementwiseOp.LINEAR_COMBINATION);
      Tensor g = s.g();
      if (s.decay() > 0) {
        combine.execute(ctx, g, s.w(), 1, s.decay(), g);
      }
      if (recipe.method() == Recipe.Method.SGD) {
        combine.execute(ctx, s.first(), g, recipe.momentum(), 1, s.first());
        s.axpy().execute(ctx, rate, s.firstRow(), s.row());
      } else {
        adam(ctx, s, g);
      }
    }
  }

  /** m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= rate m / (sqrt(v) + eps), bias-corrected. */
  private void adam(Context ctx, Slot s, Tensor g) {
    ElementwisePlan combine = s.ops().get(ElementwiseOp.LINEAR_COMBINATION);
    Tensor m = s.first();
    Tensor v = s.second();
    Tensor u = s.scratch();
    combine.execute(ctx, m, g, BETA_1, 1 - BETA_1, m);
    s.ops().get(ElementwiseOp.MULTIPLY).execute(ctx, g, g, u);
    combine.execute(ctx, v, u, BETA_2, 1 - BETA_2, v);
    s.ops().get(ElementwiseOp.SQRT).execute(ctx, v, null, u);
    s.scale().execute(ctx, correction, s.scratchRow(), s.scratchRow());
    s.ops().get(ElementwiseOp.AFFINE).execute(ctx, u, null, 1, EPSILON, u);
    s.ops().get(ElementwiseOp.DIVIDE).execute(ctx, m, u, u);
    s.axpy().execute(ctx, rate, s.scratchRow(), s.row());
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
