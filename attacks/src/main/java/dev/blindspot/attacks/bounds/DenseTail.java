package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.primitives.Activation;
import java.util.ArrayList;
import java.util.List;

/**
 * The dense layers at the end of a network, bounded over a Euclidean ball of their input by linear
 * relaxation (CROWN): the intervals of each layer's inputs, then the margins between logits, are
 * bounded by going back through the layers with two lines for each activation, and at the first
 * layer by the dual norm.
 *
 * <p>Double arithmetic throughout. Rounding errors are bounded for each row by gamma_N times the
 * sum of the magnitudes of all its terms.
 */
final class DenseTail {

  /**
   * A dense layer and the activation behind it.
   *
   * @param w [rows,cols]
   * @param activation null for the identity
   */
  record Layer(double[] w, double[] b, int rows, int cols, Activation activation, double slope) {}

  private final List<Layer> layers;
  private final double[] gram;
  private final double[] firstRowNorms;
  private final double gamma;
  private final double normGamma;

  /** What is known of one hidden layer over the ball. */
  private record Hidden(Relaxation lines, double[] magnitude, double[] outputs) {}

  /**
   * @param layers at least two; the last one gives the logits
   */
  DenseTail(List<Layer> layers) {
    this.layers = layers;
    Layer first = layers.get(0);
    Planes rows =
        Planes.real(
            Planes.transpose(first.w(), first.rows(), first.cols()), first.cols(), first.rows());
    gram = rows.gram().re();
    firstRowNorms = new double[first.rows()];
    int terms = 64;
    for (Layer l : layers) {
      terms += 2 * l.rows() + l.cols();
    }
    gamma = Rounding.gamma(4L * terms);
    normGamma = Rounding.gamma(first.cols() + 4L * first.rows() + 16);
    for (int i = 0; i < first.rows(); i++) {
      int at = i * first.cols();
      firstRowNorms[i] = Rounding.normUp(first.w(), at, at + first.cols());
    }
  }

  /** Multiply-adds of one {@link #margins}. */
  static double cost(List<Layer> layers) {
    double cost = 0;
    for (int k = 1; k < layers.size(); k++) {
      double rows = 2.0 * layers.get(k).rows();
      for (int t = k - 1; t > 0; t--) {
        cost += rows * layers.get(t).rows() * layers.get(t).cols();
      }
      double n = layers.get(0).rows();
      cost += rows * n * n / 2;
    }
    return cost;
  }

  /** Multiply-adds of the constructor. */
  static double setupCost(List<Layer> layers) {
    Layer first = layers.get(0);
    return Planes.gramCost(first.cols(), first.rows(), false);
  }

  /**
   * Lower bounds of z_label - z_j over the ball, for every class j, by the real-valued network.
   *
   * @param centre the first layer's output at the ball's centre, before the activation
   * @param centreError bounds of its error
   * @param radius of the ball of inputs of the first layer
   * @return one for each class, the label's own being infinite; NaN where nothing is known
   */
  double[] margins(double[] centre, double[] centreError, double radius, int label) {
    List<Hidden> hidden = new ArrayList<>();
    int n = centre.length;
    double[] lower = new double[n];
    double[] upper = new double[n];
    for (int i = 0; i < n; i++) {
      double reach = Rounding.mulUp(radius, firstRowNorms[i]);
      double room = Rounding.addUp(reach, centreError[i]);
      lower[i] = Math.nextDown(centre[i] - room);
      upper[i] = Math.nextUp(centre[i] + room);
    }
    hidden.add(hidden(0, lower, upper, null));
    for (int k = 1; k < layers.size() - 1; k++) {
      Layer l = layers.get(k);
      double[] below = rows(l.w(), l.b(), l.rows(), hidden, centre, centreError, radius);
      double[] above =
          rows(negated(l.w()), negated(l.b()), l.rows(), hidden, centre, centreError, radius);
      hidden.add(hidden(k, below, negated(above), hidden.get(k - 1).outputs()));
    }
    return lastMargins(hidden, centre, centreError, radius, label);
  }

  private double[] lastMargins(
      List<Hidden> hidden, double[] centre, double[] error, double radius, int label) {
    Layer last = layers.get(layers.size() - 1);
    int cols = last.cols();
    double[] w = new double[last.w().length];
    double[] b = new double[last.rows()];
    for (int j = 0; j < last.rows(); j++) {
      for (int i = 0; i < cols; i++) {
        w[j * cols + i] = last.w()[label * cols + i] - last.w()[j * cols + i];
      }
      b[j] = last.b()[label] - last.b()[j];
    }
    double[] margins = rows(w, b, last.rows(), hidden, centre, error, radius);
    margins[label] = Double.POSITIVE_INFINITY;
    return margins;
  }

