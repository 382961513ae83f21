package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Network.Node;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.Affine;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Concat;
import dev.blindspot.nn.layers.ContrastNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.layers.Reshape;
import java.util.List;

/** Error rules of the layers. */
final class ErrorRules {
  private ErrorRules() {}

  /** The rule of a node's layer, or null if there is none. */
  static ErrorRule of(Network network, Node node, Parameters parameters) {
    Layer layer = node.layer();
    Shape in = node.inputShapes().get(0);
    if (layer instanceof Conv2d conv) {
      return conv(node, conv, parameters);
    } else if (layer instanceof Linear linear) {
      return dense(node, linear, parameters);
    } else if (layer instanceof ActivationLayer a) {
      return (inputs, reach, lipschitz) -> activation(a, inputs.get(0), reach);
    } else if (layer instanceof Pool2d pool) {
      Pool2dDesc d = pool.desc(ElementType.F64, 1, in);
      return pool.pooling() == Pooling.MAX
          ? (inputs, reach, lipschitz) -> maxPool(d, inputs.get(0))
          : average(d);
    } else if (layer instanceof BatchNorm norm) {
      return batchNorm(node, norm, parameters, roundings(network, node.inputs().get(0)));
    } else if (layer instanceof Affine) {
      double[] scale = parameters.values(new Parameters.Key(node.name(), Affine.SCALE));
      double[] shift = parameters.values(new Parameters.Key(node.name(), Affine.SHIFT));
      return new ScaleErrors(scale, shift, new double[scale.length], 0);
    } else if (layer instanceof LocalResponseNorm norm) {
      return NormalisationErrors.of(norm, in);
    } else if (layer instanceof ContrastNorm norm) {
      return NormalisationErrors.of(norm);
    } else if (layer instanceof Add) {
      long before = Math.max(folded(network, node, 0), folded(network, node, 1));
      double unit = Rounding.gamma(2 + before, Rounding.U32);
      return (inputs, reach, lipschitz) -> add(inputs.get(0), inputs.get(1), unit);
    } else if (layer instanceof Concat) {
      return (inputs, reach, lipschitz) -> concat(inputs);
    } else if (layer instanceof IdentityShortcut s) {
      return (inputs, reach, lipschitz) -> shortcut(s, in, node.outputShape(), inputs.get(0));
    } else if (layer instanceof Flatten || layer instanceof Reshape || layer instanceof Dropout) {
      return (inputs, reach, lipschitz) -> copy(inputs.get(0));
    }
    return null;
  }

  private static ErrorRule conv(Node node, Conv2d conv, Parameters parameters) {
    double[] w = parameters.values(new Parameters.Key(node.name(), "w"));
    double[] b = conv.bias() ? parameters.values(new Parameters.Key(node.name(), "b")) : null;
    ConvGeometry g = ConvGeometry.of(conv.desc(ElementType.F64, 1, node.inputShapes().get(0)));
    ConvOperator map = new ConvOperator(g, w);
    ConvOperator absolute = new ConvOperator(g, absolute(w));
    long terms = (long) g.channelsPerGroup() * g.r() * g.s();
    RoundedSum plain = RoundedSum.plain(absolute, rowNorms(w, g.k()), terms);
    List<RoundedSum> ways =
        WinogradErrors.apply(g) ? List.of(plain, WinogradErrors.of(g, w)) : List.of(plain);
    return new LinearErrors(map, ways, b, map.schur());
  }

  private static ErrorRule dense(Node node, Linear linear, Parameters parameters) {
    double[] w = parameters.values(new Parameters.Key(node.name(), "w"));
    double[] b = linear.bias() ? parameters.values(new Parameters.Key(node.name(), "b")) : null;
    int cols = w.length / linear.k();
    DenseOperator absolute = new DenseOperator(absolute(w), linear.k(), cols);
    RoundedSum sum = RoundedSum.plain(absolute, rowNorms(w, linear.k()), cols);
    DenseOperator map = new DenseOperator(w, linear.k(), cols);
    return new LinearErrors(map, List.of(sum), b, Rounding.normUp(w));
  }

