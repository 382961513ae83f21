package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Decides which gradients each layer gives and how long each tensor lives. Step i of 2n is node i's
 * forward, step 2n-1-i its backward.
 */
final class NetworkPlanner {
  private final Network network;
  private final NetworkOptions options;
  private final List<Network.Node> nodes;
  private final Map<String, Integer> index = new HashMap<>();

  private NetworkPlanner(Network network, NetworkOptions options) {
    this.network = network;
    this.options = options;
    this.nodes = network.nodes();
    for (int i = 0; i < nodes.size(); i++) {
      index.put(nodes.get(i).name(), i);
    }
  }

  static NetworkPlan plan(
      Network network,
      Backend backend,
      Parameters parameters,
      int maxBatch,
      NetworkOptions options) {
    check(network, backend, parameters, maxBatch, options);
    return new NetworkPlanner(network, options).plan(backend, parameters, maxBatch);
  }

  private static void check(
      Network network,
      Backend backend,
      Parameters parameters,
      int maxBatch,
      NetworkOptions options) {
    String where = "Network " + network.name() + ": ";
    if (maxBatch < 1) {
      throw new InvalidInputException(where + "batch must be at least 1, not " + maxBatch);
    }
    if (parameters.backend() != backend || parameters.type() != options.type()) {
      throw new InvalidInputException(
          where
              + "parameters are "
              + parameters.type()
              + " on "
              + parameters.backend().name()
              + ", the plan is "
              + options.type()
              + " on "
              + backend.name()
              + "; use Parameters.copyTo");
    }
    options.keep().forEach(network::node);
  }

  private NetworkPlan plan(Backend backend, Parameters parameters, int maxBatch) {
    boolean[] wanted = gradientsWanted();
    List<GraphPlan.Step> steps = new ArrayList<>();
    GraphMemory memory = null;
    try {
      for (int i = 0; i < nodes.size(); i++) {
        steps.add(step(backend, maxBatch, i, wanted));
      }
      memory = new GraphMemory(network, backend, maxBatch, options, steps, lives(steps));
      return new GraphPlan(network, backend, parameters, maxBatch, options, steps, memory);
    } catch (BlindspotException e) {
      if (memory != null) {
        memory.close();
      }
      steps.forEach(s -> s.plan().close());
      throw e;
    }
  }

  /** Whether the gradient of node i's output is needed: something below it is to be given one. */
  private boolean[] gradientsWanted() {
    boolean[] wanted = new boolean[nodes.size()];
    for (int i = 0; i < nodes.size(); i++) {
      boolean any = options.gradients().parameters() && trains(nodes.get(i));
      for (String input : nodes.get(i).inputs()) {
        any |= input.equals(Network.INPUT) ? options.gradients().input() : wanted[index.get(input)];
      }
      wanted[i] = any;
    }
    return wanted;
  }

  private static boolean trains(Network.Node node) {
    return node.parameters().stream().anyMatch(ParameterSpec::trainable);
  }

  private GraphPlan.Step step(Backend backend, int maxBatch, int i, boolean[] wanted) {
    Network.Node node = nodes.get(i);
    List<Integer> inputs = new ArrayList<>();
    List<Boolean> inputGradients = new ArrayList<>();
    for (String name : node.inputs()) {
      boolean isInput = name.equals(Network.INPUT);
      inputs.add(isInput ? GraphPlan.INPUT : index.get(name));
      inputGradients.add(isInput ? options.gradients().input() : wanted[index.get(name)]);
    }
    boolean parameterGradient = options.gradients().parameters() && trains(node);
    LayerSetup setup =
        new LayerSetup(
            backend,
            options.type(),
            maxBatch,
            node.inputShapes(),
            node.outputShape(),
            inputGradients.contains(true),
            parameterGradient,
            options.training(),
            options.precision());
    try {
      return new GraphPlan.Step(
          node, node.layer().plan(setup), inputs, inputGradients, wanted[i], parameterGradient);
    } catch (UnsupportedException e) {
      throw new UnsupportedException(
          "Network " + network.name() + ", layer " + node.name() + ": " + e.getMessage(), e);
    }
  }

  /** Last step at which each tensor is needed. */
  private GraphMemory.Lives lives(List<GraphPlan.Step> steps) {
    int n = nodes.size();
    int end = 2 * n;
    int[] output = new int[n];
    int[] gradientFrom = new int[n];
    for (int i = 0; i < n; i++) {
      output[i] = steps.get(i).gradient() ? end - 1 - i : i;
      gradientFrom[i] = n; // the last node's gradient comes from outside
    }
    int[] lastReader = new int[n];
    for (int i = 0; i < n; i++) {
      for (int input : steps.get(i).inputs()) {
        if (input != GraphPlan.INPUT) {
          int until = steps.get(i).gradient() ? end - 1 - i : i;
          output[input] = Math.max(output[input], until);
          lastReader[input] = Math.max(lastReader[input], i);
        }
      }
    }
    for (int i = 0; i < n - 1; i++) {
      gradientFrom[i] = end - 1 - lastReader[i];
      if (options.keep().contains(nodes.get(i).name())) {
        output[i] = end;
      }
    }
    output[n - 1] = end;
    return new GraphMemory.Lives(output, gradientFrom);
  }
}
