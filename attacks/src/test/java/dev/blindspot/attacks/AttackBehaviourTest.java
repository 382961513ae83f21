package dev.blindspot.attacks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Softmax;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every attack promises, on small random networks. */
class AttackBehaviourTest {

  /** The reference is slow. */
  private static int samples(String backend) {
    return backend.equals("reference") ? 10 : 36;
  }

  @Tag("slow-on-stand-ins")
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void adversarialsStayInTheBoxAndTheBall(String name) {
    try (Backend backend = Problems.backend(name)) {
      for (Network net : List.of(Problems.convolutional(), Problems.sigmoids())) {
        try (Parameters p = Problems.random(net, backend, 3)) {
          AttackProblem untargeted = Problems.of(net, p, samples(name), 1);
          AttackProblem targeted = untargeted.targets(others(untargeted.labels()));
          for (Attack attack : Problems.attacks()) {
            for (AttackProblem problem : List.of(untargeted, targeted)) {
              check(attack, problem, attack.run(problem));
            }
          }
        }
      }
    }
  }

  private static void check(Attack attack, AttackProblem problem, AttackResult r) {
    for (float v : r.adversarials()) {
      assertTrue(v >= 0 && v <= 1, attack + ": " + v);
    }
    int[] seen = Problems.labels(problem.network(), problem.parameters(), r.adversarials());
    for (int i = 0; i < problem.count(); i++) {
      AttackResult.Sample s = r.samples().get(i);
      String where = attack + " sample " + i + ": " + s;
      assertEquals(seen[i], s.adversarialLabel(), where);
      assertEquals(s.success(), s.stop() == StopReason.SUCCEEDED, where);
      if (s.success()) {
        assertTrue(problem.targets() == null ? seen[i] != s.label() : seen[i] == s.target(), where);
        assertTrue(s.distortion().l2() > 0, where);
      }
      assertTrue(s.kappa() >= 1e-4, where);
      double eps = radius(attack);
      // A norm of 36 float differences, rounded once each.
      assertTrue(of(attack.norm(), s.distortion()) <= eps * (1 + 36 * 0x1p-23), where);
    }
  }

  private static double radius(Attack attack) {
    return attack instanceof ProjectedGradientDescent pgd
        ? pgd.eps()
        : attack instanceof FastGradient fast ? fast.eps() : Double.POSITIVE_INFINITY;
  }

  private static double of(Norm norm, Distortion d) {
    return switch (norm) {
      case L1 -> d.l1();
      case L2 -> d.l2();
      case LINF -> d.linf();
    };
  }

  private static int[] others(int[] labels) {
    return Arrays.stream(labels).map(l -> (l + 2) % 5).toArray();
  }

