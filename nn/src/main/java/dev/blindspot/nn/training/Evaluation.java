package dev.blindspot.nn.training;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.ArgmaxDesc;
import dev.blindspot.engine.primitives.ArgmaxPlan;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;

/**
 * What a network says of a data set.
 *
 * @param predictions the class with the largest output, for each sample
 * @param correct number of predictions that equal the label
 */
public record Evaluation(int[] predictions, int correct) {

  /** Share of correct predictions. */
  public double accuracy() {
    return (double) correct / predictions.length;
  }

  /** Runs the network (F32, inference behaviour) on all samples, {@code batch} at a time. */
  public static Evaluation of(
      Network network, Parameters parameters, Backend backend, DataSet data, int batch) {
    if (!data.sampleShape().equals(network.inputShape())
        && data.sampleSize() != network.inputShape().size()) {
      throw new InvalidInputException(
          "Network "
              + network.name()
              + " takes samples "
              + network.inputShape()
              + ", the data set "
              + data.name()
              + " has "
              + data.sampleShape());
    }
    int n = Math.min(batch, data.size());
    long classes = network.outputShape().size();
    long bytes =
        TensorArena.bytes(ElementType.F32, n * network.inputShape().size())
            + TensorArena.bytes(ElementType.I32, n);
    int[] predictions = new int[data.size()];
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(bytes);
        NetworkPlan plan =
            network.plan(
                backend, parameters, n, NetworkOptions.of(NetworkOptions.Gradients.NONE))) {
      Tensor x = arena.tensor(ElementType.F32, network.inputShape().batched(n), Layout.NCHW);
      Tensor index = arena.tensor(ElementType.I32, n);
      ArgmaxPlan argmax =
          backend.plan(new ArgmaxDesc(ElementType.F32, n, classes), PlanOptions.forward());
      for (int from = 0; from < data.size(); from += n) {
        int count = Math.min(n, data.size() - from);
        Tensor part = count == n ? x : x.slice(0, count);
        Tensor found = count == n ? index : index.slice(0, count);
        data.copyTo(from, from + count, part);
        argmax.execute(ctx, plan.forward(ctx, part), found);
        ctx.synchronize();
        System.arraycopy(found.toInts(), 0, predictions, from, count);
      }
    }
    int correct = 0;
    for (int i = 0; i < predictions.length; i++) {
      correct += predictions[i] == data.label(i) ? 1 : 0;
    }
    return new Evaluation(predictions, correct);
  }
}
