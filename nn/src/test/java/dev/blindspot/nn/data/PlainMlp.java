package dev.blindspot.nn.data;

import java.util.SplittableRandom;

/**
 * A ReLU network trained by Adam in plain Java, independent of the engine: it measures how hard a
 * data set is. No layer besides the widths' first and last: a linear softmax classifier.
 */
final class PlainMlp {
  private static final int BATCH = 50;
  private final int[] widths;
  private final float[][] w;
  private final float[][] b;
  private final float[][] x;
  private final float[][] dx;
  private final float[][] gw;
  private final float[][] gb;
  private final float[][][] moments;
  private int step;

  PlainMlp(long seed, int... widths) {
    this.widths = widths;
    int layers = widths.length - 1;
    w = new float[layers][];
    b = new float[layers][];
    gw = new float[layers][];
    gb = new float[layers][];
    moments = new float[4][layers][];
    x = new float[layers + 1][];
    dx = new float[layers + 1][];
    SplittableRandom random = new SplittableRandom(seed);
    for (int l = 0; l <= layers; l++) {
      x[l] = new float[widths[l]];
      dx[l] = new float[widths[l]];
    }
    for (int l = 0; l < layers; l++) {
      int size = widths[l] * widths[l + 1];
      double range = Math.sqrt(6.0 / widths[l]);
      w[l] = new float[size];
      for (int i = 0; i < size; i++) {
        w[l][i] = (float) random.nextDouble(-range, range);
      }
      b[l] = new float[widths[l + 1]];
      gw[l] = new float[size];
      gb[l] = new float[widths[l + 1]];
      for (int m = 0; m < 4; m++) {
        moments[m][l] = new float[m < 2 ? size : widths[l + 1]];
      }
    }
  }

  /** One pass over the data in a shuffled order. */
  void epoch(DataSet data, long seed, float rate) {
    int[] order = data.shuffled(seed);
    for (int i = 0; i < order.length; i++) {
      data.read(order, i, i + 1, x[0], 0);
      forward();
      backward(data.label(order[i]));
      if ((i + 1) % BATCH == 0) {
        update(rate);
      }
    }
  }

  /** Part of the samples that is misclassified. */
  double error(DataSet data) {
    int wrong = 0;
    for (int i = 0; i < data.size(); i++) {
      data.read(i, i + 1, x[0], 0);
      forward();
      float[] z = x[widths.length - 1];
      int best = 0;
      for (int k = 1; k < z.length; k++) {
        best = z[k] > z[best] ? k : best;
      }
      wrong += best == data.label(i) ? 0 : 1;
    }
    return (double) wrong / data.size();
  }

  /** Weights are kept [inputs, outputs], so that zero inputs are skipped. */
  private void forward() {
    for (int l = 0; l + 1 < widths.length; l++) {
      float[] y = x[l + 1];
      System.arraycopy(b[l], 0, y, 0, y.length);
      for (int i = 0; i < x[l].length; i++) {
        if (x[l][i] != 0) {
          axpy(x[l][i], w[l], i * y.length, y, 0, y.length);
        }
      }
      if (l + 2 < widths.length) {
        for (int k = 0; k < y.length; k++) {
          y[k] = Math.max(0, y[k]);
        }
      }
    }
  }

  private void backward(int label) {
    int last = widths.length - 1;
    softmaxGradient(x[last], dx[last], label);
    for (int l = last - 1; l >= 0; l--) {
      float[] dy = dx[l + 1];
      axpy(1, dy, 0, gb[l], 0, dy.length);
      for (int i = 0; i < x[l].length; i++) {
        float v = x[l][i];
        if (v != 0) {
          axpy(v, dy, 0, gw[l], i * dy.length, dy.length);
        }
        if (l > 0) {
          dx[l][i] = v > 0 ? dot(dy, w[l], i * dy.length) : 0;
        }
      }
    }
  }

  private static void softmaxGradient(float[] z, float[] dz, int label) {
    float max = Float.NEGATIVE_INFINITY;
    for (float v : z) {
      max = Math.max(max, v);
    }
    double sum = 0;
    for (float v : z) {
      sum += Math.exp(v - max);
    }
    for (int k = 0; k < z.length; k++) {
      dz[k] = (float) (Math.exp(z[k] - max) / sum) - (k == label ? 1 : 0);
    }
  }

  private static void axpy(float a, float[] from, int at, float[] to, int start, int n) {
    for (int k = 0; k < n; k++) {
      to[start + k] += a * from[at + k];
    }
  }

  private static float dot(float[] a, float[] b, int at) {
    float s = 0;
    for (int k = 0; k < a.length; k++) {
      s += a[k] * b[at + k];
    }
    return s;
  }

  private void update(float rate) {
    step++;
    for (int l = 0; l + 1 < widths.length; l++) {
      adam(w[l], gw[l], moments[0][l], moments[1][l], rate);
      adam(b[l], gb[l], moments[2][l], moments[3][l], rate);
    }
  }

  private void adam(float[] w, float[] g, float[] m, float[] v, float rate) {
    float scale = (float) (rate * Math.sqrt(1 - Math.pow(0.999, step)) / (1 - Math.pow(0.9, step)));
    for (int i = 0; i < w.length; i++) {
      float d = g[i] / BATCH;
      g[i] = 0;
      m[i] = 0.9f * m[i] + 0.1f * d;
      v[i] = 0.999f * v[i] + 0.001f * d * d;
      w[i] -= scale * m[i] / ((float) Math.sqrt(v[i]) + 1e-8f);
    }
  }
}
