package dev.blindspot.attacks;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.MaskOp;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.ProjectionDesc;
import dev.blindspot.engine.primitives.ProjectionPlan;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.primitives.SignStepDesc;
import dev.blindspot.engine.primitives.SignStepPlan;

/**
 * {@link ProjectedGradientDescent} on one batch. A step allocates nothing and reads nothing on the
 * host.
 */
final class DescentLoop {
  private static final int STEPS_BETWEEN_COUNTS = 4;

  private static final int NUMBERS = 13;

  /** Own tensors at most. */
  static final int TENSORS = 2 + NUMBERS + SteepestStep.TENSORS + RandomStart.TENSORS;

  private final Batch batch;
  private final ProjectedGradientDescent settings;

  /** Step size; negative where the loss is to fall. */
  private final double signed;

  private final Context ctx;
  private final RowMath px;
  private final RowMath num;
  private final ProjectionPlan projection;
  private final RowTensor x;
  private final RowTensor live;
  private final RowTensor radius;
  private final RowTensor goal;
  private final RowTensor a;
  private final RowTensor active;
  private final RowTensor mask;
  private final RowTensor other;

  // The same number in each row, always.
  private final RowTensor zero;
  private final RowTensor one;
  private final RowTensor length;
  private final RowTensor budgetSpent;
  private final RowTensor zeroGradient;
  private final RowTensor notFinite;

  /** Of LINF: all of a step in one pass; null for the other norms. */
  private final SignStepPlan signStep;

  /** Of L1 and L2; else null. */
  private final SteepestStep steepest;

  private final RowTensor direction;

  /** Bytes of own tensors for each sample. */
  static long bytes(AttackProblem problem) {
    return 2L * 4 * problem.size()
        + 4L * NUMBERS
        + SteepestStep.bytes(problem)
        + RandomStart.bytes(problem);
  }

  DescentLoop(Batch batch, ProjectedGradientDescent settings, int components) {
    this.batch = batch;
    this.settings = settings;
    ctx = batch.context();
    px = batch.pixels();
    num = batch.numbers();
    RowStore store = batch.store();
    int n = batch.count();
    int size = batch.problem().size();
    projection =
        batch.backend().plan(new ProjectionDesc(settings.norm(), ElementType.F32, n, size, 0, 1));
    x = store.kept(ElementType.F32, batch.problem().network().inputShape().toArray());
    live = store.kept(ElementType.F32);
    radius = store.scratch(ElementType.F32);
    goal = store.scratch(ElementType.F32);
    a = store.scratch(ElementType.F32);
    active = store.scratch(ElementType.U8);
    mask = store.scratch(ElementType.U8);
    other = store.scratch(ElementType.U8);
    signed = batch.targeted() ? -settings.stepSize() : settings.stepSize();
    zero = constant(0);
    one = constant(1);
    length = constant(signed);
    budgetSpent = constant(StopReason.BUDGET_SPENT.ordinal());
    zeroGradient = constant(StopReason.ZERO_GRADIENT.ordinal());
    notFinite = constant(StopReason.NOT_FINITE.ordinal());
    boolean sign = settings.norm() == Norm.LINF;
    signStep = sign ? batch.backend().plan(new SignStepDesc(ElementType.F32, n, size, 0, 1)) : null;
    steepest = sign ? null : new SteepestStep(batch, settings.norm(), components);
    direction = sign ? null : store.scratch(ElementType.F32, size);
    num.fill(settings.eps(), radius.view());
    float[] attacked = new float[n];
    for (int i = 0; i < n; i++) {
      attacked[i] = batch.excluded(i) == null ? 1 : 0;
    }
    live.full().copyFrom(attacked);
  }

  private RowTensor constant(double value) {
    RowTensor t = batch.store().scratch(ElementType.F32);
    num.fill(value, t.view());
    return t;
  }

  /**
   * Runs an attack by this loop.
   *
   * @param components that share a step of L1
   */
  static AttackResult run(
      AttackProblem problem,
      Attack attack,
      ProjectedGradientDescent settings,
      int components,
      AttackListener listener) {
    return Batches.run(
        problem,
        attack,
        bytes(problem),
        TENSORS,
        listener,
        (batch, heard) -> new DescentLoop(batch, settings, components).run(heard));
  }

