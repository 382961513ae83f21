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
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Softmax;
import dev.blindspot.nn.training.Blobs;
import dev.blindspot.nn.training.Predictor;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/** Ensembles and dropout. */
class SampledNetworksTest {
  private static final Backend BACKEND = Backends.create("reference");
  private static final Shape FOUR = Shape.of(4);

  @AfterAll
  static void close() {
    BACKEND.close();
  }

  private static Network dense() {
    return Network.builder("dense", FOUR)
        .add("fc1", Linear.of(8))
        .add("relu", ActivationLayer.relu())
        .add("fc2", Linear.of(3))
        .build();
  }

  private static Parameters parameters(Network net, long seed) {
    return Parameters.initialize(net, BACKEND, ElementType.F32, seed);
  }

  private static float[] images(int n) {
    float[] x = new float[n * 4];
    SplittableRandom random = new SplittableRandom(5);
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble(-2, 2);
    }
    return x;
  }

  @Test
  void anEnsembleOfOneIsTheNetwork() {
    Network net = dense();
    Network ending =
        Network.builder("softmax", FOUR)
            .add("fc1", Linear.of(8))
            .add("relu", ActivationLayer.relu())
            .add("fc2", Linear.of(3))
            .add("softmax", new Softmax(false))
            .build();
    Network logs =
        Network.builder("log", FOUR)
            .add("fc1", Linear.of(8))
            .add("relu", ActivationLayer.relu())
            .add("fc2", Linear.of(3))
            .add("softmax", new Softmax(true))
            .build();
    float[] x = images(130); // more than a batch
    try (Parameters p = parameters(net, 1);
        DeepEnsemble one = new DeepEnsemble(net, List.of(p), BACKEND);
        DeepEnsemble two = new DeepEnsemble(ending, List.of(p), BACKEND);
        DeepEnsemble three = new DeepEnsemble(logs, List.of(p), BACKEND);
        Predictor predictor = new Predictor(BACKEND, net, p, 130)) {
      Prediction found = one.predict(x, 130);
      int[] labels = predictor.labels(x, 130);
      for (int i = 0; i < 130; i++) {
        assertEquals(labels[i], found.label(i));
        assertEquals(0, found.mutualInformation()[i]);
      }
      assertArrayEquals(found.mean(), two.predict(x, 130).mean(), 1e-6);
      assertArrayEquals(found.mean(), three.predict(x, 130).mean(), 1e-6);
      assertEquals("deep ensemble of 1", one.description());
    }
  }

  @Test
  void anEnsembleOfTwoIsTheMeanOfBoth() {
    Network net = dense();
    float[] x = images(7);
    try (Parameters a = parameters(net, 1);
        Parameters b = parameters(net, 2);
        DeepEnsemble first = new DeepEnsemble(net, List.of(a), BACKEND);
        DeepEnsemble second = new DeepEnsemble(net, List.of(b), BACKEND);
        DeepEnsemble both = new DeepEnsemble(net, List.of(a, b), BACKEND)) {
      double[] p = first.predict(x, 7).mean();
      double[] q = second.predict(x, 7).mean();
      Prediction found = both.predict(x, 7);
      for (int i = 0; i < p.length; i++) {
        assertEquals((p[i] + q[i]) / 2, found.mean()[i], 1e-15);
      }
      assertTrue(Arrays.stream(found.mutualInformation()).allMatch(v -> v > 0));
    }
  }

  /** One input 1, weight 1, dropout 1/2, then logits (h, 0): h is 0 or 2 by a fair coin. */
  @Test
  void dropoutDrawsTheTwoOutcomesOfItsCoin() {
    Network net =
        Network.builder("coin", Shape.of(1))
            .add("drop", new Dropout(0.5))
            .add("fc", new Linear(2, false, dev.blindspot.nn.Initializer.constant(0)))
            .build();
    int n = 40;
    float[] x = new float[n];
    Arrays.fill(x, 1);
    try (Parameters p = parameters(net, 1)) {
      p.set(new Parameters.Key("fc", "w"), new double[] {1, 0});
      double[] outcomes = {0.5, 1 / (1 + Math.exp(-2))};
      double mean = 0;
      for (int seed = 0; seed < 10; seed++) {
        try (MonteCarloDropout one = new MonteCarloDropout(net, p, BACKEND, 1, seed)) {
          double[] drawn = one.predict(x, n).mean();
          for (int i = 0; i < n; i++) {
            double v = drawn[2 * i];
            assertTrue(
                Math.abs(v - outcomes[0]) < 1e-6 || Math.abs(v - outcomes[1]) < 1e-6, "" + v);
          }
        }
      }
      try (MonteCarloDropout many = new MonteCarloDropout(net, p, BACKEND, 50, 3)) {
        Prediction found = many.predict(x, n);
        for (int i = 0; i < n; i++) {
          mean += found.mean()[2 * i] / n;
        }
        // 2000 fair coins between values 0.38 apart: 0.02 is over four standard errors.
        assertEquals((outcomes[0] + outcomes[1]) / 2, mean, 0.02);
        assertArrayEquals(found.mean(), many.predict(x, n).mean(), "equal bits");
        Prediction fewer = many.predict(Arrays.copyOf(x, 5), 5);
        assertArrayEquals(Arrays.copyOf(found.mean(), 10), fewer.mean(), "keyed by position");
      }
    }
  }

  @Test
  void insertedDropoutKeepsTheNetworkInInference() {
    Network net = dense();
    Network dropping = MonteCarloDropout.insert(net, 0.3);
    assertEquals("dense-dropout", dropping.name());
    assertEquals(4, dropping.nodes().size());
    assertEquals(List.of("relu-dropout"), dropping.node("fc2").inputs());
    float[] x = images(9);
    try (Parameters p = parameters(net, 1);
        DeepEnsemble plain = new DeepEnsemble(net, List.of(p), BACKEND);
        DeepEnsemble same = new DeepEnsemble(dropping, List.of(p), BACKEND);
        MonteCarloDropout drawn = new MonteCarloDropout(dropping, p, BACKEND, 20, 1)) {
      assertArrayEquals(plain.predict(x, 9).mean(), same.predict(x, 9).mean());
      Prediction found = drawn.predict(x, 9);
      assertTrue(Arrays.stream(found.mutualInformation()).sum() > 0);
      assertFalse(Arrays.equals(found.mean(), plain.predict(x, 9).mean()));
      assertEquals("MC dropout, 20 draws", drawn.description());
    }
  }

  private static void refused(String word, Runnable run) {
    String message = assertThrows(InvalidInputException.class, run::run).getMessage();
    assertTrue(message.contains(word), message);
  }

  @Test
  void badInputIsRefused() {
    Network net = dense();
    Network dropping = MonteCarloDropout.insert(net, 0.3);
    Network norm = Blobs.network();
    try (Parameters p = parameters(net, 1);
        Parameters n = parameters(norm, 1);
        DeepEnsemble one = new DeepEnsemble(net, List.of(p), BACKEND)) {
      refused("no dropout", () -> new MonteCarloDropout(net, p, BACKEND, 3, 1));
      refused("draws", () -> new MonteCarloDropout(dropping, p, BACKEND, 0, 1));
      refused("batch norm norm", () -> new MonteCarloDropout(norm, n, BACKEND, 3, 1));
      refused("no member", () -> new DeepEnsemble(net, List.of(), BACKEND));
      refused("3 values for 1 images", () -> one.predict(new float[3], 1));
      refused("0 images", () -> one.predict(new float[0], 0));
      refused("not finite", () -> one.predict(new float[] {Float.NaN, 0, 0, 0}, 1));
      Network linear = Network.builder("linear", FOUR).add(Linear.of(3)).build();
      refused("no activation", () -> MonteCarloDropout.insert(linear, 0.5));
    }
  }
}
