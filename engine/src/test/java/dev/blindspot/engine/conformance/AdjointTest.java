package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.ConcatDesc;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.engine.primitives.ReorderDesc;
import dev.blindspot.engine.primitives.WeightedPlan;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/**
 * &lt;A x, dy&gt; = &lt;x, A' dy&gt; for the linear primitives, on every backend and level.
 * Operands are small integers, whose products and sums are exact, so the two sides are equal.
 */
class AdjointTest {
  private static final int TRIES = 100;

  /** The identity of one primitive on one backend. */
  private interface Identity {
    void check(Bench bench);
  }

  /** One backend with memory for one try. */
  private static final class Bench implements AutoCloseable {
    final Backend backend;
    final Context ctx;
    private final TensorArena arena;
    private final SplittableRandom random = new SplittableRandom(20131221);
    private final String name;

    Bench(Rig rig) {
      name = rig.toString();
      backend = rig.backend();
      ctx = rig.context();
      arena = backend.arena(1 << 20);
    }

    /** Integers -4..4, or NaN to be overwritten. */
    private Tensor tensor(boolean poisoned, ElementType type, Shape shape, Layout layout) {
      Tensor t = arena.tensor(type, shape, layout);
      int size = (int) t.size();
      double[] values = new double[size];
      float[] floats = new float[size];
      for (int i = 0; i < size; i++) {
        values[i] = poisoned ? Double.NaN : random.nextInt(-4, 5);
        floats[i] = (float) values[i];
      }
      return type == F32 ? t.copyFrom(floats) : t.copyFrom(values);
    }

    Tensor integers(ElementType type, long... dims) {
      return tensor(false, type, Shape.of(dims), Layout.NCHW);
    }

    Tensor empty(ElementType type, long... dims) {
      return tensor(true, type, Shape.of(dims), Layout.NCHW);
    }

    /** Equal up to an absolute tolerance. */
    void assertEqual(String what, double a, double b, double tolerance) {
      assertEquals(a, b, tolerance, name + ": " + what);
    }

    @Override
    public void close() {
      arena.close();
    }
  }

  /** In memory order. */
  private static double dot(Tensor a, Tensor b) {
    double sum = 0;
    if (a.type() == F32) {
      float[] u = a.toFloats();
      float[] v = b.toFloats();
      for (int i = 0; i < u.length; i++) {
        sum += (double) u[i] * v[i];
      }
      return sum;
    }
    double[] u = a.toDoubles();
    double[] v = b.toDoubles();
    for (int i = 0; i < u.length; i++) {
      sum += u[i] * v[i];
    }
    return sum;
  }

  private static void everywhere(Identity identity) {
    for (Rig rig : Rig.all().toList()) {
      try (Bench bench = new Bench(rig)) {
        identity.check(bench);
      } catch (UnsupportedException e) {
        // A type that only the reference has; the conformance suite prints these.
        assertNotEquals("reference", rig.backend().name(), e.getMessage());
      }
    }
  }

  // ---- Convolution: any stride, padding, dilation, groups

  @Provide
  Arbitrary<Conv2dDesc> convolutions() {
    return Arbitraries.integers().between(0, 999).array(int[].class).ofSize(18).map(this::conv);
  }

  private Conv2dDesc conv(int[] a) {
    int groups = 1 + a[0] % 3;
    int r = 1 + a[1] % 4;
    int s = 1 + a[2] % 4;
    int dilationH = 1 + a[3] % 3;
    int dilationW = 1 + a[4] % 3;
    // At least one window fits even without padding.
    int h = 1 + dilationH * (r - 1) + a[5] % 7;
    int w = 1 + dilationW * (s - 1) + a[6] % 7;
    return new Conv2dDesc(
        a[7] % 2 == 0 ? F32 : F64,
        1 + a[8] % 4,
        groups * (1 + a[9] % 3),
        h,
        w,
        groups * (1 + a[10] % 3),
        r,
        s,
        1 + a[11] % 4,
        1 + a[12] % 4,
        a[13] % 4,
        a[14] % 4,
        a[15] % 4,
        a[16] % 4,
        dilationH,
        dilationW,
        groups,
        List.of(),
        false,
        Layout.NCHW,
        Layout.NCHW);
  }

