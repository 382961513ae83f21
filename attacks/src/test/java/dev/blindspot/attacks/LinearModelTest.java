package dev.blindspot.attacks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.MarginCertifier;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Attacks against closed forms on linear models. */
class LinearModelTest {
  private static final Attack LBFGS = LbfgsAttack.defaults();

  /** Two classes with margin f = w.x + b of class 1: the distance is |f| / ||w||. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void twoClassesInsideTheBox(String name) {
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.linear(2, 2);
      // w = (3,4), f = -1: 0.2 along w
      try (Parameters p = Problems.parameters(net, backend, new double[] {0, 0, 3, 4}, 0, -3.4)) {
        AttackProblem problem =
            AttackProblem.of(net, p, backend, new float[] {0.4f, 0.3f}, new int[] {0});
        AttackResult r = LBFGS.run(problem);
        assertEquals(0.2, r.samples().get(0).distortion().l2(), 1e-3 * 0.2);
        assertEquals(0.52, r.adversarials()[0], 1e-3);
        assertEquals(0.46, r.adversarials()[1], 1e-3);
        assertEquals(1, r.samples().get(0).adversarialLabel());
      }
      // w = (1,0), b = -0.5, x = (0.3,0.5): 0.2
      try (Parameters p = Problems.parameters(net, backend, new double[] {0, 0, 1, 0}, 0, -0.5)) {
        AttackProblem problem =
            AttackProblem.of(net, p, backend, new float[] {0.3f, 0.5f}, new int[] {0});
        assertEquals(0.2, LBFGS.run(problem).samples().get(0).distortion().l2(), 1e-3 * 0.2);
      }
    }
  }

  /** A box face is in the way: r = clip(x - lambda w) - x; here ||r|| = sqrt(0.1). */
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void twoClassesAtTheBox(String name) {
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.linear(2, 2);
      try (Parameters p = Problems.parameters(net, backend, new double[] {0, 0, 1, 1}, 0, -1.8)) {
        AttackProblem problem =
            AttackProblem.of(net, p, backend, new float[] {0.9f, 0.5f}, new int[] {0});
        AttackResult r = LBFGS.run(problem);
        assertEquals(Math.sqrt(0.1), r.samples().get(0).distortion().l2(), 1e-3);
        assertEquals(1f, r.adversarials()[0]);
        assertEquals(0.8, r.adversarials()[1], 1e-3);
      }
    }
  }

  /** The critical c of the penalty c ||r||^2 on the logistic loss is ||w|| / (4 d). */
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void theLargestTradeOffThatSucceedsIsFound(String name) {
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.linear(2, 2);
      try (Parameters p = Problems.parameters(net, backend, new double[] {0, 0, 3, 4}, 0, -3.4)) {
        AttackProblem problem =
            AttackProblem.of(net, p, backend, new float[] {0.4f, 0.3f}, new int[] {0});
        LbfgsAttack attack = LbfgsAttack.defaults();
        try (Batch batch =
            new Batch(
                problem,
                0,
                1,
                LbfgsSearch.bytes(problem, attack.memory()),
                LbfgsSearch.TENSORS,
                Confidence.of(problem))) {
          LbfgsSearch search = new LbfgsSearch(batch, attack);
          search.run(AttackListener.NONE);
          float c = search.largestTradeOff().toFloats()[0];
          assertTrue(c <= 6.25 && c > 0.97 * 6.25, "c = " + c + ", critical is 6.25");
        }
      }
    }
  }

  /** Ten classes in a box: the nearest of nine quadratic programs, each by bisection. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void tenClassesMeetTheNearestBoundary(String name) {
    int size = 20;
    int n = 40;
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.linear(size, 10);
      SplittableRandom random = new SplittableRandom(5);
      double[] w = random.doubles(10 * size, -1, 1).toArray();
      for (int i = 0; i < w.length; i++) {
        w[i] = (float) w[i];
      }
      try (Parameters p = Problems.parameters(net, backend, w, new double[10])) {
        AttackProblem problem = Problems.of(net, p, n, 6);
        AttackResult r = LBFGS.run(problem);
        MarginCertifier certifier =
            new MarginCertifier(net, p, BoundsOptions.defaults().threads(1));
        for (int i = 0; i < n; i++) {
          AttackResult.Sample s = r.samples().get(i);
          double[] x = new double[size];
          for (int k = 0; k < size; k++) {
            x[k] = problem.images()[i * size + k];
          }
          double inBox = Double.POSITIVE_INFINITY;
          double free = Double.POSITIVE_INFINITY;
          for (int j = 0; j < 10; j++) {
            if (j != s.label()) {
              double[] v = difference(w, s.label(), j, size);
              inBox = Math.min(inBox, BoxDistance.to(x, v, -s.kappa()));
              free = Math.min(free, dot(v, x) / Math.sqrt(dot(v, v)));
            }
          }
          assertTrue(s.success());
          assertEquals(inBox, s.distortion().l2(), 1e-3 * inBox, "sample " + i);
          float[] xf = java.util.Arrays.copyOfRange(problem.images(), i * size, (i + 1) * size);
          double certified = certifier.certify(xf, s.label()).radius();
          assertEquals(free, certified, 1e-3 * free + 1e-5);
          assertTrue(certified < s.distortion().l2());
        }
      }
    }
  }

  /** The fast gradient moves the margin by eps times the dual norm of w, inside the box. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void theFastGradientIsTheSteepestStep(String name) {
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.linear(3, 2);
      double[] w = {0, 0, 0, 0.5, -2, 1};
      float[] x = {0.5f, 0.5f, 0.5f};
      double f = 0.5 * (0.5 - 2 + 1);
      try (Parameters p = Problems.parameters(net, backend, w, 0, 0)) {
        AttackProblem problem = AttackProblem.of(net, p, backend, x, new int[] {0});
        double[] dual = {2, Math.sqrt(5.25), 3.5}; // L1, L2, Linf
        for (Norm norm : Norm.values()) {
          double reach = -f / dual[norm.ordinal()];
          for (double eps : new double[] {0.99 * reach, 1.01 * reach}) {
            AttackResult r = new FastGradient(norm, eps).run(problem);
            assertEquals(eps > reach, r.samples().get(0).success(), norm + " " + eps);
            float[] a = r.adversarials();
            double moved = 0.5 * (a[0] - x[0]) - 2 * (a[1] - x[1]) + (a[2] - x[2]);
            assertEquals(eps * dual[norm.ordinal()], moved, 1e-6);
          }
        }
      }
    }
  }

  /** On a linear model PGD reaches the same corner once its steps add up to eps. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.attacks.Problems#backends")
  void descentEndsWhereTheFastGradientEnds(String name) {
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.linear(3, 2);
      double[] w = {0, 0, 0, 0.5, -2, 1};
      try (Parameters p = Problems.parameters(net, backend, w, 0, -9)) { // out of reach
        AttackProblem problem =
            AttackProblem.of(net, p, backend, new float[] {0.5f, 0.4f, 0.6f}, new int[] {0});
        float[] fast = new FastGradient(Norm.LINF, 0.2).run(problem).adversarials();
        ProjectedGradientDescent pgd =
            ProjectedGradientDescent.of(Norm.LINF, 0.2, 4).stepSize(0.06).randomStart(false);
        AttackResult r = pgd.run(problem);
        assertEquals(StopReason.BUDGET_SPENT, r.samples().get(0).stop());
        for (int i = 0; i < 3; i++) {
          assertEquals(fast[i], r.adversarials()[i], 1e-6);
        }
      }
    }
  }

  private static double[] difference(double[] w, int y, int j, int size) {
    double[] v = new double[size];
    for (int k = 0; k < size; k++) {
      v[k] = w[y * size + k] - w[j * size + k];
    }
    return v;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }
}
