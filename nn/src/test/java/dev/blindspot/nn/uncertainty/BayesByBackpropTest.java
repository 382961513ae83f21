package dev.blindspot.nn.uncertainty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.TestBackends;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.training.Blobs;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** The evidence bound in closed form and by finite differences; a small training. */
class BayesByBackpropTest {
  private static final Backend BACKEND = Backends.create("reference");

  @AfterAll
  static void close() {
    BACKEND.close();
  }

  private static Network blobs() {
    return Network.builder("blobs", Shape.of(1, 6, 6))
        .add("fc1", Linear.of(8))
        .add("tanh", ActivationLayer.tanh())
        .add("fc2", Linear.of(3))
        .build();
  }

  private static Network tiny() {
    return Network.builder("tiny", Shape.of(3))
        .add("fc1", Linear.of(4))
        .add("tanh", ActivationLayer.tanh())
        .add("fc2", Linear.of(2))
        .build();
  }

  private static Parameters doubles(Network net) {
    return Parameters.initialize(net, BACKEND, ElementType.F64, 1);
  }

  @Test
  void divergenceOfGaussiansIsThatOfTheBook() {
    Network net = Network.builder("one", Shape.of(1)).add("fc", Linear.of(2)).build();
    try (Parameters p = doubles(net)) {
      p.set(new Parameters.Key("fc", "w"), new double[] {0, 0});
      p.set(new Parameters.Key("fc", "b"), new double[] {0, 0});
      // Equal to the prior: no divergence.
      assertEquals(0, new MeanFieldGaussian(net, p, 0.7).divergence(0.7), 1e-13);
      p.set(new Parameters.Key("fc", "w"), new double[] {3, 0});
      // log(2 / 0.5) + (0.25 + mu^2) / 8 - 1/2 each.
      double expected = 4 * (Math.log(4) + 0.25 / 8 - 0.5) + 9.0 / 8;
      assertEquals(expected, new MeanFieldGaussian(net, p, 0.5).divergence(2), 1e-12);
    }
  }

  @Test
  void sigmaIsTheSoftplusOfRho() {
    assertEquals(Math.log(2), MeanFieldGaussian.sigma(0), 1e-15);
    assertEquals(500, MeanFieldGaussian.sigma(500), 1e-12);
    assertTrue(MeanFieldGaussian.sigma(-700) > 0);
    try (Parameters p = doubles(tiny())) {
      MeanFieldGaussian q = new MeanFieldGaussian(tiny(), p, 0.02);
      assertEquals(0.02, MeanFieldGaussian.sigma(q.parts().get(0).rho[0]), 1e-16);
    }
  }

  @Test
  void samplesHaveTheMeanAndTheDeviationOfTheirGaussian() {
    Network net = Network.builder("wide", Shape.of(100)).add("fc", Linear.of(100)).build();
    try (Parameters p = doubles(net)) {
      Parameters.Key w = new Parameters.Key("fc", "w");
      p.set(w, new double[10_000]);
      MeanFieldGaussian q = new MeanFieldGaussian(net, p, 0.1);
      q.sample(p, 3, 0);
      double[] drawn = p.values(w);
      double mean = Arrays.stream(drawn).average().orElseThrow();
      double square = Arrays.stream(drawn).map(v -> v * v).average().orElseThrow();
      assertEquals(0, mean, 4 * 0.1 / 100);
      assertEquals(0.1, Math.sqrt(square), 4 * 0.1 / Math.sqrt(2 * 10_000));
      q.sample(p, 3, 0);
      assertArrayEquals(drawn, p.values(w), "follows from seed and step");
      q.sample(p, 3, 1);
      assertFalse(Arrays.equals(drawn, p.values(w)));
    }
  }

