package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.primitives.Conv2dDesc;

/** Norms under circular padding, for tests. */
final class Circular {
  private Circular() {}

  /** Norm of a stride-1 convolution with circular padding on n x n. */
  static double norm(int c, int k, int r, double[] w, int n) {
    return PaperFormula.corrected(
        Conv2dDesc.of(ElementType.F64, 1, c, n, n).filters(k, r, r, r), w, n);
  }

  /** The matrix [k p p, c n n] of a convolution with circular padding; stride divides n. */
  static double[] dense(int c, int k, int r, int stride, double[] w, int n) {
    int p = n / stride;
    double[] a = new double[k * p * p * c * n * n];
    for (int o = 0; o < k; o++) {
      for (int y = 0; y < p * p; y++) {
        for (int t = 0; t < c * r * r; t++) {
          int row = (y / p * stride + t / r % r) % n;
          int col = (y % p * stride + t % r) % n;
          int in = (t / (r * r) * n + row) * n + col;
          a[(o * p * p + y) * c * n * n + in] += w[o * c * r * r + t];
        }
      }
    }
    return a;
  }
}
