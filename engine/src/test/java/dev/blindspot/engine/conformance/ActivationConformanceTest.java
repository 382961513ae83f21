package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;

import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ActivationConformanceTest {
  private static final double EPS = Math.ulp(1f);

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void reluOfIntegersIsExact(Rig rig) {
    Twin x = rig.integers(F32, 1, 3, 37);
    Twin y = rig.poisoned(F32, 3, 37);
    rig.run(
        ActivationDesc.of(Activation.RELU, F32, 3, 37),
        PlanOptions.forward(),
        (plan, ctx, side) -> plan.forward(ctx, side.of(x), side.of(y)));
    y.assertExact("relu");
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void everyActivationForwardAndBackward(Rig rig) {
    for (Activation a : Activation.values()) {
      double slope = a == Activation.LEAKY_RELU ? 0.25 : 0;
      for (long length : new long[] {1, 7, 64, 1001}) {
        Twin x = rig.normals(F32, 2 + length, 5, length);
        Twin dy = rig.normals(F32, 3 + length, 5, length);
        Twin y = rig.poisoned(F32, 5, length);
        Twin dx = rig.poisoned(F32, 5, length);
        rig.run(
            new ActivationDesc(a, F32, 8, length, slope),
            PlanOptions.all(),
            (plan, ctx, side) -> {
              plan.forward(ctx, side.of(x), side.of(y));
              plan.backwardData(ctx, side.of(y), side.of(dy), side.of(dx));
            });
        y.assertClose(a + " forward", 8 * EPS, 4 * EPS);
        // The derivative is formed from y, whose error it inherits: |dy| <= 6.
        dx.assertClose(a + " backward", 8 * EPS, 64 * EPS);
      }
    }
  }
}
