package dev.blindspot.bench.workbench;

import dev.blindspot.bench.peer.PeerNetwork.Layer;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A network with its parameters as peers build it. A batch norm is folded into the convolution
 * before it: with running statistics it is a factor and a sum for each channel.
 */
final class PeerNetworks {
  private final Network network;
  private final Parameters parameters;
  private final List<Layer> layers = new ArrayList<>();
  private final Map<String, Integer> numbers = new HashMap<>(Map.of(Network.INPUT, 0));
  private final List<float[]> values = new ArrayList<>();
  private long written;

  private PeerNetworks(Network network, Parameters parameters) {
    this.network = network;
    this.parameters = parameters;
  }

  /**
   * The layers; their parameters are written to a file.
   *
   * @throws UnsupportedException for a layer that peers are not told of
   */
  static List<Layer> write(Network network, Parameters parameters, Path file) {
    PeerNetworks p = new PeerNetworks(network, parameters);
    network.nodes().forEach(p::add);
    p.writeTo(file);
    return p.layers;
  }

  private void writeTo(Path file) {
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.toIntExact(4 * written)).order(ByteOrder.LITTLE_ENDIAN);
    for (float[] v : values) {
      for (float f : v) {
        bytes.putFloat(f);
      }
    }
    try {
      Files.write(file, bytes.array());
    } catch (IOException e) {
      throw new BlindspotException(file + " cannot be written: " + e.getMessage(), e);
    }
  }

  private void add(Network.Node node) {
    Shape in = node.inputShapes().get(0);
    if (node.layer() instanceof BatchNorm norm) {
      fold(node, norm);
    } else if (node.layer() instanceof Conv2d c) {
      square(node, c.r() == c.s() && c.strideH() == c.strideW() && c.padTop() == c.padLeft());
      square(node, c.padTop() == c.padBottom() && c.groups() == 1 && c.dilationH() == 1);
      Map<String, Integer> g = sizes("k", c.k(), "c", (int) in.dim(0), "r", c.r(), "s", c.s());
      g.putAll(sizes("stride", c.strideH(), "pad", c.padTop()));
      weighted(node, "conv", g, c.k(), c.bias());
    } else if (node.layer() instanceof Linear l) {
      weighted(node, "linear", sizes("k", l.k(), "c", (int) in.size()), l.k(), l.bias());
    } else if (node.layer() instanceof Pool2d p) {
      square(node, p.r() == p.s() && p.strideH() == p.strideW() && p.padTop() == 0);
      String kind = p.kind().equals("MaxPool") ? "maxpool" : "avgpool";
      plain(node, kind, sizes("r", p.r(), "stride", p.strideH()));
    } else if (node.layer() instanceof IdentityShortcut s) {
      int zeros = s.channels() - (int) in.dim(0);
      plain(node, "shortcut", sizes("stride", s.stride(), "zeros", zeros));
    } else if (node.layer() instanceof ActivationLayer a && a.activation() == Activation.RELU) {
      plain(node, "relu", Map.of());
    } else if (node.layer() instanceof ActivationLayer a && a.activation() == Activation.SIGMOID) {
      plain(node, "sigmoid", Map.of());
    } else if (node.layer() instanceof Add) {
      plain(node, "add", Map.of());
    } else if (node.layer() instanceof Flatten) {
      plain(node, "flatten", Map.of());
    } else {
      square(node, false);
    }
  }

  private void square(Network.Node node, boolean condition) {
    if (!condition) {
      throw new UnsupportedException(
          "peers are not told of layer " + node.name() + ": " + node.layer());
    }
  }

  private static Map<String, Integer> sizes(Object... pairs) {
    Map<String, Integer> sizes = new HashMap<>();
    for (int i = 0; i < pairs.length; i += 2) {
      sizes.put((String) pairs[i], (Integer) pairs[i + 1]);
    }
    return sizes;
  }

  private void plain(Network.Node node, String kind, Map<String, Integer> sizes) {
    put(node, new Layer(kind, inputs(node), sizes, -1));
  }

  private List<Integer> inputs(Network.Node node) {
    return node.inputs().stream().map(numbers::get).toList();
  }

  private void put(Network.Node node, Layer layer) {
    layers.add(layer);
    numbers.put(node.name(), layers.size());
  }

  private void weighted(
      Network.Node node, String kind, Map<String, Integer> sizes, int k, boolean bias) {
    float[] w = floats(node.name(), "w");
    float[] b = bias ? floats(node.name(), "b") : new float[k];
    put(node, new Layer(kind, inputs(node), sizes, written));
    values.add(w);
    values.add(b);
    written += w.length + b.length;
  }

  private float[] floats(String node, String name) {
    double[] d = parameters.values(new Parameters.Key(node, name));
    float[] f = new float[d.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) d[i];
    }
    return f;
  }

  /** y = gamma (x - mean) / sqrt(variance + epsilon) + beta into w and b of x's convolution. */
  private void fold(Network.Node node, BatchNorm norm) {
    int number = numbers.get(node.inputs().get(0));
    square(node, number > 0 && number == layers.size() && layers.get(number - 1).weights() >= 0);
    float[] w = values.get(values.size() - 2);
    float[] b = values.get(values.size() - 1);
    float[] gamma = floats(node.name(), "gamma");
    float[] beta = floats(node.name(), "beta");
    float[] mean = floats(node.name(), "mean");
    float[] variance = floats(node.name(), "variance");
    int row = w.length / b.length;
    for (int k = 0; k < b.length; k++) {
      double factor = gamma[k] / Math.sqrt(variance[k] + norm.epsilon());
      for (int i = k * row; i < (k + 1) * row; i++) {
        w[i] = (float) (w[i] * factor);
      }
      b[k] = (float) ((b[k] - mean[k]) * factor + beta[k]);
    }
    numbers.put(node.name(), number);
  }

  /** Operations of a forward pass of one sample: those of products, a multiply-add as two. */
  static double operations(Network network) {
    double sum = 0;
    for (Network.Node n : network.nodes()) {
      if (n.layer() instanceof Conv2d c) {
        long terms = n.inputShapes().get(0).dim(0) / c.groups() * c.r() * c.s();
        sum += 2.0 * n.outputShape().size() * terms;
      } else if (n.layer() instanceof Linear l) {
        sum += 2.0 * l.k() * n.inputShapes().get(0).size();
      }
    }
    return sum;
  }
}
