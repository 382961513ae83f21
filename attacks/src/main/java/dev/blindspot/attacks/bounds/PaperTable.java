package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Network.Node;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.ContrastNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import java.util.ArrayList;
import java.util.List;

/**
 * Table 5 of "Intriguing properties of neural networks" (Szegedy et al. 2013) for any network: for
 * each layer the paper's number where the layer has the size of one of its AlexNet, the bound by
 * the paper's formulas as printed, and the bracket that is guaranteed.
 *
 * <p>The printed column is not a bound: {@link PaperFormula} is too small for strides over one and
 * does not cover a period of frequencies, and overlapping max-pools, which the paper takes as
 * contractive, are not.
 *
 * @param rows one for each row of {@code bound}
 * @param bound the guaranteed one
 */
public record PaperTable(List<Row> rows, NetworkBound bound) {

  /**
   * A layer of the paper's AlexNet.
   *
   * @param size "3x11x11x96" (channels, kernel, filters), "9216x4096"
   * @param stride of a convolution; 0 for dense layers
   * @param bound "upper bound" of its Table 5
   */
  public record PaperLayer(String name, String size, int stride, double bound) {}

  /** The paper's Table 5. */
  public static final List<PaperLayer> TABLE_5 =
      List.of(
          new PaperLayer("Conv1", "3x11x11x96", 4, 2.75),
          new PaperLayer("Conv2", "96x5x5x256", 1, 10),
          new PaperLayer("Conv3", "256x3x3x384", 1, 7),
          new PaperLayer("Conv4", "384x3x3x384", 1, 7.5),
          new PaperLayer("Conv5", "384x3x3x256", 1, 11),
          new PaperLayer("FC1", "9216x4096", 0, 3.12),
          new PaperLayer("FC2", "4096x4096", 0, 4),
          new PaperLayer("FC3", "4096x1000", 0, 4));

  private static final String CONTRACTIVE = "taken as contractive";

  public PaperTable {
    rows = List.copyOf(rows);
  }

  /**
   * One layer.
   *
   * @param bound guaranteed bracket
   * @param size as the paper writes it: "3x11x11x96", "9216x4096"; empty for layers without weights
   * @param stride of a convolution; 0 for other layers
   * @param paper the paper's number for a layer of this size; NaN if its AlexNet has none
   * @param printed by the paper's formula as printed; NaN where the paper defines none
   * @param note how {@code printed} came about, or why there is none
   */
  public record Row(
      LayerBound bound, String size, int stride, double paper, double printed, String note) {}

  /** The column by the paper's formulas. */
  private record Printed(double value, String note) {
    static Printed none(String reason) {
      return new Printed(Double.NaN, "not defined in the paper: " + reason);
    }
  }

  /** Bounds the network and adds the columns of the paper. */
  public static PaperTable of(Network network, Parameters parameters, BoundsOptions options) {
    return of(network, parameters, NetworkBounds.of(network, parameters, options), options);
  }

  /**
   * Adds the columns of the paper to a bound.
   *
   * @param bound of this network with these parameters
   */
  public static PaperTable of(
      Network network, Parameters parameters, NetworkBound bound, BoundsOptions options) {
    List<List<Node>> parts = NetworkBounds.parts(network);
    if (bound.layers().size() != parts.size()) {
      throw new InvalidInputException(
          "Table: the bound has "
              + bound.layers().size()
              + " rows, that of network "
              + network.name()
              + " has "
              + parts.size());
    }
    List<Row> rows = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      rows.add(row(parts.get(i), bound.layers().get(i), parameters, options));
    }
    return new PaperTable(rows, bound);
  }

  /** Product of the paper's numbers; NaN unless all eight of its layers are there. */
  public double paperProduct() {
    double[] known = rows.stream().mapToDouble(Row::paper).filter(v -> !Double.isNaN(v)).toArray();
    double product = known.length == TABLE_5.size() ? 1 : Double.NaN;
    for (double v : known) {
      product *= v;
    }
    return product;
  }

  /** Product of the printed column; NaN if the paper does not define one of its entries. */
  public double printedProduct() {
    return rows.stream().mapToDouble(Row::printed).reduce(1, (a, b) -> a * b);
  }

  private static Row row(
      List<Node> part, LayerBound bound, Parameters parameters, BoundsOptions options) {
    Node node = part.get(0);
    if (part.size() > 1) {
      Printed none = Printed.none("several layers in one row");
      return new Row(bound, "", 0, Double.NaN, none.value(), none.note());
    }
    String size = size(node);
    int stride = node.layer() instanceof Conv2d conv ? conv.strideH() : 0;
    double paper =
        TABLE_5.stream()
            .filter(l -> l.size().equals(size) && l.stride() == stride)
            .mapToDouble(PaperLayer::bound)
            .findFirst()
            .orElse(Double.NaN);
    Printed printed = printed(node, bound, parameters, options);
    return new Row(bound, size, stride, paper, printed.value(), printed.note());
  }

  /** Of a layer with weights, else empty. */
  static String size(Node node) {
    if (node.layer() instanceof Conv2d conv) {
      long channels = node.inputShapes().get(0).dim(0);
      return channels + "x" + conv.r() + "x" + conv.s() + "x" + conv.k();
    }
    return node.layer() instanceof Linear
        ? node.inputShapes().get(0).size() + "x" + node.outputShape().size()
        : "";
  }

  private static Printed printed(
      Node node, LayerBound bound, Parameters parameters, BoundsOptions options) {
    Layer layer = node.layer();
    if (layer instanceof Conv2d conv) {
      Conv2dDesc d = conv.desc(ElementType.F64, 1, node.inputShapes().get(0));
      return convolution(d, parameters.values(new Parameters.Key(node.name(), "w")), options);
    } else if (layer instanceof Linear) {
      return new Printed(bound.upper(), "||W||");
    } else if (layer instanceof ContrastNorm) {
      return new Printed(bound.upper(), "epsilon^-gamma");
    } else if (layer instanceof LocalResponseNorm || isMaximum(layer)) {
      return new Printed(1, CONTRACTIVE);
    } else if (layer instanceof ActivationLayer && bound.upper() <= 1) {
      return new Printed(1, CONTRACTIVE);
    } else if (LayerBounds.isIdentity(layer)) {
      return new Printed(1, "isometry");
    }
    return Printed.none(layer.kind());
  }

  private static boolean isMaximum(Layer layer) {
    return layer instanceof Pool2d pool && pool.pooling() == Pooling.MAX;
  }

  private static Printed convolution(Conv2dDesc d, double[] w, BoundsOptions options) {
    if (d.groups() > 1) {
      return Printed.none(d.groups() + " groups");
    } else if (d.r() != d.s() || d.strideH() != d.strideW()) {
      return Printed.none("kernel or stride is not square");
    } else if (d.dilationH() > 1 || d.dilationW() > 1) {
      return Printed.none("dilation");
    } else if (!Double.isFinite(Rounding.maxAbs(w))) {
      return new Printed(Double.NaN, "weights are not finite");
    }
    return new Printed(PaperFormula.printed(d, w, options), "equation (1)");
  }
}
