package dev.blindspot.attacks.visualize;

/**
 * The real discrete Fourier transform of images, as two products with orthonormal matrices whose
 * rows are constant, cosines and sines. Its inverse is its transpose, so sums of squares stay
 * (Parseval), and gradients go through it as values do. O(h w (h + w)) a plane: at the sizes that
 * networks read far below the cost of their gradient.
 */
final class FourierBasis {
  private final int h;
  private final int w;
  private final double[] rows;
  private final double[] columns;
  private final double[] product;

  FourierBasis(int h, int w) {
    this.h = h;
    this.w = w;
    rows = matrix(h);
    columns = matrix(w);
    product = new double[h * w];
  }

  /** Row i is the i-th basis vector of length n: 1, then cosine and sine of frequency 1/n, 2/n.. */
  private static double[] matrix(int n) {
    double[] b = new double[n * n];
    for (int i = 0; i < n; i++) {
      int k = (i + 1) / 2;
      boolean single = k == 0 || 2 * k == n;
      double norm = Math.sqrt((single ? 1.0 : 2.0) / n);
      for (int x = 0; x < n; x++) {
        // Reduced by hand: the angle stays small and the values repeat exactly.
        double angle = 2 * Math.PI * ((long) k * x % n) / n;
        b[i * n + x] =
            norm * (i % 2 == 1 || k == 0 ? StrictMath.cos(angle) : StrictMath.sin(angle));
      }
    }
    return b;
  }

  /** Frequency in cycles a pixel of basis vector i of length n. */
  private static double frequency(int i, int n) {
    return (i + 1) / 2 / (double) n;
  }

  /**
   * Factor of each coefficient [h,w]: max(f, 1 / max(h,w))^-power / 4 with the frequency f. The
   * quarter is that of Lucid (Olah et al. 2017), so that its step sizes fit.
   */
  double[] decay(double power) {
    double[] scale = new double[h * w];
    for (int i = 0; i < h; i++) {
      for (int j = 0; j < w; j++) {
        double f = Math.hypot(frequency(i, h), frequency(j, w));
        scale[i * w + j] = StrictMath.pow(Math.max(f, 1.0 / Math.max(h, w)), -power) / 4;
      }
    }
    return scale;
  }

  /** Coefficients of the plane at {@code at} of x, written to y at the same place. */
  void forward(double[] x, double[] y, int at) {
    for (int i = 0; i < h; i++) {
      for (int l = 0; l < w; l++) {
        double sum = 0;
        for (int j = 0; j < w; j++) {
          sum += x[at + i * w + j] * columns[l * w + j];
        }
        product[i * w + l] = sum;
      }
    }
    multiply(rows, false, y, at);
  }

  /** The plane with the coefficients at {@code at} of y, written to x at the same place. */
  void inverse(double[] y, double[] x, int at) {
    for (int k = 0; k < h; k++) {
      for (int j = 0; j < w; j++) {
        product[k * w + j] = 0;
      }
      for (int l = 0; l < w; l++) {
        double v = y[at + k * w + l];
        for (int j = 0; j < w; j++) {
          product[k * w + j] += v * columns[l * w + j];
        }
      }
    }
    multiply(rows, true, x, at);
  }

  /** y = m product, or y = m^T product. */
  private void multiply(double[] m, boolean transposed, double[] y, int at) {
    for (int k = 0; k < h; k++) {
      for (int j = 0; j < w; j++) {
        y[at + k * w + j] = 0;
      }
      for (int i = 0; i < h; i++) {
        double v = transposed ? m[i * h + k] : m[k * h + i];
        for (int j = 0; j < w; j++) {
          y[at + k * w + j] += v * product[i * w + j];
        }
      }
    }
  }
}
