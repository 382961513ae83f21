package dev.blindspot.nn.onnx;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.Dropout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** Operators on each element: arithmetic, activations, dropout. */
final class ArithmeticOperators {
  /** A small file must not make large constants. */
  private static final long MAX_SPREAD = 1 << 22;

  private ArithmeticOperators() {}

  static void register(Map<String, Operators.Reader> m) {
    for (String op : new String[] {"Add", "Sub", "Mul", "Div"}) {
      m.put(op, ArithmeticOperators::arithmetic);
    }
    m.put("Sum", ArithmeticOperators::sum);
    m.put("Neg", ArithmeticOperators::negation);
    m.put("Relu", (g, n) -> g.add(n.name(), ActivationLayer.relu(), g.data(n, 0)));
    m.put("Sigmoid", (g, n) -> g.add(n.name(), ActivationLayer.sigmoid(), g.data(n, 0)));
    m.put("Tanh", (g, n) -> g.add(n.name(), ActivationLayer.tanh(), g.data(n, 0)));
    m.put(
        "LeakyRelu",
        (g, n) ->
            g.add(
                n.name(),
                new ActivationLayer(Activation.LEAKY_RELU, n.number("alpha", 0.01)),
                g.data(n, 0)));
    m.put("Dropout", ArithmeticOperators::dropout);
  }

  private static Value arithmetic(GraphReader g, NodeReader n) {
    boolean left = g.value(n, 0) instanceof Constant;
    boolean right = g.value(n, 1) instanceof Constant;
    if (left && right) {
      throw n.unsupported("both inputs are constant");
    }
    if (!left && !right) {
      return twoInputs(g, n);
    }
    Value v = g.value(n, left ? 1 : 0);
    Shape sample = v instanceof Pending p ? p.sample() : ((Data) v).sample();
    Constant c = g.weights(n, left ? 0 : 1);
    double[] k = broadcast(g, n, c, sample);
    if (n.operator().equals("Add") && v instanceof PendingBias p && k.length <= sample.dim(0)) {
      double[] bias = new double[Math.toIntExact(sample.dim(0))];
      Arrays.setAll(bias, i -> k[k.length == 1 ? 0 : i]);
      return p.maker().apply(bias);
    }
    double[] one = {1};
    double[] zero = {0};
    PendingAffine x =
        v instanceof PendingAffine p
            ? p
            : new PendingAffine(g, n.name(), g.data(n, left ? 1 : 0), one, zero);
    return switch (n.operator()) {
      case "Add" -> x.then(n.name(), one, k);
      case "Sub" ->
          left ? x.then(n.name(), new double[] {-1}, k) : x.then(n.name(), one, negate(k));
      case "Mul" -> x.then(n.name(), k, zero);
      default -> {
        if (left) {
          throw n.unsupported("a constant divided by data");
        }
        yield x.then(n.name(), reciprocal(n, k), zero);
      }
    };
  }

  private static Value twoInputs(GraphReader g, NodeReader n) {
    Data a = g.data(n, 0);
    Data b = g.data(n, 1);
    if (!n.operator().equals("Add")) {
      throw n.unsupported("both inputs are data; only Add may have two, others need a constant");
    }
    if (!a.sample().equals(b.sample())) {
      throw n.unsupported("broadcast of " + a.sample() + " and " + b.sample());
    }
    return g.add(n.name(), new Add(), a, b);
  }

  /** Any number of inputs, each data or constant. */
  private static Value sum(GraphReader g, NodeReader n) {
    List<Data> data = new ArrayList<>();
    List<Constant> constants = new ArrayList<>();
    for (int i = 0; i < n.inputs(); i++) {
      if (g.value(n, i) instanceof Constant) {
        constants.add(g.weights(n, i));
      } else {
        data.add(g.data(n, i));
      }
    }
    if (data.isEmpty()) {
      throw n.unsupported("all inputs are constant");
    }
    Data sum = data.get(0);
    for (int i = 1; i < data.size(); i++) {
      if (!data.get(i).sample().equals(sum.sample())) {
        throw n.unsupported("broadcast of " + sum.sample() + " and " + data.get(i).sample());
      }
      boolean last = i == data.size() - 1 && constants.isEmpty();
      sum = g.add(last ? n.name() : n.name() + "." + i, new Add(), sum, data.get(i));
    }
    if (constants.isEmpty()) {
      return sum;
    }
    double[] one = {1};
    PendingAffine x = new PendingAffine(g, n.name(), sum, one, new double[] {0});
    for (Constant c : constants) {
      x = x.then(n.name(), one, broadcast(g, n, c, sum.sample()));
    }
    return x;
  }

