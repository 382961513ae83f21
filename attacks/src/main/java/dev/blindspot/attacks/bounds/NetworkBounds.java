package dev.blindspot.attacks.bounds;

import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Network.Node;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Concat;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Linear;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Bounds of a whole network. The graph is cut where one tensor carries everything; between two cuts
 * is a row. A row of several branches is bounded along its graph: a layer multiplies, {@link Add}
 * sums its inputs' constants, {@link Concat} takes the root of their squares' sum.
 */
public final class NetworkBounds {
  private final Network network;
  private final Parameters parameters;
  private final BoundsOptions options;
  private final Map<String, Integer> index = new HashMap<>();
  private final int[] uses;
  private final int[] lastUse;

  /** Lipschitz constants from the network's input to each node; position 0 is the input. */
  private final double[] constants;

  private NetworkBounds(Network network, Parameters parameters, BoundsOptions options) {
    // parameters and options are null where only the cuts are asked for
    this.network = network;
    this.parameters = parameters;
    this.options = options;
    List<Node> nodes = network.nodes();
    uses = new int[nodes.size() + 1];
    lastUse = new int[nodes.size() + 1];
    constants = new double[nodes.size() + 1];
    constants[0] = 1;
    index.put(Network.INPUT, 0);
    for (int i = 0; i < nodes.size(); i++) {
      index.put(nodes.get(i).name(), i + 1);
      for (String input : nodes.get(i).inputs()) {
        uses[index.get(input)]++;
        lastUse[index.get(input)] = i + 1;
      }
    }
  }

  /**
   * Bounds the network's Lipschitz constant from its input to its output, both in Euclidean norm,
   * on the whole space, for the real-valued function that the parameters define in inference.
   */
  public static NetworkBound of(Network network, Parameters parameters, BoundsOptions options) {
    return analyse(network, parameters, options).bound();
  }

  /**
   * The nodes that each row of a network's bound stands for, in order: one, or several where a
   * batch norm is folded or branches join. The last one's output is what the row gives.
   */
  public static List<List<Node>> parts(Network network) {
    List<List<Node>> parts = new ArrayList<>();
    int from = 0;
    for (int to : new NetworkBounds(network, null, null).ends()) {
      parts.add(network.nodes().subList(from, to));
      from = to;
    }
    return List.copyOf(parts);
  }

  /**
   * A network's bound and the constants of its parts.
   *
   * @param constants upper bounds of the Lipschitz constants from the network's input to each node,
   *     by position; position 0 is the input itself
   */
  record Analysis(NetworkBound bound, double[] constants) {}

  static Analysis analyse(Network network, Parameters parameters, BoundsOptions options) {
    NetworkBounds bounds = new NetworkBounds(network, parameters, options);
    List<LayerBound> rows = bounds.rows();
    double[] constants = bounds.constants;
    String statement =
        "Lipschitz constant of the real-valued network "
            + network.name()
            + " (inference, exact arithmetic), L2 norm to L2 norm, on the whole input space";
    double upper = constants[constants.length - 1];
    return new Analysis(new NetworkBound(statement, rows, upper), constants);
  }

  /** Zero times infinity counts as infinity: nothing is certified. */
  static double product(double a, double b) {
    return a == Double.POSITIVE_INFINITY || b == Double.POSITIVE_INFINITY
        ? Double.POSITIVE_INFINITY
        : a == 1 ? b : b == 1 ? a : Rounding.mulUp(a, b);
  }

  private List<LayerBound> rows() {
    List<LayerBound> rows = new ArrayList<>();
    int from = 0;
    for (int to : ends()) {
      LayerBound row = row(from, to);
      rows.add(row);
      constants[to] = product(constants[from], row.upper());
      from = to;
    }
    return rows;
  }

  /** Positions at which a row ends. */
  private int[] ends() {
    return IntStream.rangeClosed(1, network.nodes().size())
        .filter(i -> isCut(i) && !foldsIntoNext(i))
        .toArray();
  }

  /** Everything behind position i reads nothing in front of it (position 0 is the input). */
  private boolean isCut(int i) {
    for (int j = 0; j < i; j++) {
      if (lastUse[j] > i) {
        return false;
      }
    }
    return true;
  }

  /** Node at position i is a linear layer whose only reader is the batch norm behind it. */
  private boolean foldsIntoNext(int i) {
    List<Node> nodes = network.nodes();
    return i < nodes.size()
        && isLinear(nodes.get(i - 1).layer())
        && nodes.get(i).layer() instanceof BatchNorm
        && uses[i] == 1
        && nodes.get(i).inputs().get(0).equals(nodes.get(i - 1).name())
        && nodes.get(i - 1).outputShape().dim(0) == nodes.get(i).parameters().get(0).shape().dim(0);
  }

  private static boolean isLinear(Layer layer) {
    return layer instanceof Conv2d || layer instanceof Linear;
  }

  private LayerBound row(int from, int to) {
    List<Node> nodes = network.nodes();
    Node last = nodes.get(to - 1);
    if (to == from + 1 && last.inputs().size() == 1) {
      return LayerBounds.of(last, parameters, options);
    }
    if (to == from + 2 && foldsIntoNext(from + 1)) {
      constants[from + 1] = Double.POSITIVE_INFINITY;
      return LayerBounds.linear(nodes.get(from), last, parameters, options);
    }
    return block(from, to);
  }

  /** A part with branches: constants from its entry to each of its nodes. */
  private LayerBound block(int from, int to) {
    double[] constant = new double[to - from + 1];
    constant[0] = 1; // zero stays where a batch norm is folded behind: no constant of its own
    StringBuilder parts = new StringBuilder();
    for (int i = from + 1; i <= to; i++) {
      Node node = network.nodes().get(i - 1);
      if (foldsIntoNext(i)) {
        continue;
      }
      boolean folded = i - 1 > from && foldsIntoNext(i - 1);
      Node reader = folded ? network.nodes().get(i - 2) : node;
      double[] inputs =
          reader.inputs().stream().mapToDouble(name -> constant[index.get(name) - from]).toArray();
      if (node.layer() instanceof Add) {
        constant[i - from] = sum(inputs);
      } else if (node.layer() instanceof Concat) {
        constant[i - from] = root(inputs);
      } else {
        LayerBound b =
            folded
                ? LayerBounds.linear(reader, node, parameters, options)
                : LayerBounds.of(node, parameters, options);
        constant[i - from] = product(inputs.length == 1 ? inputs[0] : root(inputs), b.upper());
        if (b.upper() != 1) {
          parts.append(parts.length() > 0 ? ", " : "").append(b.name()).append(' ');
          parts.append(String.format(java.util.Locale.ROOT, "%.4g", b.upper()));
        }
      }
    }
    for (int i = from + 1; i < to; i++) {
      constants[i] =
          constant[i - from] > 0
              ? product(constants[from], constant[i - from])
              : Double.POSITIVE_INFINITY;
    }
    Node last = network.nodes().get(to - 1);
    String kind = last.layer() instanceof Add ? "Residual" : "Branches";
    String method = "sum over the branches of " + parts;
    return new LayerBound(last.name(), kind, 0, constant[to - from], method);
  }

  private static double sum(double[] terms) {
    double sum = 0;
    for (double t : terms) {
      sum = Rounding.addUp(sum, t);
    }
    return sum;
  }

  private static double root(double[] terms) {
    double sum = 0;
    for (double t : terms) {
      sum = Rounding.addUp(sum, Rounding.mulUp(t, t));
    }
    return Rounding.sqrtUp(sum);
  }
}
