package dev.blindspot.nn;

import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RandomKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

  private final FusedGraph graph;
  private final List<GraphPlan.Step> steps;
  private final GraphMemory memory;
  private final Map<String, Tensor> named = new HashMap<>();

  /**
   * @param x input [n,...]
   * @param dy gradient of the output [n,...]; null while only forward has run
   * @param seed of the layers' random numbers
   */
  BoundGraph(
      Network network,
      FusedGraph graph,
      List<GraphPlan.Step> steps,
      GraphMemory memory,
      Parameters parameters,
      long seed,
      Tensor x,
      Tensor dy) {
    this.graph = graph;
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
    output = output(network.nodes().get(network.nodes().size() - 1).name());
    boolean viewed = dy != null && output != outputs[steps.size() - 1];
    gradients[steps.size() - 1] =
        viewed ? dy.reshape(outputs[steps.size() - 1].shape().toArray()) : dy;
    added = new boolean[steps.size()][];
    tensors = bind(parameters, seed);
  }

  /** The output of a node that has one. */
  Tensor output(String node) {
    Tensor t = named.get(node);
    if (t == null) {
      FusedGraph.Source source = graph.source(node);
      t = shaped(outputs[source.group()], source);
      named.put(node, t);
    }
    return t;
  }

  /** A tensor as a reader sees it. */
  private Tensor shaped(Tensor t, FusedGraph.Source source) {
    Shape wanted = source.shape().batched(n);
    return t == null || t.shape().equals(wanted) ? t : t.reshape(wanted.toArray());
  }

  /** The network's input as a reader sees it: as the caller gave it unless behind a view. */
  private Tensor input(FusedGraph.Source source) {
    boolean given =
        source.group() == FusedGraph.INPUT
            && source.shape().equals(graph.source(Network.INPUT).shape());
    return given ? x : shaped(x, source);
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
        FusedGraph.Source source = s.inputs().get(k);
        int input = source.group();
        boolean asMade = s.converts().get(k); // the plan makes its own views
        Tensor made = input == FusedGraph.INPUT ? x : outputs[input];
        xs.add(asMade ? made : input == FusedGraph.INPUT ? input(source) : shaped(made, source));
        Tensor dx = null;
        if (s.gradient() && s.inputGradients().get(k)) {
          added[i][k] = written[input + 1] && !s.fusion().accumulates().get(k);
          dx = target(input, added[i][k]);
          written[input + 1] = true;
        }
        dxs.add(asMade ? dx : shaped(dx, source));
      }
      byNode[i] = tensors(i, xs, dxs, parameters, seed);
    }
    return List.of(byNode);
  }

  private Tensor target(int input, boolean second) {
    if (input == FusedGraph.INPUT) {
      return second ? inputBranch : inputGradient;
    }
    return second ? branches[input] : gradients[input];
  }

  private LayerTensors tensors(
      int i, List<Tensor> xs, List<Tensor> dxs, Parameters parameters, long seed) {
    GraphPlan.Step s = steps.get(i);
    List<Tensor> ws = new ArrayList<>();
    List<Tensor> dws = new ArrayList<>();
    for (Network.Node node : s.nodes()) {
      for (ParameterSpec p : node.parameters()) {
        Parameters.Key key = new Parameters.Key(node.name(), p.name());
        ws.add(parameters.get(key));
        dws.add(memory.parameterGradients.get(key));
      }
    }
    RandomKey key = new RandomKey(seed, s.number(), null, memory.stepCounter);
    return new LayerTensors(xs, outputs[i], dxs, gradients[i], ws, dws, memory.saved.get(i), key);
  }
}
