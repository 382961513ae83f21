package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Decides what runs as one, which gradients each layer gives and how long each tensor lives. Step i
 * of 2n is the forward of group i of the {@link FusedGraph}, step 2n-1-i its backward.
 */
final class NetworkPlanner {
  private final Network network;
  private final Backend backend;
  private final Parameters parameters;
  private final int maxBatch;
  private final NetworkOptions options;

  /** Nodes that must do their own work only. */
  private final Set<String> plain = new HashSet<>();

  private NetworkPlanner(
      Network network,
      Backend backend,
      Parameters parameters,
      int maxBatch,
      NetworkOptions options) {
    this.network = network;
    this.backend = backend;
    this.parameters = parameters;
    this.maxBatch = maxBatch;
    this.options = options;
  }

  static NetworkPlan plan(
      Network network,
      Backend backend,
      Parameters parameters,
      int maxBatch,
      NetworkOptions options) {
    check(network, backend, parameters, maxBatch, options);
    return new NetworkPlanner(network, backend, parameters, maxBatch, options).plan();
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

  /** No group is planned anew more often than there are nodes: each time one more is plain. */
  private NetworkPlan plan() {
    for (; ; ) {
      FusedGraph graph = new FusedGraph(network, backend, maxBatch, options, plain);
      List<GraphPlan.Step> steps = new ArrayList<>();
      GraphMemory memory = null;
      try {
        if (steps(graph, steps)) {
          memory = new GraphMemory(network, backend, maxBatch, options, steps, lives(graph, steps));
          return new GraphPlan(
              network, backend, parameters, maxBatch, options, graph, steps, memory);
        }
        steps.forEach(s -> s.plan().close());
      } catch (BlindspotException e) {
        if (memory != null) {
          memory.close();
        }
        steps.forEach(s -> s.plan().close());
        throw e;
      }
    }
  }

  /** Prepares all groups; false if the backend cannot do one's fusion or layout, which is noted. */
  private boolean steps(FusedGraph graph, List<GraphPlan.Step> steps) {
    ChannelsLast channels = new ChannelsLast(graph, options);
    GradientFlow flow = new GradientFlow(graph, channels, options.fused());
    for (int g = 0; g < graph.groups().size(); g++) {
      Fusion fusion = flow.fusion(g);
      String name = graph.head(graph.groups().get(g)).name();
      try {
        steps.add(step(graph, channels, g, fusion, flow.memory(g)));
      } catch (UnsupportedException e) {
        if (fusion.isNone() && !channels.isLast(g)) {
          throw new UnsupportedException(
              "Network " + network.name() + ", layer " + name + ": " + e.getMessage(), e);
        }
        plain.add(name);
        return false;
      }
    }
    return true;
  }

  private GraphPlan.Step step(
      FusedGraph graph, ChannelsLast channels, int g, Fusion fusion, int memory) {
    FusedGraph.Group group = graph.groups().get(g);
    LayerSetup setup = graph.setup(group, fusion).channelsLast(channels.isLast(g));
    List<ConvertedPlan.Edge> edges = channels.edges(g);
    LayerPlan plan = graph.head(group).layer().plan(setup);
    return new GraphPlan.Step(
        group.nodes().stream().map(graph::node).toList(),
        group.first(),
        edges.isEmpty() ? plan : new ConvertedPlan(plan, setup, edges),
        fusion,
        graph.inputs(group),
        group.reads().stream().map(graph::gradient).toList(),
        graph.gradient(group),
        graph.parameterGradient(group),
        memory,
        channels.layout(g),
        graph.inputs(group).stream().map(s -> channels.converts(g, s)).toList());
  }

  /** Last step at which each tensor is needed. */
  private GraphMemory.Lives lives(FusedGraph graph, List<GraphPlan.Step> steps) {
    int n = steps.size();
    int end = 2 * n;
    int[] output = new int[n];
    int[] gradientFrom = new int[n];
    for (int i = 0; i < n; i++) {
      output[i] = steps.get(i).gradient() ? end - 1 - i : i;
      gradientFrom[i] = n; // the last node's gradient comes from outside
    }
    int[] lastReader = new int[n];
    for (int i = 0; i < n; i++) {
      for (FusedGraph.Source source : steps.get(i).inputs()) {
        int input = source.group();
        if (input != FusedGraph.INPUT) {
          int until = steps.get(i).gradient() ? end - 1 - i : i;
          output[input] = Math.max(output[input], until);
          lastReader[input] = Math.max(lastReader[input], i);
        }
      }
    }
    for (int i = 0; i < n - 1; i++) {
      gradientFrom[i] = end - 1 - lastReader[i];
    }
    for (String kept : options.keep()) {
      output[graph.source(kept).group()] = end;
    }
    output[n - 1] = end;
    return new GraphMemory.Lives(output, gradientFrom);
  }
}
