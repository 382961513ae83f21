package dev.blindspot.attacks.bounds;

/** Largest singular value by one-sided Jacobi rotations: the tests' oracle. */
final class Svd {
  private Svd() {}

  static double largest(double[] a, int rows, int cols) {
    boolean flip = cols > rows;
    double[] t = flip ? a.clone() : Planes.transpose(a, rows, cols);
    int n = flip ? rows : cols;
    int m = flip ? cols : rows;
    for (int sweep = 0; sweep < 40; sweep++) {
      double off = 0;
      for (int p = 0; p < n; p++) {
        for (int q = p + 1; q < n; q++) {
          off = Math.max(off, rotate(t, p * m, q * m, m));
        }
      }
      if (off < 1e-15) {
        break;
      }
    }
    double max = 0;
    for (int p = 0; p < n; p++) {
      double sum = 0;
      for (int i = 0; i < m; i++) {
        sum += t[p * m + i] * t[p * m + i];
      }
      max = Math.max(max, Math.sqrt(sum));
    }
    return max;
  }

  private static double rotate(double[] t, int p, int q, int m) {
    double a = 0;
    double b = 0;
    double c = 0;
    for (int i = 0; i < m; i++) {
      a += t[p + i] * t[p + i];
      b += t[q + i] * t[q + i];
      c += t[p + i] * t[q + i];
    }
    if (c == 0 || a == 0 || b == 0) {
      return 0;
    }
    double zeta = (b - a) / (2 * c);
    double tan = Math.signum(zeta) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
    if (zeta == 0) {
      tan = 1;
    }
    double cos = 1 / Math.sqrt(1 + tan * tan);
    double sin = cos * tan;
    for (int i = 0; i < m; i++) {
      double x = t[p + i];
      double y = t[q + i];
      t[p + i] = cos * x - sin * y;
      t[q + i] = sin * x + cos * y;
    }
    return Math.abs(c) / Math.sqrt(a * b);
  }
}
