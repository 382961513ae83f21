package dev.blindspot.attacks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.Certificate;
import dev.blindspot.attacks.bounds.MarginCertifier;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.training.Evaluation;
import dev.blindspot.nn.zoo.TrainedNetworks;
import dev.blindspot.nn.zoo.TrainedNetworks.Trained;
import dev.blindspot.nn.zoo.Zoo;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The numbers that attacks must reach on MNIST. */
@Tag("acceptance")
class MnistAcceptanceTest {
  private static final int N = 1000;

  @BeforeEach
  void needsData() {
    assumeTrue(
        System.getenv("BLINDSPOT_DATA") != null, "BLINDSPOT_DATA is not set: there is no MNIST");
  }

  private interface Use {
    void of(Trained net, Backend backend, DataSet test, int[] predicted);
  }

  private static void with(String model, Use use) {
    DataSplit mnist = DataSets.load("mnist", null, 1);
    try (Backend backend = Problems.backend("cpu");
        Trained net =
            TrainedNetworks.get(
                Zoo.get(model, mnist.train().sampleShape(), 10),
                mnist.train(),
                backend,
                1,
                false,
                (step, steps, loss) -> {})) {
      Evaluation clean = Evaluation.of(net.network(), net.parameters(), backend, mnist.test(), N);
      System.out.printf("%s: test accuracy %.4f%n", model, clean.accuracy());
      use.of(net, backend, mnist.test(), clean.predictions());
    }
  }

  @Test
  void lbfgsFoolsTheSigmoidNetwork() {
    with(
        "fc100-100-10",
        (net, backend, test, predicted) -> {
          int[] chosen =
              Arrays.stream(test.shuffled(1))
                  .filter(i -> predicted[i] == test.label(i))
                  .limit(N)
                  .toArray();
          AttackProblem problem = problem(net, backend, test, chosen);
          AttackResult any = LbfgsAttack.defaults().run(problem);
          assertMinimal(problem, any, 0.038);
          int[] targets = new int[N];
          for (int i = 0; i < N; i++) {
            SplittableRandom random = new SplittableRandom(0x9E3779B97F4A7C15L + chosen[i]);
            int t = random.nextInt(9);
            targets[i] = t < problem.labels()[i] ? t : t + 1;
          }
          AttackProblem targeted = problem.targets(targets);
          assertMinimal(targeted, LbfgsAttack.defaults().run(targeted), 0.057);
          assertCertified(net, problem, any);
        });
  }

  private static void assertMinimal(AttackProblem problem, AttackResult r, double rms) {
    System.out.printf(
        "%s: success %.4f, mean RMS %.5f, %.1f gradients%n",
        r.attack(), r.successRate(), r.meanRms(), r.meanEvaluations());
    assertEquals(1, r.successRate());
    assertTrue(r.meanRms() <= rms, "mean RMS " + r.meanRms());
    for (float v : r.adversarials()) {
      assertTrue(v >= 0 && v <= 1);
    }
    try (Backend reference = Problems.backend("reference");
        Parameters copy =
            problem.parameters().copyTo(problem.network(), reference, ElementType.F32)) {
      int[] labels = Problems.labels(problem.network(), copy, r.adversarials());
      for (int i = 0; i < N; i++) {
        assertEquals(r.samples().get(i).adversarialLabel(), labels[i], "sample " + i);
      }
    }
  }

  private static void assertCertified(Trained net, AttackProblem problem, AttackResult r) {
    MarginCertifier certifier =
        new MarginCertifier(net.network(), net.parameters(), BoundsOptions.defaults());
    List<Certificate> certificates = certifier.certify(problem.images(), problem.labels());
    double[] ratio = new double[N];
    for (int i = 0; i < N; i++) {
      double radius = certificates.get(i).radius();
      double l2 = r.samples().get(i).distortion().l2();
      assertTrue(radius > 0 && radius < l2, "sample " + i + ": " + radius + " " + l2);
      ratio[i] = l2 / radius;
    }
    Arrays.sort(ratio);
    System.out.printf("median found / certified %.2f%n", ratio[N / 2]);
    assertTrue(ratio[N / 2] <= 10);
  }

  @Test
  void descentFoolsLenet() {
    with(
        "lenet",
        (net, backend, test, predicted) -> {
          int[] first = new int[N];
          Arrays.setAll(first, i -> i);
          AttackProblem problem = problem(net, backend, test, first);
          AttackResult r =
              ProjectedGradientDescent.of(Norm.LINF, 0.3, 40).stepSize(0.01).run(problem);
          long left = r.samples().stream().filter(s -> s.adversarialLabel() == s.label()).count();
          System.out.printf("%s leaves %d of %d%n", r.attack(), left, N);
          assertTrue(left < 0.05 * N, left + " left");
        });
  }

  private static AttackProblem problem(Trained net, Backend backend, DataSet test, int[] chosen) {
    Network network = net.network();
    float[] images = new float[N * test.sampleSize()];
    test.read(chosen, 0, N, images, 0);
    int[] labels = Arrays.stream(chosen).map(test::label).toArray();
    return AttackProblem.of(network, net.parameters(), backend, images, labels).samples(chosen);
  }
}
