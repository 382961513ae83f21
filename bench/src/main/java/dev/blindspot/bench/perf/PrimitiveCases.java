package dev.blindspot.bench.perf;

import static dev.blindspot.engine.ElementType.F32;

import dev.blindspot.attacks.AttackProblem;
import dev.blindspot.attacks.ProjectedGradientDescent;
import dev.blindspot.bench.perf.PrimitiveBenchmarks.Row;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import dev.blindspot.engine.primitives.WeightedPlan;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.zoo.Zoo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.function.Consumer;

/** The shapes that are measured; torch_ref.py has the same ones under the same names. */
final class PrimitiveCases {
  private static final Precision[] PRECISIONS = {Precision.FP32, Precision.TF32, Precision.BF16};

  /** n, c, h = w, k, r = s, stride. */
  private static final int[][] CONVOLUTIONS = {
    {1, 64, 56, 64, 3, 1},
    {32, 64, 56, 64, 3, 1},
    {32, 256, 14, 256, 3, 1},
    {128, 128, 28, 128, 3, 1},
    {32, 3, 224, 64, 7, 2},
    {32, 256, 56, 64, 1, 1}
  };

  /** n, c, k. */
  private static final int[][] DENSE = {{1, 784, 100}, {256, 784, 1200}, {512, 4096, 4096}};

  private final Backend backend;
  private final Stopwatch stopwatch;
  private final boolean quick;
  private final Consumer<Row> listener;
  private final List<Row> rows = new ArrayList<>();

  /**
   * @param quick batches of 1
   * @param listener hears of each row
   */
  PrimitiveCases(Backend backend, Stopwatch stopwatch, boolean quick, Consumer<Row> listener) {
    this.backend = backend;
    this.stopwatch = stopwatch;
    this.quick = quick;
    this.listener = listener;
  }

  /** Measures everything. */
  List<Row> run() {
    for (int[] s : CONVOLUTIONS) {
      for (Precision p : PRECISIONS) {
        convolution(s, p, Layout.NCHW);
        if (p != Precision.FP32) {
          convolution(s, p, Layout.NHWC);
        }
      }
    }
    for (int[] s : DENSE) {
      for (Precision p : PRECISIONS) {
        dense(s, p);
      }
    }
    moved();
    attack();
    return rows;
  }

  private int batch(int n) {
    return quick ? 1 : n;
  }

  private void convolution(int[] s, Precision precision, Layout layout) {
    int n = batch(s[0]);
    String name =
        String.format(
            Locale.ROOT,
            "conv %dx%dx%dx%d -> %d %dx%d/%d %s",
            n,
            s[1],
            s[2],
            s[2],
            s[3],
            s[4],
            s[4],
            s[5],
            layout);
    Conv2dDesc d =
        Conv2dDesc.of(F32, n, s[1], s[2], s[2])
            .filters(s[3], s[4], s[4], s[4] / 2)
            .stride(s[5])
            .layouts(layout, layout);
    Shape x = Shape.of(n, s[1], s[2], s[2]);
    Shape w = Shape.of(s[3], s[1], s[4], s[4]);
    Shape y = Shape.of(n, s[3], d.p(), d.q());
    double operations = 2.0 * y.size() * s[1] * s[4] * s[4];
    guarded(
        name,
        precision,
        () ->
            weighted(
                name, backend.plan(d, both(precision)), precision, layout, x, w, y, operations));
  }

  private void dense(int[] s, Precision precision) {
    int n = batch(s[0]);
    String name = String.format(Locale.ROOT, "linear %dx%d -> %d", n, s[1], s[2]);
    LinearDesc d = LinearDesc.of(F32, n, s[1], s[2]);
    Shape x = Shape.of(n, s[1]);
    Shape w = Shape.of(s[2], s[1]);
    Shape y = Shape.of(n, s[2]);
    double operations = 2.0 * n * s[1] * s[2];
    guarded(
        name,
        precision,
        () ->
            weighted(
                name,
                backend.plan(d, both(precision)),
                precision,
                Layout.NCHW,
                x,
                w,
                y,
                operations));
  }

  private static PlanOptions both(Precision precision) {
    return PlanOptions.directions(Direction.FORWARD, Direction.BACKWARD_DATA).precision(precision);
  }

  private void weighted(
      String name,
      WeightedPlan plan,
      Precision precision,
      Layout layout,
      Shape xs,
      Shape ws,
      Shape ys,
      double operations) {
    try (plan;
        Context ctx = backend.newContext();
        TensorArena arena = arena(xs.size(), ws.size(), ys.size())) {
      Tensor x = arena.tensor(F32, xs, layout);
      Tensor w = arena.tensor(F32, ws, Layout.NCHW);
      Tensor y = arena.tensor(F32, ys, layout);
      fill(x);
      fill(w);
      try (PackedWeights packed = plan.pack(ctx, w)) {
        double forward = stopwatch.micros(ctx, () -> plan.forward(ctx, x, packed, null, null, y));
        add(name, "forward", precision, plan, Direction.FORWARD, forward, operations, Double.NaN);
        double back = stopwatch.micros(ctx, () -> plan.backwardData(ctx, y, packed, null, x));
        add(
            name,
            "backward-data",
            precision,
            plan,
            Direction.BACKWARD_DATA,
            back,
            operations,
            Double.NaN);
      }
    }
  }

