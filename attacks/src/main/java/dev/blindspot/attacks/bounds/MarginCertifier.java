package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Network.Node;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Linear;
import java.util.Arrays;
import java.util.List;

/**
 * Certifies for single samples the Euclidean radius within which the label cannot change. Two
 * methods, of which the larger radius counts:
 *
 * <ul>
 *   <li>the margin over the product bound: min_j (z_y - z_j) / (L ||w_y - w_j||), L the product of
 *       the layers in front of the last dense layer (Tsuzuku et al. 2018; Leino et al. 2021);
 *   <li>linear relaxation of the dense layers at the end of the network over the ball that the
 *       product bound of the layers in front of them allows; see {@link DenseTail}.
 * </ul>
 *
 * <p>The label is that of the logits: a final softmax is left out. For the float32 program the
 * margins are reduced by a bound of its rounding errors over the whole ball, which holds for strict
 * FP32 products summed in any order, and for convolutions by Winograd's F(2x2, 3x3), but not by
 * larger tiles or FFT algorithms. Immutable; may be shared by threads.
 */
public final class MarginCertifier {
  private static final int SEARCH_STEPS = 9;
  private static final int EXPANSIONS = 6;
  private static final double EXPANSION = 4;

  /** Largest work of one relaxation, in multiply-adds. */
  private static final double LOCAL_WORK = 2e8;

  private final Network network;
  private final BoundsOptions options;
  private final NetworkBounds.Analysis bounds;
  private final ErrorAnalysis analysis;
  private final int logits;
  private final double[] lastWeights;
  private final double before;
  private final TailFinder.Found tail;

  /** Reads the parameters once; later changes to them are not seen. */
  public MarginCertifier(Network network, Parameters parameters, BoundsOptions options) {
    this.network = network;
    this.options = options;
    bounds = NetworkBounds.analyse(network, parameters, options);
    logits = Logits.end(network);
    analysis = new ErrorAnalysis(network, parameters, bounds.constants(), logits);
    Node last = network.nodes().get(logits - 1);
    boolean dense = last.layer() instanceof Linear && analysis.obstacle() == null;
    lastWeights = dense ? parameters.values(new Parameters.Key(last.name(), "w")) : null;
    before = dense ? bounds.constants()[analysis.position(last.inputs().get(0))] : Double.NaN;
    tail =
        dense
            ? TailFinder.find(network, parameters, analysis, logits, LOCAL_WORK, 4 * options.work())
            : null;
  }

  /** The network's bound, made on the way. */
  public NetworkBound bound() {
    return bounds.bound();
  }

  /** What a certificate's radius says, for reports. */
  public String statement() {
    return "no input within the certified L2 distance of the sample, inside [0,1] or not, changes"
        + " the label (largest logit) given by the float32 program of "
        + network.name()
        + " (inference, strict FP32 products in any order of summation, convolutions also by"
        + " Winograd's F(2x2,3x3))";
  }

  /** What a certificate's real radius says, for reports. */
  public String realStatement() {
    return "no input within this L2 distance of the sample, inside [0,1] or not, changes the label"
        + " of the real-valued network "
        + network.name()
        + " (inference, exact arithmetic)";
  }

  /**
   * Certifies samples, on the threads of the options; their number does not change the result.
   *
   * @param xs [n,...] one sample after the other
   * @param labels [n]
   */
  public List<Certificate> certify(float[] xs, int[] labels) {
    int size = Math.toIntExact(network.inputShape().size());
    if (xs.length != (long) labels.length * size) {
      throw new InvalidInputException(
          "Certify: "
              + labels.length
              + " labels but "
              + xs.length
              + " values of "
              + size
              + " each");
    }
    Certificate[] certificates = new Certificate[labels.length];
    Workers.run(
        options.threads(),
        labels.length,
        () ->
            i ->
                certificates[i] =
                    certify(Arrays.copyOfRange(xs, i * size, (i + 1) * size), labels[i]));
    return List.of(certificates);
  }