  private static ErrorRule average(Pool2dDesc d) {
    ConvGeometry g =
        new ConvGeometry(
            d.c(),
            d.h(),
            d.w(),
            d.c(),
            d.r(),
            d.s(),
            d.strideH(),
            d.strideW(),
            d.padTop(),
            d.padLeft(),
            d.p(),
            d.q(),
            1,
            1,
            d.c());
    double[] w = new double[g.weights()];
    java.util.Arrays.fill(w, 1.0 / (d.r() * d.s()));
    LinearMap map = new ConvOperator(g, w);
    if (d.pooling() == Pooling.AVERAGE_EXCLUDE_PAD
        && (d.padTop() | d.padLeft() | d.padBottom() | d.padRight()) != 0) {
      return null;
    }
    double norm = PoolBounds.of("pool", d).upper();
    RoundedSum sum = RoundedSum.plain(map, null, (long) d.r() * d.s() + 2);
    return new LinearErrors(map, List.of(sum), null, norm);
  }

  /**
   * gamma (x - mean) / sqrt(variance + epsilon) + beta with a rounding for each operation. A plan
   * may fold it into the weights before: each of them is then rounded once more, and the shift is a
   * term of their sum.
   *
   * @param before roundings of that sum
   */
  private static ErrorRule batchNorm(
      Node node, BatchNorm norm, Parameters parameters, long before) {
    double[] scale = ChannelScale.of(node.name(), norm, parameters);
    double[] mean = parameters.values(new Parameters.Key(node.name(), "mean"));
    double[] beta = parameters.values(new Parameters.Key(node.name(), "beta"));
    double[] part = new double[mean.length];
    double[] shift = new double[mean.length];
    for (int i = 0; i < mean.length; i++) {
      shift[i] = beta[i] - mean[i] * scale[i];
      part[i] = Math.abs(beta[i]) + Math.abs(mean[i] * scale[i]);
    }
    return new ScaleErrors(scale, shift, part, before);
  }

  /** Roundings of one output of a convolution or dense layer, else 0. */
  private static long roundings(Network network, String name) {
    if (name.equals(Network.INPUT)) {
      return 0;
    }
    Node node = network.node(name);
    Shape in = node.inputShapes().get(0);
    if (node.layer() instanceof Conv2d conv) {
      return in.dim(0) / conv.groups() * conv.r() * conv.s() + 2;
    }
    return node.layer() instanceof Linear ? in.size() + 2 : 0;
  }

