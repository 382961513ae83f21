package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Softmax;
import java.util.Arrays;
import java.util.Map;

/** BatchNormalization, LRN, Softmax, LogSoftmax. */
final class NormalisationOperators {
  private NormalisationOperators() {}

  static void register(Map<String, Operators.Reader> m) {
    m.put("BatchNormalization", NormalisationOperators::batchNorm);
    m.put("LRN", NormalisationOperators::localResponseNorm);
    m.put("Softmax", (g, n) -> softmax(g, n, false));
    m.put("LogSoftmax", (g, n) -> softmax(g, n, true));
  }

  private static Value batchNorm(GraphReader g, NodeReader n) {
    Data x = channels(g, n);
    double epsilon = n.number("epsilon", 1e-5);
    double momentum = n.number("momentum", 0.9);
    if (n.integer("training_mode", 0) != 0) {
      throw n.unsupported("training_mode is true: the answer would depend on the batch");
    }
    if (n.integer("spatial", 1) != 1) {
      throw n.unsupported("attribute 'spatial' is 0");
    }
    if (!(epsilon > 0) || momentum < 0 || momentum > 1) {
      throw n.invalid(
          "epsilon " + epsilon + " must be positive, momentum " + momentum + " within [0,1]");
    }
    Constant[] c = new Constant[4];
    for (int i = 0; i < 4; i++) {
      c[i] = g.weights(n, i + 1);
      if (c[i].dims().length != 1 || c[i].size() != x.sample().dim(0)) {
        throw n.invalid(
            c[i].name()
                + " has dims "
                + Arrays.toString(c[i].dims())
                + ", the data has "
                + x.sample().dim(0)
                + " channels");
      }
    }
    for (double v : c[3].doubles()) {
      if (v < 0) {
        throw n.invalid(c[3].name() + ": variance " + v + " is negative");
      }
    }
    Data y = g.add(n.name(), new BatchNorm(epsilon, decimal(1 - momentum)), x);
    g.parameter(y, "gamma", c[0].source());
    g.parameter(y, "beta", c[1].source());
    g.parameter(y, "mean", c[2].source());
    g.parameter(y, "variance", c[3].source());
    return y;
  }

  /** Without the noise of a subtraction: 1 - 0.9 is 0.1. */
  private static double decimal(double v) {
    return Math.rint(v * 1e9) / 1e9;
  }

  private static Value localResponseNorm(GraphReader g, NodeReader n) {
    Data x = channels(g, n);
    int size = n.integer("size", 0, 1, 1 << 20);
    return g.add(
        n.name(),
        new LocalResponseNorm(
            size, n.number("alpha", 1e-4), n.number("beta", 0.75), n.number("bias", 1)),
        x);
  }

  /** Data whose dimension 1 is the channels, that is: the first of a sample. */
  private static Data channels(GraphReader g, NodeReader n) {
    Data x = g.data(n, 0);
    if (!g.batched()) {
      throw n.unsupported("needs a batch dimension in front of the channels");
    }
    return x;
  }

  /** Over one axis; before operator set 13 over all dimensions from the axis on. */
  private static Value softmax(GraphReader g, NodeReader n, boolean log) {
    Data x = g.data(n, 0);
    long[] dims = g.dims(x.sample());
    boolean flat = n.opset() < 13;
    int axis = GraphReader.axis(n, n.integer("axis", flat ? 1 : -1), dims.length);
    if (g.batched() && axis == 0) {
      throw n.mixesSamples("axis 0");
    }
    Shape s = x.sample();
    int at = axis - (g.batched() ? 1 : 0);
    long over = 1;
    for (int i = at; i < (flat ? s.rank() : at + 1); i++) {
      over *= s.dim(i);
    }
    if (over != s.size()) {
      throw n.unsupported(
          "axis "
              + axis
              + " of dims "
              + Arrays.toString(dims)
              + "; it must run over the whole sample");
    }
    return g.add(n.name(), new Softmax(log), x);
  }
}