  /** Certifies one sample. */
  public Certificate certify(float[] x, int label) {
    if (x.length != network.inputShape().size()) {
      throw new InvalidInputException(
          "Certify: a sample of " + x.length + " values for a network of " + network.inputShape());
    }
    long classes = network.nodes().get(logits - 1).outputShape().size();
    if (label < 0 || label >= classes) {
      throw new InvalidInputException("Certify: label " + label + " of " + classes + " classes");
    }
    if (analysis.obstacle() != null) {
      return Certificate.none(analysis.obstacle());
    }
    double[] sample = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      sample[i] = x[i];
    }
    Signal[] at = analysis.run(sample, 0);
    double[] margins = margins(at[logits], label, ErrorAnalysis.DOUBLE);
    if (!allPositive(margins)) {
      return Certificate.none("label " + label + " does not have the largest logit by a margin");
    }
    double[] slopes = slopes(label, margins.length);
    double product = quotient(margins, slopes, new double[margins.length], label);
    double real = tail == null ? product : Math.max(product, search(at, label, product));
    double[] errors = floatErrors(sample, real, label);
    double floatProduct = Math.min(real, quotient(margins, slopes, errors, label));
    double radius = floatProduct;
    if (real > product) {
      radius = Math.max(radius, shrink(at, label, floatProduct, real, errors));
    }
    if (!(radius > 0)) {
      return new Certificate(
          0, real, "none", "the margin is within the rounding error of the float32 program");
    }
    String method = radius > floatProduct ? "linear relaxation" : "margin over product bound";
    return new Certificate(radius, real, method, "");
  }

  /** z_label - z_j less the errors of both, rounded down; infinite for the label itself. */
  private static double[] margins(Signal z, int label, double unit) {
    double[] m = new double[z.value().length];
    for (int j = 0; j < m.length; j++) {
      double error = (z.error()[label] + z.error()[j]) * unit * ErrorAnalysis.WIDEN;
      m[j] =
          j == label
              ? Double.POSITIVE_INFINITY
              : Rounding.subDown(Rounding.subDown(z.value()[label], z.value()[j]), error);
    }
    return m;
  }

  /** True only if each is a positive number: false for NaN. */
  private static boolean allPositive(double[] margins) {
    for (double m : margins) {
      if (!(m > 0)) {
        return false;
      }
    }
    return true;
  }

  /** Upper bounds of the Lipschitz constants of z_label - z_j. */
  private double[] slopes(int label, int classes) {
    double[] slopes = new double[classes];
    for (int j = 0; j < classes; j++) {
      slopes[j] =
          lastWeights == null
              ? NetworkBounds.product(bounds.constants()[logits], Math.nextUp(Math.sqrt(2)))
              : NetworkBounds.product(before, rowDistance(label, j, lastWeights.length / classes));
    }
    return slopes;
  }

  private double rowDistance(int a, int b, int cols) {
    double[] difference = new double[cols];
    for (int i = 0; i < cols; i++) {
      difference[i] = lastWeights[a * cols + i] - lastWeights[b * cols + i];
    }
    return Rounding.mulUp(Rounding.normUp(difference), 1 + 0x1p-51);
  }

  /** For each class the errors of the two logits of the float program over a ball. */
  private double[] floatErrors(double[] sample, double radius, int label) {
    Signal z = analysis.run(sample, radius)[logits];
    double[] errors = new double[z.value().length];
    for (int j = 0; j < errors.length; j++) {
      errors[j] = (z.error()[label] + z.error()[j]) * ErrorAnalysis.WIDEN;
    }
    return errors;
  }

  /** min_j (margin_j - error_j) / slope_j, rounded down; 0 if that is not a positive number. */
  private static double quotient(double[] margins, double[] slopes, double[] errors, int label) {
    double min = Double.POSITIVE_INFINITY;
    for (int j = 0; j < margins.length; j++) {
      if (j != label) {
        double left = Rounding.subDown(margins[j], errors[j]);
        double r = left > 0 ? Rounding.divDown(left, slopes[j]) * (1 - 0x1p-50) : 0;
        min = Math.min(min, r);
      }
    }
    return min < Double.POSITIVE_INFINITY ? min : 0;
  }

  /**
   * The largest radius found at which every relaxed margin is positive. Each radius returned was
   * itself evaluated; the search only proposes.
   *
   * @param product radius that is certain already
   */
  private double search(Signal[] at, int label, double product) {
    double[] none = new double[at[logits].value().length];
    double lo = product;
    double hi = EXPANSION * product;
    for (int i = 0; i < EXPANSIONS && hi > 0; i++) {
      double atHi = slack(at, hi, label, none);
      if (!(atHi > 0)) {
        return narrow(lo, hi, atHi, r -> slack(at, r, label, none));
      }
      lo = hi;
      hi *= EXPANSION;
    }
    return lo;
  }

  /** The radius of the float program, a little below that of the real-valued network. */
  private double shrink(Signal[] at, int label, double lo, double real, double[] errors) {
    double atReal = slack(at, real, label, errors);
    return atReal > 0 ? real : narrow(lo, real, atReal, r -> slack(at, r, label, errors));
  }

  private interface Slack {
    double at(double radius);
  }

  /** Regula falsi with halving, kept inside the bracket; returns the lower end. */
  private static double narrow(double from, double to, double atTo, Slack slack) {
    double lo = from;
    double hi = to;
    double atLo = slack.at(lo);
    double atHi = atTo;
    if (!(atLo > 0)) {
      atLo = 0;
    }
    for (int i = 0; i < SEARCH_STEPS && hi - lo > 0.005 * hi; i++) {
      double part = atHi == atHi && atLo > 0 ? atLo / (atLo - atHi) : 0.5;
      double r = lo + (hi - lo) * Math.max(0.1, Math.min(0.9, 0.99 * part));
      double value = slack.at(r);
      if (value > 0) {
        lo = r;
        atLo = value;
        atHi /= 2;
      } else {
        hi = r;
        atHi = value;
        atLo /= 2;
      }
    }
    return lo;
  }

  /** Smallest relaxed margin less the float errors; NaN or negative where it does not hold. */
  private double slack(Signal[] at, double radius, int label, double[] floatErrors) {
    double[] centre = at[tail.first()].value();
    double[] error = new double[centre.length];
    for (int i = 0; i < error.length; i++) {
      error[i] = at[tail.first()].error()[i] * ErrorAnalysis.DOUBLE * ErrorAnalysis.WIDEN;
    }
    double reach = NetworkBounds.product(tail.before(), radius);
    double[] margins = tail.tail().margins(centre, error, reach, label);
    double min = Double.POSITIVE_INFINITY;
    for (int j = 0; j < margins.length; j++) {
      if (j != label) {
        min = Math.min(min, Rounding.subDown(margins[j], floatErrors[j]));
      }
    }
    return min;
  }
}
