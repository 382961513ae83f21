package dev.blindspot.attacks;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.primitives.ComparePlan;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.LbfgsDesc;
import dev.blindspot.engine.primitives.LbfgsHistory;
import dev.blindspot.engine.primitives.LbfgsPlan;
import dev.blindspot.engine.primitives.MaskOp;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.primitives.SelectDesc;
import dev.blindspot.engine.primitives.SelectPlan;

/**
 * {@link LbfgsAttack} on one batch. Every step gives each sample one gradient: at the trial point
 * of its line search or, where the search for a new trade-off constant begins (step length 0), at
 * the point itself. What it means for the sample is decided by masks.
 */
final class LbfgsSearch {
  private static final int PIXEL_TENSORS = 7;
  private static final int NUMBER_TENSORS = 16;

  /** Own tensors beside those of the batch. */
  static final int TENSORS = PIXEL_TENSORS + NUMBER_TENSORS + BoxFaces.MASKS + TradeOff.TENSORS + 4;

  /** A step length below this ends the search for one c. */
  private static final double SHORTEST = 1e-3;

  /** A relative decrease below this does, too. */
  private static final double CONVERGED = 1e-4;

  private static final double ARMIJO = 1e-4;

  /** Of the objective: what its rounding may hide. */
  private static final double ROUNDING = 2e-7;

  private static final double FAR = 1e30;
  private static final int STEPS_BETWEEN_COUNTS = 8;
  private static final int SEGMENT_STEPS = 10;

  private final Batch batch;
  private final LbfgsAttack settings;
  private final Context ctx;
  private final RowMath px;
  private final RowMath num;
  private final LbfgsPlan lbfgs;
  private final SelectPlan selectCount;
  private final ComparePlan compareCount;
  private final BoxFaces faces;
  private final TradeOff tradeOff;

  // [n,size]
  private final RowTensor x;
  private final RowTensor lossGradient;
  private final RowTensor g;
  private final RowTensor trial;
  private final RowTensor step;
  private final RowTensor r;
  private final RowTensor free;

  private final RowTensor historyS;
  private final RowTensor historyY;
  private final RowTensor historyCount;
  private final RowTensor zeroCount;

  // [n]
  private final RowTensor target;
  private final RowTensor slope;
  private final RowTensor t;
  private final RowTensor f;
  private final RowTensor goal;
  private final RowTensor bestSquared;
  private final RowTensor iteration;
  private final RowTensor trialF;
  private final RowTensor trialGoal;
  private final RowTensor squared;
  private final RowTensor descent;
  private final RowTensor a;
  private final RowTensor active;
  private final RowTensor starts;
  private final RowTensor accept;
  private final RowTensor mask;
  private final RowTensor other;

  /** Bytes of own tensors for each sample. */
  static long bytes(AttackProblem problem, int memory) {
    long size = problem.size();
    return size * (4L * (PIXEL_TENSORS + 2L * memory) + BoxFaces.MASKS)
        + 4L * (NUMBER_TENSORS + TradeOff.TENSORS + 4);
  }

