package dev.blindspot.attacks.visualize;

/**
 * Mean over the c h w values of the length of the discrete gradient, sqrt(dx^2 + dy^2 + 1e-6) -
 * 1e-3, with dx the difference to the right neighbour and dy to the one below, 0 at the border
 * (Rudin, Osher and Fatemi 1992, smoothed where it has a kink).
 */
final class TotalVariation {
  private static final double SMOOTH = 1e-3;

  private TotalVariation() {}

  /** The total variation of planes of h rows of w. */
  static double value(double[] x, int h, int w) {
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += length(right(x, i, w), below(x, i, h, w)) - SMOOTH;
    }
    return sum / x.length;
  }

  /** Adds {@code weight} times its gradient to {@code dx}. */
  static void addGradient(double[] x, int h, int w, double weight, double[] dx) {
    double each = weight / x.length;
    for (int i = 0; i < x.length; i++) {
      double right = right(x, i, w);
      double below = below(x, i, h, w);
      double length = length(right, below);
      dx[i] -= each * (right + below) / length;
      if (i % w < w - 1) {
        dx[i + 1] += each * right / length;
      }
      if (i / w % h < h - 1) {
        dx[i + w] += each * below / length;
      }
    }
  }

  private static double right(double[] x, int i, int w) {
    return i % w < w - 1 ? x[i + 1] - x[i] : 0;
  }

  private static double below(double[] x, int i, int h, int w) {
    return i / w % h < h - 1 ? x[i + w] - x[i] : 0;
  }

  private static double length(double right, double below) {
    return Math.sqrt(right * right + below * below + SMOOTH * SMOOTH);
  }
}
