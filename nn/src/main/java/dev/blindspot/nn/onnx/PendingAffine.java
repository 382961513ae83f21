package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;
import dev.blindspot.nn.layers.Affine;
import java.util.Arrays;

/**
 * y = scale x + shift with constants: chains of Add, Sub, Mul and Div with constants become one
 * layer.
 *
 * @param scale one number, or one for each channel, or one for each element of a sample
 * @param shift as many
 */
record PendingAffine(GraphReader g, String name, Data x, double[] scale, double[] shift)
    implements Pending {

  @Override
  public Shape sample() {
    return x.sample();
  }

  @Override
  public Data emit() {
    long channels = x.sample().dim(0);
    boolean perElement = scale.length > channels;
    int length = Math.toIntExact(perElement ? x.sample().size() : channels);
    double[] a = spread(scale, length);
    double[] b = spread(shift, length);
    Data y = g.add(name, new Affine(perElement), x);
    g.parameter(y, Affine.SCALE, a::clone);
    g.parameter(y, Affine.SHIFT, b::clone);
    return y;
  }

  /** a (this) + b, where a and b broadcast. */
  PendingAffine then(String newName, double[] a, double[] b) {
    int length = Math.max(scale.length, Math.max(a.length, b.length));
    double[] s = spread(scale, length);
    double[] t = spread(shift, length);
    double[] a2 = spread(a, length);
    double[] b2 = spread(b, length);
    for (int i = 0; i < length; i++) {
      s[i] *= a2[i];
      t[i] = t[i] * a2[i] + b2[i];
    }
    return new PendingAffine(g, newName, x, s, t);
  }

  /** One number, or one for each channel, repeated to {@code length}. */
  private static double[] spread(double[] v, int length) {
    double[] out = new double[length];
    int each = length / v.length;
    for (int i = 0; i < v.length; i++) {
      Arrays.fill(out, i * each, (i + 1) * each, v[i]);
    }
    return out;
  }
}
