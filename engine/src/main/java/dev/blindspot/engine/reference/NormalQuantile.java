package dev.blindspot.engine.reference;

/**
 * Inverse of the normal distribution function: Wichura, Algorithm AS 241 (PPND16), Applied
 * Statistics 37 (1988), relative error about 1e-16. Only + - * / and square root of doubles in a
 * fixed order, with a logarithm of its own, so that the native version gives the same bits.
 */
final class NormalQuantile {
  // Coefficients from the highest power down: numerator and denominator of the three regions.
  private static final double[] CENTRE = {
    2509.0809287301227,
    33430.57558358813,
    67265.7709270087,
    45921.95393154987,
    13731.69376550946,
    1971.5909503065513,
    133.14166789178438,
    3.3871328727963665
  };
  private static final double[] CENTRE_BELOW = {
    5226.495278852854,
    28729.085735721943,
    39307.89580009271,
    21213.794301586597,
    5394.196021424751,
    687.1870074920579,
    42.31333070160091,
    1.0
  };
  private static final double[] SHOULDER = {
    0.0007745450142783414,
    0.022723844989269184,
    0.2417807251774506,
    1.2704582524523684,
    3.6478483247632045,
    5.769497221460691,
    4.630337846156546,
    1.4234371107496835
  };
  private static final double[] SHOULDER_BELOW = {
    1.0507500716444169e-09,
    0.0005475938084995345,
    0.015198666563616457,
    0.14810397642748008,
    0.6897673349851,
    1.6763848301838038,
    2.053191626637759,
    1.0
  };
  private static final double[] TAIL = {
    2.0103343992922881e-07,
    2.7115555687434876e-05,
    0.0012426609473880784,
    0.026532189526576124,
    0.29656057182850487,
    1.7848265399172913,
    5.463784911164114,
    6.657904643501103
  };
  private static final double[] TAIL_BELOW = {
    2.0442631033899397e-15,
    1.421511758316446e-07,
    1.8463183175100548e-05,
    0.0007868691311456133,
    0.014875361290850615,
    0.1369298809227358,
    0.599832206555888,
    1.0
  };

  private NormalQuantile() {}

  /** The quantile of a probability, 0 < p < 1. */
  static double of(double p) {
    double q = p - 0.5;
    if (Math.abs(q) <= 0.425) {
      double r = 0.180625 - q * q;
      return q * polynomial(CENTRE, r) / polynomial(CENTRE_BELOW, r);
    }
    double r = Math.sqrt(-log(q < 0 ? p : 1 - p));
    double z =
        r <= 5
            ? polynomial(SHOULDER, r - 1.6) / polynomial(SHOULDER_BELOW, r - 1.6)
            : polynomial(TAIL, r - 5) / polynomial(TAIL_BELOW, r - 5);
    return q < 0 ? -z : z;
  }

  /**
   * Natural logarithm of a positive normal number: x = 2^e m with m in [1/sqrt(2), sqrt(2)), log m
   * = 2 artanh(f), f = (m - 1) / (m + 1), by its series to f^21 (|f| < 0.172: truncation 1e-18).
   */
  static double log(double x) {
    long bits = Double.doubleToRawLongBits(x);
    long e = (bits >>> 52) - 1023;
    double m = Double.longBitsToDouble((bits & 0xFFFFFFFFFFFFFL) | 0x3FF0000000000000L);
    if (m >= 1.4142135623730951) {
      m = m * 0.5;
      e = e + 1;
    }
    double f = (m - 1) / (m + 1);
    double s = f * f;
    double series = 1.0 / 21;
    for (int k = 19; k >= 3; k -= 2) {
      series = series * s + 1.0 / k;
    }
    double logM = 2 * f + 2 * f * (s * series);
    return e * 0.6931471805599453 + logM;
  }

  private static double polynomial(double[] coefficients, double r) {
    double value = coefficients[0];
    for (int k = 1; k < coefficients.length; k++) {
      value = value * r + coefficients[k];
    }
    return value;
  }
}
