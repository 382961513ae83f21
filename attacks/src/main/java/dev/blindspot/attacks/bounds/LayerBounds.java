package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network.Node;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Affine;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.ContrastNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.layers.Reshape;
import dev.blindspot.nn.layers.Softmax;

/** Lipschitz constants of single layers with one input, in inference. */
final class LayerBounds {
  private LayerBounds() {}

  static LayerBound of(Node node, Parameters parameters, BoundsOptions options) {
    String name = node.name();
    Layer layer = node.layer();
    Shape in = node.inputShapes().get(0);
    if (layer instanceof Conv2d || layer instanceof Linear) {
      return linear(node, null, parameters, options);
    } else if (layer instanceof ActivationLayer a) {
      return activation(name, a);
    } else if (layer instanceof Pool2d pool) {
      return PoolBounds.of(name, pool.desc(ElementType.F64, 1, in));
    } else if (layer instanceof BatchNorm norm) {
      double[] scale = ChannelScale.of(node.name(), norm, parameters);
      return diagonal(name, layer.kind(), scale, 8 * Rounding.U);
    } else if (layer instanceof Affine) {
      double[] scale = parameters.values(new Parameters.Key(name, Affine.SCALE));
      return diagonal(name, layer.kind(), scale, 0);
    } else if (layer instanceof LocalResponseNorm norm) {
      return localResponseNorm(name, norm, in);
    } else if (layer instanceof ContrastNorm norm) {
      return contrastNorm(name, norm);
    } else if (layer instanceof Softmax softmax) {
      return softmax(name, softmax, in);
    } else if (layer instanceof BoundedLayer own) {
      double upper =
          own.lipschitz(node.inputShapes(), p -> parameters.values(new Parameters.Key(name, p)));
      return upper >= 0
          ? new LayerBound(name, layer.kind(), 0, upper, "stated by the layer")
          : LayerBound.notCertified(name, layer.kind(), "the layer states " + upper);
    } else if (isIdentity(layer)) {
      return LayerBound.exact(name, layer.kind(), 1, "isometry");
    }
    return LayerBound.notCertified(name, layer.kind(), "no bound known for this kind");
  }

  static boolean isIdentity(Layer layer) {
    return layer instanceof Flatten
        || layer instanceof Reshape
        || layer instanceof Dropout
        || layer instanceof IdentityShortcut;
  }

  /**
   * A convolution or dense layer, with the batch norm behind it folded into its output channels.
   *
   * @param norm the batch norm's node, or null
   */
  static LayerBound linear(Node node, Node norm, Parameters parameters, BoundsOptions options) {
    double[] w = parameters.values(new Parameters.Key(node.name(), "w"));
    String name = norm == null ? node.name() : node.name() + "+" + norm.name();
    String kind = norm == null ? node.layer().kind() : node.layer().kind() + "+BatchNorm";
    if (norm != null) {
      double[] scale = ChannelScale.of(norm.name(), (BatchNorm) norm.layer(), parameters);
      int row = w.length / scale.length;
      for (int i = 0; i < w.length; i++) {
        w[i] *= scale[i / row];
      }
    }
    Shape in = node.inputShapes().get(0);
    LayerBound b;
    LinearOperator operator;
    if (node.layer() instanceof Conv2d conv) {
      ConvGeometry g = ConvGeometry.of(conv.desc(ElementType.F64, 1, in));
      b = ConvBounds.of(name, kind, g, w, options);
      operator = new ConvOperator(g, w);
    } else {
      int rows = Math.toIntExact(node.outputShape().size());
      b = DenseBounds.of(name, kind, w, rows, Math.toIntExact(in.size()), options);
      operator = new DenseOperator(w, rows, w.length / rows);
    }
    return norm == null || !b.certified() ? b : widened(b, operator);
  }

  /** Folding rounds each weight by less than 12 u; gamma_n (n > 1) covers it many times over. */
  private static LayerBound widened(LayerBound b, LinearOperator operator) {
    double error = 12 * operator.applyError();
    double lower = Math.max(0, Rounding.subDown(b.lower(), error));
    return new LayerBound(b.name(), b.kind(), lower, Rounding.addUp(b.upper(), error), b.method());
  }

