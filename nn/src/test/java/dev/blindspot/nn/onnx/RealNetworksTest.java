package dev.blindspot.nn.onnx;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.IdxReader;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Networks that others trained, on real digits. */
class RealNetworksTest {
  /** Of the mini network on the first MNIST test image. */
  private static final double[] LOGITS = {
    0.15710345,
    -0.73106134,
    -0.04039804,
    -0.47904843,
    0.09378531,
    -0.80105764,
    -0.47753483,
    1.0868737,
    -0.3065778,
    -0.57497704
  };

  @TempDir Path dir;

  private static Path data(String name) {
    String root = System.getenv("BLINDSPOT_DATA");
    assumeTrue(root != null, "BLINDSPOT_DATA is not set");
    assumeTrue(Files.isDirectory(Path.of(root, name)), "no " + name + " in BLINDSPOT_DATA");
    return Path.of(root, name);
  }

  private static DataSet digits() {
    Path mnist = data("mnist");
    return IdxReader.read(
        "t10k",
        mnist.resolve("t10k-images-idx3-ubyte.gz"),
        mnist.resolve("t10k-labels-idx1-ubyte.gz"),
        10);
  }

  /** Values in [0,1], rounded as a file of the network's type would be. */
  private static double[] pixels(DataSet d, int count) {
    double[] x = new double[count * d.sampleSize()];
    for (int i = 0; i < count; i++) {
      float[] image = d.image(i);
      for (int j = 0; j < image.length; j++) {
        x[i * image.length + j] = image[j];
      }
    }
    return x;
  }

  @Test
  void miniNetGivesItsPublishedLogits() throws IOException {
    Network net = miniNet();
    double[] x = pixels(digits(), 1);
    try (Parameters p = miniParameters(net, ElementType.F64);
        Parameters f = p.copyTo(net, Runs.REFERENCE, ElementType.F32)) {
      assertArrayEquals(LOGITS, Runs.output(net, p, x, 1), 1e-6);
      assertArrayEquals(LOGITS, Runs.output(net, f, x, 1), 1e-5);
      Path file = dir.resolve("mini.onnx");
      OnnxModel.write(file, net, p);
      OnnxModel read = OnnxModel.read(file);
      assertEquals(ElementType.F64, read.type());
      assertArrayEquals(Runs.output(net, p, x, 1), Runs.output(read, x, 1));
    }
  }

  private static Network miniNet() {
    return Network.builder("mini", Shape.of(1, 28, 28))
        .add("conv", Conv2d.of(1, 7, 1, 0))
        .add("relu", ActivationLayer.relu())
        .add("pool", Pool2d.max(4, 4))
        .add("flatten", new Flatten())
        .add("dense", Linear.of(10))
        .build();
  }

  /** The files hold the filter [7,7,1,1], which is [1,1,7,7] too, and the matrix [25,10]. */
  private static Parameters miniParameters(Network net, ElementType type) throws IOException {
    Path folder = data("mnist-mini-net");
    Parameters p = Parameters.initialize(net, Runs.REFERENCE, type, 1);
    p.set(new Parameters.Key("conv", "w"), Npy.read(folder.resolve("W_CONV2D_MNIST.npy")));
    p.set(new Parameters.Key("conv", "b"), Npy.read(folder.resolve("B_CONV2D_MNIST.npy")));
    double[] w = Npy.read(folder.resolve("W_DENSE_MNIST.npy"));
    double[] t = new double[w.length];
    for (int i = 0; i < 25; i++) {
      for (int k = 0; k < 10; k++) {
        t[k * 25 + i] = w[i * 10 + k];
      }
    }
    p.set(new Parameters.Key("dense", "w"), t);
    p.set(new Parameters.Key("dense", "b"), Npy.read(folder.resolve("B_DENSE_MNIST.npy")));
    return p;
  }

  @Test
  void mnistfcAgreesWithPlainLoopsAndKnowsDigits() {
    OnnxModel m =
        OnnxModel.read(data("mnistfc-256x2").resolve("nets").resolve("mnist-net_256x2.onnx"));
    assertEquals(Shape.of(784, 1), m.network().inputShape());
    assertEquals(Shape.of(10), m.network().outputShape());
    DataSet d = digits();
    int n = 200;
    double[] x = pixels(d, n);
    double[] y = Runs.output(m, x, n);
    int right = 0;
    for (int i = 0; i < n; i++) {
      double[] expected = plain(m, java.util.Arrays.copyOfRange(x, i * 784, (i + 1) * 784));
      int best = 0;
      for (int k = 0; k < 10; k++) {
        double scale = 1 + Math.abs(expected[k]);
        assertEquals(expected[k], y[10 * i + k], 1e-5 * scale, "sample " + i + " logit " + k);
        best = expected[k] > expected[best] ? k : best;
      }
      right += best == d.label(i) ? 1 : 0;
    }
    assertTrue(right > 0.9 * n, right + " of " + n + " digits are recognised");
  }

  /** Dense layers with ReLU between them, in double. */
  private static double[] plain(OnnxModel m, double[] x) {
    double[] v = x;
    for (Network.Node node : m.network().nodes()) {
      if (node.layer() instanceof Linear l) {
        double[] w = m.values(new Parameters.Key(node.name(), "w"));
        double[] y = m.values(new Parameters.Key(node.name(), "b"));
        for (int k = 0; k < l.k(); k++) {
          for (int i = 0; i < v.length; i++) {
            y[k] += w[k * v.length + i] * v[i];
          }
        }
        v = y;
      } else if (node.layer() instanceof ActivationLayer) {
        v = java.util.Arrays.stream(v).map(d -> Math.max(0, d)).toArray();
      }
    }
    return v;
  }

  @Test
  void readsTheVerifiersToyNetworks() {
    Path nets = data("vnnlib-toys").resolve("nets");
    for (String name : new String[] {"nano", "tiny", "small", "sat", "unsat"}) {
      OnnxModel m = OnnxModel.read(nets.resolve("test_" + name + ".onnx"));
      double[] y = Runs.output(m, new double[(int) m.network().inputShape().size()], 1);
      assertEquals(m.network().outputShape().size(), y.length);
    }
  }
}