  LbfgsSearch(Batch batch, LbfgsAttack settings) {
    this.batch = batch;
    this.settings = settings;
    ctx = batch.context();
    px = batch.pixels();
    num = batch.numbers();
    RowStore store = batch.store();
    int n = batch.count();
    int size = batch.problem().size();
    lbfgs = batch.backend().plan(new LbfgsDesc(ElementType.F32, n, size, settings.memory()));
    selectCount = batch.backend().plan(new SelectDesc(ElementType.I32, n, 1, true));
    compareCount = batch.backend().plan(new CompareDesc(Comparison.EQUAL, ElementType.I32, n, 1));
    faces = new BoxFaces(px, store, size);
    long[] shape = batch.problem().network().inputShape().toArray();
    x = store.kept(ElementType.F32, size);
    lossGradient = store.kept(ElementType.F32, size);
    g = store.scratch(ElementType.F32, size);
    trial = store.scratch(ElementType.F32, shape);
    step = store.scratch(ElementType.F32, size);
    r = store.scratch(ElementType.F32, size);
    free = store.scratch(ElementType.U8, size);
    historyS = store.kept(ElementType.F32, settings.memory(), size);
    historyY = store.kept(ElementType.F32, settings.memory(), size);
    historyCount = store.kept(ElementType.I32);
    zeroCount = store.scratch(ElementType.I32);
    target = store.kept(ElementType.I32);
    slope = store.kept(ElementType.F32);
    t = store.kept(ElementType.F32);
    f = store.kept(ElementType.F32);
    goal = store.kept(ElementType.F32);
    bestSquared = store.kept(ElementType.F32);
    iteration = store.kept(ElementType.F32);
    trialF = store.scratch(ElementType.F32);
    trialGoal = store.scratch(ElementType.F32);
    squared = store.scratch(ElementType.F32);
    descent = store.scratch(ElementType.F32);
    a = store.scratch(ElementType.F32);
    active = store.scratch(ElementType.U8);
    starts = store.scratch(ElementType.U8);
    accept = store.scratch(ElementType.U8);
    mask = store.scratch(ElementType.U8);
    other = store.scratch(ElementType.U8);
    NearestClass nearest = new NearestClass(batch, faces, free.view(), g.view());
    tradeOff = begin(nearest);
  }

  private TradeOff begin(NearestClass nearest) {
    target.full().copyFrom(nearest.target());
    slope.full().copyFrom(nearest.squaredSlope());
    px.copy(batch.x0(), x.view());
    px.fill(0, lossGradient.view());
    num.fill(0, t.view());
    num.fill(0, f.view());
    num.fill(0, goal.view());
    num.fill(0, iteration.view());
    num.fill(FAR, bestSquared.view());
    int[] zeros = new int[batch.count()];
    historyCount.full().copyFrom(zeros);
    zeroCount.full().copyFrom(zeros);
    float[] searched = new float[batch.count()];
    for (int i = 0; i < searched.length; i++) {
      searched[i] = batch.excluded(i) == null ? 0 : settings.searches();
    }
    return new TradeOff(batch, nearest.margin(), nearest.squaredSlope(), searched);
  }

  void run(AttackListener listener) {
    num.compare(Comparison.LESS, tradeOff.done(), settings.searches(), active.view());
    int left = batch.attacked();
    try (RepeatedStep step = new RepeatedStep(batch, this::step)) {
      for (int k = 1; left > 0; k++) {
        step.run();
        if (k % STEPS_BETWEEN_COUNTS == 0) {
          left = batch.store().look(active.view());
          listener.progress(batch.count() - left, batch.count());
          if (left > 0) {
            batch.compact(active.view(), left);
            num.compare(Comparison.LESS, tradeOff.done(), settings.searches(), active.view());
          }
        }
      }
    }
    batch.restore();
    alongSegment();
  }

  /** The largest c that succeeded [n], in the order that compaction left. */
  Tensor largestTradeOff() {
    return tradeOff.low();
  }

  private LbfgsHistory history() {
    return new LbfgsHistory(historyS.view(), historyY.view(), historyCount.view());
  }

  /** The points [n,size] that the searches stand at. */
  Tensor points() {
    return x.view();
  }

  /** One gradient for each sample. */
  void step() {
    objectiveGradient(batch.x0(), x.view(), lossGradient.view(), g.view());
    faces.free(x.view(), g.view(), free.view());
    LbfgsHistory history = history();
    lbfgs.direction(ctx, g.view(), free.view(), history, step.view());
    moveTrial();
    Tensor trialGradient = evaluate();
    keepBest();
    judge();
    // The change of the objective's gradient, by way of r.
    objectiveGradient(batch.x0(), trial.view(), trialGradient, r.view());
    px.subtract(r.view(), g.view(), r.view());
    lbfgs.update(ctx, accept.view(), step.view(), r.view(), history);
    px.selectRows(accept.view(), trialGradient, lossGradient.view(), lossGradient.view());
    px.selectRows(accept.view(), trial.view(), x.view(), x.view());
    num.selectRows(accept.view(), trialGoal.view(), goal.view(), goal.view());
    nextStepLength();
    nextTradeOff();
  }