  private static LayerBound activation(String name, ActivationLayer a) {
    double constant = constant(a.activation(), a.slope());
    return constant < Double.POSITIVE_INFINITY
        ? LayerBound.exact(name, a.kind(), constant, "largest derivative")
        : LayerBound.notCertified(name, a.kind(), "slope " + a.slope());
  }

  /** Largest derivative of an activation. */
  static double constant(Activation activation, double slope) {
    return switch (activation) {
      case RELU, TANH -> 1;
      case SIGMOID -> 0.25;
      case LEAKY_RELU ->
          Double.isFinite(slope) ? Math.max(1, Math.abs(slope)) : Double.POSITIVE_INFINITY;
    };
  }

  private static LayerBound diagonal(String name, String kind, double[] scale, double error) {
    double max = Rounding.maxAbs(scale);
    if (!Double.isFinite(max)) {
      return LayerBound.notCertified(name, kind, "scales are not finite");
    }
    double upper = error == 0 ? max : Rounding.mulUp(max, 1 + 2 * error);
    double lower = error == 0 ? max : Rounding.mulDown(max, 1 - 2 * error);
    return new LayerBound(name, kind, lower, upper, "largest scale");
  }

  /**
   * k^-beta sqrt((1 + beta sqrt(m-1)) (1 + beta (m-1))), m the window and beta at most 1, from row
   * and column sums of the Jacobian; for larger beta each off-diagonal part scales with it alike.
   * The Jacobian at 0 is k^-beta times the identity.
   */
  private static LayerBound localResponseNorm(String name, LocalResponseNorm norm, Shape in) {
    double at0 = StrictMath.pow(norm.bias(), -norm.beta());
    if (norm.alpha() == 0 || norm.beta() == 0) {
      return new LayerBound(
          name, norm.kind(), at0 * (1 - 0x1p-50), at0 * (1 + 0x1p-50), "constant scale");
    }
    if (norm.beta() > 1) {
      return LayerBound.notCertified(name, norm.kind(), "no bound known for beta over 1");
    }
    double others = Math.min(norm.size(), in.dim(0)) - 1;
    double rows = 1 + norm.beta() * Math.sqrt(others);
    double columns = 1 + norm.beta() * others;
    double upper = at0 * Math.sqrt(rows * columns) * (1 + 0x1p-48);
    return new LayerBound(
        name, norm.kind(), at0 * (1 - 0x1p-50), upper, "row and column sums of the Jacobian");
  }

  /**
   * epsilon^-gamma, the derivative at 0 ("Intriguing properties of neural networks", section 4.3).
   * The Jacobian's radial eigenvalue is epsilon^-gamma (1-t)^gamma (1 - 2 gamma t) with 0 &lt;= t
   * &lt; 1; below zero its absolute value is at most epsilon^-gamma (2y-1) exp(-y), y = gamma t,
   * under half of epsilon^-gamma; the other eigenvalues are epsilon^-gamma (1-t)^gamma.
   */
  private static LayerBound contrastNorm(String name, ContrastNorm norm) {
    double at0 = StrictMath.pow(norm.epsilon(), -norm.gamma());
    double upper = at0 * (1 + 0x1p-49);
    if (!Double.isFinite(upper)) {
      return LayerBound.notCertified(name, norm.kind(), "epsilon^-gamma overflows");
    }
    return new LayerBound(name, norm.kind(), at0 * (1 - 0x1p-50), upper, "derivative at zero");
  }

  /** Softmax 1/2, attained at two classes of probability 1/2; log-softmax sqrt(classes). */
  private static LayerBound softmax(String name, Softmax softmax, Shape in) {
    long classes = in.size();
    if (!softmax.log()) {
      double half = classes > 1 ? 0.5 : 0;
      return LayerBound.exact(name, softmax.kind(), half, "largest Jacobian norm");
    }
    double root = classes > 1 ? Math.sqrt(classes) : 0;
    return new LayerBound(
        name, softmax.kind(), root * (1 - 0x1p-50), root * (1 + 0x1p-50), "oblique projection");
  }
}
