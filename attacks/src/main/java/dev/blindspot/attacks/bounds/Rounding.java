package dev.blindspot.attacks.bounds;

/**
 * Double arithmetic rounded outwards: the functions called "up" never give less than the exact
 * result and those called "down" never more. Operands are not negative unless said.
 */
final class Rounding {
  /** Unit roundoff of double. */
  static final double U = 0x1p-53;

  /** Unit roundoff of float. */
  static final double U32 = 0x1p-24;

  private Rounding() {}

  /**
   * gamma_n = n u / (1 - n u): bounds the relative error of n roundings, hence of a sum of n
   * products in any order, with or without fused multiply-add (Higham, Accuracy and Stability of
   * Numerical Algorithms, section 3.1).
   */
  static double gamma(long n) {
    return gamma(n, U);
  }

  /** gamma_n for another unit roundoff; infinite where n u reaches 1. */
  static double gamma(long n, double unit) {
    double nu = Math.nextUp(n * unit);
    return nu < 0.5 ? divUp(nu, Math.nextDown(1 - nu)) : Double.POSITIVE_INFINITY;
  }

  static double addUp(double a, double b) {
    return Math.nextUp(a + b);
  }

  static double mulUp(double a, double b) {
    return a == 0 || b == 0 ? a * b : Math.nextUp(a * b);
  }

  static double divUp(double a, double b) {
    return a == 0 ? a / b : Math.nextUp(a / b);
  }

  static double sqrtUp(double a) {
    return a == 0 ? 0 : Math.nextUp(Math.sqrt(a));
  }

  static double subDown(double a, double b) {
    return Math.nextDown(a - b);
  }

  static double mulDown(double a, double b) {
    return Math.max(0, Math.nextDown(a * b));
  }

  static double divDown(double a, double b) {
    return Math.max(0, Math.nextDown(a / b));
  }

  static double sqrtDown(double a) {
    return a > 0 ? Math.nextDown(Math.sqrt(a)) : 0;
  }

  /** Upper bound of the Euclidean norm of {@code a[from..to-1]}; entries at most 1e150. */
  static double normUp(double[] a, int from, int to) {
    double sum = 0;
    for (int i = from; i < to; i++) {
      sum += a[i] * a[i];
    }
    if (sum == 0) {
      return isZero(a, from, to) ? 0 : Math.sqrt(to - from) * 0x1p-536;
    }
    return sqrtUp(sumUp(sum, to - from + 1));
  }

  /** Upper bound of the Euclidean norm of an array whose entries are at most 1e150. */
  static double normUp(double[] a) {
    return normUp(a, 0, a.length);
  }

  /**
   * Upper bound of a sum of terms that are not negative, from its computed value and the number of
   * roundings on the way; covers products that underflowed.
   */
  static double sumUp(double computed, long roundings) {
    double widened = mulUp(computed, addUp(1, gamma(roundings)));
    return addUp(widened, roundings * 0x1p-1073);
  }

  /** Largest absolute value; NaN if there is one. */
  static double maxAbs(double[] a) {
    double max = 0;
    for (double v : a) {
      double m = Math.abs(v);
      if (!(m <= max)) {
        max = m;
        if (m != m) {
          return m;
        }
      }
    }
    return max;
  }

  private static boolean isZero(double[] a, int from, int to) {
    for (int i = from; i < to; i++) {
      if (a[i] != 0) {
        return false;
      }
    }
    return true;
  }
}
