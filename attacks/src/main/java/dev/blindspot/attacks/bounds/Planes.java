package dev.blindspot.attacks.bounds;

/**
 * A real or complex matrix, row-major, as a plane of real parts and one of imaginary parts.
 *
 * @param im null for a real matrix
 */
record Planes(double[] re, double[] im, int rows, int cols) {

  static Planes real(double[] a, int rows, int cols) {
    return new Planes(a, null, rows, cols);
  }

  boolean complex() {
    return im != null;
  }

  double maxAbs() {
    double r = Rounding.maxAbs(re);
    if (im == null) {
      return r;
    }
    double i = Rounding.maxAbs(im);
    return r != r || i != i ? Double.NaN : Math.max(r, i);
  }

  /** Upper bound of the Frobenius norm; entries at most 1e150. */
  double frobeniusUp() {
    double r = Rounding.normUp(re);
    if (im == null) {
      return r;
    }
    double i = Rounding.normUp(im);
    return Rounding.sqrtUp(Rounding.addUp(Rounding.mulUp(r, r), Rounding.mulUp(i, i)));
  }

  /** Multiplies by 2^exponent in place: exact but for entries that underflow. */
  void scale(int exponent) {
    double f = Math.scalb(1.0, exponent);
    for (int i = 0; i < re.length; i++) {
      re[i] *= f;
    }
    for (int i = 0; im != null && i < im.length; i++) {
      im[i] *= f;
    }
  }

  /** The matrix with as many rows as the larger side has; its norm is the same. A fresh copy. */
  Planes tall() {
    if (rows >= cols) {
      return new Planes(re.clone(), im == null ? null : im.clone(), rows, cols);
    }
    return new Planes(
        transpose(re, rows, cols), im == null ? null : transpose(im, rows, cols), cols, rows);
  }

  static double[] transpose(double[] a, int rows, int cols) {
    double[] t = new double[a.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < cols; j++) {
        t[j * rows + i] = a[i * cols + j];
      }
    }
    return t;
  }

  /** Work of {@link #gram}: fused multiply-adds. */
  static double gramCost(int rows, int cols, boolean complex) {
    return 0.5 * rows * cols * cols * (complex ? 4 : 1);
  }

  /** The Gram matrix A^H A [cols,cols], each entry a sum in some order. */
  Planes gram() {
    double[] gRe = new double[cols * cols];
    double[] gIm = im == null ? null : new double[cols * cols];
    if (im == null) {
      gramReal(gRe);
    } else {
      gramComplex(gRe, gIm);
    }
    for (int i = 0; i < cols; i++) {
      for (int j = 0; j < i; j++) {
        gRe[i * cols + j] = gRe[j * cols + i];
        if (gIm != null) {
          gIm[i * cols + j] = -gIm[j * cols + i];
        }
      }
    }
    return new Planes(gRe, gIm, cols, cols);
  }

  private void gramReal(double[] g) {
    int n = cols;
    int k = 0;
    for (; k + 4 <= rows; k += 4) {
      int a = k * n;
      int b = a + n;
      int c = b + n;
      int d = c + n;
      for (int i = 0; i < n; i++) {
        rank4(g, i * n, re, i, a, b, c, d, n);
      }
    }
    for (; k < rows; k++) {
      int a = k * n;
      for (int i = 0; i < n; i++) {
        axpy(g, i * n, re[a + i], re, a, i, n);
      }
    }
  }

  private static void rank4(
      double[] g, int at, double[] x, int i, int a, int b, int c, int d, int n) {
    double xa = x[a + i];
    double xb = x[b + i];
    double xc = x[c + i];
    double xd = x[d + i];
    for (int j = i; j < n; j++) {
      g[at + j] += xa * x[a + j] + xb * x[b + j] + xc * x[c + j] + xd * x[d + j];
    }
  }

  private static void axpy(double[] g, int at, double f, double[] x, int a, int from, int to) {
    for (int j = from; j < to; j++) {
      g[at + j] += f * x[a + j];
    }
  }

  private void gramComplex(double[] gRe, double[] gIm) {
    int n = cols;
    int k = 0;
    for (; k + 2 <= rows; k += 2) {
      for (int i = 0; i < n; i++) {
        rank2(gRe, gIm, i * n, i, k * n, k * n + n, n);
      }
    }
    for (; k < rows; k++) {
      int a = k * n;
      for (int i = 0; i < n; i++) {
        axpy(gRe, i * n, re[a + i], re, a, i, n);
        axpy(gRe, i * n, im[a + i], im, a, i, n);
        axpy(gIm, i * n, re[a + i], im, a, i, n);
        axpy(gIm, i * n, -im[a + i], re, a, i, n);
      }
    }
  }

  private void rank2(double[] gRe, double[] gIm, int at, int i, int a, int b, int n) {
    double ra = re[a + i];
    double ia = im[a + i];
    double rb = re[b + i];
    double ib = im[b + i];
    for (int j = i; j < n; j++) {
      gRe[at + j] += ra * re[a + j] + ia * im[a + j] + rb * re[b + j] + ib * im[b + j];
    }
    for (int j = i; j < n; j++) {
      gIm[at + j] += ra * im[a + j] - ia * re[a + j] + rb * im[b + j] - ib * re[b + j];
    }
  }
}