  /** The sampled noise is held: the bound is then a smooth function of mu and rho. */
  @Test
  void gradientOfTheBoundAgreesWithFiniteDifferences() {
    Network net = tiny();
    SplittableRandom random = new SplittableRandom(6);
    float[] x = new float[15];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
    }
    int[] labels = {0, 1, 1, 0, 1};
    try (Parameters p = doubles(net)) {
      MeanFieldGaussian q = new MeanFieldGaussian(net, p, 0.3);
      try (EvidenceBound bound = new EvidenceBound(net, p, q, 0.6, 5, 20)) {
        double h = 1e-5;
        for (MeanFieldGaussian.Part part : q.parts()) {
          double[][] variables = {part.mu, part.rho};
          bound.step(x, labels, 9, 4);
          double[][] gradients = {part.muGradient.clone(), part.rhoGradient.clone()};
          for (int v = 0; v < 2; v++) {
            for (int i = 0; i < part.mu.length; i++) {
              double at = variables[v][i];
              variables[v][i] = at + h;
              double up = bound.step(x, labels, 9, 4) + bound.divergence();
              variables[v][i] = at - h;
              double down = bound.step(x, labels, 9, 4) + bound.divergence();
              variables[v][i] = at;
              assertEquals((up - down) / (2 * h), gradients[v][i], 1e-8, part.key + " " + i);
            }
          }
        }
      }
    }
  }

  @Test
  void adamStepsAreThoseOfTheArticle() {
    HostAdam adam = new HostAdam(2);
    double[] x = {1, 1};
    adam.step(x, new double[] {5, -0.01}, 0.1, 1);
    // The first step has the length of the rate, whatever the gradient.
    assertEquals(0.9, x[0], 1e-8);
    assertEquals(1.1, x[1], 1e-6);
    adam.step(x, new double[] {0, 0}, 0.1, 2);
    double m = 0.9 * 0.1 * 5 / (1 - 0.81);
    double v = 0.999 * 0.001 * 25 / (1 - 0.999 * 0.999);
    assertEquals(0.9 - 0.1 * m / Math.sqrt(v), x[0], 1e-8);
  }

  private static BayesByBackprop train(Backend backend, long seed) {
    BayesOptions options = new BayesOptions(15, 20, 2e-2, 0.5, 0.05, 20);
    return BayesByBackprop.train(
        blobs(), backend, Blobs.draw(300, 1), options, seed, (step, steps, loss) -> {});
  }

  private static float[] images(DataSet data) {
    float[] x = new float[data.size() * data.sampleSize()];
    data.read(0, data.size(), x, 0);
    return x;
  }

  @Test
  void trainedGaussiansClassifyAndAreUnsureWhereTheClassesMix() {
    DataSet test = Blobs.draw(200, 2);
    float[] x = images(test);
    try (Backend backend = Backends.create(TestBackends.fast());
        BayesByBackprop bayes = train(backend, 1)) {
      Prediction clean = bayes.predict(x, 200);
      int correct = 0;
      for (int i = 0; i < 200; i++) {
        correct += clean.label(i) == test.label(i) ? 1 : 0;
      }
      assertTrue(correct > 190, "correct: " + correct);
      // The mean of two images of different classes.
      float[] mixed = new float[x.length];
      int size = test.sampleSize();
      int pairs = 0;
      for (int i = 0; i + 1 < 200; i += 2) {
        if (test.label(i) != test.label(i + 1)) {
          for (int k = 0; k < size; k++) {
            mixed[pairs * size + k] = (x[i * size + k] + x[(i + 1) * size + k]) / 2;
          }
          pairs++;
        }
      }
      Prediction unsure = bayes.predict(Arrays.copyOf(mixed, pairs * size), pairs);
      double before = Arrays.stream(clean.entropy()).average().orElseThrow();
      double after = Arrays.stream(unsure.entropy()).average().orElseThrow();
      assertTrue(after > 1.5 * before, before + " " + after);
      assertTrue(Arrays.stream(unsure.mutualInformation()).sum() > 0);
    }
  }

  @Test
  void equalSeedGivesEqualBits() {
    float[] x = images(Blobs.draw(30, 2));
    try (Backend backend = Backends.create(TestBackends.fast());
        BayesByBackprop first = train(backend, 1);
        BayesByBackprop second = train(backend, 1);
        BayesByBackprop other = train(backend, 2)) {
      double[] p = first.predict(x, 30).mean();
      assertArrayEquals(p, second.predict(x, 30).mean());
      assertArrayEquals(p, first.predict(x, 30).mean());
      assertFalse(Arrays.equals(p, other.predict(x, 30).mean()));
    }
  }

  private static void refused(String word, Runnable run) {
    String message = assertThrows(InvalidInputException.class, run::run).getMessage();
    assertTrue(message.contains(word), message);
  }

  @Test
  void badInputIsRefused() {
    BayesOptions good = BayesOptions.defaults();
    refused("draws 0", () -> good.draws(0));
    refused("epochs 0", () -> good.epochs(0));
    refused("prior", () -> new BayesOptions(1, 1, 1, 0, 1, 1));
    refused("learning rate", () -> new BayesOptions(1, 1, Double.NaN, 1, 1, 1));
    DataSet data = Blobs.draw(30, 1);
    refused(
        "[1,6,6]",
        () -> BayesByBackprop.train(tiny(), BACKEND, data, good, 1, (step, steps, loss) -> {}));
    refused(
        "running statistic",
        () ->
            BayesByBackprop.train(
                Blobs.network(), BACKEND, data, good, 1, (step, steps, loss) -> {}));
  }
}
