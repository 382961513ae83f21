package dev.blindspot.attacks.instability;

import dev.blindspot.attacks.bounds.NetworkBounds;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * How far two versions of the same samples are apart at the end of each row of a network's bound.
 * Owns its plan and buffers; one thread.
 */
final class Differences implements AutoCloseable {
  private static final int MAX_PAIRS = 64;

  /** Elements of a batch's activations that are kept at once. */
  private static final long MAX_ELEMENTS = 1 << 25;

  private final List<String> ends;
  private final int size;
  private final int pairs;
  private final NetworkPlan plan;
  private final Context context;
  private final TensorArena arena;
  private final Tensor input;

  /**
   * @param parameters F32, on this backend; they stay open
   * @param samples how many will be measured at once, to choose the batch by
   */
  Differences(Network network, Parameters parameters, Backend backend, int samples) {
    ends = NetworkBounds.parts(network).stream().map(p -> p.get(p.size() - 1).name()).toList();
    size = Math.toIntExact(network.inputShape().size());
    long elements = ends.stream().mapToLong(n -> network.node(n).outputShape().size()).sum();
    pairs =
        (int) Math.max(1, Math.min(Math.min(samples, MAX_PAIRS), MAX_ELEMENTS / (2 * elements)));
    NetworkOptions options = NetworkOptions.of(Gradients.NONE).keep(ends.toArray(String[]::new));
    plan = network.plan(backend, parameters, 2 * pairs, options);
    context = backend.newContext();
    arena = backend.arena(TensorArena.bytes(ElementType.F32, 2L * pairs * size));
    input = arena.tensor(ElementType.F32, network.inputShape().batched(2 * pairs), Layout.NCHW);
  }

  /** Number of rows. */
  int rows() {
    return ends.size();
  }

  /**
   * Euclidean distances [rows + 1][n] between the samples' activations, formed in double; position
   * 0 is that of the inputs.
   *
   * @param a [n,...]
   * @param b [n,...]
   * @param progress told the number of samples done
   * @throws InvalidInputException at an activation that is not finite
   */
  double[][] measure(float[] a, float[] b, IntConsumer progress) {
    int n = a.length / size;
    double[][] distances = new double[ends.size() + 1][n];
    float[] both = new float[2 * pairs * size];
    for (int from = 0; from < n; from += pairs) {
      int count = Math.min(pairs, n - from);
      float[] part = count == pairs ? both : new float[2 * count * size];
      System.arraycopy(a, from * size, part, 0, count * size);
      System.arraycopy(b, from * size, part, count * size, count * size);
      plan.forward(context, input.slice(0, 2 * count).copyFrom(part));
      context.synchronize();
      distances(part, count, distances[0], from, Network.INPUT);
      for (int row = 0; row < ends.size(); row++) {
        float[] phi = plan.output(ends.get(row)).toFloats();
        distances(phi, count, distances[row + 1], from, ends.get(row));
      }
      progress.accept(from + count);
    }
    return distances;
  }

  /** Between the first and the second half of {@code phi}. */
  private static void distances(float[] phi, int count, double[] to, int from, String layer) {
    int features = phi.length / (2 * count);
    for (int i = 0; i < count; i++) {
      double squares = 0;
      for (int k = 0; k < features; k++) {
        double d = (double) phi[(count + i) * features + k] - phi[i * features + k];
        squares += d * d;
      }
      if (!Double.isFinite(squares)) {
        throw new InvalidInputException(
            "Instability: the output of layer "
                + layer
                + " is not finite for sample "
                + (from + i)
                + "; check the network's parameters");
      }
      to[from + i] = Math.sqrt(squares);
    }
  }

  @Override
  public void close() {
    arena.close();
    context.close();
    plan.close();
  }
}
