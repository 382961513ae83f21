package dev.blindspot.nn.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;

/**
 * The samples and labels of a data set on a backend, in slices of equal size but the last. Samples
 * that fit stay there; else each slice is copied when it is asked for, over the one before.
 */
final class DataSlices implements AutoCloseable {
  /** Bytes of samples that are kept. */
  private static final long MAX_BYTES = 1L << 29;

  private final DataSet data;
  private final int batch;
  private final boolean kept;
  private final TensorArena arena;
  private final Tensor x;
  private final Tensor labels;

  private DataSlices(Backend backend, DataSet data, Shape sample, int batch, boolean kept) {
    this.data = data;
    this.batch = Math.min(batch, data.size());
    this.kept = kept;
    int n = kept ? data.size() : this.batch;
    arena =
        backend.arena(
            TensorArena.bytes(ElementType.F32, n * sample.size())
                + TensorArena.bytes(ElementType.I32, data.size()));
    x = arena.tensor(ElementType.F32, sample.batched(n), Layout.NCHW);
    labels = arena.tensor(ElementType.I32, data.size());
    labels.copyFrom(data.labels());
  }

  /** The samples as they are. */
  static DataSlices of(Backend backend, DataSet data, Shape sample, int batch) {
    boolean kept = TensorArena.bytes(ElementType.F32, data.size() * sample.size()) <= MAX_BYTES;
    DataSlices s = new DataSlices(backend, data, sample, batch, kept);
    for (int from = 0; kept && from < data.size(); from = s.end(from)) {
      data.copyTo(from, s.end(from), s.x.slice(from, s.end(from)));
    }
    return s;
  }

  /** What the network {@code front} makes of the samples, in inference; all are kept. */
  static DataSlices behind(
      Network front, Parameters parameters, Backend backend, DataSet data, int batch) {
    DataSlices s = new DataSlices(backend, data, front.outputShape(), batch, true);
    try (DataSlices in = of(backend, data, front.inputShape(), batch);
        NetworkPlan plan =
            front.plan(backend, parameters, s.batch, NetworkOptions.of(Gradients.NONE));
        Context ctx = backend.newContext()) {
      for (int from = 0; from < data.size(); from = s.end(from)) {
        Tensor y = plan.forward(ctx, in.samples(from));
        ctx.synchronize();
        s.x.slice(from, s.end(from)).copyFrom(y.toFloats());
      }
    }
    return s;
  }

  /** Samples of a slice; the last one may have fewer. */
  int batch() {
    return batch;
  }

  int size() {
    return data.size();
  }

  /** End of the slice that begins at {@code from}. */
  int end(int from) {
    return Math.min(data.size(), from + batch);
  }

  /** Samples from..end(from)-1. */
  Tensor samples(int from) {
    int to = end(from);
    if (kept) {
      return x.slice(from, to);
    }
    Tensor part = x.slice(0, to - from);
    data.copyTo(from, to, part);
    return part;
  }

  /** Their labels. */
  Tensor labels(int from) {
    return labels.slice(from, end(from));
  }

  @Override
  public void close() {
    arena.close();
  }
}
