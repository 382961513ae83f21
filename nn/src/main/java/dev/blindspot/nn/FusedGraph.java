package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Shape;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The nodes of a network in groups that a plan executes as one: a layer with the channel scale, the
 * sum and the ReLU behind it, as far as nothing else reads what lies between. Views (flatten) are
 * in no group: who reads one reads its input. A group comes where its last node was, so all it
 * reads is ready.
 */
final class FusedGraph {
  /** Number of the network's input among the groups. */
  static final int INPUT = -1;

  /**
   * What a node reads.
   *
   * @param group that computes it, or {@link #INPUT}
   * @param shape of one sample as the reader sees it
   */
  record Source(int group, Shape shape) {}

  /**
   * Nodes executed as one.
   *
   * @param nodes numbers of the nodes; the first one's layer does the others' work
   * @param fusion that work
   * @param reads names of what the group reads: the first node's inputs, then the residual
   */
  record Group(List<Integer> nodes, Fusion fusion, List<String> reads) {
    int first() {
      return nodes.get(0);
    }

    int last() {
      return nodes.get(nodes.size() - 1);
    }
  }

  private final Backend backend;
  private final int maxBatch;
  private final NetworkOptions options;
  private final List<Network.Node> nodes;
  private final Set<String> plain;
  private final Map<String, Integer> index = new HashMap<>();
  private final boolean[] wanted;
  private final boolean[] taken;
  private final List<Group> groups = new ArrayList<>();
  private final Map<String, Source> sources = new HashMap<>();

  /**
   * @param plain names of nodes that must do their own work only
   */
  FusedGraph(
      Network network, Backend backend, int maxBatch, NetworkOptions options, Set<String> plain) {
    this.backend = backend;
    this.maxBatch = maxBatch;
    this.options = options;
    this.plain = plain;
    nodes = network.nodes();
    taken = new boolean[nodes.size()];
    for (int i = 0; i < nodes.size(); i++) {
      index.put(nodes.get(i).name(), i);
    }
    wanted = gradientsWanted();
    for (int i = 0; i < nodes.size(); i++) {
      if (!taken[i] && !isView(i)) {
        groups.add(group(i));
      }
    }
    groups.sort(Comparator.comparingInt(Group::last));
    sources.put(Network.INPUT, new Source(INPUT, network.inputShape()));
    Map<Integer, Integer> computes = new HashMap<>();
    for (int g = 0; g < groups.size(); g++) {
      computes.put(groups.get(g).last(), g);
    }
    for (int i = 0; i < nodes.size(); i++) {
      Network.Node n = nodes.get(i);
      if (computes.containsKey(i)) {
        sources.put(n.name(), new Source(computes.get(i), n.outputShape()));
      } else if (isView(i)) {
        sources.put(n.name(), new Source(source(n.inputs().get(0)).group(), n.outputShape()));
      }
    }
  }

  /** In the order of execution. */
  List<Group> groups() {
    return groups;
  }

  Network.Node node(int i) {
    return nodes.get(i);
  }

  /** The node whose layer does a group's work. */
  Network.Node head(Group g) {
    return nodes.get(g.first());
  }

  /** Where a node's output is found, or the network's input; null inside a group. */
  Source source(String name) {
    return sources.get(name);
  }

  /** What a group reads. */
  List<Source> inputs(Group g) {
    return g.reads().stream().map(this::source).toList();
  }

  /** Whether the gradient of a group's output is needed. */
  boolean gradient(Group g) {
    return wanted[g.last()];
  }

  /** Whether the gradient of the named tensor is needed. */
  boolean gradient(String name) {
    return name.equals(Network.INPUT) ? options.gradients().input() : wanted[index.get(name)];
  }

  /** Whether a group's layer gives gradients of its parameters. */
  boolean parameterGradient(Group g) {
    return options.gradients().parameters() && trains(head(g));
  }

  /** Something below the node is to be given a gradient. */
  private boolean[] gradientsWanted() {
    boolean[] any = new boolean[nodes.size()];
    for (int i = 0; i < nodes.size(); i++) {
      any[i] = options.gradients().parameters() && trains(nodes.get(i));
      for (String input : nodes.get(i).inputs()) {
        any[i] |= input.equals(Network.INPUT) ? options.gradients().input() : any[index.get(input)];
      }
    }
    return any;
  }

  private static boolean trains(Network.Node node) {
    return node.parameters().stream().anyMatch(ParameterSpec::trainable);
  }

  /** Whether a group's layer may be asked for more than its own work. */
  boolean mayFuse(Group g) {
    return options.fused() && !plain.contains(head(g).name());
  }

  private Layer.Role role(int i) {
    return options.fused() && !plain.contains(nodes.get(i).name())
        ? nodes.get(i).layer().role(options.training())
        : Layer.Role.OTHER;
  }

  private boolean isOutput(int i) {
    return i == nodes.size() - 1 || options.keep().contains(nodes.get(i).name());
  }

