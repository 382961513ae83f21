package dev.blindspot.attacks;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.IndexDesc;
import dev.blindspot.engine.primitives.IndexOp;
import dev.blindspot.nn.Network;
import java.util.Arrays;

/**
 * Some samples of a problem on the device, what the attack has found for them, and what every
 * attack needs: the classifier, the arithmetic, the test of the goal. Rows are compacted as samples
 * finish; findings are kept by the sample's place in the batch.
 */
final class Batch implements AutoCloseable {
  /** Bytes that a batch may take, of the host's memory or of a device's own. */
  private static final long MEMORY = 1L << 30;

  private static final long DEVICE_MEMORY = 4L << 30;

  /** Samples of a batch at most: a GPU is at work with these, a cache would not hold more. */
  private static final int LARGEST = 1000;

  private static final int LARGEST_ON_DEVICE = 10_000;
  private static final int TENSORS = 14;

  private final AttackProblem problem;
  private final int from;
  private final int count;
  private final Context ctx;
  private final RowStore store;
  private final Classifier classifier;
  private final RowMath pixels;
  private final RowMath numbers;
  private final RowTensor x0;
  private final RowTensor goalLabel;
  private final RowTensor kappa;
  private final RowTensor place;
  private final RowTensor sample;
  private final RowTensor best;
  private final RowTensor found;
  private final RowTensor evaluations;
  private final RowTensor stop;
  private final Tensor outBest;
  private final Tensor outFound;
  private final Tensor outEvaluations;
  private final Tensor outStop;
  private final StopReason[] excluded;
  private float[] kappas;
  private float[] cleanLogits;

  /** Samples of one batch if an attack's own tensors take this many bytes of each. */
  static int size(AttackProblem problem, long ownBytes) {
    long network = 0; // activations and their gradients
    for (Network.Node node : problem.network().nodes()) {
      network += 2L * 4 * node.outputShape().size();
    }
    boolean device;
    try (Context c = problem.backend().newContext()) {
      device = c.asynchronous();
    }
    long most = problem.backend().options().memoryLimit() / 2;
    long memory = Math.min(most, device ? DEVICE_MEMORY : MEMORY);
    long fits = Math.max(1, memory / (ownBytes + bytes(problem) + network));
    int largest = device ? LARGEST_ON_DEVICE : LARGEST;
    return (int) Math.min(Math.min(problem.count(), largest), fits);
  }

  private static long bytes(AttackProblem problem) {
    return 3L * 4 * problem.size() + 3L * 4 * problem.network().outputShape().size() + 64;
  }

  /**
   * Loads samples from..from+count-1 and runs the network on them.
   *
   * @param ownBytes of the attack's own tensors, for each row
   * @param ownTensors number of the attack's own tensors
   * @param confidence gives the margin that success needs
   */
  Batch(
      AttackProblem problem,
      int from,
      int count,
      long ownBytes,
      int ownTensors,
      Confidence confidence) {
    this.problem = problem;
    this.from = from;
    this.count = count;
    Backend backend = problem.backend();
    int size = problem.size();
    long[] shape = problem.network().inputShape().toArray();
    ctx = backend.newContext();
    store = new RowStore(backend, ctx, count, bytes(problem) + ownBytes, TENSORS + ownTensors);
    classifier = new Classifier(problem, ctx, store, count);
    pixels = new RowMath(backend, ctx, count, size);
    numbers = new RowMath(backend, ctx, count, 1);
    x0 = store.kept(ElementType.F32, shape);
    best = store.kept(ElementType.F32, shape);
    goalLabel = store.kept(ElementType.I32);
    place = store.kept(ElementType.I32);
    sample = store.kept(ElementType.I32);
    kappa = store.kept(ElementType.F32);
    found = store.kept(ElementType.F32);
    evaluations = store.kept(ElementType.F32);
    stop = store.kept(ElementType.F32);
    outBest = store.fixed(ElementType.F32, shape);
    outFound = store.fixed(ElementType.F32);
    outEvaluations = store.fixed(ElementType.F32);
    outStop = store.fixed(ElementType.F32);
    excluded = new StopReason[count];
    load(confidence);
  }

  private void load(Confidence confidence) {
    x0.full().copyFrom(part(problem.images(), problem.size()));
    int[] labels = Arrays.copyOfRange(problem.labels(), from, from + count);
    goalLabel
        .full()
        .copyFrom(targeted() ? Arrays.copyOfRange(problem.targets(), from, from + count) : labels);
    sample.full().copyFrom(Arrays.copyOfRange(problem.samples(), from, from + count));
    int[] places = new int[count];
    Arrays.setAll(places, i -> i);
    place.full().copyFrom(places);
    pixels.copy(x0.view(), best.view());
    pixels.copy(x0.view(), outBest);
    numbers.fill(0, found.view());
    numbers.fill(0, evaluations.view());
    numbers.fill(StopReason.BUDGET_SPENT.ordinal(), stop.view());
    cleanLogits = classifier.forward(x0.view()).toFloats();
    double[] margins = new double[count];
    for (int i = 0; i < count; i++) {
      margins[i] = margin(i, targeted() ? problem.targets()[from + i] : labels[i]);
      if (!Double.isFinite(margins[i])) {
        excluded[i] = StopReason.NOT_FINITE;
      } else if (targeted() ? margins[i] > 0 : !(margins[i] > 0)) {
        excluded[i] = StopReason.ALREADY_WRONG;
      }
    }
    kappas = confidence.kappas(problem, from, margins);
    kappa.full().copyFrom(kappas);
  }

