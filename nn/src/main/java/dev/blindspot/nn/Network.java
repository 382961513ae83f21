package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An immutable acyclic graph of layers with one input and one output. Nodes are in execution order;
 * each has a unique name. Shapes are those of one sample.
 */
public final class Network {
  /** Name of the graph's input. */
  public static final String INPUT = "input";

  /**
   * One layer in its place.
   *
   * @param name unique in the network
   * @param inputs names of the nodes it reads, or {@link #INPUT}
   * @param inputShapes their shapes for one sample
   * @param outputShape for one sample
   */
  public record Node(
      String name, Layer layer, List<String> inputs, List<Shape> inputShapes, Shape outputShape) {

    /** The layer's parameters here. */
    public List<ParameterSpec> parameters() {
      return layer.parameters(inputShapes);
    }
  }

  private final String name;
  private final Shape inputShape;
  private final List<Node> nodes;

  private Network(String name, Shape inputShape, List<Node> nodes) {
    this.name = name;
    this.inputShape = inputShape;
    this.nodes = List.copyOf(nodes);
  }

  /** Starts a network. */
  public static Builder builder(String name, Shape inputShape) {
    return new Builder(name, inputShape);
  }

  /** The name, for reports and errors. */
  public String name() {
    return name;
  }

  /** Shape of one sample. */
  public Shape inputShape() {
    return inputShape;
  }

  /** Shape of one sample's output. */
  public Shape outputShape() {
    return nodes.get(nodes.size() - 1).outputShape();
  }

  /**
   * True if samples of this shape, written one value behind the other, are what the network reads:
   * the shapes agree but for ones, or the network reads a vector, such as [784] or [784,1], of as
   * many values.
   */
  public boolean accepts(Shape sample) {
    long[] own = withoutOnes(inputShape);
    return sample.size() == inputShape.size()
        && (own.length <= 1 || Arrays.equals(own, withoutOnes(sample)));
  }

  private static long[] withoutOnes(Shape s) {
    return Arrays.stream(s.toArray()).filter(d -> d != 1).toArray();
  }

  /** Layers in execution order; the last one gives the output. */
  public List<Node> nodes() {
    return nodes;
  }

  /** The node of this name. */
  public Node node(String nodeName) {
    for (Node n : nodes) {
      if (n.name().equals(nodeName)) {
        return n;
      }
    }
    throw new InvalidInputException("Network " + name + " has no layer " + nodeName);
  }

  /** Number of trainable numbers. */
  public long parameterCount() {
    long count = 0;
    for (Node n : nodes) {
      for (ParameterSpec p : n.parameters()) {
        count += p.trainable() ? p.shape().size() : 0;
      }
    }
    return count;
  }

  /**
   * The part from node {@code from} (inclusive) to node {@code to} (exclusive), by index. It keeps
   * the nodes' names, so it runs on the same {@link Parameters}.
   *
   * @throws InvalidInputException if the part reads more than one tensor from outside
   */
  public Network slice(int from, int to) {
    if (from < 0 || to > nodes.size() || from >= to) {
      throw new InvalidInputException(
          "Network " + name + ": slice " + from + ".." + to + " of " + nodes.size() + " layers");
    }
    String outside = nodes.get(from).inputs().get(0);
    Shape shape = nodes.get(from).inputShapes().get(0);
    Builder b = builder(name + "[" + from + ":" + to + "]", shape);
    for (Node n : nodes.subList(from, to)) {
      List<String> inputs = new ArrayList<>();
      for (String i : n.inputs()) {
        inputs.add(i.equals(outside) && !b.shapes.containsKey(i) ? INPUT : i);
      }
      b.add(n.name(), n.layer(), inputs.toArray(String[]::new));
    }
    return b.build();
  }

  /**
   * An executable for any batch 1..maxBatch. It reads {@code parameters}, which must stay open and
   * live on the same backend; after they change call {@link NetworkPlan#parametersChanged}.
   */
  public NetworkPlan plan(
      Backend backend, Parameters parameters, int maxBatch, NetworkOptions options) {
    return NetworkPlanner.plan(this, backend, parameters, maxBatch, options);
  }

  /** Builds a network node by node. */
  public static final class Builder {
    private final String name;
    private final Shape inputShape;
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Shape> shapes = new LinkedHashMap<>();
    private final Map<String, Integer> counts = new HashMap<>();

    private Builder(String name, Shape inputShape) {
      this.name = name;
      this.inputShape = inputShape;
      shapes.put(INPUT, inputShape);
    }

    /** Appends a layer behind the previous one under a name made of its kind and a number. */
    public Builder add(Layer layer) {
      String kind = layer.kind().toLowerCase(java.util.Locale.ROOT);
      return add(kind + counts.merge(kind, 1, Integer::sum), layer, last());
    }

    /** Appends a layer that reads these nodes; none means the previous one. */
    public Builder add(String nodeName, Layer layer, String... inputs) {
      if (nodeName.isBlank() || shapes.containsKey(nodeName)) {
        throw new InvalidInputException(
            "Network " + name + ": layer name '" + nodeName + "' is empty or taken");
      }
      List<String> reads = inputs.length == 0 ? List.of(last()) : List.of(inputs);
      List<Shape> in = new ArrayList<>();
      for (String i : reads) {
        Shape s = shapes.get(i);
        if (s == null) {
          throw new InvalidInputException(
              "Network " + name + ": layer " + nodeName + " reads '" + i + "', which is not there");
        }
        in.add(s);
      }
      Shape out;
      try {
        out = layer.outputShape(in);
      } catch (InvalidInputException e) {
        throw new InvalidInputException(
            "Network " + name + ": layer " + nodeName + ": " + e.getMessage(), e);
      }
      nodes.add(new Node(nodeName, layer, reads, List.copyOf(in), out));
      shapes.put(nodeName, out);
      return this;
    }

    /** Name of the last node, or {@link Network#INPUT}. */
    public String last() {
      return nodes.isEmpty() ? INPUT : nodes.get(nodes.size() - 1).name();
    }

    /**
     * The network; its output is that of the last layer added.
     *
     * @throws InvalidInputException if there is no layer, or one that nothing reads
     */
    public Network build() {
      if (nodes.isEmpty()) {
        throw new InvalidInputException("Network " + name + " has no layer");
      }
      for (Node n : nodes.subList(0, nodes.size() - 1)) {
        if (nodes.stream().noneMatch(m -> m.inputs().contains(n.name()))) {
          throw new InvalidInputException(
              "Network " + name + ": nothing reads layer " + n.name() + ", and it is not the last");
        }
      }
      return new Network(name, inputShape, nodes);
    }
  }
}
