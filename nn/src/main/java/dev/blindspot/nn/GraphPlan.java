package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.engine.primitives.RandomKey;
import java.util.ArrayList;
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

  /** Last step that needs each output, first step that writes each output's gradient. */
  record Lives(int[] outputUntil, int[] gradientFrom) {}

  private final Network network;
  private final Backend backend;
  private final Parameters parameters;
  private final int maxBatch;
  private final NetworkOptions options;
  private final List<Step> steps;
  private final TensorArena arena;
  private final TensorArena gradientArena;
  private final Map<Parameters.Key, Tensor> parameterGradients = new LinkedHashMap<>();
  private final Tensor[] outputs;
  private final Tensor[] gradients;
  private final Tensor[] branches;
  private final List<List<Tensor>> saved = new ArrayList<>();
  private final Tensor inputGradient;
  private final Tensor stepCounter;
  private final List<ElementwisePlan> adders = new ArrayList<>();
  private final Map<Integer, BoundGraph> bound = new LinkedHashMap<>();
  private BoundGraph current;
  private BoundGraph ran;
  private boolean packed;

  GraphPlan(
      Network network,
      Backend backend,
      Parameters parameters,
      int maxBatch,
      NetworkOptions options,
      List<Step> steps,
      Lives lives) {
    this.network = network;
    this.backend = backend;
    this.parameters = parameters;
    this.maxBatch = maxBatch;
    this.options = options;
    this.steps = steps;
    int n = steps.size();
    outputs = new Tensor[n];
    gradients = new Tensor[n];
    branches = new Tensor[n];
    Memory memory = new Memory(lives);
    arena = backend.arena(memory.layout.total());
    inputGradient = memory.cut(arena);
    stepCounter = memory.counter.copyFrom(new int[] {0});
    gradientArena = parameterGradientArena();
    for (int i = 0; i < n; i++) {
      adders.add(branches[i] == null ? null : adder(steps.get(i).node().outputShape()));
    }
  }

  /** Places every tensor by its life. */
  private final class Memory {
    private final Lives lives;
    private final MemoryLayout layout = new MemoryLayout();
    private final int end = 2 * steps.size();
    private final int counterBlock;
    private final int inputBlock;
    private final int inputBranchBlock;
    private final List<Integer> blocks = new ArrayList<>();
    private Tensor counter;

    Memory(Lives lives) {
      this.lives = lives;
      counterBlock = layout.add(64, 0, end);
      boolean input = options.gradients().input();
      inputBlock = input ? layout.add(bytes(network.inputShape()), 0, end) : -1;
      inputBranchBlock =
          input && readers(INPUT) > 1 ? layout.add(bytes(network.inputShape()), 0, end) : -1;
      for (int i = 0; i < steps.size(); i++) {
        reserve(i);
      }
      layout.place();
    }

    /** Blocks of node i: output, gradient, a second branch's gradient, scratch tensors. */
    private void reserve(int i) {
      Step s = steps.get(i);
      long bytes = bytes(s.node().outputShape());
      int own = end - 1 - i;
      blocks.add(layout.add(bytes, i, lives.outputUntil()[i]));
      if (s.gradient() && i < steps.size() - 1) {
        blocks.add(layout.add(bytes, lives.gradientFrom()[i], own));
        if (readers(i) > 1) {
          blocks.add(layout.add(bytes, lives.gradientFrom()[i], own));
        }
      }
      for (LayerPlan.Saved t : s.plan().saved()) {
        long size = TensorArena.bytes(t.type(), t.shapePerPlan().size());
        blocks.add(layout.add(size, i, s.gradient() ? own : i));
      }
    }

    private int readers(int node) {
      int count = 0;
      for (Step s : steps) {
        for (int input : s.inputs()) {
          count += input == node ? 1 : 0;
        }
      }
      return count;
    }

    /** Makes the tensors; returns the input's gradient or null. */
    private Tensor cut(TensorArena from) {
      Tensor whole = from.tensor(ElementType.U8, layout.total());
      counter = view(whole, counterBlock, ElementType.I32, Shape.of(1));
      int next = 0;
      for (int i = 0; i < steps.size(); i++) {
        Step s = steps.get(i);
        Shape shape = s.node().outputShape().batched(maxBatch);
        outputs[i] = view(whole, blocks.get(next++), options.type(), shape);
        if (s.gradient() && i < steps.size() - 1) {
          gradients[i] = view(whole, blocks.get(next++), options.type(), shape);
          if (readers(i) > 1) {
            branches[i] = view(whole, blocks.get(next++), options.type(), shape);
          }
        }
        List<Tensor> scratch = new ArrayList<>();
        for (LayerPlan.Saved t : s.plan().saved()) {
          scratch.add(view(whole, blocks.get(next++), t.type(), t.shapePerPlan()));
        }
        saved.add(scratch);
      }
      if (inputBranchBlock >= 0) {
        inputBranch = view(whole, inputBranchBlock, options.type(), inputBatch());
        inputAdder = adder(network.inputShape());
      }
      return inputBlock < 0 ? null : view(whole, inputBlock, options.type(), inputBatch());
    }

    private Shape inputBatch() {
      return network.inputShape().batched(maxBatch);
    }

    private Tensor view(Tensor whole, int block, ElementType type, Shape shape) {
      long offset = whole.offset() + layout.offset(block);
      return new Tensor(whole.storage(), offset, type, shape, Layout.NCHW);
    }

    private long bytes(Shape sample) {
      return TensorArena.bytes(options.type(), sample.size() * maxBatch);
    }
  }

  private Tensor inputBranch;
  private ElementwisePlan inputAdder;

  private ElementwisePlan adder(Shape sample) {
    return backend.plan(
        new ElementwiseDesc(ElementwiseOp.ADD, options.type(), maxBatch, sample.size()),
        PlanOptions.forward());
  }

  private TensorArena parameterGradientArena() {
    long bytes = 64;
    for (Step s : steps) {
      for (ParameterSpec p : s.node().parameters()) {
        bytes += TensorArena.bytes(options.type(), p.shape().size());
      }
    }
    TensorArena own = backend.arena(options.gradients().parameters() ? bytes : 64);
    for (Step s : steps) {
      for (ParameterSpec p : s.node().parameters()) {
        if (s.parameterGradient() && p.trainable()) {
          parameterGradients.put(
              new Parameters.Key(s.node().name(), p.name()),
              own.tensor(options.type(), p.shape(), Layout.NCHW));
        }
      }
    }
    return own;
  }

  /** Views of all tensors for one batch size. */
  private final class BoundGraph {
    final int n;
    final List<LayerTensors> tensors = new ArrayList<>();
    final Tensor output;
    final Tensor inputGradientView;
    final Tensor inputBranchView;
    final Tensor[] gradientViews = new Tensor[steps.size()];
    final Tensor[] branchViews = new Tensor[steps.size()];
    final Tensor[] outputViews = new Tensor[steps.size()];

    /** Which gradient a node writes second and so must be added: [node][input]. */
    final boolean[][] added = new boolean[steps.size()][];

    final Tensor x;
    Tensor dy;

    BoundGraph(int n, Tensor x, Tensor dy) {
      this.n = n;
      this.x = x;
      this.dy = dy;
      inputGradientView = inputGradient == null ? null : inputGradient.slice(0, n);
      inputBranchView = inputBranch == null ? null : inputBranch.slice(0, n);
      for (int i = 0; i < steps.size(); i++) {
        outputViews[i] = outputs[i].slice(0, n);
        gradientViews[i] = gradients[i] == null ? null : gradients[i].slice(0, n);
        branchViews[i] = branches[i] == null ? null : branches[i].slice(0, n);
      }
      output = outputViews[steps.size() - 1];
      gradientViews[steps.size() - 1] = dy;
      bind();
    }

    /** In backward order the first reader of a tensor overwrites its gradient, later ones add. */
    private void bind() {
      boolean[] written = new boolean[steps.size() + 1];
      LayerTensors[] byNode = new LayerTensors[steps.size()];
      for (int i = steps.size() - 1; i >= 0; i--) {
        Step s = steps.get(i);
        List<Tensor> xs = new ArrayList<>();
        List<Tensor> dxs = new ArrayList<>();
        added[i] = new boolean[s.inputs().size()];
        for (int k = 0; k < s.inputs().size(); k++) {
          int input = s.inputs().get(k);
          xs.add(input == INPUT ? x : outputViews[input]);
          Tensor dx = null;
          if (s.gradient() && s.inputGradients().get(k)) {
            added[i][k] = written[input + 1];
            dx = target(input, written[input + 1]);
            written[input + 1] = true;
          }
          dxs.add(dx);
        }
        byNode[i] = tensors(i, xs, dxs);
      }
      tensors.addAll(List.of(byNode));
    }

    private Tensor target(int input, boolean second) {
      if (input == INPUT) {
        return second ? inputBranchView : inputGradientView;
      }
      return second ? branchViews[input] : gradientViews[input];
    }

    private LayerTensors tensors(int i, List<Tensor> xs, List<Tensor> dxs) {
      Step s = steps.get(i);
      List<Tensor> ws = new ArrayList<>();
      List<Tensor> dws = new ArrayList<>();
      for (ParameterSpec p : s.node().parameters()) {
        Parameters.Key key = new Parameters.Key(s.node().name(), p.name());
        ws.add(parameters.get(key));
        dws.add(parameterGradients.get(key));
      }
      RandomKey key = new RandomKey(options.seed(), i, null, stepCounter);
      return new LayerTensors(
          xs, outputViews[i], dxs, gradientViews[i], ws, dws, saved.get(i), key);
    }
  }

  /** Views for this x (and dy): those of the last call, or of its batch, or new ones. */
  private BoundGraph bind(Tensor x, Tensor dy) {
    if (current != null && current.x == x && (dy == null || current.dy == dy)) {
      return current;
    }
    int n = (int) x.n();
    BoundGraph b = bound.get(n);
    if (b == null || b.x != x || (dy != null && b.dy != dy)) {
      b = new BoundGraph(n, x, dy != null ? dy : b == null ? null : b.dy);
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
      inputAdder.execute(ctx, b.inputGradientView, b.inputBranchView, b.inputGradientView);
    } else {
      adders
          .get(node)
          .execute(ctx, b.gradientViews[node], b.branchViews[node], b.gradientViews[node]);
    }
  }

  @Override
  public Tensor inputGradient() {
    if (inputGradient == null || ran == null) {
      throw new InvalidInputException(
          "Network " + network.name() + ": no input gradient: " + options.gradients());
    }
    return ran.inputGradientView;
  }

  @Override
  public Tensor parameterGradient(String node, String parameter) {
    Tensor t = parameterGradients.get(new Parameters.Key(node, parameter));
    if (t == null) {
      throw new InvalidInputException(
          "Network "
              + network.name()
              + ": no gradient of "
              + node
              + "."
              + parameter
              + "; there are "
              + parameterGradients.keySet());
    }
    return t;
  }

  @Override
  public Tensor output(String node) {
    for (int i = 0; i < steps.size(); i++) {
      boolean kept = options.keep().contains(node) || i == steps.size() - 1;
      if (steps.get(i).node().name().equals(node) && kept && ran != null) {
        return ran.outputViews[i];
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
    stepCounter.copyFrom(new int[] {(int) step});
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
    return arena.capacity() + gradientArena.capacity();
  }

  @Override
  public void close() {
    steps.forEach(s -> s.plan().close());
    arena.close();
    gradientArena.close();
  }
}