  /** Lines and magnitudes of layer k from the intervals of its activations' inputs. */
  private Hidden hidden(int k, double[] lower, double[] upper, double[] inputs) {
    Layer l = layers.get(k);
    Relaxation lines = new Relaxation(l.activation(), l.slope(), lower, upper);
    double[] magnitude = new double[l.rows()];
    double[] outputs = new double[l.rows()];
    for (int i = 0; i < l.rows(); i++) {
      double m = Math.max(Math.abs(lower[i]), Math.abs(upper[i]));
      outputs[i] = largestOutput(l, lower[i], upper[i]);
      if (inputs != null) {
        double sum = Math.abs(l.b()[i]);
        for (int j = 0; j < l.cols(); j++) {
          sum += Math.abs(l.w()[i * l.cols() + j]) * inputs[j];
        }
        m = Math.max(m, sum);
      }
      magnitude[i] = m;
    }
    return new Hidden(lines, magnitude, outputs);
  }

  private static double largestOutput(Layer l, double lower, double upper) {
    if (l.activation() == Activation.SIGMOID || l.activation() == Activation.TANH) {
      return 1;
    }
    return Math.max(1, Math.abs(l.slope())) * Math.max(Math.abs(lower), Math.abs(upper));
  }

  /**
   * Lower bounds of the rows a h + c over the ball, h being the outputs of the last hidden layer.
   */
  private double[] rows(
      double[] a,
      double[] c,
      int rows,
      List<Hidden> hidden,
      double[] centre,
      double[] centreError,
      double radius) {
    double[] result = new double[rows];
    int width = a.length / rows;
    for (int row = 0; row < rows; row++) {
      double[] from = java.util.Arrays.copyOfRange(a, row * width, (row + 1) * width);
      double constant = c[row];
      double size = Math.abs(constant);
      double[] outputs = hidden.get(hidden.size() - 1).outputs();
      for (int i = 0; i < width; i++) {
        size += Math.abs(from[i]) * outputs[i];
      }
      for (int t = hidden.size() - 1; t >= 0; t--) {
        Hidden h = hidden.get(t);
        Relaxation lines = h.lines();
        for (int i = 0; i < from.length; i++) {
          double f = from[i];
          boolean positive = f >= 0;
          double intercept = positive ? lines.lowerIntercept[i] : lines.upperIntercept[i];
          from[i] = f * (positive ? lines.lowerSlope[i] : lines.upperSlope[i]);
          constant += f * intercept;
          size += Math.abs(f * intercept) + Math.abs(from[i]) * h.magnitude()[i];
        }
        if (t > 0) {
          Layer l = layers.get(t);
          for (int i = 0; i < l.rows(); i++) {
            constant += from[i] * l.b()[i];
          }
          from = product(from, l);
        }
      }
      result[row] = concretise(from, constant, size, centre, centreError, radius);
    }
    return result;
  }

  private static double[] product(double[] from, Layer l) {
    double[] to = new double[l.cols()];
    for (int i = 0; i < l.rows(); i++) {
      double f = from[i];
      for (int j = 0; j < l.cols(); j++) {
        to[j] += f * l.w()[i * l.cols() + j];
      }
    }
    return to;
  }

  /**
   * from . z + constant at its smallest over the ball, z = W_1 x + b_1: at the centre, less the
   * radius times ||from W_1||, less the rounding errors.
   */
  private double concretise(
      double[] from,
      double constant,
      double size,
      double[] centre,
      double[] centreError,
      double radius) {
    double value = constant;
    double slack = 0;
    double spread = 0;
    for (int i = 0; i < from.length; i++) {
      value += from[i] * centre[i];
      double f = Math.abs(from[i]);
      slack += f * centreError[i];
      spread += f * firstRowNorms[i];
    }
    double reach = Rounding.mulUp(radius, normOfProduct(from, spread));
    double rounding = Rounding.mulUp(gamma, 4 * (size + Math.abs(value)));
    double error = Rounding.addUp(slack * ErrorAnalysis.WIDEN, rounding);
    return Rounding.subDown(value, Rounding.addUp(reach, error));
  }

  /**
   * ||from W_1|| from the Gram matrix of W_1's rows, whose rounding is at most normGamma (sum |f_i|
   * ||w_i||)^2.
   */
  private double normOfProduct(double[] from, double spread) {
    int n = from.length;
    double[] t = new double[n];
    double sum = 0;
    for (int i = 0; i < n; i++) {
      double f = from[i];
      int at = i * n;
      for (int j = 0; j < i; j++) {
        t[j] += f * gram[at + j];
      }
      sum += f * f * gram[at + i];
    }
    double cross = 0;
    for (int j = 0; j < n; j++) {
      cross += from[j] * t[j];
    }
    double square = Math.max(0, sum + 2 * cross);
    double wide = spread * ErrorAnalysis.WIDEN;
    return Rounding.sqrtUp(Rounding.addUp(square, 2 * normGamma * wide * wide));
  }

  private static double[] negated(double[] a) {
    double[] n = new double[a.length];
    for (int i = 0; i < n.length; i++) {
      n[i] = -a[i];
    }
    return n;
  }
}
