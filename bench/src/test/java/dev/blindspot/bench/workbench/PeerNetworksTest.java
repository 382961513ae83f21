package dev.blindspot.bench.workbench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.blindspot.bench.peer.PeerNetwork.Layer;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.zoo.Zoo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PeerNetworksTest {
  @TempDir Path dir;

  private static void set(Parameters p, String node, String name, double... values) {
    p.set(new Parameters.Key(node, name), values);
  }

  /** gamma (w x - mean) / sqrt(variance + epsilon) + beta by hand. */
  @Test
  void aBatchNormIsFoldedIntoTheConvolutionBeforeIt() throws IOException {
    Network network =
        Network.builder("n", Shape.of(1, 2, 2))
            .add("conv", Conv2d.of(2, 1, 1, 0).withoutBias())
            .add("norm", new BatchNorm(0, 0.1))
            .add("sum", new Add(), "norm", "norm")
            .add("fc", new Linear(1, true, dev.blindspot.nn.Initializer.constant(7)))
            .build();
    Path file = dir.resolve("parameters");
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(network, backend, ElementType.F32, 1)) {
      set(p, "conv", "w", 3, 5);
      set(p, "norm", "gamma", 2, 1);
      set(p, "norm", "beta", 10, 20);
      set(p, "norm", "mean", 6, 1);
      set(p, "norm", "variance", 4, 0.25);
      List<Layer> layers = PeerNetworks.write(network, p, file);
      assertEquals(List.of("conv", "add", "linear"), layers.stream().map(Layer::kind).toList());
      assertEquals(List.of(1, 1), layers.get(1).inputs());
      assertEquals(List.of(2), layers.get(2).inputs());
      assertEquals(4, layers.get(2).weights());
    }
    FloatBuffer values =
        ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[] folded = new float[4];
    values.get(folded);
    assertEquals(List.of(3f, 10f, 4f, 18f), List.of(folded[0], folded[1], folded[2], folded[3]));
    assertEquals(4 + 8 + 1, values.capacity());
    assertEquals(7, values.get(5));
  }

  @Test
  void aLayerThatPeersDoNotHaveIsNamed() {
    Network network = Network.builder("n", Shape.of(4)).add("drop", new Dropout(0.5)).build();
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(network, backend, ElementType.F32, 1)) {
      String m =
          assertThrows(
                  UnsupportedException.class,
                  () -> PeerNetworks.write(network, p, dir.resolve("p")))
              .getMessage();
      assertEquals(true, m.contains("drop"), m);
    }
  }

  /** 784 x 100, 100 x 100, 100 x 10 multiply-adds. */
  @Test
  void operationsAreThoseOfProducts() {
    Network network = Zoo.get("mlp100-100-10", Shape.of(1, 28, 28), 10).network();
    assertEquals(2 * (78_400 + 10_000 + 1000), PeerNetworks.operations(network));
  }
}