  private static Signal activation(ActivationLayer a, Signal in, double reach) {
    int n = in.value().length;
    double[] value = new double[n];
    double[] magnitude = new double[n];
    double[] error = new double[n];
    double constant = LayerBounds.constant(a.activation(), a.slope());
    boolean table = a.activation() == Activation.SIGMOID || a.activation() == Activation.TANH;
    double fresh = table ? ErrorAnalysis.ACTIVATION : 0;
    double relative = a.activation() == Activation.LEAKY_RELU ? 2 * Rounding.U32 : 0;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      value[i] = Scalar.value(a.activation(), a.slope(), in.value()[i]);
      magnitude[i] = table ? 1 : constant * in.magnitude()[i];
      double own = fresh + relative * constant * (in.magnitude()[i] + in.error()[i]);
      double e = in.error()[i];
      double slope = table ? slope(a.activation(), in.value()[i], reach + 2 * e) : constant;
      error[i] = (slope * e + own) * ErrorAnalysis.WIDEN;
      squares += own * own;
    }
    double norm = (constant * in.errorNorm() + Math.sqrt(squares)) * ErrorAnalysis.WIDEN;
    return new Signal(value, magnitude, error, norm, Math.sqrt(squares) * ErrorAnalysis.WIDEN);
  }

  /**
   * Largest slope of a sigmoid or tanh within {@code width} of v: both the real value and the float
   * program's lie there. It falls with the distance from 0: 4 times, for tanh, e / (1 + e)^2 with e
   * = exp(-|t|), or exp(-2|t|).
   */
  private static double slope(Activation activation, double v, double width) {
    double t = Math.abs(v) - width * ErrorAnalysis.WIDEN;
    double nearest = t > 0 ? t : 0; // 0 if the width is not known
    boolean tanh = activation == Activation.TANH;
    double e = StrictMath.exp(tanh ? -2 * nearest : -nearest);
    return (tanh ? 4 : 1) * e / ((1 + e) * (1 + e)) * ErrorAnalysis.WIDEN;
  }

  private static Signal maxPool(Pool2dDesc d, Signal in) {
    double[] error = maxima(d, in.error());
    double norm = PoolBounds.of("pool", d).upper() * in.errorNorm() * ErrorAnalysis.WIDEN;
    return new Signal(maxima(d, in.value()), maxima(d, in.magnitude()), error, norm, 0);
  }

  private static double[] maxima(Pool2dDesc d, double[] x) {
    double[] y = new double[d.c() * d.p() * d.q()];
    for (int at = 0; at < y.length; at++) {
      int c = at / (d.p() * d.q());
      int top = at / d.q() % d.p() * d.strideH() - d.padTop();
      int left = at % d.q() * d.strideW() - d.padLeft();
      double max = Double.NEGATIVE_INFINITY;
      for (int i = Math.max(0, top); i < Math.min(d.h(), top + d.r()); i++) {
        for (int j = Math.max(0, left); j < Math.min(d.w(), left + d.s()); j++) {
          max = Math.max(max, x[(c * d.h() + i) * d.w() + j]);
        }
      }
      y[at] = max;
    }
    return y;
  }

  /** Roundings of a sum, perhaps with a batch norm in its weights, that a residual may join. */
  private static long folded(Network network, Node sum, int input) {
    String name = sum.inputs().get(input);
    boolean norm = !name.equals(Network.INPUT) && network.node(name).layer() instanceof BatchNorm;
    return roundings(network, norm ? network.node(name).inputs().get(0) : name);
  }

  /**
   * @param unit relative error of a term
   */
  private static Signal add(Signal a, Signal b, double unit) {
    int n = a.value().length;
    double[] value = new double[n];
    double[] magnitude = new double[n];
    double[] error = new double[n];
    double squares = 0;
    for (int i = 0; i < n; i++) {
      value[i] = a.value()[i] + b.value()[i];
      magnitude[i] = (a.magnitude()[i] + b.magnitude()[i]) * ErrorAnalysis.WIDEN;
      double passed = a.error()[i] + b.error()[i];
      double own = unit * (magnitude[i] + passed);
      error[i] = (passed + own) * ErrorAnalysis.WIDEN;
      squares += own * own;
    }
    double norm = (a.errorNorm() + b.errorNorm() + Math.sqrt(squares)) * ErrorAnalysis.WIDEN;
    return new Signal(value, magnitude, error, norm, Math.sqrt(squares) * ErrorAnalysis.WIDEN);
  }

  private static Signal concat(List<Signal> inputs) {
    int n = inputs.stream().mapToInt(s -> s.value().length).sum();
    double[] value = new double[n];
    double[] magnitude = new double[n];
    double[] error = new double[n];
    int at = 0;
    double norm = 0;
    for (Signal s : inputs) {
      int length = s.value().length;
      System.arraycopy(s.value(), 0, value, at, length);
      System.arraycopy(s.magnitude(), 0, magnitude, at, length);
      System.arraycopy(s.error(), 0, error, at, length);
      at += length;
      norm += s.errorNorm();
    }
    return new Signal(value, magnitude, error, norm * ErrorAnalysis.WIDEN, 0);
  }

  private static Signal shortcut(IdentityShortcut s, Shape in, Shape out, Signal x) {
    return new Signal(
        subsample(s, in, out, x.value()),
        subsample(s, in, out, x.magnitude()),
        subsample(s, in, out, x.error()),
        x.errorNorm(),
        0);
  }

  private static double[] subsample(IdentityShortcut s, Shape in, Shape out, double[] x) {
    double[] y = new double[Math.toIntExact(out.size())];
    int h = (int) in.dim(1);
    int w = (int) in.dim(2);
    int p = (int) out.dim(1);
    int q = (int) out.dim(2);
    for (int at = 0; at < in.dim(0) * p * q; at++) {
      int row = at / q % p * s.stride();
      y[at] = x[(at / (p * q) * h + row) * w + at % q * s.stride()];
    }
    return y;
  }

  private static Signal copy(Signal s) {
    return new Signal(
        s.value().clone(), s.magnitude().clone(), s.error().clone(), s.errorNorm(), 0);
  }

  static double[] rowNorms(double[] w, int rows) {
    double[] norms = new double[rows];
    int cols = w.length / rows;
    for (int i = 0; i < rows; i++) {
      norms[i] = Rounding.normUp(w, i * cols, (i + 1) * cols);
    }
    return norms;
  }

  private static double[] absolute(double[] w) {
    double[] a = new double[w.length];
    for (int i = 0; i < w.length; i++) {
      a[i] = Math.abs(w[i]);
    }
    return a;
  }
}