  /** g = 2 c (at - x0) + gradient of the loss there. */
  private void objectiveGradient(Tensor x0, Tensor at, Tensor ofLoss, Tensor y) {
    px.subtract(at, x0, y);
    num.affine(2, tradeOff.c(), 0, a.view());
    px.rows(RowwiseOp.SCALE, a.view(), y, y);
    px.add(y, ofLoss, y);
  }

  /**
   * trial = the projection of x + t d on the box; step = trial - x. Without a history d = -g, and
   * the step is that of the steepest curvature there may be, 2c + ||grad m||^2 / (4 tau).
   */
  private void moveTrial() {
    num.divide(slope.view(), tradeOff.tau(), squared.view());
    num.combine(0.25, squared.view(), 2, tradeOff.c(), squared.view());
    num.divide(t.view(), squared.view(), squared.view());
    compareCount.execute(ctx, historyCount.view(), 0, other.view());
    num.selectRows(other.view(), squared.view(), t.view(), squared.view());
    px.rows(RowwiseOp.SCALE, squared.view(), step.view(), step.view());
    px.add(x.view(), step.view(), trial.view());
    px.clip(trial.view(), 0, 1, trial.view());
    px.subtract(trial.view(), x.view(), step.view());
    px.reduce(Reduction.DOT, g.view(), step.view(), descent.view());
    num.compare(Comparison.EQUAL, t.view(), 0, starts.view());
  }

  /** Objective, goal and squared distance of the trial; its loss gradient. */
  private Tensor evaluate() {
    Classifier net = batch.classifier();
    net.forward(trial.view());
    batch.goal(trialGoal.view());
    net.crossEntropy(target.view(), tradeOff.tau(), a.view(), trialF.view());
    Tensor gradient = net.gradient();
    px.subtract(trial.view(), batch.x0(), r.view());
    px.reduce(Reduction.SQUARED_L2, r.view(), null, squared.view());
    num.multiply(tradeOff.c(), squared.view(), a.view());
    num.add(trialF.view(), a.view(), trialF.view());
    num.affine(1, batch.evaluations(), 1, a.view());
    num.selectRows(active.view(), a.view(), batch.evaluations(), batch.evaluations());
    return gradient;
  }

  /** Keeps the trial where it reaches the goal nearer than anything before. */
  private void keepBest() {
    num.compare(Comparison.GREATER_EQUAL, trialGoal.view(), 0, accept.view());
    num.compare(Comparison.LESS, squared.view(), bestSquared.view(), mask.view());
    num.logic(MaskOp.AND, accept.view(), mask.view(), mask.view());
    num.logic(MaskOp.AND, active.view(), mask.view(), mask.view());
    px.selectRows(mask.view(), trial.view(), batch.best(), batch.best());
    num.selectRows(mask.view(), squared.view(), bestSquared.view(), bestSquared.view());
    num.fill(1, a.view());
    num.selectRows(mask.view(), a.view(), batch.found(), batch.found());
  }

  /** accept = sufficient decrease along the projected step (Bertsekas 1976), or a beginning. */
  private void judge() {
    num.map(ElementwiseOp.ABS, f.view(), null, a.view());
    num.combine(ROUNDING, a.view(), 1, f.view(), a.view());
    num.combine(ARMIJO, descent.view(), 1, a.view(), a.view());
    num.compare(Comparison.LESS_EQUAL, trialF.view(), a.view(), accept.view());
    num.logic(MaskOp.OR, accept.view(), starts.view(), accept.view());
  }

