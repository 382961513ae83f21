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
   * Equation (1) as printed, for the integer frequencies in its range, to four digits or better.
   *
   * @param desc square kernel and stride, one group, no dilation
   * @param w [k,c,r,r]
   * @param options who forms large products
   */
  public static double printed(Conv2dDesc desc, double[] w, BoundsOptions options) {
    int n = desc.r();
    double factor = 1.0 / ((double) desc.strideH() * desc.strideH());
    return maximum(desc, w, n, 1.0 / ((double) n * n), factor, options);
  }

  /**
   * Equation (1) with its factor corrected to 1/stride and frequencies on a grid of the whole
   * period: the exact norm under circular padding on an image of {@code size} pixels.
   *
   * @param size a multiple of the stride, at least the kernel's size
   */
  public static double corrected(Conv2dDesc desc, double[] w, int size) {
    BoundsOptions options = BoundsOptions.defaults();
    return maximum(desc, w, size, 1.0 / size, 1.0 / desc.strideH(), options);
  }

  /**
   * Equation (1) with whole-period frequencies but the printed factor stride^-2: too small by
   * exactly the stride.
   */
  public static double printedFactor(Conv2dDesc desc, double[] w, int size) {
    double stride = desc.strideH();
    BoundsOptions options = BoundsOptions.defaults();
    return maximum(desc, w, size, 1.0 / size, 1.0 / (stride * stride), options);
  }

  private static double maximum(
      Conv2dDesc desc,
      double[] w,
      int size,
      double perPixel,
      double factor,
      BoundsOptions options) {
    // Small products are not worth the way to a backend and back.
    boolean large = options.products() != null && Math.min(desc.k(), desc.c()) >= 96;
    if (!large) {
      GramIteration iteration = new GramIteration(m -> m.gram(options.threads()));
      return maximum(desc, w, size, perPixel, factor, iteration);
    }
    try (BackendGram product = new BackendGram(options.products())) {
      return maximum(desc, w, size, perPixel, factor, new GramIteration(product));
    }
  }

  private static double maximum(
      Conv2dDesc desc,
      double[] w,
      int size,
      double perPixel,
      double factor,
      GramIteration iteration) {
    int stride = desc.strideH();
    int frequencies = (size + stride - 1) / stride; // the integers in [0, size / stride)
    double max = 0;
    for (int i = 0; i < frequencies; i++) {
      for (int j = 0; j < frequencies; j++) {
        Planes a = matrix(desc, w, i, j, (double) size / stride, perPixel, factor);
        max = Math.max(max, iteration.upper(a, 24, max));
      }
    }
    return max;
  }

  private static Planes matrix(
      Conv2dDesc desc, double[] w, int i, int j, double shift, double perPixel, double factor) {
    int stride = desc.strideH();
    int aliases = stride * stride;
    int window = desc.r() * desc.s();
    double[] cos = new double[aliases * window];
    double[] sin = new double[aliases * window];
    for (int l = 0; l < aliases; l++) {
      double y = i + l / stride * shift;
      double x = j + l % stride * shift;
      for (int t = 0; t < window; t++) {
        double angle = 2 * Math.PI * (t / desc.s() * y + t % desc.s() * x) * perPixel;
        cos[l * window + t] = factor * StrictMath.cos(angle);
        sin[l * window + t] = factor * StrictMath.sin(angle);
      }
    }
    int cols = desc.c() * aliases;
    double[] re = new double[desc.k() * cols];
    double[] im = new double[desc.k() * cols];
    for (int row = 0; row < desc.k() * desc.c(); row++) {
      for (int l = 0; l < aliases; l++) {
        int at = row * aliases + l;
        for (int t = 0; t < window; t++) {
          re[at] += w[row * window + t] * cos[l * window + t];
          im[at] -= w[row * window + t] * sin[l * window + t];
        }
      }
    }
    return new Planes(re, im, desc.k(), cols);
  }
}
