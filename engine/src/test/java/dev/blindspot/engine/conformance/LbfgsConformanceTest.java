package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.I32;
import static dev.blindspot.engine.ElementType.U8;

import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.LbfgsDesc;
import dev.blindspot.engine.primitives.LbfgsHistory;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LbfgsConformanceTest {
  private static final int ROWS = 7;
  private static final int MEMORY = 4;

  /** Pairs of a quadratic whose Hessian has the eigenvalues 1..3. */
  private static Twin[] pair(Rig rig, long seed, int length) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] s = new double[ROWS * length];
    double[] y = new double[ROWS * length];
    for (int i = 0; i < s.length; i++) {
      s[i] = (float) random.nextDouble(-1, 1);
      y[i] = (1 + i % 3) * s[i];
    }
    return new Twin[] {rig.of(F32, s, ROWS, length), rig.of(F32, y, ROWS, length)};
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void directionsThroughTheRing(Rig rig) {
    for (int length : new int[] {3, 16, 83, 784}) {
      Twin keptS = rig.of(F32, new double[ROWS * MEMORY * length], ROWS, MEMORY, length);
      Twin keptY = rig.of(F32, new double[ROWS * MEMORY * length], ROWS, MEMORY, length);
      Twin count = rig.of(I32, new double[ROWS], ROWS);
      Twin g = rig.normals(F32, length, ROWS, length);
      Twin free = rig.indices(U8, length, 3, ROWS, length);
      for (int step = 0; step < 7; step++) {
        Twin[] p = pair(rig, step, length);
        Twin accept = rig.indices(U8, step, 3, ROWS);
        Twin d = rig.poisoned(F32, ROWS, length);
        Twin masked = rig.of(F32, g.referenceValues(), ROWS, length);
        rig.run(
            new LbfgsDesc(F32, 9, length, MEMORY),
            PlanOptions.forward(),
            (plan, ctx, side) -> {
              LbfgsHistory h = new LbfgsHistory(side.of(keptS), side.of(keptY), side.of(count));
              plan.update(ctx, side.of(accept), side.of(p[0]), side.of(p[1]), h);
              plan.direction(ctx, side.of(g), null, h, side.of(d));
              plan.direction(ctx, side.of(masked), side.of(free), h, side.of(masked));
            });
        count.assertExact("count");
        keptS.assertExact("s");
        keptY.assertExact("y");
        // q is rounded to float 2 * 4 + 2 times; the Hessian's condition is 3 and |g| under 6.
        double tolerance = 10 * 3 * 6 * Math.ulp(1f);
        d.assertClose("direction " + length + " after " + step, 0, tolerance);
        masked.assertClose("free unknowns " + length + " after " + step, 0, tolerance);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void refusesUselessPairs(Rig rig) {
    double nan = Double.NaN;
    double inf = Double.POSITIVE_INFINITY;
    Twin s = rig.of(F32, new double[] {1, 1, 1, 1, 0, 0, 1, nan, inf, 1, 1, 0, 1, 0}, ROWS, 2);
    Twin y = rig.of(F32, new double[] {1, -1, -1, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 1}, ROWS, 2);
    Twin keptS = rig.of(F32, new double[ROWS * 4], ROWS, 2, 2);
    Twin keptY = rig.of(F32, new double[ROWS * 4], ROWS, 2, 2);
    Twin count = rig.of(I32, new double[ROWS], ROWS);
    rig.run(
        new LbfgsDesc(F32, ROWS, 2, 2),
        PlanOptions.forward(),
        (plan, ctx, side) ->
            plan.update(
                ctx,
                null,
                side.of(s),
                side.of(y),
                new LbfgsHistory(side.of(keptS), side.of(keptY), side.of(count))));
    count.assertExact("count");
    keptS.assertExact("s");
  }
}
