package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static dev.blindspot.engine.ElementType.U8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.IndexDesc;
import dev.blindspot.engine.primitives.IndexOp;
import dev.blindspot.engine.primitives.SortDesc;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class IndexConformanceTest {
  private static final double NAN = Double.NaN;

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void gatherAndScatter(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64, I32, U8}) {
      for (long length : new long[] {1, 3, 17, 300}) {
        Twin index = rig.of(I32, new double[] {4, 0, 6, 2}, 4);
        Twin x = rig.indices(type, length, 100, 7, length);
        Twin y = rig.poisoned(type, 4, length);
        Twin z = rig.indices(type, length + 1, 100, 7, length);
        rig.run(
            new IndexDesc(IndexOp.GATHER_ROWS, type, 8, 9, length),
            PlanOptions.forward(),
            (plan, ctx, side) -> plan.execute(ctx, side.of(index), side.of(x), side.of(y)));
        rig.run(
            new IndexDesc(IndexOp.SCATTER_ROWS, type, 8, 9, length),
            PlanOptions.forward(),
            (plan, ctx, side) -> plan.execute(ctx, side.of(index), side.of(y), side.of(z)));
        y.assertExact("gather " + type + " " + length);
        z.assertExact("scatter " + type + " " + length);
        Twin column = rig.indices(I32, 5, (int) length, 7);
        Twin elements = rig.poisoned(type, 7);
        rig.run(
            new IndexDesc(IndexOp.GATHER_ELEMENTS, type, 8, 8, length),
            PlanOptions.forward(),
            (plan, ctx, side) -> plan.execute(ctx, side.of(column), side.of(x), side.of(elements)));
        elements.assertExact("elements " + type + " " + length);
      }
    }
  }

  /** The reference refuses such indices; a kernel cannot, and must stay inside its memory. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void indicesOutsideTouchNothingElse(Rig rig) {
    assumeFalse(rig.backend().name().equals("reference"), "the reference refuses");
    Context ctx = rig.context();
    Twin index = rig.of(I32, new double[] {-1, 1, 3, 2147483647}, 4);
    for (ElementType type : new ElementType[] {F32, F64, I32}) {
      Twin x = rig.of(type, new double[] {1, 2, 3, 4, 5, 6}, 3, 2);
      Twin y = rig.of(type, new double[] {9, 9, 9, 9, 9, 9, 9, 9}, 4, 2);
      Twin z = rig.of(type, new double[] {7, 7, 7, 7, 7, 7}, 3, 2);
      Twin elements = rig.of(type, new double[] {9, 9, 9, 9}, 4);
      var forward = PlanOptions.forward();
      rig.backend()
          .plan(new IndexDesc(IndexOp.GATHER_ROWS, type, 4, 3, 2), forward)
          .execute(ctx, index.device, x.device, y.device);
      double no = type == I32 ? 9 : NAN;
      assertArrayEquals(new double[] {no, no, 3, 4, no, no, no, no}, y.deviceValues());
      rig.backend()
          .plan(new IndexDesc(IndexOp.GATHER_ELEMENTS, type, 4, 4, 2), forward)
          .execute(ctx, index.device, y.device, elements.device);
      assertArrayEquals(new double[] {no, 4, no, no}, elements.deviceValues());
      rig.backend()
          .plan(new IndexDesc(IndexOp.SCATTER_ROWS, type, 4, 3, 2), forward)
          .execute(ctx, index.device, y.device, z.device);
      assertArrayEquals(new double[] {7, 7, 3, 4, 7, 7}, z.deviceValues());
      y.assertGuards("gather");
      z.assertGuards("scatter");
      elements.assertGuards("elements");
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void sortSinglesWithTies(Rig rig) {
    sort(rig, F32);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void sortDoublesWithTies(Rig rig) {
    sort(rig, F64);
  }

  private void sort(Rig rig, ElementType type) {
    for (long length : new long[] {1, 5, 64, 1001}) {
      for (long k : new long[] {1, Math.min(length, 5), Math.min(length, 33), length}) {
        for (boolean descending : new boolean[] {false, true}) {
          Twin x = rig.integers(type, length, 9, length);
          Twin values = rig.poisoned(type, 9, k);
          Twin indices = rig.poisoned(I32, 9, k);
          rig.run(
              new SortDesc(type, 20, length, k, descending),
              PlanOptions.forward(),
              (plan, ctx, side) ->
                  plan.execute(ctx, side.of(x), side.of(values), side.of(indices)));
          values.assertExact(type + " " + length + " " + k + " " + descending);
          indices.assertExact(type + " " + length + " " + k + " " + descending);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void sortWithSpecialNumbers(Rig rig) {
    sortSpecial(rig, F32, 1e-42);
    sortSpecial(rig, F64, 1e-320);
  }

  private static void sortSpecial(Rig rig, ElementType type, double tiny) {
    double inf = Double.POSITIVE_INFINITY;
    double[] v = new double[80];
    for (int i = 0; i < v.length; i++) {
      v[i] = new double[] {NAN, -0.0, 0, inf, -inf, tiny, -tiny, -NAN}[(i * 5) % 8];
    }
    for (long k : new long[] {3, 80}) {
      for (boolean descending : new boolean[] {false, true}) {
        Twin x = rig.of(type, v, 1, 80);
        Twin indices = rig.poisoned(I32, 1, k);
        Twin values = rig.poisoned(type, 1, k);
        rig.run(
            new SortDesc(type, 1, 80, k, descending),
            PlanOptions.forward(),
            (plan, ctx, side) -> {
              plan.execute(ctx, side.of(x), null, side.of(indices));
              plan.execute(ctx, side.of(x), side.of(values), null);
            });
        indices.assertExact("indices " + k + " " + descending);
        values.assertExact("values " + k + " " + descending);
      }
    }
  }
}
