package dev.blindspot.attacks.visualize;

/** The pixels themselves, clipped to [0,1] after each change. */
final class PixelCanvas implements Canvas {
  private final double[] x;

  /** Begins at an image in [0,1], which is copied. */
  PixelCanvas(double[] image) {
    x = image.clone();
  }

  @Override
  public double[] image() {
    return x;
  }

  @Override
  public double[] gradient(double[] dx) {
    return dx;
  }

  @Override
  public void add(double[] delta) {
    for (int i = 0; i < x.length; i++) {
      x[i] = Math.max(0, Math.min(1, x[i] + delta[i]));
    }
  }
}
