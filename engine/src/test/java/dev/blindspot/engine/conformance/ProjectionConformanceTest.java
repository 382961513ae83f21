package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.ProjectionDesc;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ProjectionConformanceTest {
  private static final double NAN = Double.NaN;
  private static final double INF = Double.POSITIVE_INFINITY;

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void singles(Rig rig) {
    project(rig, F32, Math.ulp(1f));
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void doubles(Rig rig) {
    project(rig, F64, 1e-13); // a threshold is the root of a sum of up to 1000 terms
  }

  private void project(Rig rig, ElementType type, double tolerance) {
    int rows = 9;
    double[] radii = {0, 1e-3, .1, .5, 2, 7, 30, 1e6, INF};
    for (Norm norm : Norm.values()) {
      for (int length : new int[] {1, 5, 16, 83, 784}) {
        for (boolean box : new boolean[] {true, false}) {
          double[] x = new double[rows * length];
          double[] y = new double[rows * length];
          points(new SplittableRandom(length), x, y);
          Twin centre = rig.of(type, x, rows, length);
          Twin radius = rig.of(type, radii, rows);
          Twin point = rig.of(type, y, rows, length);
          Twin z = rig.poisoned(type, rows, length);
          ProjectionDesc desc =
              new ProjectionDesc(norm, type, 12, length, box ? 0 : -INF, box ? 1 : INF);
          rig.run(
              desc,
              PlanOptions.forward(),
              (plan, ctx, side) -> {
                plan.execute(ctx, side.of(centre), side.of(radius), side.of(point), side.of(z));
                plan.execute(ctx, side.of(centre), side.of(radius), side.of(point), side.of(point));
              });
          z.assertClose(norm + " " + length + " box " + box, tolerance, tolerance);
          point.assertClose(norm + " in place", tolerance, tolerance);
          for (double v : z.deviceValues()) {
            assertTrue(!box || (v >= 0 && v <= 1), norm + " left the box: " + v);
          }
        }
      }
    }
  }

  /** Centres in the box, some on its boundary; points round about, some at their centre. */
  private static void points(SplittableRandom random, double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble();
      x[i] = i % 3 == 0 ? Math.rint(x[i]) : x[i];
      y[i] = i % 7 == 0 ? x[i] : (float) (x[i] + random.nextDouble(-1.5, 1.5));
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void whatIsNotANumber(Rig rig) {
    for (Norm norm : Norm.values()) {
      Twin x = rig.of(F32, new double[] {.5, .5, .5, .5, .5, .5, .5, .5, .5, .5}, 5, 2);
      Twin radius = rig.of(F32, new double[] {1, NAN, -1, 1, .1}, 5);
      Twin y = rig.of(F32, new double[] {NAN, .6, .5, .5, .5, .5, INF, .5, .5, NAN}, 5, 2);
      Twin z = rig.poisoned(F32, 5, 2);
      rig.run(
          new ProjectionDesc(norm, F32, 5, 2, 0, 1),
          PlanOptions.forward(),
          (plan, ctx, side) ->
              plan.execute(ctx, side.of(x), side.of(radius), side.of(y), side.of(z)));
      z.assertExact(norm.toString());
    }
  }
}