  @Property(tries = TRIES, seed = "20131221")
  void convolution(@ForAll("convolutions") Conv2dDesc d) {
    everywhere(
        bench ->
            weighted(
                bench,
                bench.backend.plan(d),
                d.type(),
                new long[] {d.n(), d.c(), d.h(), d.w()},
                new long[] {d.k(), d.c() / d.groups(), d.r(), d.s()},
                new long[] {d.n(), d.k(), d.p(), d.q()}));
  }

  @Property(tries = TRIES, seed = "20131221")
  void linear(
      @ForAll @IntRange(min = 1, max = 20) int n,
      @ForAll @IntRange(min = 1, max = 70) int c,
      @ForAll @IntRange(min = 1, max = 40) int k,
      @ForAll boolean twice) {
    ElementType type = twice ? F64 : F32;
    everywhere(
        bench ->
            weighted(
                bench,
                bench.backend.plan(LinearDesc.of(type, n, c, k)),
                type,
                new long[] {n, c},
                new long[] {k, c},
                new long[] {n, k}));
  }

  @Property(tries = TRIES, seed = "20131221")
  void linearOfConstantWeights(
      @ForAll @IntRange(min = 1, max = 130) int n,
      @ForAll @IntRange(min = 1, max = 450) int c,
      @ForAll @IntRange(min = 1, max = 70) int k) {
    PlanOptions constant = PlanOptions.directions(Direction.FORWARD, Direction.BACKWARD_DATA);
    everywhere(
        bench ->
            weighted(
                bench,
                bench.backend.plan(LinearDesc.of(F32, n, c, k), constant),
                F32,
                new long[] {n, c},
                new long[] {k, c},
                new long[] {n, k}));
  }

  private static void weighted(
      Bench bench, WeightedPlan plan, ElementType type, long[] xs, long[] ws, long[] ys) {
    Tensor x = bench.integers(type, xs);
    Tensor w = bench.integers(type, ws);
    Tensor dy = bench.integers(type, ys);
    Tensor y = bench.empty(type, ys);
    Tensor dx = bench.empty(type, xs);
    Tensor dw = bench.empty(type, ws);
    boolean gradient = plan.options().directions().contains(Direction.BACKWARD_WEIGHTS);
    try (PackedWeights p = plan.pack(bench.ctx, w)) {
      plan.forward(bench.ctx, x, p, null, y);
      plan.backwardData(bench.ctx, dy, p, dx);
      if (gradient) {
        plan.backwardWeights(bench.ctx, x, dy, dw);
      }
    }
    String what = plan.desc().summary();
    bench.assertEqual(what + " backward-data", dot(y, dy), dot(x, dx), 0);
    if (gradient) {
      bench.assertEqual(what + " backward-weights", dot(y, dy), dot(w, dw), 0);
    }
  }

  // ---- Average pools: exact where the divisor is a power of two

  @Property(tries = TRIES, seed = "20131221")
  void averagePool(
      @ForAll @IntRange(min = 1, max = 4) int r,
      @ForAll @IntRange(min = 1, max = 4) int s,
      @ForAll @IntRange(min = 1, max = 4) int stride,
      @ForAll @IntRange(min = 0, max = 3) int pad,
      @ForAll @IntRange(min = 0, max = 9) int extra,
      @ForAll boolean includePad) {
    Pooling kind = includePad ? Pooling.AVERAGE_INCLUDE_PAD : Pooling.AVERAGE_EXCLUDE_PAD;
    int before = Math.min(pad, Math.min(r, s) - 1);
    int after = Math.min(extra % 4, Math.min(r, s) - 1);
    for (ElementType type : List.of(F32, F64)) {
      Pool2dDesc d =
          new Pool2dDesc(
              kind,
              type,
              2,
              3,
              r + extra,
              s + extra / 2,
              r,
              s,
              stride,
              1 + extra % 3,
              before,
              before,
              after,
              after);
      boolean exact = includePad && Integer.bitCount(r * s) == 1;
      // Quotients are rounded once and at most r s of them added, magnitudes sum to 4 * 4 * |y|.
      double eps = type == F32 ? Math.ulp(1f) : Math.ulp(1.0);
      everywhere(
          bench ->
              pool(bench, d, exact ? 0 : (1 + r * s) * eps * 16 * d.n() * d.c() * d.p() * d.q()));
    }
  }

