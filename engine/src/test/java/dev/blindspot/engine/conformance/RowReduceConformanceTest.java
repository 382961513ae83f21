package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.ArgmaxDesc;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RowReduceConformanceTest {
  private static final double NAN = Double.NaN;
  private static final double INF = Double.POSITIVE_INFINITY;
  private static final long[] LENGTHS = {1, 2, 7, 10, 32, 67, 784, 5003};

  private static double eps(ElementType type) {
    return type == F64 ? Math.ulp(1.0) : Math.ulp(1f);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void integersAreExact(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (Reduction r : Reduction.values()) {
        for (long length : LENGTHS) {
          Twin a = rig.integers(type, length, 7, length);
          Twin b = rig.integers(type, length + 1, 7, length);
          Twin y = rig.poisoned(type, 7);
          rig.run(
              new RowReduceDesc(r, type, 8, length),
              PlanOptions.forward(),
              (plan, ctx, side) -> plan.execute(ctx, side.of(a), side.of(b), side.of(y)));
          // A root may be rounded twice.
          y.assertClose(r + " " + type + " " + length, r == Reduction.L2 ? eps(type) : 0, 0);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void anyNumbersWithinTheContract(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (Reduction r : Reduction.values()) {
        for (long length : LENGTHS) {
          Twin a = rig.normals(type, length, 6, length);
          Twin b = rig.normals(type, length + 1, 6, length);
          Twin y = rig.poisoned(type, 6);
          rig.run(
              new RowReduceDesc(r, type, 6, length),
              PlanOptions.forward(),
              (plan, ctx, side) -> plan.execute(ctx, side.of(a), side.of(b), side.of(y)));
          // F32 sums are formed in double and rounded once; F64 is held to 32 units of the sum of
          // magnitudes, which is at most 1.1 a term here but for short rows.
          double relative = type == F32 ? eps(F32) : 4 * eps(F64);
          double absolute = type == F32 ? eps(F32) * 1e-6 : 32 * eps(F64) * 1.1 * (length + 5);
          y.assertClose(r + " " + type + " " + length, relative, absolute);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void specialNumbersAnywhereInARow(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (int length : new int[] {1, 3, 16, 83}) {
        for (int at = 0; at < length; at += Math.max(1, length / 5)) {
          double[] v = new double[4 * length];
          java.util.Arrays.fill(v, -2);
          v[at] = NAN;
          v[length + at] = INF;
          v[2 * length + at] = -INF;
          java.util.Arrays.fill(v, 3 * length, 4 * length, -INF);
          for (Reduction r : Reduction.values()) {
            Twin a = rig.of(type, v, 4, length);
            Twin y = rig.poisoned(type, 4);
            rig.run(
                new RowReduceDesc(r, type, 4, length),
                PlanOptions.forward(),
                (plan, ctx, side) -> plan.execute(ctx, side.of(a), side.of(a), side.of(y)));
            y.assertExact(r + " " + type + " " + length + " at " + at);
          }
          Twin x = rig.of(type, v, 4, length);
          Twin index = rig.poisoned(I32, 4);
          rig.run(
              new ArgmaxDesc(type, 4, length),
              PlanOptions.forward(),
              (plan, ctx, side) -> plan.execute(ctx, side.of(x), side.of(index)));
          index.assertExact("argmax " + type + " " + length + " at " + at);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void argmaxWithTies(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (long length : LENGTHS) {
        Twin x = rig.integers(type, length, 40, length);
        Twin index = rig.poisoned(I32, 40);
        rig.run(
            new ArgmaxDesc(type, 50, length),
            PlanOptions.forward(),
            (plan, ctx, side) -> plan.execute(ctx, side.of(x), side.of(index)));
        index.assertExact(type + " " + length);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void squaresOfFloatsDoNotOverflow(Rig rig) {
    Twin a = rig.of(F32, new double[] {3e30, 4e30, 3e-30, 4e-30}, 2, 2);
    Twin y = rig.poisoned(F32, 2);
    rig.run(
        new RowReduceDesc(Reduction.L2, F32, 2, 2),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, side.of(a), null, side.of(y)));
    y.assertExact("norms");
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void theSameBitsEachTimeAndInEachRow(Rig rig) {
    Twin one = rig.normals(F32, 3, 1, 5003);
    double[] row = one.referenceValues();
    double[] rows = new double[101 * 5003];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = row[i % 5003];
    }
    Twin a = rig.of(F32, rows, 101, 5003);
    Twin y = rig.poisoned(F32, 101);
    rig.run(
        new RowReduceDesc(Reduction.SUM, F32, 101, 5003),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.execute(ctx, side.of(a), null, side.of(y)));
    double[] want = new double[101];
    java.util.Arrays.fill(want, y.deviceValues()[0]);
    assertArrayEquals(want, y.deviceValues());
  }
}
