package dev.blindspot.nn.layers;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.LayerSetup;
import java.util.List;

/**
 * Weights and bias of a layer with a channel scale behind it: scale[k] (w[k,...] x + b[k]) +
 * shift[k] = (scale[k] w[k,...]) x + (scale[k] b[k] + shift[k]), formed in double and rounded once.
 * Owns them.
 */
final class FoldedWeights implements AutoCloseable {
  private final LayerSetup setup;
  private final boolean hasBias;
  private final int channels;
  private TensorArena arena;
  private Tensor weights;
  private Tensor bias;

  FoldedWeights(LayerSetup setup, boolean hasBias, int channels) {
    this.setup = setup;
    this.hasBias = hasBias;
    this.channels = channels;
  }

  /** The bias [k] of the last {@link #fold}. */
  Tensor bias() {
    return bias;
  }

  /**
   * The scaled weights.
   *
   * @param ws w, b if there is one, and the scale's own parameters
   */
  Tensor fold(List<Tensor> ws) {
    double[] factor = new double[channels];
    double[] shift = new double[channels];
    int own = hasBias ? 2 : 1;
    List<double[]> numbers =
        ws.subList(own, ws.size()).stream().map(FoldedWeights::values).toList();
    setup.fusion().scale().channelScale(numbers, factor, shift);
    double[] w = values(ws.get(0));
    int row = w.length / channels;
    for (int i = 0; i < w.length; i++) {
      w[i] *= factor[i / row];
    }
    if (hasBias) {
      double[] b = values(ws.get(1));
      for (int k = 0; k < channels; k++) {
        shift[k] += factor[k] * b[k];
      }
    }
    reserve(ws.get(0));
    set(weights, w);
    set(bias, shift);
    return weights;
  }

  private void reserve(Tensor like) {
    if (arena == null) {
      arena =
          like.backend()
              .arena(
                  TensorArena.bytes(like.type(), like.size())
                      + TensorArena.bytes(like.type(), channels));
      weights = arena.tensor(like.type(), like.shape(), like.layout());
      bias = arena.tensor(like.type(), channels);
    }
  }

  private static double[] values(Tensor t) {
    if (t.type() == ElementType.F64) {
      return t.toDoubles();
    }
    float[] f = t.toFloats();
    double[] d = new double[f.length];
    for (int i = 0; i < f.length; i++) {
      d[i] = f[i];
    }
    return d;
  }

  private static void set(Tensor t, double[] values) {
    if (t.type() == ElementType.F64) {
      t.copyFrom(values);
      return;
    }
    float[] f = new float[values.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) values[i];
    }
    t.copyFrom(f);
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
    }
  }
}