  private static Value negation(GraphReader g, NodeReader n) {
    double[] zero = {0};
    return new PendingAffine(g, n.name(), g.data(n, 0), new double[] {1}, zero)
        .then(n.name(), new double[] {-1}, zero);
  }

  private static double[] negate(double[] v) {
    return Arrays.stream(v).map(d -> -d).toArray();
  }

  private static double[] reciprocal(NodeReader n, double[] v) {
    double[] r = new double[v.length];
    for (int i = 0; i < v.length; i++) {
      r[i] = 1 / v[i];
      if (!Double.isFinite(r[i])) {
        throw new InvalidInputException(
            n.where()
                + ": input 1 '"
                + n.input(1)
                + "': element "
                + i
                + " is "
                + v[i]
                + ": division gives no finite number");
      }
    }
    return r;
  }

  /**
   * A constant as one number, one for each channel, or one for each element of a sample, by ONNX's
   * multidirectional broadcasting.
   */
  static double[] broadcast(GraphReader g, NodeReader n, Constant c, Shape sample) {
    int rank = sample.rank();
    long[] k = c.dims();
    int extra = k.length - rank;
    if (g.batched() && extra == 1 && k[0] != 1) {
      throw n.mixesSamples("a constant " + Arrays.toString(k) + " differs between samples");
    }
    if (extra > (g.batched() ? 1 : 0)) {
      throw n.unsupported("a constant " + Arrays.toString(k) + " enlarges data " + sample);
    }
    long[] dims = new long[rank];
    Arrays.fill(dims, 1);
    for (int i = Math.max(0, extra); i < k.length; i++) {
      dims[i - extra] = k[i];
    }
    boolean scalar = true;
    boolean channel = true;
    for (int i = 0; i < rank; i++) {
      if (dims[i] != 1 && dims[i] != sample.dim(i)) {
        throw n.unsupported(
            "a constant " + Arrays.toString(k) + " does not broadcast to data " + sample);
      }
      scalar &= dims[i] == 1;
      channel &= i == 0 || dims[i] == 1;
    }
    long spread = channel ? sample.dim(0) : sample.size();
    if (spread > c.size() && spread > MAX_SPREAD) {
      throw n.unsupported(
          "a constant "
              + Arrays.toString(k)
              + " would be spread over "
              + spread
              + " elements; "
              + MAX_SPREAD
              + " are supported");
    }
    double[] v = c.doubles();
    return scalar || channel ? v : expand(v, dims, sample);
  }

  private static double[] expand(double[] v, long[] dims, Shape sample) {
    double[] out = new double[Math.toIntExact(sample.size())];
    for (int i = 0; i < out.length; i++) {
      long rest = i;
      long from = 0;
      long stride = 1;
      for (int d = dims.length - 1; d >= 0; d--) {
        long at = rest % sample.dim(d);
        rest /= sample.dim(d);
        from += dims[d] == 1 ? 0 : at * stride;
        stride *= dims[d];
      }
      out[i] = v[(int) from];
    }
    return out;
  }

  private static Value dropout(GraphReader g, NodeReader n) {
    n.ignore("seed");
    double rate = n.opset() < 12 ? n.number("ratio", 0.5) : 0.5;
    if (n.opset() >= 12) {
      Constant ratio = g.optional(n, 1);
      rate = ratio == null ? 0.5 : ratio.scalar();
      Constant training = g.optional(n, 2);
      if (training != null && training.scalar() != 0 && rate != 0) {
        throw n.unsupported("training_mode is true: the model would answer at random");
      }
    }
    if (!(rate >= 0 && rate < 1)) {
      throw n.invalid("ratio " + rate + " is not within [0,1)");
    }
    return g.add(n.name(), new Dropout(rate), g.data(n, 0));
  }
}