  private static void pool(Bench bench, Pool2dDesc d, double tolerance) {
    var plan = bench.backend.plan(d);
    Tensor x = bench.integers(d.type(), d.n(), d.c(), d.h(), d.w());
    Tensor dy = bench.integers(d.type(), d.n(), d.c(), d.p(), d.q());
    Tensor y = bench.empty(d.type(), d.n(), d.c(), d.p(), d.q());
    Tensor dx = bench.empty(d.type(), d.n(), d.c(), d.h(), d.w());
    plan.forward(bench.ctx, x, y);
    plan.backwardData(bench.ctx, null, null, dy, dx);
    bench.assertEqual(d.summary(), dot(y, dy), dot(x, dx), tolerance);
  }

  // ---- Bias, concatenation, change of layout

  @Property(tries = TRIES, seed = "20131221")
  void bias(
      @ForAll @IntRange(min = 1, max = 9) int n,
      @ForAll @IntRange(min = 1, max = 40) int c,
      @ForAll @IntRange(min = 1, max = 40) int spatial) {
    for (ElementType type : List.of(F32, F64)) {
      everywhere(
          bench -> {
            var plan = bench.backend.plan(new BiasDesc(type, n, c, spatial));
            Tensor zero = bench.integers(type, n, c, spatial);
            Tensor b = bench.integers(type, c);
            Tensor dy = bench.integers(type, n, c, spatial);
            Tensor y = bench.empty(type, n, c, spatial);
            Tensor db = bench.empty(type, c);
            plan.forward(bench.ctx, zero, b, y);
            plan.backwardWeights(bench.ctx, dy, db);
            // y - x is the bias spread over its channel.
            bench.assertEqual("bias", dot(y, dy) - dot(zero, dy), dot(b, db), 0);
          });
    }
  }

  @Property(tries = TRIES, seed = "20131221")
  void concatenation(
      @ForAll @IntRange(min = 1, max = 9) int n,
      @ForAll @IntRange(min = 1, max = 70) int first,
      @ForAll @IntRange(min = 1, max = 70) int second,
      @ForAll boolean accumulate) {
    PlanOptions options = PlanOptions.all().accumulate(accumulate);
    for (ElementType type : List.of(F32, F64)) {
      everywhere(
          bench -> {
            ConcatDesc d = new ConcatDesc(type, n, List.of((long) first, (long) second));
            var plan = bench.backend.plan(d, options);
            Tensor a = bench.integers(type, n, first);
            Tensor b = bench.integers(type, n, second);
            Tensor dy = bench.integers(type, n, first + second);
            Tensor y = bench.empty(type, n, first + second);
            Tensor da = accumulate ? bench.integers(type, n, first) : bench.empty(type, n, first);
            Tensor db = accumulate ? bench.integers(type, n, second) : bench.empty(type, n, second);
            double before = accumulate ? dot(a, da) + dot(b, db) : 0;
            plan.forward(bench.ctx, List.of(a, b), y);
            plan.backwardData(bench.ctx, dy, List.of(da, db));
            bench.assertEqual(d.summary(), before + dot(y, dy), dot(a, da) + dot(b, db), 0);
          });
    }
  }

  /** The adjoint of a permutation is the permutation back. */
  @Property(tries = TRIES, seed = "20131221")
  void reorder(
      @ForAll @IntRange(min = 1, max = 4) int n,
      @ForAll @IntRange(min = 1, max = 20) int c,
      @ForAll @IntRange(min = 1, max = 9) int h,
      @ForAll @IntRange(min = 1, max = 9) int w) {
    Shape shape = Shape.of(n, c, h, w);
    for (ElementType type : List.of(F32, F64)) {
      everywhere(
          bench -> {
            var there =
                bench.backend.plan(new ReorderDesc(type, n, c, h, w, Layout.NCHW, Layout.NHWC));
            var back =
                bench.backend.plan(new ReorderDesc(type, n, c, h, w, Layout.NHWC, Layout.NCHW));
            Tensor x = bench.integers(type, shape.toArray());
            Tensor dy = bench.tensor(false, type, shape, Layout.NHWC);
            Tensor y = bench.tensor(true, type, shape, Layout.NHWC);
            Tensor dx = bench.empty(type, shape.toArray());
            there.execute(bench.ctx, x, y);
            back.execute(bench.ctx, dy, dx);
            bench.assertEqual("reorder", dot(y, dy), dot(x, dx), 0);
          });
    }
  }
}
