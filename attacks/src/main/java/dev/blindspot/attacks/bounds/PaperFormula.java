package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.primitives.Conv2dDesc;

/**
 * The convolution formula of "Intriguing properties of neural networks" (Szegedy et al. 2013),
 * section 4.3, equation (1), as printed, and as it should read. For demonstration: neither is used
 * for a bound.
 *
 * <p>Printed: ||W|| = sup over xi in [0, N/stride)^2 of ||A(xi)||, row d of A(xi) being (stride^-2
 * what_cd(xi + l N/stride); c, l in {0..stride-1}^2) and what_cd(xi) = sum_u w_cd(u) exp(-2 pi i
 * u.xi / N^2), N the kernel's size. With this transform, which is not normalised, Parseval gives
 * the factor stride^-1, so the printed value is too small by the factor stride; and xi / N^2 with
 * xi &lt; N does not cover a period.
 */
public final class PaperFormula {
  private PaperFormula() {}

  /**
   * Equation (1) as printed, for integer frequencies.
   *
   * @param desc square kernel and stride, one group
   * @param w [k,c,r,r]
   */
  public static double printed(Conv2dDesc desc, double[] w) {
    int n = desc.r();
    double factor = 1.0 / ((double) desc.strideH() * desc.strideH());
    return maximum(desc, w, n, 1.0 / ((double) n * n), factor);
  }

  /**
   * Equation (1) with its factor corrected to 1/stride and frequencies on a grid of the whole
   * period: the exact norm under circular padding on an image of {@code size} pixels.
   *
   * @param size a multiple of the stride, at least the kernel's size
   */
  public static double corrected(Conv2dDesc desc, double[] w, int size) {
    return maximum(desc, w, size, 1.0 / size, 1.0 / desc.strideH());
  }

  /**
   * Equation (1) with whole-period frequencies but the printed factor stride^-2: too small by
   * exactly the stride.
   */
  public static double printedFactor(Conv2dDesc desc, double[] w, int size) {
    double stride = desc.strideH();
    return maximum(desc, w, size, 1.0 / size, 1.0 / (stride * stride));
  }

  private static double maximum(
      Conv2dDesc desc, double[] w, int size, double perPixel, double factor) {
    int stride = desc.strideH();
    int block = Math.max(1, size / stride);
    double max = 0;
    for (int i = 0; i < block; i++) {
      for (int j = 0; j < block; j++) {
        Planes a = matrix(desc, w, i, j, (double) size / stride, perPixel, factor);
        max = Math.max(max, new GramIteration().upper(a, 24, 0));
      }
    }
    return max;
  }

  private static Planes matrix(
      Conv2dDesc desc, double[] w, int i, int j, double shift, double perPixel, double factor) {
    int stride = desc.strideH();
    int aliases = stride * stride;
    int cols = desc.c() * aliases;
    double[] re = new double[desc.k() * cols];
    double[] im = new double[desc.k() * cols];
    int window = desc.r() * desc.s();
    for (int row = 0; row < desc.k() * desc.c(); row++) {
      for (int l = 0; l < aliases; l++) {
        double y = i + l / stride * shift;
        double x = j + l % stride * shift;
        int at = row * aliases + l;
        for (int t = 0; t < window; t++) {
          double angle = 2 * Math.PI * (t / desc.s() * y + t % desc.s() * x) * perPixel;
          re[at] += factor * w[row * window + t] * Math.cos(angle);
          im[at] -= factor * w[row * window + t] * Math.sin(angle);
        }
      }
    }
    return new Planes(re, im, desc.k(), cols);
  }
}