  /** The network's input itself is no output that the plan could own. */
  private boolean isView(int i) {
    return role(i) == Layer.Role.VIEW
        && !(isOutput(i) && origin(nodes.get(i).name()).equals(Network.INPUT));
  }

  private Group group(int first) {
    Network.Node head = nodes.get(first);
    Group g =
        new Group(List.of(first), Fusion.none(head.inputs().size()), List.copyOf(head.inputs()));
    while (mayFuse(g)) {
      int next = follower(g.last());
      Group longer = next < 0 ? null : joined(g, next);
      if (longer == null || !head.layer().fuses(setup(longer, longer.fusion()))) {
        return g;
      }
      taken[next] = true;
      g = longer;
    }
    return g;
  }

  /** The only reader of node i if nothing else needs its output, else -1. */
  private int follower(int i) {
    if (isOutput(i)) {
      return -1;
    }
    int reader = -1;
    for (int k = i + 1; k < nodes.size(); k++) {
      for (String input : nodes.get(k).inputs()) {
        if (input.equals(nodes.get(i).name())) {
          if (reader >= 0) {
            return -1;
          }
          reader = k;
        }
      }
    }
    return taken[reader] ? -1 : reader;
  }

  /** The group with one more node, or null if that cannot follow. */
  private Group joined(Group g, int next) {
    Fusion f = g.fusion();
    Layer layer = nodes.get(next).layer();
    if (f.relu()) {
      return null;
    }
    switch (role(next)) {
      case CHANNEL_SCALE:
        // A folded scale has no gradients of its own.
        return f.scale() != null || f.residual() || options.gradients().parameters()
            ? null
            : with(g, next, new Fusion(layer, false, false, false, f.masks(), f.accumulates()));
      case SUM:
        return f.residual() ? null : withResidual(g, next);
      case RELU:
        // The gradient of the network's output belongs to the caller: it cannot be masked in place.
        return next == nodes.size() - 1 && wanted[next]
            ? null
            : with(
                g,
                next,
                new Fusion(f.scale(), f.residual(), true, false, f.masks(), f.accumulates()));
      default:
        return null;
    }
  }

  /** Whether a node reads it, perhaps through a view, that is neither of the group nor the sum. */
  private boolean readElsewhere(String origin, Group g, int sum) {
    for (int i = 0; i < nodes.size(); i++) {
      boolean other = i != sum && !g.nodes().contains(i) && role(i) != Layer.Role.VIEW;
      if (other && nodes.get(i).inputs().stream().anyMatch(n -> origin(n).equals(origin))) {
        return true;
      }
    }
    return false;
  }

  /** What a tensor is a view of, or itself. */
  private String origin(String name) {
    String n = name;
    while (!n.equals(Network.INPUT) && role(index.get(n)) == Layer.Role.VIEW) {
      n = nodes.get(index.get(n)).inputs().get(0);
    }
    return n;
  }

  private Group with(Group g, int next, Fusion fusion) {
    List<Integer> longer = new ArrayList<>(g.nodes());
    longer.add(next);
    return new Group(longer, fusion, g.reads());
  }

  /**
   * Null if the residual is what the group reads anyway and others read, too: where the gradient of
   * another is, there is one place for what a group adds.
   */
  private Group withResidual(Group g, int sum) {
    List<String> inputs = nodes.get(sum).inputs();
    String last = nodes.get(g.last()).name();
    List<String> reads = new ArrayList<>(g.reads());
    String residual = inputs.get(0).equals(last) ? inputs.get(1) : inputs.get(0);
    boolean twice = reads.stream().anyMatch(r -> origin(r).equals(origin(residual)));
    if (twice && readElsewhere(origin(residual), g, sum)) {
      return null;
    }
    reads.add(residual);
    Fusion none = Fusion.none(reads.size());
    Fusion f = new Fusion(g.fusion().scale(), true, false, false, none.masks(), none.accumulates());
    return new Group(with(g, sum, f).nodes(), f, reads);
  }

  /** What the layer of a group is planned for. */
  LayerSetup setup(Group g, Fusion fusion) {
    Network.Node head = head(g);
    List<Shape> shapes = new ArrayList<>(head.inputShapes());
    if (fusion.residual()) {
      shapes.add(head.outputShape());
    }
    return new LayerSetup(
        backend,
        options.type(),
        maxBatch,
        shapes,
        head.outputShape(),
        g.reads().stream().anyMatch(this::gradient),
        parameterGradient(g),
        options.training(),
        options.precision(),
        options.boundedErrors(),
        false,
        fusion);
  }

  /** What the layer of a group is planned for before its neighbours are looked at. */
  LayerSetup setup(Group g) {
    return setup(g, g.fusion());
  }

  /** Whether the caller sees a group's output, perhaps through a view. */
  boolean isOutput(Group g) {
    for (int i = 0; i < nodes.size(); i++) {
      int group = isOutput(i) ? source(nodes.get(i).name()).group() : INPUT;
      if (group != INPUT && groups.get(group) == g) {
        return true;
      }
    }
    return false;
  }
}
