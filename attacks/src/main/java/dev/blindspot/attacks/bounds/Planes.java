package dev.blindspot.attacks.bounds;

/**
 * A real or complex matrix, row-major, as a plane of real parts and one of imaginary parts.
 *
 * @param im null for a real matrix
 */
record Planes(double[] re, double[] im, int rows, int cols) {
  /** Rows of A that are multiplied together. */
  private static final int BLOCK = 64;

  /** Rows of a Gram matrix in one task. */
  private static final int STRIP = 16;

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
    return gram(1);
  }

  /** The same on some threads; their number does not change a bit. */
  Planes gram(int threads) {
    double[] gRe = new double[cols * cols];
    double[] gIm = im == null ? null : new double[cols * cols];
    int strips = (cols + STRIP - 1) / STRIP;
    Workers.run(
        gramCost(rows, cols, im != null) < 1e6 ? 1 : threads,
        strips,
        () -> t -> strip(gRe, gIm, t * STRIP, Math.min(cols, (t + 1) * STRIP)));
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

  /**
   * Rows from..to-1 of the upper triangle, a block of A's rows at a time so that it stays cached.
   */
  private void strip(double[] gRe, double[] gIm, int from, int to) {
    for (int k = 0; k < rows; k += BLOCK) {
      int end = Math.min(rows, k + BLOCK);
      for (int i = from; i < to; i++) {
        if (im == null) {
          real(gRe, i, k, end);
        } else {
          complex(gRe, gIm, i, k, end);
        }
      }
    }
  }

  private void real(double[] g, int i, int from, int to) {
    int k = from;
    for (; k + 4 <= to; k += 4) {
      int a = k * cols;
      rank4(g, i * cols, re, i, a, a + cols, a + 2 * cols, a + 3 * cols, cols);
    }
    for (; k < to; k++) {
      axpy(g, i * cols, re[k * cols + i], re, k * cols, i, cols);
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

  private void complex(double[] gRe, double[] gIm, int i, int from, int to) {
    int n = cols;
    int k = from;
    for (; k + 2 <= to; k += 2) {
      rank2(gRe, gIm, i * n, i, k * n, k * n + n, n);
    }
    if (k < to) {
      int a = k * n;
      axpy(gRe, i * n, re[a + i], re, a, i, n);
      axpy(gRe, i * n, im[a + i], im, a, i, n);
      axpy(gIm, i * n, re[a + i], im, a, i, n);
      axpy(gIm, i * n, -im[a + i], re, a, i, n);
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
