package dev.blindspot.attacks.bounds;

import java.util.Arrays;

/** A matrix [rows,cols], row-major, as a linear operator. */
final class DenseOperator implements LinearOperator {
  private final double[] a;
  private final int rows;
  private final int cols;

  DenseOperator(double[] a, int rows, int cols) {
    this.a = a;
    this.rows = rows;
    this.cols = cols;
  }

  @Override
  public int inputs() {
    return cols;
  }

  @Override
  public int outputs() {
    return rows;
  }

  @Override
  public double cost() {
    return (double) rows * cols;
  }

  @Override
  public double applyError() {
    return Rounding.mulUp(Rounding.gamma(cols + 2), Rounding.normUp(a));
  }

  @Override
  public void apply(double[] x, double[] y) {
    for (int i = 0; i < rows; i++) {
      y[i] = dot(a, i * cols, x, cols);
    }
  }

  @Override
  public void adjoint(double[] y, double[] x) {
    Arrays.fill(x, 0);
    for (int i = 0; i < rows; i++) {
      double f = y[i];
      for (int j = 0; j < cols; j++) {
        x[j] += f * a[i * cols + j];
      }
    }
  }

  /** Sum of products with four partial sums. */
  static double dot(double[] a, int at, double[] x, int n) {
    double s0 = 0;
    double s1 = 0;
    double s2 = 0;
    double s3 = 0;
    int j = 0;
    for (; j + 4 <= n; j += 4) {
      s0 += a[at + j] * x[j];
      s1 += a[at + j + 1] * x[j + 1];
      s2 += a[at + j + 2] * x[j + 2];
      s3 += a[at + j + 3] * x[j + 3];
    }
    for (; j < n; j++) {
      s0 += a[at + j] * x[j];
    }
    return (s0 + s1) + (s2 + s3);
  }
}
