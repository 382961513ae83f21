package dev.blindspot.nn.uncertainty;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Softmax;
import java.util.Arrays;

/** A network's class probabilities, formed in double from its F32 output. Owns its plan. */
final class Probabilities implements AutoCloseable {
  /** Always the same, so that random numbers do not depend on how many images are asked for. */
  private static final int BATCH = 100;

  private static final int MOST_BATCHES = 1 << 16;

  private final Network network;
  private final int size;
  private final int classes;
  private final NetworkPlan plan;
  private final Context context;
  private final TensorArena arena;
  private final Tensor input;

  /**
   * @param parameters F32, on this backend; they stay open
   * @param training training behaviour of dropout, keyed by the seed
   */
  Probabilities(
      Network network, Parameters parameters, Backend backend, boolean training, long seed) {
    this.network = network;
    size = Math.toIntExact(network.inputShape().size());
    classes = Math.toIntExact(network.outputShape().size());
    NetworkOptions options = NetworkOptions.of(Gradients.NONE).training(training).seed(seed);
    plan = network.plan(backend, parameters, BATCH, options);
    context = backend.newContext();
    arena = backend.arena(TensorArena.bytes(ElementType.F32, (long) BATCH * size));
    input = arena.tensor(ElementType.F32, network.inputShape().batched(BATCH), Layout.NCHW);
  }

  int classes() {
    return classes;
  }

  /** The parameters have changed. */
  void parametersChanged() {
    plan.parametersChanged(context);
  }

  /** Fails if these are not n images. */
  void check(float[] images, int n) {
    if (n < 1 || n > BATCH * MOST_BATCHES || images.length != (long) n * size) {
      throw new InvalidInputException(
          "Prediction: "
              + images.length
              + " values for "
              + n
              + " images; network "
              + network.name()
              + " takes "
              + network.inputShape());
    }
  }

  /**
   * Probabilities [n,classes].
   *
   * @param draw what dropout's random numbers are keyed by, together with each image's position
   */
  double[] draw(float[] images, int n, int draw) {
    double[] p = new double[n * classes];
    for (int from = 0; from < n; from += BATCH) {
      int to = Math.min(n, from + BATCH);
      plan.step((long) draw * MOST_BATCHES + from / BATCH);
      Tensor part = input.slice(0, to - from);
      part.copyFrom(Arrays.copyOfRange(images, from * size, to * size));
      Tensor output = plan.forward(context, part);
      context.synchronize();
      float[] z = output.toFloats();
      for (int i = from; i < to; i++) {
        probabilities(z, (i - from) * classes, p, i * classes);
      }
    }
    return p;
  }

  private void probabilities(float[] z, int from, double[] p, int to) {
    Layer last = network.nodes().get(network.nodes().size() - 1).layer();
    boolean done = last instanceof Softmax s && !s.log();
    double max = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < classes; c++) {
      max = Math.max(max, z[from + c]);
    }
    double sum = 0;
    for (int c = 0; c < classes; c++) {
      p[to + c] = done ? z[from + c] : StrictMath.exp(z[from + c] - max);
      sum += p[to + c];
    }
    if (!(sum > 0 && sum < Double.POSITIVE_INFINITY)) {
      throw new InvalidInputException(
          "Prediction: the output of network "
              + network.name()
              + " is not finite; check its parameters and the images");
    }
    for (int c = 0; c < classes; c++) {
      p[to + c] /= sum;
    }
  }

  @Override
  public void close() {
    plan.close();
    arena.close();
    context.close();
  }
}
