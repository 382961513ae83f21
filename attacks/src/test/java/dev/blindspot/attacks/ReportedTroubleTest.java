package dev.blindspot.attacks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What cannot be attacked is reported and comes back unchanged; bad input is refused. */
class ReportedTroubleTest {
  private static final float[] X = {0.25f, 0.5f, 1f};

  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void aZeroGradientIsReported(String name) {
    // Dead: the label follows from the bias alone.
    reported(name, new double[6], new double[] {1, 0}, StopReason.ZERO_GRADIENT);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void notANumberIsReported(String name) {
    reported(
        name, new double[] {1, 1, 1, Double.NaN, 0, 0}, new double[] {1, 0}, StopReason.NOT_FINITE);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void anAlreadyWrongSampleIsReported(String name) {
    reported(name, new double[] {0, 0, 0, 1, 1, 1}, new double[] {0, 0}, StopReason.ALREADY_WRONG);
  }

  private static void reported(String name, double[] w, double[] b, StopReason reason) {
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.linear(3, 2);
      try (Parameters p = Problems.parameters(net, backend, w, b)) {
        AttackProblem untargeted = AttackProblem.of(net, p, backend, X, new int[] {0});
        for (Attack attack : Problems.attacks()) {
          for (AttackProblem problem : new AttackProblem[] {untargeted, untargeted.targets(1)}) {
            AttackResult r = attack.run(problem);
            AttackResult.Sample s = r.samples().get(0);
            assertEquals(reason, s.stop(), attack.toString());
            assertFalse(s.success(), attack.toString());
            assertArrayEquals(X, r.adversarials(), attack.toString());
            assertEquals(Distortion.NONE, s.distortion());
          }
        }
      }
    }
  }

  /**
   * Saturated float32 softmax: the cross-entropy of the label has gradient 0, that of others not.
   */
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void saturationStopsDescentButNotLbfgs(String name) {
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.linear(3, 2);
      double[] w = {400, 400, 400, 0, 0, 0};
      try (Parameters p = Problems.parameters(net, backend, w, -100, 0)) {
        AttackProblem problem = AttackProblem.of(net, p, backend, X, new int[] {0});
        Attack pgd = ProjectedGradientDescent.of(Norm.LINF, 0.1, 5).randomStart(false);
        assertEquals(StopReason.ZERO_GRADIENT, pgd.run(problem).samples().get(0).stop());
        AttackResult r = LbfgsAttack.defaults().run(problem);
        assertTrue(r.samples().get(0).success());
        double exact =
            BoxDistance.to(
                new double[] {0.25, 0.5, 1},
                new double[] {400, 400, 400},
                100 - r.samples().get(0).kappa());
        assertEquals(exact, r.samples().get(0).distortion().l2(), 1e-3 * exact);
      }
    }
  }

  @Test
  void badInputIsRefused() {
    try (Backend backend = Problems.backend("reference")) {
      Network net = Problems.linear(3, 2);
      try (Parameters p = Problems.parameters(net, backend, new double[6], 0, 0);
          Parameters f64 = Parameters.initialize(net, backend, ElementType.F64, 1);
          Backend other = Problems.backend("reference")) {
        AttackProblem good = AttackProblem.of(net, p, backend, X, new int[] {0});
        refused("label 2", () -> AttackProblem.of(net, p, backend, X, new int[] {2}));
        refused("label -1", () -> AttackProblem.of(net, p, backend, X, new int[] {-1}));
        refused("true label", () -> good.targets(0));
        refused("target 7", () -> good.targets(7));
        refused("targets", () -> good.targets(1, 1));
        refused("sample indices", () -> good.samples(1, 2));
        refused("no sample", () -> AttackProblem.of(net, p, backend, new float[0], new int[0]));
        refused("values", () -> AttackProblem.of(net, p, backend, new float[4], new int[1]));
        for (float bad : new float[] {-0.1f, 1.1f, Float.NaN, Float.POSITIVE_INFINITY}) {
          float[] x = {0, bad, 0};
          refused("value 1 of sample 0", () -> AttackProblem.of(net, p, backend, x, new int[1]));
        }
        refused("F32", () -> AttackProblem.of(net, f64, backend, X, new int[1]));
        refused("copy them", () -> AttackProblem.of(net, p, other, X, new int[1]));
      }
    }
    refused("eps", () -> ProjectedGradientDescent.of(Norm.L2, 0, 4));
    refused("eps", () -> new FastGradient(Norm.L2, Double.NaN));
    refused("steps", () -> ProjectedGradientDescent.of(Norm.L2, 1, 0).stepSize(1));
    refused("stepSize", () -> ProjectedGradientDescent.of(Norm.L2, 1, 1).stepSize(-1));
    refused("restarts", () -> ProjectedGradientDescent.of(Norm.L2, 1, 1).restarts(0));
    refused("memory", () -> new LbfgsAttack(0, 1, 1));
  }

  private static void refused(String word, Runnable input) {
    InvalidInputException e = assertThrows(InvalidInputException.class, input::run);
    assertTrue(e.getMessage().contains(word), e.getMessage());
  }
}
