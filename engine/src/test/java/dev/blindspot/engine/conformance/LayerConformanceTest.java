package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.I32;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.CastDesc;
import dev.blindspot.engine.primitives.ConcatDesc;
import dev.blindspot.engine.primitives.DropoutDesc;
import dev.blindspot.engine.primitives.Loss;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.primitives.MarginDesc;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.primitives.ReorderDesc;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LayerConformanceTest {
  private static final double EPS = Math.ulp(1f);
  private static final String ALL = "dev.blindspot.engine.conformance.Rig#all";

  private static List<Pool2dDesc> pools(Pooling kind) {
    return List.of(
        Pool2dDesc.of(kind, F32, 3, 2, 6, 8, 2, 2),
        Pool2dDesc.of(kind, F32, 2, 3, 7, 5, 2, 2),
        Pool2dDesc.of(kind, F32, 2, 3, 9, 9, 3, 2),
        Pool2dDesc.of(kind, F32, 1, 1, 5, 5, 3, 1).pad(1),
        Pool2dDesc.of(kind, F32, 70, 4, 28, 28, 2, 2),
        Pool2dDesc.of(kind, F32, 2, 2, 4, 4, 1, 3),
        Pool2dDesc.of(kind, F32, 3, 3, 14, 14, 2, 2), // several narrow rows in a vector
        Pool2dDesc.of(kind, F32, 3, 1, 15, 17, 2, 2),
        Pool2dDesc.of(kind, F32, 2, 2, 13, 13, 3, 2), // rows of one strip, of several
        Pool2dDesc.of(kind, F32, 1, 2, 10, 63, 3, 2),
        Pool2dDesc.of(kind, F32, 1, 3, 5, 75, 2, 2),
        Pool2dDesc.of(kind, F32, 1, 3, 6, 75, 3, 2).pad(1),
        Pool2dDesc.of(kind, F32, 1, 3, 6, 75, 3, 1).pad(1),
        Pool2dDesc.of(kind, F32, 2, 2, 7, 50, 5, 3).pad(2),
        Pool2dDesc.of(kind, F32, 3, 2, 7, 7, 7, 7),
        Pool2dDesc.of(kind, F32, 1, 1, 4, 4200, 3, 2).pad(1),
        new Pool2dDesc(kind, F32, 2, 2, 8, 7, 4, 3, 3, 2, 2, 1, 1, 0));
  }

  /** Sums of integers and the choice of a maximum are exact; ties go to the first. */
  @ParameterizedTest
  @MethodSource(ALL)
  void maxPoolIsExact(Rig rig) {
    for (Pool2dDesc d : pools(Pooling.MAX)) {
      pool(rig, d, false, 0);
      pool(rig, d, true, 0);
      pool(rig, d.reluMask(true), false, 0);
      pool(rig, d.reluMask(true), true, 0);
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void averagePool(Rig rig) {
    for (Pooling kind : List.of(Pooling.AVERAGE_INCLUDE_PAD, Pooling.AVERAGE_EXCLUDE_PAD)) {
      for (Pool2dDesc d : pools(kind)) {
        pool(rig, d, false, 8 * EPS * d.r() * d.s());
        pool(rig, d.reluMask(true), true, 8 * EPS * d.r() * d.s());
      }
    }
  }

  private static void pool(Rig rig, Pool2dDesc d, boolean accumulate, double tolerance) {
    long[] xs = {d.n(), d.c(), d.h(), d.w()};
    long[] ys = {d.n(), d.c(), d.p(), d.q()};
    Twin x = rig.integers(F32, 1, xs);
    Twin dy = rig.integers(F32, 2, ys);
    Twin y = rig.poisoned(F32, ys);
    Twin dx = accumulate ? rig.integers(F32, 3, xs) : rig.poisoned(F32, xs);
    rig.run(
        d,
        PlanOptions.all().accumulate(accumulate),
        (plan, ctx, side) -> {
          plan.forward(ctx, side.of(x), side.of(y));
          plan.backwardData(ctx, side.of(x), side.of(y), side.of(dy), side.of(dx));
        });
    y.assertClose(d.summary() + " forward", 0, tolerance);
    dx.assertClose(d.summary() + " backward-data", 0, tolerance);
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void maxPoolHandsOnNaN(Rig rig) {
    double[] kinds = {Double.NaN, Double.NEGATIVE_INFINITY, Double.NEGATIVE_INFINITY, -1, 0, 2, 2};
    SplittableRandom random = new SplittableRandom(4);
    for (Pool2dDesc d : pools(Pooling.MAX)) {
      double[] values = new double[(int) d.n() * d.c() * d.h() * d.w()];
      Arrays.setAll(values, i -> kinds[random.nextInt(random.nextInt(8) == 0 ? 0 : 1, 7)]);
      Twin x = rig.of(F32, values, d.n(), d.c(), d.h(), d.w());
      Twin dy = rig.integers(F32, 2, d.n(), d.c(), d.p(), d.q());
      Twin y = rig.poisoned(F32, d.n(), d.c(), d.p(), d.q());
      for (boolean mask : new boolean[] {false, true}) {
        Twin dx = rig.poisoned(F32, d.n(), d.c(), d.h(), d.w());
        rig.run(
            d.reluMask(mask),
            PlanOptions.all(),
            (plan, ctx, side) -> {
              plan.forward(ctx, side.of(x), side.of(y));
              plan.backwardData(ctx, side.of(x), side.of(y), side.of(dy), side.of(dx));
            });
        y.assertExact(d.summary() + " of NaN");
        dx.assertExact(d.summary() + " gradient of NaN, mask " + mask);
      }
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void softmaxBothKinds(Rig rig) {
    for (boolean log : new boolean[] {false, true}) {
      for (long length : new long[] {1, 2, 10, 1000}) {
        Twin x = rig.normals(F32, 1, 7, length);
        Twin dy = rig.normals(F32, 2, 7, length);
        Twin y = rig.poisoned(F32, 7, length);
        Twin dx = rig.poisoned(F32, 7, length);
        rig.run(
            new SoftmaxDesc(F32, 9, length, log),
            PlanOptions.all(),
            (plan, ctx, side) -> {
              plan.forward(ctx, side.of(x), side.of(y));
              plan.backwardData(ctx, side.of(y), side.of(dy), side.of(dx));
            });
        // A log-softmax is up to 12 in magnitude; gradients sum up to 1000 terms below 4.
        y.assertClose("softmax", 16 * EPS, 16 * EPS);
        dx.assertClose("softmax backward", 16 * EPS, 64 * EPS * Math.sqrt(length));
      }
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void lossesAndGradients(Rig rig) {
    for (LossDesc d :
        List.of(
            LossDesc.crossEntropy(F32, 50, 10),
            LossDesc.crossEntropy(F32, 50, 2),
            new LossDesc(Loss.MARGIN, F32, 50, 10, 0.5),
            new LossDesc(Loss.MARGIN, F32, 50, 2, 0))) {
      Twin z = rig.normals(F32, 1, 41, d.classes());
      Twin labels = rig.indices(I32, 2, (int) d.classes(), 41);
      Twin loss = rig.poisoned(F32, 41);
      Twin dz = rig.poisoned(F32, 41, d.classes());
      rig.run(
          d,
          PlanOptions.forward(),
          (plan, ctx, side) ->
              plan.execute(ctx, side.of(z), side.of(labels), 0.25, side.of(loss), side.of(dz)));
      loss.assertClose(d.summary(), 8 * EPS, 16 * EPS);
      dz.assertClose(d.summary() + " gradient", 8 * EPS, 8 * EPS);
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void lossesAndMarginsOfBadRows(Rig rig) {
    double[] logits = {1, 2, 3, Double.NaN, 2, 1, 500, -500, 0, 1, 1, 1, 4, 5, 6};
    Twin z = rig.of(F32, logits, 5, 3);
    Twin labels = rig.of(I32, new double[] {3, 1, 1, 0, -1}, 5);
    for (Loss kind : Loss.values()) {
      Twin loss = rig.poisoned(F32, 5);
      Twin dz = rig.poisoned(F32, 5, 3);
      rig.run(
          new LossDesc(kind, F32, 5, 3, 0),
          PlanOptions.forward(),
          (plan, ctx, side) ->
              plan.execute(ctx, side.of(z), side.of(labels), 1, side.of(loss), side.of(dz)));
      loss.assertClose(kind + " of bad rows", 8 * EPS, 8 * EPS);
      dz.assertClose(kind + " gradient of bad rows", 8 * EPS, 8 * EPS);
    }
    Twin margin = rig.poisoned(F32, 5);
    rig.run(
        new MarginDesc(F32, 5, 3),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, side.of(z), side.of(labels), side.of(margin)));
    margin.assertExact("margin of bad rows");
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void marginOfIntegersIsExact(Rig rig) {
    Twin z = rig.integers(F32, 1, 33, 10);
    Twin labels = rig.indices(I32, 2, 10, 33);
    Twin margin = rig.poisoned(F32, 33);
    rig.run(
        new MarginDesc(F32, 40, 10),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, side.of(z), side.of(labels), side.of(margin)));
    margin.assertExact("margin");
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void movesAreExact(Rig rig) {
    Twin a = rig.integers(F32, 1, 4, 3);
    Twin b = rig.integers(F32, 2, 4, 9);
    Twin y = rig.poisoned(F32, 4, 12);
    Twin da = rig.poisoned(F32, 4, 3);
    Twin db = rig.poisoned(F32, 4, 9);
    rig.run(
        new ConcatDesc(F32, 5, List.of(3L, 9L)),
        PlanOptions.all(),
        (plan, ctx, o) -> {
          plan.forward(ctx, List.of(o.of(a), o.of(b)), o.of(y));
          plan.backwardData(ctx, o.of(y), List.of(o.of(da), o.of(db)));
        });
    y.assertExact("concat");
    da.assertExact("concat backward");
    db.assertExact("concat backward");
    for (ElementType type : List.of(F32, ElementType.F64, I32, ElementType.U8)) {
      Twin x = rig.indices(type, 3, 100, 2, 3, 5, 7);
      for (Layout from : List.of(Layout.NCHW, Layout.NHWC)) {
        for (Layout to : List.of(Layout.NCHW, Layout.NHWC)) {
          Twin z = rig.poisoned(type, 2, 3, 5, 7);
          rig.run(
              new ReorderDesc(type, 2, 3, 5, 7, from, to),
              PlanOptions.forward(),
              (plan, ctx, o) -> plan.execute(ctx, o.of(x), o.of(z)));
          z.assertExact("reorder " + from + " to " + to);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void castsAreExact(Rig rig) {
    double[] values = {
      0,
      -0.5,
      0.5,
      1.99,
      -1.99,
      255,
      256,
      300,
      -300,
      3e9,
      -3e9,
      1e-40,
      Double.NaN,
      1.00390625,
      Double.POSITIVE_INFINITY,
      Double.NEGATIVE_INFINITY
    };
    for (ElementType from : List.of(F32, ElementType.F64)) {
      for (ElementType to : ElementType.values()) {
        Twin x = rig.of(from, values, 4, 4);
        Twin y = rig.poisoned(to, 4, 4);
        rig.run(
            new CastDesc(from, to, 4, 4),
            PlanOptions.forward(),
            (plan, ctx, o) -> plan.execute(ctx, o.of(x), o.of(y)));
        y.assertExact("cast " + from + " to " + to);
      }
    }
    Twin labels = rig.indices(I32, 1, 10, 3, 5);
    Twin floats = rig.poisoned(F32, 3, 5);
    rig.run(
        new CastDesc(I32, F32, 3, 5),
        PlanOptions.forward(),
        (plan, ctx, o) -> plan.execute(ctx, o.of(labels), o.of(floats)));
    floats.assertExact("cast I32 to F32");
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void dropoutDropsTheSameElementsEverywhere(Rig rig) {
    Twin x = rig.integers(F32, 1, 6, 37);
    Twin samples = rig.indices(I32, 2, 1000, 6);
    Twin step = rig.of(I32, new double[] {3}, 1);
    Twin y = rig.poisoned(F32, 6, 37);
    Twin dx = rig.poisoned(F32, 6, 37);
    rig.run(
        new DropoutDesc(F32, 8, 37, 0.5),
        PlanOptions.all(),
        (plan, ctx, o) -> {
          RandomKey key = new RandomKey(99, 4, o.of(samples), o.of(step));
          plan.forward(ctx, key, o.of(x), o.of(y));
          plan.backwardData(ctx, key, o.of(x), o.of(dx));
        });
    y.assertExact("dropout");
    dx.assertExact("dropout backward");
  }
}
