package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.ProjectionDesc;
import dev.blindspot.engine.primitives.SignStepDesc;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SignStepConformanceTest {
  private static final double NAN = Double.NaN;
  private static final double INF = Double.POSITIVE_INFINITY;

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void steps(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (int length : new int[] {1, 5, 16, 83, 784, 9001}) {
        for (double alpha : new double[] {.25, -.1, 0}) {
          step(rig, type, length, alpha);
        }
      }
    }
  }

  private void step(Rig rig, ElementType type, int length, double alpha) {
    double[] radii = {0, 1e-3, .1, .5, 2, INF};
    int rows = radii.length;
    SplittableRandom random = new SplittableRandom(length);
    double[] c = new double[rows * length];
    double[] from = new double[rows * length];
    double[] slope = new double[rows * length];
    for (int i = 0; i < c.length; i++) {
      c[i] = (float) random.nextDouble();
      from[i] = (float) (c[i] + random.nextDouble(-.3, .3));
      slope[i] = i % 5 == 0 ? 0 : (float) random.nextDouble(-1, 1);
    }
    Twin centre = rig.of(type, c, rows, length);
    Twin radius = rig.of(type, radii, rows);
    Twin x = rig.of(type, from, rows, length);
    Twin g = rig.of(type, slope, rows, length);
    Twin z = rig.poisoned(type, rows, length);
    Twin size = rig.poisoned(type, rows);
    Twin apart = rig.poisoned(type, rows, length);
    rig.run(
        new SignStepDesc(type, 8, length, 0, 1),
        PlanOptions.forward(),
        (plan, ctx, side) ->
            plan.execute(
                ctx,
                side.of(centre),
                side.of(radius),
                side.of(x),
                side.of(g),
                alpha,
                side.of(z),
                side.of(size)));
    String what = type + " " + length + " " + alpha;
    z.assertExact(what);
    size.assertExact(what + " size");
    separately(rig, type, length, alpha, new Twin[] {centre, radius, x, g, apart});
    assertArrayEquals(apart.deviceValues(), z.deviceValues(), what + " by separate primitives");
    // In place.
    rig.run(
        new SignStepDesc(type, 8, length, 0, 1),
        PlanOptions.forward(),
        (plan, ctx, side) ->
            plan.execute(
                ctx,
                side.of(centre),
                side.of(radius),
                side.of(x),
                side.of(g),
                alpha,
                side.of(x),
                side.of(size)));
    assertArrayEquals(z.deviceValues(), x.deviceValues(), what + " in place");
  }

  /** The last twin = the projection of x + alpha sign(g). */
  private void separately(Rig rig, ElementType type, int length, double alpha, Twin[] t) {
    int rows = 6;
    Twin y = t[4];
    rig.run(
        new ElementwiseDesc(ElementwiseOp.SIGN, type, rows, length),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, side.of(t[3]), null, side.of(y)));
    rig.run(
        new ElementwiseDesc(ElementwiseOp.AFFINE, type, rows, length),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, side.of(y), null, alpha, 0, side.of(y)));
    rig.run(
        new ElementwiseDesc(ElementwiseOp.ADD, type, rows, length),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, side.of(t[2]), side.of(y), side.of(y)));
    rig.run(
        new ProjectionDesc(Norm.LINF, type, rows, length, 0, 1),
        PlanOptions.forward(),
        (plan, ctx, side) ->
            plan.execute(ctx, side.of(t[0]), side.of(t[1]), side.of(y), side.of(y)));
  }

  /** Rows without a direction stay in their place; radii that are none give NaN. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void whatIsNotANumber(Rig rig) {
    Twin centre = rig.of(F32, new double[] {.5, .5, .5, .5, .5, .5, .5, .5, .5, .5}, 5, 2);
    Twin radius = rig.of(F32, new double[] {1, NAN, -1, 1, .1}, 5);
    Twin x = rig.of(F32, new double[] {.25, .5, .5, .5, .5, .5, .75, .5, .5, NAN}, 5, 2);
    Twin g = rig.of(F32, new double[] {NAN, 1, 1, 1, 1, 1, INF, -3, 2, -2}, 5, 2);
    Twin z = rig.poisoned(F32, 5, 2);
    Twin size = rig.poisoned(F32, 5);
    rig.run(
        new SignStepDesc(F32, 5, 2, 0, 1),
        PlanOptions.forward(),
        (plan, ctx, side) ->
            plan.execute(
                ctx,
                side.of(centre),
                side.of(radius),
                side.of(x),
                side.of(g),
                .25,
                side.of(z),
                side.of(size)));
    z.assertExact("z");
    size.assertExact("size");
    double[] wanted = {.25, .5, NAN, NAN, NAN, NAN, .75, .5, .6f, NAN};
    assertArrayEquals(wanted, z.deviceValues(), 1e-7);
    assertEquals(INF, size.deviceValues()[3]);
  }
}
