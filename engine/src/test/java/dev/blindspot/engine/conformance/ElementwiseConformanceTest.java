package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static dev.blindspot.engine.ElementType.U8;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwiseOp;
import java.util.EnumSet;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ElementwiseConformanceTest {
  private static final double NAN = Double.NaN;
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final long[] LENGTHS = {1, 3, 16, 77, 1001};
  private static final Set<ElementwiseOp> INEXACT =
      EnumSet.of(
          ElementwiseOp.SQRT,
          ElementwiseOp.RECIPROCAL,
          ElementwiseOp.EXP,
          ElementwiseOp.LOG,
          ElementwiseOp.DIVIDE);

  private static double eps(ElementType type) {
    return type == F64 ? Math.ulp(1.0) : Math.ulp(1f);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void integersAreExact(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64, I32}) {
      for (ElementwiseOp op : ElementwiseOp.values()) {
        boolean integer =
            EnumSet.of(
                    ElementwiseOp.FILL,
                    ElementwiseOp.COPY,
                    ElementwiseOp.AFFINE,
                    ElementwiseOp.ADD,
                    ElementwiseOp.SUBTRACT,
                    ElementwiseOp.MINIMUM,
                    ElementwiseOp.MAXIMUM)
                .contains(op);
        if (INEXACT.contains(op) || (type == I32 && !integer)) {
          continue;
        }
        for (long length : LENGTHS) {
          Twin a = rig.integers(type, length, 3, length);
          Twin b = rig.integers(type, length + 1, 3, length);
          Twin y = rig.poisoned(type, 3, length);
          rig.run(
              new ElementwiseDesc(op, type, 5, length),
              PlanOptions.forward(),
              (plan, ctx, side) -> plan.execute(ctx, side.of(a), side.of(b), -2, 3, side.of(y)));
          y.assertExact(op + " " + type + " " + length);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void anyNumbersWithinRounding(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (ElementwiseOp op : ElementwiseOp.values()) {
        for (long length : LENGTHS) {
          Twin a = rig.normals(type, length, 4, length);
          Twin b = rig.normals(type, length + 1, 4, length);
          Twin y = rig.poisoned(type, 4, length);
          rig.run(
              new ElementwiseDesc(op, type, 4, length),
              PlanOptions.forward(),
              (plan, ctx, side) -> plan.execute(ctx, side.of(a), side.of(b), -.3, 1.7, side.of(y)));
          // Sums of two terms up to 2 * 6 may cancel; a logarithm near 1 has no cancellation left.
          y.assertClose(op + " " + type + " " + length, 4 * eps(type), 12 * eps(type));
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void specialNumbers(Rig rig) {
    double max = Float.MAX_VALUE / 4; // twice as much stays finite
    double[] left = {
      NAN, INF, -INF, 0, -0.0, NAN, 1, INF, 800, -800, 1e-42, max, -100, 88.5, -max, 5
    };
    double[] right = {1, 2, INF, NAN, 0, NAN, 0, -INF, 800, 3, 0, max, -INF, 1e-42, max, INF};
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (ElementwiseOp op : ElementwiseOp.values()) {
        for (int copies : new int[] {1, 3}) {
          Twin a = rig.of(type, repeat(left, copies), 1, 16L * copies);
          Twin b = rig.of(type, repeat(right, copies), 1, 16L * copies);
          Twin y = rig.poisoned(type, 1, 16L * copies);
          rig.run(
              new ElementwiseDesc(op, type, 1, 16L * copies),
              PlanOptions.forward(),
              (plan, ctx, side) -> plan.execute(ctx, side.of(a), side.of(b), -1, 2, side.of(y)));
          y.assertClose(op + " " + type, 8 * eps(type), 0);
        }
      }
    }
  }

  private static double[] repeat(double[] v, int copies) {
    double[] all = new double[v.length * copies];
    for (int i = 0; i < all.length; i++) {
      all[i] = v[i % v.length];
    }
    return all;
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void integersSaturateAndTruncate(Rig rig) {
    double[] values = {2147483647, -2147483648, 7, -7, 1, 0, 100, -1};
    for (ElementwiseOp op :
        EnumSet.of(ElementwiseOp.ADD, ElementwiseOp.SUBTRACT, ElementwiseOp.AFFINE)) {
      Twin a = rig.of(I32, values, 1, 8);
      Twin b = rig.of(I32, repeat(new double[] {2147483647, -5}, 4), 1, 8);
      Twin y = rig.poisoned(I32, 1, 8);
      rig.run(
          new ElementwiseDesc(op, I32, 1, 8),
          PlanOptions.forward(),
          (plan, ctx, side) -> plan.execute(ctx, side.of(a), side.of(b), 1.1, .3, side.of(y)));
      y.assertExact(op.toString());
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void bytesAreMoved(Rig rig) {
    Twin a = rig.indices(U8, 1, 256, 3, 67);
    Twin copy = rig.poisoned(U8, 3, 67);
    Twin fill = rig.poisoned(U8, 3, 67);
    rig.run(
        new ElementwiseDesc(ElementwiseOp.COPY, U8, 3, 67),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, side.of(a), null, side.of(copy)));
    rig.run(
        new ElementwiseDesc(ElementwiseOp.FILL, U8, 3, 67),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, null, null, 7, 0, side.of(fill)));
    copy.assertExact("copy");
    fill.assertExact("fill");
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void inPlaceAndSplitOverThreads(Rig rig) {
    Twin a = rig.integers(F32, 1, 301, 1003);
    Twin b = rig.integers(F32, 2, 301, 1003);
    rig.run(
        new ElementwiseDesc(ElementwiseOp.LINEAR_COMBINATION, F32, 400, 1003),
        PlanOptions.forward(),
        (plan, ctx, side) -> {
          plan.execute(ctx, side.of(a), side.of(b), 2, -3, side.of(b));
          plan.execute(ctx, side.of(a), side.of(b), 1, 1, side.of(a));
        });
    a.assertExact("a");
    b.assertExact("b");
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void rowwise(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (RowwiseOp op : RowwiseOp.values()) {
        for (long length : new long[] {1, 5, 64, 1001}) {
          Twin alpha = rig.integers(type, 9, 30); // with zeros
          Twin a = rig.integers(type, length, 30, length);
          Twin y = rig.integers(type, length + 1, 30, length);
          rig.run(
              new RowwiseDesc(op, type, 64, length),
              PlanOptions.forward(),
              (plan, ctx, side) -> {
                plan.execute(ctx, side.of(alpha), side.of(a), side.of(y));
                plan.execute(ctx, side.of(alpha), side.of(a), side.of(a));
              });
          y.assertExact(op + " " + type + " " + length);
          a.assertExact(op + " in place");
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void rowwiseZeroHidesWhatTheRowHolds(Rig rig) {
    for (long length : new long[] {1, 2}) {
      double[] bad =
          length == 1 ? new double[] {NAN, 2, INF} : new double[] {NAN, 1, 2, 3, INF, NAN};
      for (RowwiseOp op : RowwiseOp.values()) {
        Twin alpha = rig.of(F32, new double[] {0, NAN, 0}, 3);
        Twin a = rig.of(F32, bad, 3, length);
        Twin y = rig.integers(F32, 4, 3, length);
        rig.run(
            new RowwiseDesc(op, F32, 3, length),
            PlanOptions.forward(),
            (plan, ctx, side) -> plan.execute(ctx, side.of(alpha), side.of(a), side.of(y)));
        y.assertExact(op + " " + length);
      }
    }
  }

  /** More elements and rows than a device runs at once, so that its kernels' loops go round. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void moreThanRunsAtOnce(Rig rig) {
    Twin a = rig.integers(F32, 1, 1100, 1003);
    Twin y = rig.poisoned(F32, 1100, 1003);
    rig.run(
        new ElementwiseDesc(ElementwiseOp.SQUARE, F32, 1100, 1003),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, side.of(a), null, side.of(y)));
    y.assertExact("squares");
    Twin sums = rig.poisoned(F32, 1100);
    rig.run(
        new RowReduceDesc(Reduction.SUM, F32, 1100, 1003),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, side.of(a), null, side.of(sums)));
    sums.assertExact("sums");
  }
}
