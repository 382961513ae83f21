package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All tensors of a network plan at its largest batch, laid out once by their lives in an arena of
 * their own; the parameters' gradients, which live all the time, in another. Owns both.
 */
final class GraphMemory implements AutoCloseable {
  /** Last step that needs each output, first step that writes each output's gradient. */
  record Lives(int[] outputUntil, int[] gradientFrom) {}

  private final Network network;
  private final int maxBatch;
  private final NetworkOptions options;
  private final List<GraphPlan.Step> steps;
  private final TensorArena arena;
  private final TensorArena gradientArena;

  /** Output of each step. */
  final Tensor[] outputs;

  /**
   * Gradient of each step's output, possibly in the memory of a later step's; null where none is
   * computed, and for the last step.
   */
  final Tensor[] gradients;

  /** A second gradient to be added, where a reader cannot add by itself; else null. */
  final Tensor[] branches;

  /** What each step's layer asked for by {@link LayerPlan#saved}. */
  final List<List<Tensor>> saved = new ArrayList<>();

  /** Gradient of the network's input, or null. */
  final Tensor inputGradient;

  /** A second gradient of the network's input, or null. */
  final Tensor inputBranch;

  /** One I32: the step that random numbers are keyed by. */
  final Tensor stepCounter;

  final Map<Parameters.Key, Tensor> parameterGradients = new LinkedHashMap<>();