  /** Primitives that memory bounds. */
  private void moved() {
    long n = batch(64);
    long length = 1 << 18;
    elementwise(
        "relu " + n + "x" + length,
        ActivationDesc.of(Activation.RELU, F32, n, length),
        Shape.of(n, length),
        Shape.of(n, length),
        (plan, ctx, x, y) -> plan.forward(ctx, x, y));
    elementwise(
        "max-pool " + n + "x64x112x112 2x2/2",
        Pool2dDesc.of(Pooling.MAX, F32, n, 64, 112, 112, 2, 2),
        Shape.of(n, 64, 112, 112),
        Shape.of(n, 64, 56, 56),
        (plan, ctx, x, y) -> plan.forward(ctx, x, y));
    elementwise(
        "average-pool " + n + "x64x112x112 2x2/2",
        Pool2dDesc.of(Pooling.AVERAGE_INCLUDE_PAD, F32, n, 64, 112, 112, 2, 2),
        Shape.of(n, 64, 112, 112),
        Shape.of(n, 64, 56, 56),
        (plan, ctx, x, y) -> plan.forward(ctx, x, y));
    elementwise(
        "softmax " + 16 * n + "x1000",
        new SoftmaxDesc(F32, 16 * n, 1000, false),
        Shape.of(16 * n, 1000),
        Shape.of(16 * n, 1000),
        (plan, ctx, x, y) -> plan.forward(ctx, x, y));
    elementwise(
        "l2 norms " + n + "x" + length,
        new RowReduceDesc(Reduction.L2, F32, n, length),
        Shape.of(n, length),
        Shape.of(n),
        (plan, ctx, x, y) -> plan.execute(ctx, x, null, y));
  }

  private interface Execution<P> {
    void run(P plan, Context ctx, Tensor x, Tensor y);
  }

  private <P extends Plan> void elementwise(
      String name, dev.blindspot.engine.Desc<P> desc, Shape xs, Shape ys, Execution<P> execution) {
    guarded(
        name,
        Precision.FP32,
        () -> {
          try (P plan = backend.plan(desc, PlanOptions.forward());
              Context ctx = backend.newContext();
              TensorArena arena = arena(xs.size(), ys.size())) {
            Tensor x = arena.tensor(F32, xs, Layout.NCHW);
            Tensor y = arena.tensor(F32, ys, Layout.NCHW);
            fill(x);
            double micros = stopwatch.micros(ctx, () -> execution.run(plan, ctx, x, y));
            double bytes = 4.0 * (xs.size() + ys.size());
            add(
                name,
                "forward",
                Precision.FP32,
                plan,
                Direction.FORWARD,
                micros,
                Double.NaN,
                bytes);
          }
        });
  }

  /** Projected gradient descent on an untrained network: how long one step takes. */
  private void attack() {
    int n = batch(256);
    int steps = quick ? 2 : 40;
    String name = "pgd step, lenet, batch " + n;
    guarded(
        name,
        Precision.FP32,
        () -> {
          Network net = Zoo.get("lenet", Shape.of(1, 28, 28), 10).network();
          try (Parameters p = Parameters.initialize(net, backend, F32, 1);
              Context ctx = backend.newContext()) {
            float[] images = numbers(n * 784, 0, 1);
            int[] labels = new int[n];
            Arrays.setAll(labels, i -> i % 10);
            AttackProblem problem = AttackProblem.of(net, p, backend, images, labels);
            ProjectedGradientDescent pgd = ProjectedGradientDescent.of(Norm.LINF, 1e-6, steps);
            double micros = stopwatch.micros(ctx, () -> pgd.run(problem)) / steps;
            row(new Row(name, "attack", "FP32", "", micros, Double.NaN, Double.NaN, null));
          }
        });
  }

  private static void fill(Tensor t) {
    t.copyFrom(numbers(Math.toIntExact(t.size()), -1, 1));
  }

  private static float[] numbers(int count, double low, double high) {
    SplittableRandom random = new SplittableRandom(1);
    float[] v = new float[count];
    for (int i = 0; i < count; i++) {
      v[i] = (float) (low + (high - low) * random.nextDouble());
    }
    return v;
  }

  private TensorArena arena(long... sizes) {
    return backend.arena(Arrays.stream(sizes).map(s -> TensorArena.bytes(F32, s)).sum());
  }

  private void guarded(String name, Precision precision, Runnable work) {
    try {
      work.run();
    } catch (UnsupportedException e) {
      row(
          new Row(
              name, "", precision.name(), "", Double.NaN, Double.NaN, Double.NaN, e.getMessage()));
    }
  }

  private void add(
      String name,
      String pass,
      Precision precision,
      Plan plan,
      Direction direction,
      double micros,
      double operations,
      double bytes) {
    row(
        new Row(
            name,
            pass,
            precision.name(),
            plan.implementation(direction),
            micros,
            operations / micros / 1e3,
            bytes / micros / 1e3,
            null));
  }

  private void row(Row row) {
    rows.add(row);
    listener.accept(row);
  }
}
