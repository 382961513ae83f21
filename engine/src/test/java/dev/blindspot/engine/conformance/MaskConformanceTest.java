package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;
import static dev.blindspot.engine.ElementType.U8;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.CountDesc;
import dev.blindspot.engine.primitives.MaskDesc;
import dev.blindspot.engine.primitives.MaskOp;
import dev.blindspot.engine.primitives.SelectDesc;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class MaskConformanceTest {
  private static final double NAN = Double.NaN;
  private static final long[] LENGTHS = {1, 7, 64, 1001};

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void compare(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64, I32}) {
      for (Comparison c : Comparison.values()) {
        for (long length : LENGTHS) {
          Twin a = rig.integers(type, 1, 3, length);
          Twin b = rig.integers(type, 2, 3, length);
          Twin mask = rig.poisoned(U8, 3, length);
          Twin toNumber = rig.poisoned(U8, 3, length);
          rig.run(
              new CompareDesc(c, type, 8, length),
              PlanOptions.forward(),
              (plan, ctx, side) -> {
                plan.execute(ctx, side.of(a), side.of(b), side.of(mask));
                plan.execute(ctx, side.of(a), 1, side.of(toNumber));
              });
          mask.assertExact(c + " " + type + " " + length);
          toNumber.assertExact(c + " number " + type + " " + length);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void compareWithNanAndRoundedNumbers(Rig rig) {
    double[] left = {NAN, 1, NAN, 0, -0.0, .1f, .1, 2};
    double[] right = {NAN, NAN, 1, -0.0, 0, .1f, .1, 3};
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (Comparison c : Comparison.values()) {
        Twin a = rig.of(type, left, 1, 8);
        Twin b = rig.of(type, right, 1, 8);
        Twin mask = rig.poisoned(U8, 1, 8);
        Twin number = rig.poisoned(U8, 1, 8);
        Twin nan = rig.poisoned(U8, 1, 8);
        rig.run(
            new CompareDesc(c, type, 1, 8),
            PlanOptions.forward(),
            (plan, ctx, side) -> {
              plan.execute(ctx, side.of(a), side.of(b), side.of(mask));
              plan.execute(ctx, side.of(a), .1, side.of(number));
              plan.execute(ctx, side.of(a), NAN, side.of(nan));
            });
        mask.assertExact(c + " " + type);
        number.assertExact(c + " 0.1 " + type);
        nan.assertExact(c + " NaN " + type);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void logicOfAnyBytes(Rig rig) {
    for (MaskOp op : MaskOp.values()) {
      for (long length : LENGTHS) {
        Twin a = rig.indices(U8, 1, 3, 3, length);
        Twin b = rig.indices(U8, 2, 256, 3, length);
        Twin y = rig.poisoned(U8, 3, length);
        rig.run(
            new MaskDesc(op, 8, length),
            PlanOptions.forward(),
            (plan, ctx, side) -> {
              plan.execute(ctx, side.of(a), side.of(b), side.of(y));
              plan.execute(ctx, side.of(a), side.of(b), side.of(b));
            });
        y.assertExact(op + " " + length);
        b.assertExact(op + " in place " + length);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void count(Rig rig) {
    for (long length : LENGTHS) {
      Twin mask = rig.indices(U8, length, 3, 70, length);
      Twin rows = rig.poisoned(I32, 70);
      Twin all = rig.poisoned(I32, 1);
      rig.run(
          new CountDesc(100, length, true),
          PlanOptions.forward(),
          (plan, ctx, side) -> plan.execute(ctx, side.of(mask), side.of(rows)));
      rig.run(
          new CountDesc(100, length, false),
          PlanOptions.forward(),
          (plan, ctx, side) -> plan.execute(ctx, side.of(mask), side.of(all)));
      rows.assertExact("rows " + length);
      all.assertExact("all " + length);
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void select(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64, I32, U8}) {
      for (boolean perRow : new boolean[] {false, true}) {
        for (long length : LENGTHS) {
          Twin mask = rig.indices(U8, 1, 3, 5, perRow ? 1 : length);
          Twin a = rig.indices(type, 2, 100, 5, length);
          Twin b = rig.indices(type, 3, 100, 5, length);
          Twin y = rig.poisoned(type, 5, length);
          rig.run(
              new SelectDesc(type, 9, length, perRow),
              PlanOptions.forward(),
              (plan, ctx, side) -> {
                plan.execute(ctx, side.of(mask), side.of(a), side.of(b), side.of(y));
                plan.execute(ctx, side.of(mask), side.of(a), side.of(b), side.of(a));
              });
          y.assertExact(type + " " + length + " " + perRow);
          a.assertExact(type + " in place " + length + " " + perRow);
        }
      }
    }
  }
}
