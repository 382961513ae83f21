package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/** Bounds of Winograd's rounding errors against float arithmetic, emulated and of the backend. */
class WinogradErrorsTest {
  private static final double[][] G = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};
  private static final int[][] B = {{1, 0, 1, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}, {0, 1, 0, 1}};
  private static final int[][] A = {{1, 1, 1, 0}, {0, 1, 1, 1}};

  /** |A^T| [E * (|B^T||d||B|)] |A| of one tile, one channel: n = 1. */
  @Test
  void ofOneTileItIsTheExpressionWrittenOut() {
    SplittableRandom random = new SplittableRandom(10);
    double[] g = RandomConvTest.gaussian(9, random);
    double[] d = magnitudes(RandomConvTest.gaussian(16, random));
    double[] y =
        WinogradErrors.of(ConvGeometry.square(1, 4, 1, 3, 1, 0, 1, 1), g).terms(d, 0, null);
    for (int place = 0; place < 4; place++) {
      double expected = 0;
      for (int point = 0; point < 16; point++) {
        double u = 0;
        double sizes = 0;
        for (int tap = 0; tap < 9; tap++) {
          double term = G[point / 4][tap / 3] * g[tap] * G[point % 4][tap % 3];
          u += term;
          sizes += Math.abs(term);
        }
        double v = 0;
        for (int input = 0; input < 16; input++) {
          v += B[point / 4][input / 4] * d[input] * B[point % 4][input % 4];
        }
        double e = (9 * Math.abs(u) + 5 * sizes) / 14;
        expected += A[place / 2][point / 4] * A[place % 2][point % 4] * e * v;
      }
      assertEquals(expected, y[place], 1e-9 * expected);
    }
  }

  @Test
  void filtersAreCutIntoSections() {
    Map<Integer, int[]> counts =
        Map.of(
            1, new int[] {1, 1, 1, 2, 2, 2, 3},
            2, new int[] {1, 2, 2, 2, 2, 2, 3},
            4, new int[] {1, 2, 3, 4, 4, 4, 4});
    counts.forEach(
        (stride, expected) -> {
          for (int taps = 1; taps <= expected.length; taps++) {
            int count = WinogradErrors.sections(taps, stride).size();
            assertEquals(expected[taps - 1], count, taps + " taps, stride " + stride);
          }
        });
    assertEquals(3, WinogradErrors.sections(5, 1).get(1).from());
    assertEquals(-1, WinogradErrors.sections(3, 2).get(1).from(), "(0, g1, 0) meets place -1");
  }

  @Property(tries = 150, seed = "20160401")
  void emulatedErrorsStayBelow(@ForAll @LongRange(min = 0, max = 1L << 40) long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    ConvGeometry g = draw(random);
    float[] w = floats(g.weights(), random);
    float[] b = floats(g.k(), random);
    RoundedSum sum = WinogradErrors.of(g, widen(w));
    for (float[] x : List.of(floats(g.inputs(), random), pixel(g.inputs(), random))) {
      float[] y = new EmulatedWinograd(g, w, new Random(seed)).forward(x, b);
      double worst = largestShare(g, x, w, b, y, sum);
      assertTrue(worst < 1, worst + " of the bound: " + g);
    }
  }

  @Test
  void boundsOfTheSizeOfPlainSums() {
    SplittableRandom random = new SplittableRandom(11);
    int[][] shapes = {
      {1, 3, 1}, {3, 3, 1}, {16, 3, 1}, {64, 3, 1}, {6, 5, 1}, {16, 3, 2}, {3, 11, 4}
    };
    for (int[] s : shapes) {
      ConvGeometry g = ConvGeometry.square(s[0], 12, 4, s[1], s[2], s[1] / 2, 1, 1);
      double[] w = RandomConvTest.gaussian(g.weights(), random);
      double[] x = magnitudes(floats(g.inputs(), random));
      RoundedSum plain =
          RoundedSum.plain(new ConvOperator(g, magnitudes(w)), null, (long) s[0] * s[1] * s[1]);
      double ratio = total(WinogradErrors.of(g, w), x) / total(plain, x);
      assertTrue(ratio > 0.1 && ratio < 8, g + ": " + ratio);
    }
  }

  /**
   * The backend's own kernel. An input of one pixel also tells which outputs it meets: no other may
   * differ from the exact ones at all.
   */
  @Test
  void theBackendsErrorsStayBelow() {
    SplittableRandom random = new SplittableRandom(12);
    try (Backend cpu = cpu()) {
      int executed = 0;
      for (int t = 0; t < 80; t++) {
        ConvGeometry g = draw(random);
        Conv2dDesc d = desc(g);
        PlanOptions o =
            PlanOptions.forward()
                .boundedErrors(true)
                .implementation("cpu:" + cpu.properties().get("isa") + "-winograd");
        if (cpu.explain(d, o).stream().noneMatch(r -> r.supported())) {
          boolean plain = g.r() == 3 && g.s() == 3 && g.strideH() * g.strideW() == 1;
          assertTrue(!plain, g + " is what Winograd's convolution is for");
          continue;
        }
        executed++;
        float[] w = floats(g.weights(), random);
        float[] b = new float[g.k()];
        RoundedSum sum = WinogradErrors.of(g, widen(w));
        for (float[] in : List.of(floats(g.inputs(), random), pixel(g.inputs(), random))) {
          double worst = largestShare(g, in, w, b, execute(cpu, d, o, in, w), sum);
          assertTrue(worst < 1, worst + " of the bound: " + g);
        }
      }
      assertTrue(executed >= 5, "executed only " + executed);
    }
  }

  /** Any size and stride; half of them 3x3 with a stride of 1. */
  private static ConvGeometry draw(SplittableRandom random) {
    boolean plain = random.nextBoolean();
    int groups = 1 + random.nextInt(2);
    int r = plain ? 3 : 1 + random.nextInt(7);
    int s = plain ? 3 : r == 1 ? 2 + random.nextInt(6) : 1 + random.nextInt(7);
    int pad = random.nextInt(3);
    int strideH = plain ? 1 : 1 << random.nextInt(3);
    return ConvGeometry.of(
        Conv2dDesc.of(
                ElementType.F64,
                1,
                groups * (1 + random.nextInt(3)),
                r + random.nextInt(8),
                s + random.nextInt(8))
            .filters(groups * (1 + random.nextInt(3)), r, s, pad)
            .stride(strideH)
            .groups(groups));
  }

  private static Conv2dDesc desc(ConvGeometry g) {
    return Conv2dDesc.of(ElementType.F32, 1, g.c(), g.h(), g.w())
        .filters(g.k(), g.r(), g.s(), g.padTop())
        .stride(g.strideH())
        .groups(g.groups());
  }

  /** Largest error in units of the bound; infinite where there is one but no bound. */
  private static double largestShare(
      ConvGeometry g, float[] x, float[] w, float[] b, float[] y, RoundedSum sum) {
    double[] exact = new double[g.outputs()];
    new ConvOperator(g, widen(w)).apply(widen(x), exact);
    double[] terms = sum.terms(magnitudes(x), 0, magnitudes(b));
    double gamma = Rounding.gamma(sum.roundings() + 3, Rounding.U32);
    double largest = 0;
    for (int i = 0; i < y.length; i++) {
      double error = Math.abs(exact[i] + b[i / (g.p() * g.q())] - y[i]);
      double inDouble = terms[i] * 0x1p-40;
      if (error > inDouble) {
        largest = Math.max(largest, (error - inDouble) / (gamma * terms[i]));
      }
    }
    return largest;
  }

  private static double total(RoundedSum sum, double[] x) {
    double total = 0;
    for (double t : sum.terms(x, 0, null)) {
      total += t;
    }
    return total * Rounding.gamma(sum.roundings() + 3, Rounding.U32);
  }

  private static Backend cpu() {
    Backends.available()
        .forEach(
            (provider, probe) ->
                Assumptions.assumeTrue(
                    probe.available() || !provider.name().equals("cpu"), probe.reason()));
    return Backends.create("cpu", BackendOptions.defaults().threads(1));
  }

  private static float[] execute(Backend cpu, Conv2dDesc d, PlanOptions o, float[] x, float[] w) {
    try (Context ctx = cpu.newContext();
        TensorArena arena = cpu.arena(1 << 20);
        Conv2dPlan plan = cpu.plan(d, o)) {
      Tensor in = arena.tensor(d.type(), d.n(), d.c(), d.h(), d.w());
      Tensor out = arena.tensor(d.type(), d.n(), d.k(), d.p(), d.q());
      Tensor weights = arena.tensor(d.type(), d.k(), d.c() / d.groups(), d.r(), d.s());
      try (PackedWeights p = plan.pack(ctx, weights.copyFrom(w))) {
        plan.forward(ctx, in.copyFrom(x), p, null, null, out);
        return out.toFloats();
      }
    }
  }

  /** One input of many. */
  private static float[] pixel(int n, SplittableRandom random) {
    float[] x = new float[n];
    x[random.nextInt(n)] = (float) (1 + random.nextDouble());
    return x;
  }

  private static float[] floats(int n, SplittableRandom random) {
    float[] f = new float[n];
    for (int i = 0; i < n; i++) {
      f[i] = (float) (2 * random.nextDouble() - 1);
    }
    return f;
  }

  private static double[] widen(float[] f) {
    double[] d = new double[f.length];
    for (int i = 0; i < f.length; i++) {
      d[i] = f[i];
    }
    return d;
  }

  private static double[] magnitudes(float[] f) {
    return magnitudes(widen(f));
  }

  private static double[] magnitudes(double[] d) {
    double[] a = d.clone();
    for (int i = 0; i < a.length; i++) {
      a[i] = Math.abs(a[i]);
    }
    return a;
  }
}