  GraphMemory(
      Network network,
      Backend backend,
      int maxBatch,
      NetworkOptions options,
      List<GraphPlan.Step> steps,
      Lives lives) {
    this.network = network;
    this.maxBatch = maxBatch;
    this.options = options;
    this.steps = steps;
    int n = steps.size();
    outputs = new Tensor[n];
    gradients = new Tensor[n];
    branches = new Tensor[n];
    Blocks blocks = new Blocks(lives);
    arena = backend.arena(blocks.layout.total());
    try {
      Tensor whole = arena.tensor(ElementType.U8, blocks.layout.total());
      blocks.cutSteps(whole);
      inputGradient = blocks.cutInput(whole, blocks.input);
      inputBranch = blocks.cutInput(whole, blocks.inputBranch);
      stepCounter = blocks.view(whole, blocks.counter, ElementType.I32, Shape.of(1));
      stepCounter.copyFrom(new int[] {0});
      gradientArena = parameterGradients(backend);
    } catch (RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  private TensorArena parameterGradients(Backend backend) {
    long bytes = 64;
    for (GraphPlan.Step s : steps) {
      for (ParameterSpec p : s.node().parameters()) {
        bytes += TensorArena.bytes(options.type(), p.shape().size());
      }
    }
    TensorArena own = backend.arena(options.gradients().parameters() ? bytes : 64);
    for (GraphPlan.Step s : steps) {
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

  /** The blocks of the layout: first all are reserved by their lives, then cut. */
  private final class Blocks {
    private static final int NONE = -1;

    final MemoryLayout layout = new MemoryLayout();
    final int counter;
    final int input;
    final int inputBranch;
    private final Lives lives;
    private final int end = 2 * steps.size();
    private final int[] output = new int[steps.size()];
    private final int[] gradient = new int[steps.size()];
    private final int[] branch = new int[steps.size()];
    private final List<List<Integer>> scratch = new ArrayList<>();

    Blocks(Lives lives) {
      this.lives = lives;
      counter = layout.add(64, 0, end);
      boolean wanted = options.gradients().input();
      long size = bytes(network.inputShape());
      input = wanted ? layout.add(size, 0, end) : NONE;
      inputBranch = wanted && branches(FusedGraph.INPUT) ? layout.add(size, 0, end) : NONE;
      for (int i = 0; i < steps.size(); i++) {
        reserve(i);
      }
      layout.place();
    }

    /** Blocks of step i: output, gradient, a second branch's gradient, scratch tensors. */
    private void reserve(int i) {
      GraphPlan.Step s = steps.get(i);
      long bytes = bytes(s.node().outputShape());
      int own = end - 1 - i;
      output[i] = layout.add(bytes, i, lives.outputUntil()[i]);
      boolean formed = s.gradient() && i < steps.size() - 1;
      gradient[i] =
          formed && s.memory() == GradientFlow.OWN
              ? layout.add(bytes, lives.gradientFrom()[i], end - 1 - lowestUser(i))
              : NONE;
      branch[i] = formed && branches(i) ? layout.add(bytes, lives.gradientFrom()[i], own) : NONE;
      List<Integer> ids = new ArrayList<>();
      for (LayerPlan.Saved t : s.plan().saved()) {
        long size = TensorArena.bytes(t.type(), t.shapePerPlan().size());
        ids.add(layout.add(size, i, s.gradient() ? own : i));
      }
      scratch.add(ids);
    }

    /** The last step on the way back that has its gradient in the memory of step i's. */
    private int lowestUser(int i) {
      int lowest = i;
      for (int k = i - 1; k >= 0; k--) {
        lowest = steps.get(k).memory() == lowest ? k : lowest;
      }
      return lowest;
    }

    /** Whether a second reader gives a gradient that it cannot add by itself. */
    private boolean branches(int producer) {
      int writers = 0;
      int adding = 0;
      for (GraphPlan.Step s : steps) {
        for (int k = 0; k < s.inputs().size(); k++) {
          if (s.inputs().get(k).group() == producer && s.inputGradients().get(k)) {
            writers++;
            adding += s.fusion().accumulates().get(k) ? 1 : 0;
          }
        }
      }
      return writers - adding > 1;
    }

    /** The tensors of all steps; a gradient in the memory of a later one is cut after it. */
    void cutSteps(Tensor whole) {
      for (int i = steps.size() - 1; i >= 0; i--) {
        GraphPlan.Step s = steps.get(i);
        Shape shape = s.node().outputShape().batched(maxBatch);
        outputs[i] = view(whole, output[i], shape, s.layout());
        branches[i] = view(whole, branch[i], shape, s.layout());
        gradients[i] =
            s.memory() == GradientFlow.OWN
                ? view(whole, gradient[i], shape, s.layout())
                : at(gradients[s.memory()], shape, s.layout());
      }
      for (int i = 0; i < steps.size(); i++) {
        List<Tensor> tensors = new ArrayList<>();
        for (int k = 0; k < scratch.get(i).size(); k++) {
          LayerPlan.Saved t = steps.get(i).plan().saved().get(k);
          tensors.add(view(whole, scratch.get(i).get(k), t.type(), t.shapePerPlan()));
        }
        saved.add(tensors);
      }
    }

    Tensor cutInput(Tensor whole, int block) {
      return view(whole, block, options.type(), network.inputShape().batched(maxBatch));
    }

    /** The row-major tensor in a block; null for none. */
    Tensor view(Tensor whole, int block, ElementType type, Shape shape) {
      if (block == NONE) {
        return null;
      }
      long offset = whole.offset() + layout.offset(block);
      return new Tensor(whole.storage(), offset, type, shape, Layout.NCHW);
    }

    /** An activation or gradient in a block; null for none. */
    private Tensor view(Tensor whole, int block, Shape shape, Layout order) {
      return block == NONE ? null : at(view(whole, block, options.type(), shape), shape, order);
    }

    /** The same memory as another tensor. */
    private Tensor at(Tensor t, Shape shape, Layout order) {
      return new Tensor(t.storage(), t.offset(), t.type(), shape, order);
    }

    private long bytes(Shape sample) {
      return TensorArena.bytes(options.type(), sample.size() * maxBatch);
    }
  }

  /** Bytes of both arenas. */
  long bytes() {
    return arena.capacity() + gradientArena.capacity();
  }

  @Override
  public void close() {
    arena.close();
    gradientArena.close();
  }
}
