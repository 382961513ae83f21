package dev.blindspot.bench.workbench;

import dev.blindspot.attacks.AttackProblem;
import dev.blindspot.bench.peer.RandomData;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.primitives.LossPlan;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.zoo.Zoo;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A network of the zoo with random parameters and pictures that it labels as they are labelled.
 * Owns parameters, plan and tensors.
 */
final class AttackSubject implements AutoCloseable {
  private static final int CLASSES = 10;

  /** Largest logit: far above it the cross-entropy has no gradient left. */
  private static final double LOGIT = 2;

  private final Backend backend;
  private final String model;
  private final int batch;
  private final Network network;
  private final Parameters parameters;
  private final Context context;
  private final NetworkPlan plan;
  private final LossPlan loss;
  private final TensorArena arena;
  private final Tensor x;
  private final Tensor target;
  private final Tensor slope;
  private final float[] images;
  private final int[] labels;
  private AttackProblem problem; // null until the first attack

  AttackSubject(Backend backend, String model, int batch) {
    this.backend = backend;
    this.model = model;
    this.batch = batch;
    Shape sample =
        switch (model) {
          case "resnet20" -> Shape.of(3, 32, 32);
          case "alexnet" -> Shape.of(3, 227, 227);
          default -> Shape.of(1, 28, 28);
        };
    network = Zoo.get(model, sample, CLASSES).network();
    parameters = Parameters.initialize(network, backend, ElementType.F32, 1);
    context = backend.newContext();
    loss = backend.plan(LossDesc.crossEntropy(ElementType.F32, batch, CLASSES));
    images = RandomData.images(Math.toIntExact(batch * sample.size()));
    Shape logits = Shape.of(batch, CLASSES);
    arena =
        backend.arena(
            TensorArena.bytes(ElementType.F32, images.length)
                + TensorArena.bytes(ElementType.I32, batch)
                + TensorArena.bytes(ElementType.F32, logits.size()));
    x = arena.tensor(ElementType.F32, sample.batched(batch), Layout.NCHW).copyFrom(images);
    target = arena.tensor(ElementType.I32, Shape.of(batch), Layout.NCHW);
    slope = arena.tensor(ElementType.F32, logits, Layout.NCHW);
    soften();
    plan = network.plan(backend, parameters, batch, AttackProblem.planning());
    labels = argmax(plan.forward(context, x).toFloats());
    target.copyFrom(labels);
  }

  /** Scales the last layer so that the logits are moderate. */
  private void soften() {
    double largest = 0;
    try (NetworkPlan p =
        network.plan(backend, parameters, batch, NetworkOptions.of(Gradients.INPUT))) {
      for (float z : p.forward(context, x).toFloats()) {
        largest = Math.max(largest, Math.abs(z));
      }
    }
    List<Network.Node> nodes = network.nodes();
    Network.Node last = nodes.get(nodes.size() - 1);
    if (last.layer() instanceof Linear && largest > LOGIT) {
      for (String name : List.of("w", "b")) {
        Parameters.Key key = new Parameters.Key(last.name(), name);
        double factor = LOGIT / largest;
        parameters.set(key, Arrays.stream(parameters.values(key)).map(v -> v * factor).toArray());
      }
    }
  }

  private int[] argmax(float[] z) {
    int[] best = new int[batch];
    for (int i = 0; i < z.length; i++) {
      int row = i / CLASSES;
      best[row] = z[i] > z[row * CLASSES + best[row]] ? i % CLASSES : best[row];
    }
    return best;
  }

  String model() {
    return model;
  }

  int batch() {
    return batch;
  }

  Network network() {
    return network;
  }

  Parameters parameters() {
    return parameters;
  }

  int[] labels() {
    return labels;
  }

  /** Its rounding errors are analysed once, as by a caller who attacks many times. */
  AttackProblem problem() {
    if (problem == null) {
      problem = AttackProblem.of(network, parameters, backend, images, labels).prepared();
    }
    return problem;
  }

  /** Implementations of all layers, each once. */
  String implementations() {
    return plan.implementations().values().stream()
        .flatMap(i -> Arrays.stream(i.split("[ ,]+")))
        .filter(i -> i.startsWith(backend.name()))
        .distinct()
        .collect(Collectors.joining(" "));
  }

  private void pass() {
    Tensor z = plan.forward(context, x);
    loss.execute(context, z, target, 1, null, slope);
    plan.backward(context, slope);
  }

  /** Microseconds of something that waits for its end itself, by the device's clock. */
  double micros(Runnable attack) {
    return context.time(attack) * 1e6;
  }

  /** The bare forward and backward passes with their loss. */
  Timed bare() {
    return count ->
        context.time(
                () -> {
                  for (int i = 0; i < count; i++) {
                    pass();
                  }
                })
            * 1e6
            / count;
  }

  /** Gradient of the summed cross-entropy at the pictures. */
  double[] gradient() {
    pass();
    context.synchronize();
    return Tensors.values(plan.inputGradient());
  }

  @Override
  public void close() {
    try (parameters;
        context;
        arena) {
      plan.close();
    }
  }
}
