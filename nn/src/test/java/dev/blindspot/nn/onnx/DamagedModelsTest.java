package dev.blindspot.nn.onnx;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.Damage;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.Affine;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.layers.Reshape;
import dev.blindspot.nn.layers.Softmax;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Damaged models are refused by name, or read, without much memory. */
@Timeout(120)
class DamagedModelsTest {
  private static final long MOST = 16 << 20;

  @Test
  void aNetworkOfAllLayers() {
    Network net =
        Network.builder("all", Shape.of(2, 6, 6))
            .add("affine", new Affine(false))
            .add("conv", Conv2d.of(2, 3, 1, 1))
            .add("norm", BatchNorm.standard())
            .add("relu", ActivationLayer.relu())
            .add("sum", new Add(), "relu", "conv")
            .add("lrn", new LocalResponseNorm(3, 1e-4, 0.75, 1))
            .add("shortcut", new IdentityShortcut(2, 3))
            .add("pool", Pool2d.max(2, 1))
            .add("drop", new Dropout(0.5))
            .add("reshape", new Reshape(Shape.of(4, 3)))
            .add("dense", Linear.of(3))
            .add("softmax", new Softmax(true))
            .build();
    try (Parameters p = Parameters.initialize(net, Runs.REFERENCE, ElementType.F32, 1)) {
      byte[] good = OnnxWriter.model(net, p).toByteArray();
      Damage.Count c = Damage.check(good, 6000, 1, MOST, bad -> OnnxModel.read("m.onnx", bad));
      assertTrue(c.refused() > 2000 && c.read() > 100, c.toString());
    }
  }

  @Test
  void aModelOfConstantArithmetic() {
    byte[] good =
        Models.input(1, 3, 4)
            .weights("a", new long[] {1, 1, 4}, 1, 2, 3, 4)
            .weights("b", new long[] {}, 2)
            .integers("shape", 0, 12)
            .weights("w", new long[] {12, 2}, new double[24])
            .node("Sub", "s", List.of("x", "a"))
            .node("Div", "d", List.of("s", "b"))
            .node("Reshape", "r", List.of("d", "shape"))
            .node("MatMul", "y", List.of("r", "w"))
            .output("y")
            .toByteArray();
    Damage.Count c = Damage.check(good, 4000, 2, 160 << 20, bad -> OnnxModel.read("m.onnx", bad));
    assertTrue(c.refused() > 1000, c.toString());
  }
}
