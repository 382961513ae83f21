package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.Distribution;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RandomConformanceTest {

  /** Not close: equal. 300,000 numbers, so that the tails of the quantile are met. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void equalBits(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (Distribution d : Distribution.values()) {
        for (long length : new long[] {1, 2, 3, 7, 100_003}) {
          Twin y = rig.poisoned(type, 3, length);
          rig.run(
              new RandomDesc(d, type, 4, length, -.3, .7),
              PlanOptions.forward(),
              (plan, ctx, side) ->
                  plan.execute(ctx, RandomKey.of(0x123456789abcdef0L, -7), side.of(y)));
          y.assertExact(d + " " + type + " " + length);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void samplesAndSteps(Rig rig) {
    Twin sample = rig.of(I32, new double[] {5, -1, 2147483647, 0}, 4);
    Twin step = rig.of(I32, new double[] {-3}, 1);
    for (Distribution d : Distribution.values()) {
      Twin y = rig.poisoned(F32, 4, 13);
      rig.run(
          new RandomDesc(d, F32, 4, 13, 0, 1),
          PlanOptions.forward(),
          (plan, ctx, side) ->
              plan.execute(ctx, new RandomKey(-1, 3, side.of(sample), side.of(step)), side.of(y)));
      y.assertExact(d.toString());
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void roundingNeverReachesTheUpperEnd(Rig rig) {
    for (double[] ends :
        new double[][] {{1, 1 + 0x1p-22}, {-0x1p-22, 0}, {-1, -.99999999}, {2, 2}}) {
      for (ElementType type : new ElementType[] {F32, F64}) {
        Twin y = rig.poisoned(type, 2, 1000);
        rig.run(
            new RandomDesc(Distribution.UNIFORM, type, 2, 1000, ends[0], ends[1]),
            PlanOptions.forward(),
            (plan, ctx, side) -> plan.execute(ctx, RandomKey.of(1, 1), side.of(y)));
        y.assertExact(ends[0] + ".." + ends[1] + " " + type);
      }
    }
  }
}
