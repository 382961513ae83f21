package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.primitives.Activation;

/**
 * Two lines around an activation function for each unit of a layer, on the unit's interval of
 * inputs: lowerSlope x + lowerIntercept &lt;= f(x) &lt;= upperSlope x + upperIntercept (Zhang et
 * al. 2018, "Efficient Neural Network Robustness Certification with General Activation Functions").
 *
 * <p>A slope may be any number: the intercept is then the extremum of f(x) - slope x, found at the
 * interval's ends and at the points of equal slope, and widened by more than the rounding error of
 * evaluating it. So the lines hold whatever the rounding of the slope.
 */
final class Relaxation {
  /** Part of the magnitudes involved by which intercepts are widened: 2^10 units roundoff. */
  private static final double MARGIN = 0x1p-43;

  final double[] lowerSlope;
  final double[] lowerIntercept;
  final double[] upperSlope;
  final double[] upperIntercept;
  private final Activation activation;
  private final double leak;

  /**
   * @param activation null for the identity
   * @param leak slope of a leaky ReLU
   * @param lower bounds of the inputs
   * @param upper bounds of the inputs
   */
  Relaxation(Activation activation, double leak, double[] lower, double[] upper) {
    int n = lower.length;
    this.activation = activation;
    this.leak = activation == Activation.LEAKY_RELU ? leak : 0;
    lowerSlope = new double[n];
    lowerIntercept = new double[n];
    upperSlope = new double[n];
    upperIntercept = new double[n];
    for (int i = 0; i < n; i++) {
      if (activation == null) {
        lowerSlope[i] = 1;
        upperSlope[i] = 1;
      } else if (activation == Activation.SIGMOID || activation == Activation.TANH) {
        smooth(i, lower[i], upper[i]);
      } else {
        kinked(i, lower[i], upper[i]);
      }
    }
  }

  private void kinked(int i, double l, double u) {
    if (l >= 0) {
      lowerSlope[i] = 1;
      upperSlope[i] = 1;
    } else if (u <= 0) {
      lowerSlope[i] = leak;
      upperSlope[i] = leak;
    } else {
      double chord = (u - leak * l) / (u - l);
      boolean convex = leak <= 1;
      double tangent = u > -l ? 1 : leak;
      lowerSlope[i] = convex ? tangent : chord;
      upperSlope[i] = convex ? chord : tangent;
    }
    lowerIntercept[i] = kinkedExtremum(lowerSlope[i], l, u, -1);
    upperIntercept[i] = kinkedExtremum(upperSlope[i], l, u, 1);
  }

  /** Largest (sign 1) or smallest (sign -1) f(x) - slope x on [l,u], widened. */
  private double kinkedExtremum(double slope, double l, double u, int sign) {
    double best = sign * (value(l) - slope * l);
    best = Math.max(best, sign * (value(u) - slope * u));
    if (l < 0 && u > 0) {
      best = Math.max(best, 0);
    }
    boolean exact = best == 0 && (slope == 1 || slope == leak);
    double size = (1 + Math.abs(slope) + Math.abs(leak)) * Math.max(Math.abs(l), Math.abs(u));
    return exact ? 0 : sign * (best + MARGIN * size);
  }

  private double value(double x) {
    return Scalar.value(activation, leak, x);
  }

  /**
   * Sigmoid and tanh: convex below 0, concave above. A bound on the convex side below, or the
   * concave side above, is a tangent at the middle; the other one is the chord; in between it is
   * the tangent through the far end, if that touches within the interval, else the chord.
   */
  private void smooth(int i, double l, double u) {
    double width = u - l;
    double middle = l / 2 + u / 2;
    double chord = width > 1e-9 ? (value(u) - value(l)) / width : derivative(middle);
    double lo;
    double up;
    if (u <= 0) {
      lo = derivative(middle);
      up = chord;
    } else if (l >= 0) {
      lo = chord;
      up = derivative(middle);
    } else {
      lo = tangentThrough(u, l, chord);
      up = tangentThrough(-l, -u, chord);
    }
    lowerSlope[i] = Math.max(0, lo);
    upperSlope[i] = Math.max(0, up);
    lowerIntercept[i] = smoothExtremum(lowerSlope[i], l, u, -1);
    upperIntercept[i] = smoothExtremum(upperSlope[i], l, u, 1);
  }

  /**
   * Slope of the line through (far, f(far)), far &gt; 0, that touches f in [end, 0], or the chord.
   * By point symmetry it serves both sides. Bisection; any result would be sound.
   */
  private double tangentThrough(double far, double end, double chord) {
    double f = value(far);
    if (value(end) + derivative(end) * (far - end) > f) {
      return chord;
    }
    double a = end;
    double b = 0;
    for (int step = 0; step < 16; step++) {
      double c = (a + b) / 2;
      if (value(c) + derivative(c) * (far - c) <= f) {
        a = c;
      } else {
        b = c;
      }
    }
    return derivative(a);
  }

  private double derivative(double x) {
    double y = value(x);
    return activation == Activation.SIGMOID ? y * (1 - y) : 1 - y * y;
  }

  /** Largest (sign 1) or smallest (sign -1) f(x) - slope x on [l,u], widened. */
  private double smoothExtremum(double slope, double l, double u, int sign) {
    double best = sign * (value(l) - slope * l);
    best = Math.max(best, sign * (value(u) - slope * u));
    double steepest = activation == Activation.SIGMOID ? 0.25 : 1;
    if (slope > 0 && slope <= steepest) {
      double x = sign * stationary(slope);
      x = Math.max(l, Math.min(u, x));
      best = Math.max(best, sign * (value(x) - slope * x));
    }
    double size = 1 + slope * Math.max(Math.abs(l), Math.abs(u));
    return sign * (best + MARGIN * size);
  }

  /**
   * The x &gt;= 0 where f has this slope: logit((1+q)/2), q = sqrt(1 - 4 slope) for the sigmoid.
   */
  private double stationary(double slope) {
    double relative = activation == Activation.SIGMOID ? 4 * slope : slope;
    double q = Math.sqrt(Math.max(0, 1 - relative));
    double large = (1 + q) / 2;
    double logit = StrictMath.log(4 * large * large / relative);
    return activation == Activation.SIGMOID ? logit : logit / 2;
  }
}