  private float[] part(float[] all, int width) {
    return Arrays.copyOfRange(all, from * width, (from + count) * width);
  }

  /** z[label] - max of the others for clean sample i. */
  private double margin(int i, int label) {
    int classes = classifier.classes();
    double other = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < classes; j++) {
      double z = cleanLogits[i * classes + j];
      if (j != label) {
        other = z > other || z != z ? z : other;
      }
    }
    return cleanLogits[i * classes + label] - other;
  }

  Backend backend() {
    return problem.backend();
  }

  Context context() {
    return ctx;
  }

  AttackProblem problem() {
    return problem;
  }

  RowStore store() {
    return store;
  }

  Classifier classifier() {
    return classifier;
  }

  /** Arithmetic of [n,size]. */
  RowMath pixels() {
    return pixels;
  }

  /** Arithmetic of [n]. */
  RowMath numbers() {
    return numbers;
  }

  boolean targeted() {
    return problem.targets() != null;
  }

  /** Samples loaded. */
  int count() {
    return count;
  }

  /** Position of the first sample in the problem. */
  int from() {
    return from;
  }

  /** Clean samples [n,...]. */
  Tensor x0() {
    return x0.view();
  }

  /** Label aimed at, or the true label if untargeted: I32 [n]. */
  Tensor goalLabel() {
    return goalLabel.view();
  }

  /** What random numbers are keyed by: I32 [n]. */
  Tensor sample() {
    return sample.view();
  }

  /** The adversarial that counts so far [n,size]; the clean sample before there is one. */
  Tensor best() {
    return best.view();
  }

  /** 1 where {@link #best} is an adversarial [n]. */
  Tensor found() {
    return found.view();
  }

  /** Gradients computed for each [n]. */
  Tensor evaluations() {
    return evaluations.view();
  }

  /** Ordinal of the {@link StopReason} of samples without an adversarial [n]. */
  Tensor stop() {
    return stop.view();
  }

  /** Logits [n,classes] of the clean samples, on the host. */
  float[] cleanLogits() {
    return cleanLogits;
  }

  /** Why sample i is not attacked, or null if it is. */
  StopReason excluded(int i) {
    return excluded[i];
  }

  /** Samples that are attacked. */
  int attacked() {
    int n = 0;
    for (StopReason reason : excluded) {
      n += reason == null ? 1 : 0;
    }
    return n;
  }

  void exclude(int i, StopReason reason) {
    excluded[i] = reason;
  }

  /** y [n] = margin of the goal in the last forward pass, less kappa: reached if not negative. */
  void goal(Tensor y) {
    classifier.margin(goalLabel.view(), y);
    numbers.combine(targeted() ? 1 : -1, y, -1, kappa.view(), y);
  }

  /** Keeps what was found and goes on with the rows that {@code active} names, once they fit. */
  void compact(Tensor active, int left) {
    int n = store.fitting(left);
    if (n < store.rows()) {
      keep();
      store.compact(active, n);
    }
  }

  /** Writes findings to their places. */
  private void keep() {
    scatter(best.view(), outBest, problem.size());
    scatter(found.view(), outFound, 1);
    scatter(evaluations.view(), outEvaluations, 1);
    scatter(stop.view(), outStop, 1);
  }

  private void scatter(Tensor rows, Tensor out, long length) {
    backend()
        .plan(new IndexDesc(IndexOp.SCATTER_ROWS, ElementType.F32, store.rows(), count, length))
        .execute(ctx, place.view(), rows, out);
  }

  /** Brings back all rows: clean samples, goals and findings in their places. Ends compaction. */
  void restore() {
    keep();
    store.resize(count);
    x0.full().copyFrom(part(problem.images(), problem.size()));
    goalLabel
        .full()
        .copyFrom(
            Arrays.copyOfRange(
                targeted() ? problem.targets() : problem.labels(), from, from + count));
    kappa.full().copyFrom(kappas);
    int[] places = new int[count];
    Arrays.setAll(places, i -> i);
    place.full().copyFrom(places);
    pixels.copy(outBest, best.view());
    numbers.copy(outFound, found.view());
    numbers.copy(outEvaluations, evaluations.view());
    numbers.copy(outStop, stop.view());
  }

  /** Reads the findings into a result, with labels of one more forward pass. After restore. */
  void read(ResultBuilder result) {
    classifier.forward(best.view());
    classifier.argmax(place.view());
    result.add(
        from,
        best.view().toFloats(),
        place.view().toInts(),
        found.view().toFloats(),
        evaluations.view().toFloats(),
        stops(),
        kappas);
  }

  private StopReason[] stops() {
    float[] ordinals = stop.view().toFloats();
    StopReason[] stops = new StopReason[count];
    for (int i = 0; i < count; i++) {
      stops[i] = excluded[i] != null ? excluded[i] : StopReason.values()[(int) ordinals[i]];
    }
    return stops;
  }

  @Override
  public void close() {
    classifier.close();
    store.close();
    ctx.close();
  }
}
