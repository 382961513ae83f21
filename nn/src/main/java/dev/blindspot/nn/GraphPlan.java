package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A network's layers with their memory, executed group by group. */
final class GraphPlan implements NetworkPlan {

  /**
   * A group of nodes prepared.
   *
   * @param nodes the first one's layer does the others' work
   * @param number of the first node in the network
   * @param inputs what it reads
   * @param inputGradients which inputs it gives a gradient to
   * @param gradient its output's gradient is computed
   * @param parameterGradient its parameters' gradients are computed
   * @param memory the later step in whose memory its output's gradient is formed, or {@link
   *     GradientFlow#OWN}
   * @param layout of its output and that one's gradient
   * @param converts for each input whether the plan takes it in the other layout
   */
  record Step(
      List<Network.Node> nodes,
      int number,
      LayerPlan plan,
      Fusion fusion,
      List<FusedGraph.Source> inputs,
      List<Boolean> inputGradients,
      boolean gradient,
      boolean parameterGradient,
      int memory,
      Layout layout,
      List<Boolean> converts) {

    /** The node whose layer works. */
    Network.Node node() {
      return nodes.get(0);
    }
  }

  private final Network network;
  private final Backend backend;
  private final Parameters parameters;
  private final int maxBatch;
  private final NetworkOptions options;
  private final FusedGraph graph;
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
      FusedGraph graph,
      List<Step> steps,
      GraphMemory memory) {
    this.network = network;
    this.backend = backend;
    this.parameters = parameters;
    this.maxBatch = maxBatch;
    this.options = options;
    this.graph = graph;
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
      b =
          new BoundGraph(
              network,
              graph,
              steps,
              memory,
              parameters,
              options.seed(),
              x,
              dy != null ? dy : before);
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
          add(ctx, b, s.inputs().get(k).group());
        }
      }
    }
  }

  private void add(Context ctx, BoundGraph b, int group) {
    if (group == FusedGraph.INPUT) {
      inputAdder.execute(ctx, b.inputGradient, b.inputBranch, b.inputGradient);
    } else {
      adders[group].execute(ctx, b.gradients[group], b.branches[group], b.gradients[group]);
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
    String last = network.nodes().get(network.nodes().size() - 1).name();
    if (ran != null && (options.keep().contains(node) || node.equals(last))) {
      return ran.output(node);
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
  public void step(Context ctx, long step) {
    ctx.upload(new int[] {(int) step}, memory.stepCounter);
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
    Map<String, String> work = new LinkedHashMap<>();
    for (Step s : steps) {
      for (Network.Node n : s.nodes()) {
        work.put(n.name(), "fused into " + s.node().name());
      }
      work.put(s.node().name(), String.join(", ", s.plan().implementations()));
    }
    Map<String, String> names = new LinkedHashMap<>();
    for (Network.Node n : network.nodes()) {
      String view = "view of " + n.inputs().get(0);
      names.put(n.name(), work.getOrDefault(n.name(), view));
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
