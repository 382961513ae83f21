package dev.blindspot.attacks.bounds;

import java.util.ArrayList;
import java.util.List;

/**
 * Upper bound of a network's Lipschitz constant: the product of its rows.
 *
 * @param statement which network, norm and domain the bound is about
 * @param layers one row for each layer of a chain; layers between a fork and its join share a row,
 *     as does a batch norm with the linear layer in front of it
 * @param upper product of the rows' upper ends, rounded up; infinite if one is not certified
 */
public record NetworkBound(String statement, List<LayerBound> layers, double upper) {

  public NetworkBound {
    layers = List.copyOf(layers);
  }

  /** For each row the product of the upper ends so far, rounded up; the last one is the bound. */
  public List<Double> products() {
    List<Double> products = new ArrayList<>();
    double product = 1;
    for (LayerBound row : layers) {
      product = NetworkBounds.product(product, row.upper());
      products.add(product);
    }
    return products;
  }

  /** True if the bound is finite. */
  public boolean certified() {
    return upper < Double.POSITIVE_INFINITY;
  }
}