  private void run(AttackListener listener) {
    RandomStart random =
        settings.randomStart() || settings.restarts() > 1
            ? new RandomStart(batch, settings.norm())
            : null;
    int left = batch.attacked();
    try (RepeatedStep step = new RepeatedStep(batch, this::step)) {
      for (int start = 0; start < settings.restarts() && left > 0; start++) {
        begin();
        if (start > 0 || settings.randomStart()) {
          random.add(start, radius.view(), x.view());
          projection.execute(ctx, batch.x0(), radius.view(), x.view(), x.view());
        }
        for (int k = 1; k <= settings.steps() && left > 0; k++) {
          step.run();
          if (k % STEPS_BETWEEN_COUNTS == 0 || k == settings.steps()) {
            left = compact(listener);
          }
        }
        finish();
        left = compact(listener);
      }
    }
    batch.restore();
  }

  /** Looks at how many samples are left; goes on with these once they fit a smaller batch. */
  private int compact(AttackListener listener) {
    num.compare(Comparison.GREATER, live.view(), 0, active.view());
    int left = batch.store().look(active.view());
    listener.progress(batch.count() - left, batch.count());
    if (left > 0) {
      batch.compact(active.view(), left);
      num.compare(Comparison.GREATER, live.view(), 0, active.view());
    }
    return left;
  }

  /** Goes back to the clean samples. */
  void begin() {
    px.copy(batch.x0(), x.view());
  }

  /** The points [n,...] that the next step tests. */
  Tensor points() {
    return x.view();
  }

  /** Tests each point, then moves it on by one gradient. */
  void step() {
    batch.classifier().forward(x.view());
    keep();
    num.add(batch.evaluations(), live.view(), batch.evaluations());
    batch.classifier().crossEntropy(batch.goalLabel(), a.view());
    Tensor g = batch.classifier().gradient();
    if (signStep != null) {
      signStep.execute(ctx, batch.x0(), radius.view(), x.view(), g, signed, x.view(), goal.view());
      judge();
      return;
    }
    px.reduce(Reduction.LINF, g, null, goal.view());
    judge();
    num.selectRows(mask.view(), length.view(), zero.view(), a.view());
    steepest.direction(x.view(), g, direction.view());
    px.rows(RowwiseOp.SCALE, a.view(), direction.view(), direction.view());
    px.add(x.view(), direction.view(), direction.view());
    projection.execute(ctx, batch.x0(), radius.view(), direction.view(), x.view());
  }

  /** Keeps points that reach the goal: their samples are finished, and live is 0 from now on. */
  private void keep() {
    batch.goal(goal.view());
    num.compare(Comparison.GREATER_EQUAL, goal.view(), 0, mask.view());
    num.compare(Comparison.GREATER, live.view(), 0, active.view());
    num.logic(MaskOp.AND, mask.view(), active.view(), mask.view());
    px.selectRows(mask.view(), x.view(), batch.best(), batch.best());
    num.selectRows(mask.view(), one.view(), batch.found(), batch.found());
    num.selectRows(mask.view(), zero.view(), live.view(), live.view());
  }

  /** Notes where a gradient, whose largest component is in goal, is no direction; mask = finite. */
  private void judge() {
    Tensor stop = batch.stop();
    num.compare(Comparison.EQUAL, goal.view(), 0, mask.view());
    num.selectRows(mask.view(), zeroGradient.view(), budgetSpent.view(), stop);
    num.compare(Comparison.LESS_EQUAL, goal.view(), Float.MAX_VALUE, mask.view());
    num.selectRows(mask.view(), stop, notFinite.view(), stop);
  }

  /** Tests the last points; where none is an adversarial they count as the last tried. */
  private void finish() {
    batch.classifier().forward(x.view());
    keep();
    num.compare(Comparison.GREATER, live.view(), 0, active.view());
    num.compare(Comparison.EQUAL, batch.stop(), StopReason.BUDGET_SPENT.ordinal(), other.view());
    num.logic(MaskOp.AND, active.view(), other.view(), other.view());
    px.selectRows(other.view(), x.view(), batch.best(), batch.best());
  }
}