  /** L-BFGS finds an adversarial for every sample, and none of PGD's lies nearer by much. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void lbfgsReachesEverySampleNearerThanDescent(String name) {
    try (Backend backend = Problems.backend(name)) {
      for (Network net : List.of(Problems.convolutional(), Problems.sigmoids())) {
        try (Parameters p = Problems.random(net, backend, 3)) {
          AttackProblem problem = Problems.of(net, p, samples(name), 2);
          AttackResult minimal = LbfgsAttack.defaults().run(problem);
          assertEquals(1, minimal.successRate());
          for (double eps : new double[] {0.05, 0.1, 0.2, 0.4}) {
            AttackResult r = ProjectedGradientDescent.of(Norm.L2, eps, 40).run(problem);
            for (int i = 0; i < problem.count(); i++) {
              if (r.samples().get(i).success()) {
                double l2 = minimal.samples().get(i).distortion().l2();
                assertTrue(l2 <= 1.1 * eps, "eps " + eps + " sample " + i + ": " + l2);
              }
            }
          }
        }
      }
    }
  }

  @Tag("slow-on-stand-ins")
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void theSameProblemGivesTheSameBits(String name) {
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.convolutional();
      try (Parameters p = Problems.random(net, backend, 3)) {
        AttackProblem problem = Problems.of(net, p, samples(name), 3);
        for (Attack attack : Problems.attacks()) {
          AttackResult a = attack.run(problem);
          AttackResult b = attack.run(problem);
          assertArrayEquals(a.adversarials(), b.adversarials(), attack.toString());
          assertEquals(a.samples(), b.samples());
        }
        ProjectedGradientDescent random = ProjectedGradientDescent.of(Norm.LINF, 0.05, 3);
        assertFalse(
            Arrays.equals(
                random.run(problem).adversarials(), random.run(problem.seed(2)).adversarials()));
      }
    }
  }

  /**
   * A sample's result does not depend on its neighbours, its place, or on when they finish. On the
   * reference to the last bit; elsewhere matrix products may round by the batch they are in.
   */
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void samplesAreIndependent(String name) {
    int size = 36;
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.sigmoids();
      try (Parameters p = Problems.random(net, backend, 3)) {
        AttackProblem all = Problems.of(net, p, 36, 4);
        int[] chosen = {31, 4, 17, 30, 8};
        float[] images = new float[chosen.length * size];
        for (int k = 0; k < chosen.length; k++) {
          System.arraycopy(all.images(), chosen[k] * size, images, k * size, size);
        }
        int[] labels = Arrays.stream(chosen).map(i -> all.labels()[i]).toArray();
        AttackProblem few = AttackProblem.of(net, p, backend, images, labels).samples(chosen);
        for (Attack attack : Problems.attacks()) {
          AttackResult a = attack.run(all);
          AttackResult b = attack.run(few);
          for (int k = 0; k < chosen.length; k++) {
            compare(attack, a, chosen[k], b, k, size, name.equals("reference"));
          }
        }
      }
    }
  }

  private static void compare(
      Attack attack, AttackResult a, int i, AttackResult b, int k, int size, boolean exact) {
    String where = attack + " sample " + i;
    assertEquals(a.samples().get(i).success(), b.samples().get(k).success(), where);
    if (exact) {
      assertArrayEquals(
          Arrays.copyOfRange(a.adversarials(), i * size, (i + 1) * size),
          Arrays.copyOfRange(b.adversarials(), k * size, (k + 1) * size),
          where);
      assertEquals(a.samples().get(i).evaluations(), b.samples().get(k).evaluations(), where);
    } else {
      double l2 = a.samples().get(i).distortion().l2();
      assertEquals(l2, b.samples().get(k).distortion().l2(), 0.02 * l2, where);
    }
  }

  /** The same attack on two backends: equal success, nearly equal distances. */
  @Test
  void backendsAgree() {
    try (Backend reference = Problems.backend("reference")) {
      for (Network net : List.of(Problems.convolutional(), Problems.sigmoids())) {
        try (Parameters p = Problems.random(net, reference, 3)) {
          AttackProblem problem = Problems.of(net, p, 10, 5);
          AttackResult wanted = LbfgsAttack.defaults().run(problem);
          Problems.backends()
              .filter(n -> !n.equals("reference"))
              .forEach(n -> agree(n, problem, wanted));
        }
      }
    }
  }

  private static void agree(String name, AttackProblem problem, AttackResult wanted) {
    Network net = problem.network();
    try (Backend backend = Problems.backend(name);
        Parameters copy = problem.parameters().copyTo(net, backend, ElementType.F32)) {
      AttackResult r =
          LbfgsAttack.defaults()
              .run(AttackProblem.of(net, copy, backend, problem.images(), problem.labels()));
      assertEquals(wanted.successRate(), r.successRate());
      assertEquals(wanted.meanRms(), r.meanRms(), 0.01 * wanted.meanRms());
      int[] confirmed = Problems.labels(net, problem.parameters(), r.adversarials());
      for (int i = 0; i < problem.count(); i++) {
        assertEquals(r.samples().get(i).adversarialLabel(), confirmed[i], "sample " + i);
      }
    }
  }

  /** A softmax at the end is looked behind: the same bits. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void aSoftmaxAtTheEndChangesNothing(String name) {
    try (Backend backend = Problems.backend(name)) {
      Network logits = Problems.sigmoids();
      Network.Builder b = Network.builder("net", logits.inputShape());
      logits.nodes().forEach(n -> b.add(n.name(), n.layer()));
      Network softmax = b.add(new Softmax(false)).build();
      try (Parameters p = Problems.random(logits, backend, 3)) {
        AttackProblem problem = Problems.of(logits, p, 10, 7);
        AttackProblem behind =
            AttackProblem.of(softmax, p, backend, problem.images(), problem.labels());
        for (Attack attack : Problems.attacks()) {
          assertArrayEquals(attack.run(problem).adversarials(), attack.run(behind).adversarials());
        }
      }
    }
  }

  @Test
  void progressEndsAtAll() {
    try (Backend backend = Problems.backend("reference")) {
      Network net = Problems.sigmoids();
      try (Parameters p = Problems.random(net, backend, 3)) {
        AttackProblem problem = Problems.of(net, p, 20, 8);
        for (Attack attack : Problems.attacks()) {
          long[] last = {-1, 0};
          attack.run(
              problem,
              (finished, total) -> {
                assertTrue(finished >= last[0] && finished <= total && total == 20);
                last[0] = finished;
              });
          assertEquals(20, last[0], attack.toString());
        }
      }
    }
  }
}
