package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A network's layers with their memory, executed node by node. */
final class GraphPlan implements NetworkPlan {
  /** Number of the network's input among the nodes. */
  static final int INPUT = -1;

  /**
   * A node prepared.
   *
   * @param inputs numbers of the nodes it reads
   * @param inputGradients which inputs it gives a gradient to
   * @param gradient its output's gradient is computed
   * @param parameterGradient its parameters' gradients are computed
   */
  record Step(
      Network.Node node,
      LayerPlan plan,
      List<Integer> inputs,
      List<Boolean> inputGradients,
      boolean gradient,
      boolean parameterGradient) {}

  private final Network network;
  private final Backend backend;
  private final Parameters parameters;
  private final int maxBatch;
  private final NetworkOptions options;
  private final List<Step> steps;
  private final GraphMemory memory;
  private final ElementwisePlan inputAdder;
  private final ElementwisePlan[] adders;
  private final Map<Integer, BoundGraph> bound = new LinkedHashMap<>();
  private BoundGraph current;
  private BoundGraph ran;
  private boolean packed;

  /** Activations are whole: forward has run and backward has not. */
  private boolean fresh;

  /** Takes ownership of the steps' plans and of the memory. */
  GraphPlan(
      Network network,
      Backend backend,
      Parameters parameters,
      int maxBatch,
      NetworkOptions options,
      List<Step> steps,
      GraphMemory memory) {
    this.network = network;
    this.backend = backend;
    this.parameters = parameters;
    this.maxBatch = maxBatch;
    this.options = options;
    this.steps = steps;
    this.memory = memory;
    inputAdder = memory.inputBranch == null ? null : adder(network.inputShape());
    adders = new ElementwisePlan[steps.size()];
    for (int i = 0; i < adders.length; i++) {
      adders[i] = memory.branches[i] == null ? null : adder(steps.get(i).node().outputShape());
    }
  }

  private ElementwisePlan adder(Shape sample) {
    return backend.plan(
        new ElementwiseDesc(ElementwiseOp.ADD, options.type(), maxBatch, sample.size()),
        PlanOptions.forward());
  }

  /** Views for this x (and dy): those of the last call, or of its batch, or new ones. */
  private BoundGraph bind(Tensor x, Tensor dy) {
    if (current != null && current.x == x && (dy == null || current.dy == dy)) {
      return current;
    }
    int n = (int) x.n();
    BoundGraph b = bound.get(n);
    if (b == null || b.x != x || (dy != null && b.dy != dy)) {
      Tensor before = b == null ? null : b.dy;
      b = new BoundGraph(steps, memory, parameters, options.seed(), x, dy != null ? dy : before);
      bound.put(n, b);
    }
    current = b;
    return b;
  }

  @Override
  public Tensor forward(Context ctx, Tensor x) {
    if (x.n() < 1
        || x.n() > maxBatch
        || x.size() != x.n() * network.inputShape().size()
        || x.type() != options.type()
        || x.backend() != backend) {
      throw new InvalidInputException(
          "Network "
              + network.name()
              + ": input "
              + x
              + " on "
              + x.backend().name()
              + "; planned are 1.."
              + maxBatch
              + " samples "
              + options.type()
              + network.inputShape()
              + " on "
              + backend.name());
    }
    BoundGraph b = bind(x, null);
    if (!packed) {
      repack(ctx, b);
    }
    for (int i = 0; i < steps.size(); i++) {
      steps.get(i).plan().forward(ctx, b.tensors.get(i));
    }
    ran = b;
    fresh = true;
    return b.output;
  }

  private void repack(Context ctx, BoundGraph b) {
    for (int i = 0; i < steps.size(); i++) {
      steps.get(i).plan().parametersChanged(ctx, b.tensors.get(i));
    }
    packed = true;
  }

  @Override
  public void backward(Context ctx, Tensor dy) {
    if (options.gradients() == NetworkOptions.Gradients.NONE) {
      throw new InvalidInputException(
          "Network " + network.name() + ": backward of a plan without gradients");
    }
    if (ran == null || dy.n() != ran.n || dy.size() != ran.output.size()) {
      throw new InvalidInputException(
          "Network "
              + network.name()
              + ": backward with dy "
              + dy
              + (ran == null ? " before any forward" : " after a forward to " + ran.output));
    }
    if (!fresh) {
      throw new InvalidInputException(
          "Network "
              + network.name()
              + ": a second backward after one forward; gradients have taken the activations'"
              + " memory. Run forward again");
    }
    fresh = false;
    BoundGraph b = bind(ran.x, dy);
    ran = b;
    for (int i = steps.size() - 1; i >= 0; i--) {
      Step s = steps.get(i);
      if (!s.gradient()) {
        continue;
      }
      s.plan().backward(ctx, b.tensors.get(i));
      for (int k = 0; k < s.inputs().size(); k++) {
        if (b.added[i][k]) {
          add(ctx, b, s.inputs().get(k));
        }
      }
    }
  }

  private void add(Context ctx, BoundGraph b, int node) {
    if (node == INPUT) {
      inputAdder.execute(ctx, b.inputGradient, b.inputBranch, b.inputGradient);
    } else {
      adders[node].execute(ctx, b.gradients[node], b.branches[node], b.gradients[node]);
    }
  }

  @Override
  public Tensor inputGradient() {
    if (memory.inputGradient == null || ran == null) {
      throw new InvalidInputException(
          "Network " + network.name() + ": no input gradient: " + options.gradients());
    }
    return ran.inputGradient;
  }

  @Override
  public Tensor parameterGradient(String node, String parameter) {
    Tensor t = memory.parameterGradients.get(new Parameters.Key(node, parameter));
    if (t == null) {
      throw new InvalidInputException(
          "Network "
              + network.name()
              + ": no gradient of "
              + node
              + "."
              + parameter
              + "; there are "
              + memory.parameterGradients.keySet());
    }
    return t;
  }

  @Override
  public Tensor output(String node) {
    for (int i = 0; i < steps.size(); i++) {
      boolean kept = options.keep().contains(node) || i == steps.size() - 1;
      if (steps.get(i).node().name().equals(node) && kept && ran != null) {
        return ran.outputs[i];
      }
    }
    throw new InvalidInputException(
        "Network " + network.name() + ": output of " + node + " was not kept: " + options.keep());
  }

  @Override
  public void parametersChanged(Context ctx) {
    packed = false;
    if (ran != null) {
      repack(ctx, ran);
    }
  }

  @Override
  public void step(long step) {
    memory.stepCounter.copyFrom(new int[] {(int) step});
  }

  @Override
  public Network network() {
    return network;
  }

  @Override
  public Backend backend() {
    return backend;
  }

  @Override
  public int maxBatch() {
    return maxBatch;
  }

  @Override
  public NetworkOptions options() {
    return options;
  }

  @Override
  public Map<String, String> implementations() {
    Map<String, String> names = new LinkedHashMap<>();
    for (Step s : steps) {
      names.put(s.node().name(), String.join(", ", s.plan().implementations()));
    }
    return names;
  }

  @Override
  public long memoryBytes() {
    return memory.bytes();
  }

  @Override
  public void close() {
    steps.forEach(s -> s.plan().close());
    memory.close();
  }
}
