package dev.blindspot.bench.reproduce;

import java.util.List;

/**
 * Table 5: bounds of each layer. A number that is null is not defined, or not finite.
 *
 * @param models AlexNet first, then every network trained here
 */
public record Table5(List<Model> models, List<Claim> claims) {

  /**
   * One network.
   *
   * @param note what it is: trained or not
   * @param paperProduct of the paper's numbers
   * @param printedProduct by the paper's formulas as printed
   * @param upper guaranteed bound of the whole network
   */
  public record Model(
      String name,
      String note,
      List<Row> rows,
      Double paperProduct,
      Double printedProduct,
      Double upper) {}

  /**
   * One layer.
   *
   * @param size "3x11x11x96", "9216x4096"; empty for layers without weights
   * @param stride of a convolution; 0 for other layers
   * @param paper the paper's number for a layer of this size
   * @param printed by the paper's formula as printed
   * @param note how {@code printed} came about, or why there is none
   * @param lower no constant below this one holds
   * @param upper guaranteed
   * @param method what gave the upper end
   */
  public record Row(
      String name,
      String kind,
      String size,
      int stride,
      Double paper,
      Double printed,
      String note,
      Double lower,
      Double upper,
      String method) {}
}
