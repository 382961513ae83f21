package dev.blindspot.attacks.visualize;

import java.util.List;

/** Steps at one size of the image. Owns the planned network. */
final class Octave implements AutoCloseable {
  private final LayerGradient network;
  private final int h;
  private final int w;
  private final Resampling enlarge;

  /**
   * @param network takes images of h x w, or what {@code enlarge} makes of them
   * @param enlarge null if the network takes this size
   */
  Octave(LayerGradient network, int h, int w, Resampling enlarge) {
    this.network = network;
    this.h = h;
    this.w = w;
    this.enlarge = enlarge;
  }

  /** One step of all pictures, each rolled by so many pixels before its gradient is taken. */
  void step(List<Ascent> ascents, int down, int right) {
    float[] batch = null;
    int size = 0;
    for (int i = 0; i < ascents.size(); i++) {
      double[] x = rolled(ascents.get(i).image(), down, right);
      x = enlarge == null ? x : enlarge.apply(x);
      size = x.length;
      batch = batch == null ? new float[ascents.size() * size] : batch;
      for (int j = 0; j < size; j++) {
        batch[i * size + j] = (float) x[j];
      }
    }
    double[] values = new double[ascents.size()];
    float[] gradients = network.gradient(batch, values);
    for (int i = 0; i < values.length; i++) {
      double[] dx = new double[size];
      for (int j = 0; j < size; j++) {
        dx[j] = gradients[i * size + j];
      }
      dx = enlarge == null ? dx : enlarge.transpose(dx);
      ascents.get(i).step(values[i], rolled(dx, -down, -right));
    }
  }

  /** A new array with y[i + down, j + right] = x[i, j], cyclic, in each plane. */
  double[] rolled(double[] x, int down, int right) {
    double[] y = new double[x.length];
    for (int at = 0; at < x.length; at += h * w) {
      for (int i = 0; i < h; i++) {
        int row = at + Math.floorMod(i + down, h) * w;
        for (int j = 0; j < w; j++) {
          y[row + Math.floorMod(j + right, w)] = x[at + i * w + j];
        }
      }
    }
    return y;
  }

  @Override
  public void close() {
    network.close();
  }
}