  /** t = 1 where the trial was taken, else halved. */
  private void nextStepLength() {
    num.affine(0.5, t.view(), 0, t.view());
    num.fill(1, a.view());
    num.selectRows(accept.view(), a.view(), t.view(), t.view());
    num.affine(1, iteration.view(), 1, iteration.view());
  }

  /** mask = the search for this c is over: converged, stuck, or out of iterations. */
  private void findEnded() {
    num.subtract(f.view(), trialF.view(), a.view());
    num.map(ElementwiseOp.ABS, f.view(), null, squared.view());
    num.combine(1, a.view(), -CONVERGED, squared.view(), a.view());
    num.compare(Comparison.LESS_EQUAL, a.view(), 0, mask.view());
    num.logic(MaskOp.AND, mask.view(), accept.view(), mask.view());
    num.compare(Comparison.LESS, t.view(), SHORTEST, other.view());
    num.logic(MaskOp.OR, mask.view(), other.view(), mask.view());
    num.compare(Comparison.LESS, descent.view(), 0, other.view());
    num.logic(MaskOp.NOT, other.view(), null, other.view());
    num.logic(MaskOp.OR, mask.view(), other.view(), mask.view());
    num.logic(MaskOp.AND_NOT, mask.view(), starts.view(), mask.view());
    num.compare(Comparison.GREATER_EQUAL, iteration.view(), settings.iterations(), other.view());
    num.logic(MaskOp.OR, mask.view(), other.view(), mask.view());
  }

  /** Where the search for a c is over, begins the next: from the best point after a failure. */
  private void nextTradeOff() {
    findEnded();
    num.selectRows(accept.view(), trialF.view(), f.view(), f.view());
    num.compare(Comparison.GREATER_EQUAL, goal.view(), 0, other.view());
    tradeOff.next(mask.view(), other.view());
    num.logic(MaskOp.AND_NOT, mask.view(), other.view(), other.view());
    num.compare(Comparison.GREATER, batch.found(), 0, starts.view());
    num.logic(MaskOp.AND, other.view(), starts.view(), other.view());
    px.selectRows(other.view(), batch.best(), x.view(), x.view());
    num.fill(0, a.view());
    num.selectRows(mask.view(), a.view(), t.view(), t.view());
    num.selectRows(mask.view(), a.view(), iteration.view(), iteration.view());
    selectCount.execute(
        ctx, mask.view(), zeroCount.view(), historyCount.view(), historyCount.view());
    num.compare(Comparison.LESS, tradeOff.done(), settings.searches(), active.view());
  }

  /**
   * Goes back from each adversarial towards its clean sample by bisection, forward passes only. The
   * last point that reached the goal counts.
   */
  private void alongSegment() {
    num.fill(0, t.view());
    num.fill(1, f.view());
    px.subtract(batch.best(), batch.x0(), step.view());
    try (RepeatedStep halving = new RepeatedStep(batch, this::halveSegment)) {
      for (int k = 0; k < SEGMENT_STEPS; k++) {
        halving.run();
      }
    }
  }

  private void halveSegment() {
    Tensor low = t.view();
    Tensor high = f.view();
    num.combine(0.5, low, 0.5, high, a.view());
    px.rows(RowwiseOp.SCALE, a.view(), step.view(), r.view());
    px.add(batch.x0(), r.view(), trial.view());
    px.clip(trial.view(), 0, 1, trial.view());
    batch.classifier().forward(trial.view());
    batch.goal(trialGoal.view());
    num.compare(Comparison.GREATER_EQUAL, trialGoal.view(), 0, mask.view());
    num.compare(Comparison.GREATER, batch.found(), 0, other.view());
    num.logic(MaskOp.AND, mask.view(), other.view(), mask.view());
    px.selectRows(mask.view(), trial.view(), batch.best(), batch.best());
    num.selectRows(mask.view(), a.view(), high, high);
    num.selectRows(mask.view(), low, a.view(), low);
  }
}
