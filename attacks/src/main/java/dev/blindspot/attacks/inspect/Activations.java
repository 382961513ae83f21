package dev.blindspot.attacks.inspect;

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
import dev.blindspot.nn.data.DataSet;

/** A layer's activation phi(x) for the images of a data set, batch by batch. One thread. */
final class Activations implements AutoCloseable {
  private static final int MAX_BATCH = 250;

  /** Elements of a batch's activation that are on the heap at once. */
  private static final long MAX_ELEMENTS = 1 << 25;

  /** Takes one image's activation: {@code features} elements of phi from {@code at} on. */
  interface Visitor {
    void visit(int image, float[] phi, int at);
  }

  private final DataSet images;
  private final String layer;
  private final int features;
  private final int batch;
  private final NetworkPlan plan;
  private final Context context;
  private final TensorArena arena;
  private final Tensor input;

  /** Parameters must be F32, on this backend, and stay open. */
  Activations(
      Network network, Parameters parameters, Backend backend, String layer, DataSet images) {
    if (images.sampleSize() != network.inputShape().size()) {
      throw new InvalidInputException(
          "Inspection: network "
              + network.name()
              + " takes "
              + network.inputShape()
              + ", the images are "
              + images.sampleShape());
    }
    this.images = images;
    this.layer = layer;
    features = Math.toIntExact(network.node(layer).outputShape().size());
    batch =
        (int) Math.max(1, Math.min(Math.min(MAX_BATCH, images.size()), MAX_ELEMENTS / features));
    plan = network.plan(backend, parameters, batch, NetworkOptions.of(Gradients.NONE).keep(layer));
    context = backend.newContext();
    long size = network.inputShape().size();
    arena = backend.arena(TensorArena.bytes(ElementType.F32, batch * size));
    input = arena.tensor(ElementType.F32, network.inputShape().batched(batch), Layout.NCHW);
  }

  /** Elements of the activation of one image. */
  int features() {
    return features;
  }

  /**
   * Runs all images through the network, in their order.
   *
   * @throws InvalidInputException at an activation that is not finite: it has no rank
   */
  void forEach(Visitor visitor) {
    for (int from = 0; from < images.size(); from += batch) {
      int to = Math.min(images.size(), from + batch);
      Tensor part = to - from == batch ? input : input.slice(0, to - from);
      images.copyTo(from, to, part);
      plan.forward(context, part);
      context.synchronize();
      float[] phi = plan.output(layer).toFloats();
      checkFinite(phi, from);
      for (int i = from; i < to; i++) {
        visitor.visit(i, phi, (i - from) * features);
      }
    }
  }

  private void checkFinite(float[] phi, int from) {
    for (int i = 0; i < phi.length; i++) {
      if (!Float.isFinite(phi[i])) {
        throw new InvalidInputException(
            "Inspection: unit "
                + i % features
                + " of layer "
                + layer
                + " is "
                + phi[i]
                + " for image "
                + (from + i / features)
                + "; check the network's parameters");
      }
    }
  }

  @Override
  public void close() {
    arena.close();
    context.close();
    plan.close();
  }
}
