package dev.blindspot.nn;

import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RandomKey;
import java.util.ArrayList;
import java.util.List;

/** Views of a plan's tensors for one batch size, one input and one output gradient. */
final class BoundGraph {
  final int n;
  final Tensor x;
  final Tensor dy;
  final Tensor output;
  final Tensor inputGradient;
  final Tensor inputBranch;
  final Tensor[] outputs;
  final Tensor[] gradients;
  final Tensor[] branches;

  /** Tensors of each node. */
  final List<LayerTensors> tensors;

  /** Which gradient a node writes second and so must be added: [node][input]. */
  final boolean[][] added;

  private final List<GraphPlan.Step> steps;
  private final GraphMemory memory;

  /**
   * @param x input [n,...]
   * @param dy gradient of the output [n,...]; null while only forward has run
   * @param seed of the layers' random numbers
   */
  BoundGraph(
      List<GraphPlan.Step> steps,
      GraphMemory memory,
      Parameters parameters,
      long seed,
      Tensor x,
      Tensor dy) {
    this.steps = steps;
    this.memory = memory;
    this.x = x;
    this.dy = dy;
    n = (int) x.n();
    inputGradient = view(memory.inputGradient);
    inputBranch = view(memory.inputBranch);
    outputs = views(memory.outputs);
    gradients = views(memory.gradients);
    branches = views(memory.branches);
    output = outputs[steps.size() - 1];
    gradients[steps.size() - 1] = dy;
    added = new boolean[steps.size()][];
    tensors = bind(parameters, seed);
  }

  private Tensor view(Tensor whole) {
    return whole == null ? null : whole.slice(0, n);
  }

  private Tensor[] views(Tensor[] whole) {
    Tensor[] views = new Tensor[whole.length];
    for (int i = 0; i < whole.length; i++) {
      views[i] = view(whole[i]);
    }
    return views;
  }

  /** In backward order the first reader of a tensor overwrites its gradient, later ones add. */
  private List<LayerTensors> bind(Parameters parameters, long seed) {
    boolean[] written = new boolean[steps.size() + 1];
    LayerTensors[] byNode = new LayerTensors[steps.size()];
    for (int i = steps.size() - 1; i >= 0; i--) {
      GraphPlan.Step s = steps.get(i);
      List<Tensor> xs = new ArrayList<>();
      List<Tensor> dxs = new ArrayList<>();
      added[i] = new boolean[s.inputs().size()];
      for (int k = 0; k < s.inputs().size(); k++) {
        int input = s.inputs().get(k);
        xs.add(input == GraphPlan.INPUT ? x : outputs[input]);
        Tensor dx = null;
        if (s.gradient() && s.inputGradients().get(k)) {
          added[i][k] = written[input + 1];
          dx = target(input, written[input + 1]);
          written[input + 1] = true;
        }
        dxs.add(dx);
      }
      byNode[i] = tensors(i, xs, dxs, parameters, seed);
    }
    return List.of(byNode);
  }

  private Tensor target(int input, boolean second) {
    if (input == GraphPlan.INPUT) {
      return second ? inputBranch : inputGradient;
    }
    return second ? branches[input] : gradients[input];
  }

  private LayerTensors tensors(
      int i, List<Tensor> xs, List<Tensor> dxs, Parameters parameters, long seed) {
    GraphPlan.Step s = steps.get(i);
    List<Tensor> ws = new ArrayList<>();
    List<Tensor> dws = new ArrayList<>();
    for (ParameterSpec p : s.node().parameters()) {
      Parameters.Key key = new Parameters.Key(s.node().name(), p.name());
      ws.add(parameters.get(key));
      dws.add(memory.parameterGradients.get(key));
    }
    RandomKey key = new RandomKey(seed, i, null, memory.stepCounter);
    return new LayerTensors(xs, outputs[i], dxs, gradients[i], ws, dws, memory.saved.get(i), key);
  }
}
