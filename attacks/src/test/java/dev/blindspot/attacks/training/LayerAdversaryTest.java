package dev.blindspot.attacks.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.training.Predictor;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LayerAdversaryTest {
  private static Backend backend;
  private static Parameters parameters;

  @BeforeAll
  static void open() {
    backend = Digits.backend();
    parameters = Digits.trained(backend);
  }

  @AfterAll
  static void close() {
    parameters.close();
    backend.close();
  }

  private static LayerAdversary adversary(String layer, int gradients, boolean targeted) {
    return new LayerAdversary(Digits.NETWORK, parameters, backend, layer, gradients, targeted);
  }

  @ParameterizedTest
  @ValueSource(strings = {"input", "sigmoid1", "sigmoid2"})
  void examplesFoolThePartAboveAndLieInTheBox(String layer) {
    Network above = PoolLayers.above(Digits.NETWORK, layer);
    int width = (int) above.inputShape().size();
    for (boolean targeted : new boolean[] {true, false}) {
      for (int gradients : new int[] {12, 30}) {
        LayerAdversary.Found f = adversary(layer, gradients, targeted).generate(Digits.DATA, 40, 5);
        int n = f.labels().length;
        assertTrue(n > 20, n + " examples of " + layer);
        assertEquals(n * width, f.examples().length);
        assertTrue(f.tried() >= n && f.tried() <= 160, f.tried() + " tried");
        assertTrue(f.mostGradients() > 1 && f.mostGradients() <= gradients, f.toString());
        assertTrue(f.meanRms() > 0 && f.meanRms() < 1, "" + f.meanRms());
        for (float v : f.examples()) {
          assertTrue(v >= 0 && v <= 1, layer + ": " + v);
        }
        try (Predictor p = new Predictor(backend, above, parameters, n)) {
          int[] answers = p.labels(f.examples(), n);
          for (int i = 0; i < n; i++) {
            assertEquals(Digits.DATA.label(f.samples()[i]), f.labels()[i]);
            assertNotEquals(f.labels()[i], answers[i], layer + ", example " + i);
          }
        }
      }
    }
  }

  @Test
  void examplesAreNearTheLayersOutputs() {
    LayerAdversary.Found f = adversary("input", 30, false).generate(Digits.DATA, 30, 5);
    int width = Digits.DATA.sampleSize();
    double sum = 0;
    for (int i = 0; i < f.labels().length; i++) {
      float[] clean = Digits.DATA.image(f.samples()[i]);
      double squares = 0;
      for (int j = 0; j < width; j++) {
        squares += Math.pow(f.examples()[i * width + j] - clean[j], 2);
      }
      sum += Math.sqrt(squares / width);
    }
    assertEquals(f.meanRms(), sum / f.labels().length, 1e-6);
  }

  @Test
  void equalSeedsGiveEqualBits() {
    LayerAdversary.Found a = adversary("sigmoid1", 30, true).generate(Digits.DATA, 20, 5);
    LayerAdversary.Found b = adversary("sigmoid1", 30, true).generate(Digits.DATA, 20, 5);
    LayerAdversary.Found c = adversary("sigmoid1", 30, true).generate(Digits.DATA, 20, 6);
    assertArrayEquals(a.examples(), b.examples());
    assertArrayEquals(a.samples(), b.samples());
    assertFalse(Arrays.equals(a.samples(), c.samples()));
  }

  @Test
  void neverMoreExamplesThanSamples() {
    LayerAdversary.Found f = adversary("input", 12, true).generate(Digits.DATA.first(5), 50, 1);
    assertTrue(f.tried() == 5 && f.labels().length <= 5, f.toString());
  }

  private static void refused(Network network, String layer, String... words) {
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> PoolLayers.above(network, layer));
    for (String w : words) {
      assertTrue(e.getMessage().contains(w), "'" + w + "' in: " + e.getMessage());
    }
  }

  @Test
  void layersWhoseOutputsDoNotFitAreRefused() {
    Network net = Digits.NETWORK;
    assertEquals(List.of("input", "sigmoid1", "sigmoid2"), PoolLayers.all(net));
    refused(net, "sigmiod1", "no layer 'sigmiod1'", "did you mean 'sigmoid1'");
    refused(net, "fc2", "layer fc2", "[0,1]", "[input, sigmoid1, sigmoid2]", "put a sigmoid");
    Network relu =
        Network.builder("relu", Shape.of(4))
            .add("a", Linear.of(3))
            .add("r", ActivationLayer.relu())
            .add("z", Linear.of(2))
            .build();
    assertEquals(List.of("input"), PoolLayers.all(relu));
    refused(relu, "r", "layer r", "[input]");
    Network forked =
        Network.builder("forked", Shape.of(4))
            .add("a", Linear.of(3))
            .add("s", ActivationLayer.sigmoid())
            .add("b", Linear.of(3))
            .add("t", ActivationLayer.sigmoid())
            .add("sum", new Add(), "t", "s")
            .add("z", Linear.of(2))
            .build();
    assertEquals(List.of("input", "s"), PoolLayers.all(forked));
    refused(forked, "t", "above t", "read other outputs");
  }
}
