package dev.blindspot.nn.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import java.util.Arrays;

/**
 * A network's answers: the class of the largest output, the first of equal ones. Owns its plan and
 * buffers; for one thread at a time.
 */
public final class Predictor implements AutoCloseable {
  private static final int MAX_BATCH = 250;

  private final int batch;
  private final NetworkPlan plan;
  private final Context context;
  private final TensorArena arena;
  private final Tensor input;

  /**
   * Plans the network.
   *
   * @param parameters F32, on this backend; they must stay open
   * @param count samples that will be asked for at once, to choose the batch by
   */
  public Predictor(Backend backend, Network network, Parameters parameters, int count) {
    batch = Math.max(1, Math.min(MAX_BATCH, count));
    plan = network.plan(backend, parameters, batch, NetworkOptions.of(Gradients.NONE));
    context = backend.newContext();
    long size = network.inputShape().size();
    arena = backend.arena(TensorArena.bytes(ElementType.F32, batch * size));
    input = arena.tensor(ElementType.F32, network.inputShape().batched(batch), Layout.NCHW);
  }

  /** Answers to all samples of a data set. */
  public int[] labels(DataSet data) {
    int[] labels = new int[data.size()];
    float[] x = new float[Math.min(batch, data.size()) * data.sampleSize()];
    for (int from = 0; from < labels.length; from += batch) {
      int to = Math.min(labels.length, from + batch);
      float[] part = to - from == batch ? x : new float[(to - from) * data.sampleSize()];
      data.read(from, to, part, 0);
      answer(part, labels, from, to);
    }
    return labels;
  }

  /** Answers to images [n, ...], one behind the other. */
  public int[] labels(float[] images, int n) {
    int size = n == 0 ? 0 : images.length / n;
    int[] labels = new int[n];
    for (int from = 0; from < n; from += batch) {
      int to = Math.min(n, from + batch);
      answer(Arrays.copyOfRange(images, from * size, to * size), labels, from, to);
    }
    return labels;
  }

  /** The network's outputs [n, ...] for images [n, ...], one behind the other. */
  public float[] outputs(float[] images, int n) {
    int size = n == 0 ? 0 : images.length / n;
    int classes = Math.toIntExact(plan.network().outputShape().size());
    float[] all = new float[Math.multiplyExact(n, classes)];
    for (int from = 0; from < n; from += batch) {
      int to = Math.min(n, from + batch);
      float[] y = run(Arrays.copyOfRange(images, from * size, to * size), to - from);
      System.arraycopy(y, 0, all, from * classes, y.length);
    }
    return all;
  }

  private float[] run(float[] x, int n) {
    Tensor output = plan.forward(context, input.slice(0, n).copyFrom(x));
    context.synchronize();
    return output.toFloats();
  }

  private void answer(float[] x, int[] labels, int from, int to) {
    float[] y = run(x, to - from);
    int classes = y.length / (to - from);
    for (int i = from; i < to; i++) {
      labels[i] = largest(y, (i - from) * classes, classes);
    }
  }

  private static int largest(float[] y, int at, int classes) {
    int best = 0;
    for (int j = 1; j < classes; j++) {
      if (y[at + j] > y[at + best]) {
        best = j;
      }
    }
    return best;
  }

  @Override
  public void close() {
    plan.close();
    arena.close();
    context.close();
  }
}
