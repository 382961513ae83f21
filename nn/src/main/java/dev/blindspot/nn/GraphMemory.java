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

  /** Output of each node. */
  final Tensor[] outputs;

  /** Gradient of each node's output; null where none is computed, and for the last node. */
  final Tensor[] gradients;

  /** A second gradient to be added, for nodes with several readers; else null. */
  final Tensor[] branches;

  /** What each node's layer asked for by {@link LayerPlan#saved}. */
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
      blocks.cutNodes(whole);
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
    final MemoryLayout layout = new MemoryLayout();
    final int counter;
    final int input;
    final int inputBranch;
    private final Lives lives;
    private final int end = 2 * steps.size();
    private final List<Integer> byNode = new ArrayList<>();

    Blocks(Lives lives) {
      this.lives = lives;
      counter = layout.add(64, 0, end);
      boolean wanted = options.gradients().input();
      input = wanted ? layout.add(bytes(network.inputShape()), 0, end) : -1;
      inputBranch =
          wanted && readers(GraphPlan.INPUT) > 1
              ? layout.add(bytes(network.inputShape()), 0, end)
              : -1;
      for (int i = 0; i < steps.size(); i++) {
        reserve(i);
      }
      layout.place();
    }

    /** Blocks of node i: output, gradient, a second branch's gradient, scratch tensors. */
    private void reserve(int i) {
      GraphPlan.Step s = steps.get(i);
      long bytes = bytes(s.node().outputShape());
      int own = end - 1 - i;
      byNode.add(layout.add(bytes, i, lives.outputUntil()[i]));
      if (s.gradient() && i < steps.size() - 1) {
        byNode.add(layout.add(bytes, lives.gradientFrom()[i], own));
        if (readers(i) > 1) {
          byNode.add(layout.add(bytes, lives.gradientFrom()[i], own));
        }
      }
      for (LayerPlan.Saved t : s.plan().saved()) {
        long size = TensorArena.bytes(t.type(), t.shapePerPlan().size());
        byNode.add(layout.add(size, i, s.gradient() ? own : i));
      }
    }

    private int readers(int node) {
      int count = 0;
      for (GraphPlan.Step s : steps) {
        for (int i : s.inputs()) {
          count += i == node ? 1 : 0;
        }
      }
      return count;
    }

    /** The tensors of all nodes, in the order in which {@link #reserve} made their blocks. */
    void cutNodes(Tensor whole) {
      int next = 0;
      for (int i = 0; i < steps.size(); i++) {
        GraphPlan.Step s = steps.get(i);
        Shape shape = s.node().outputShape().batched(maxBatch);
        outputs[i] = view(whole, byNode.get(next++), options.type(), shape);
        if (s.gradient() && i < steps.size() - 1) {
          gradients[i] = view(whole, byNode.get(next++), options.type(), shape);
          if (readers(i) > 1) {
            branches[i] = view(whole, byNode.get(next++), options.type(), shape);
          }
        }
        List<Tensor> scratch = new ArrayList<>();
        for (LayerPlan.Saved t : s.plan().saved()) {
          scratch.add(view(whole, byNode.get(next++), t.type(), t.shapePerPlan()));
        }
        saved.add(scratch);
      }
    }

    Tensor cutInput(Tensor whole, int block) {
      Shape shape = network.inputShape().batched(maxBatch);
      return block < 0 ? null : view(whole, block, options.type(), shape);
    }

    Tensor view(Tensor whole, int block, ElementType type, Shape shape) {
      long offset = whole.offset() + layout.offset(block);
      return new Tensor(whole.storage(), offset, type, shape, Layout.NCHW);
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
