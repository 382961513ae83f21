package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.instability.Statistics;
import java.util.List;

/**
 * How perturbations grow from layer to layer.
 *
 * @param networks one chart each
 */
public record InstabilityFigure(List<Measured> networks, List<Claim> claims) {

  /**
   * One network.
   *
   * @param images whose adversarial perturbations were followed
   * @param norms Euclidean norm of the perturbations
   */
  public record Measured(String name, int images, Statistics norms, List<Row> rows) {}

  /**
   * Behind one layer.
   *
   * @param lower end of the layer's bracket
   * @param upper its other end; null if it is not finite
   * @param product of the upper ends so far; null if it is not finite
   * @param adversarial growth so far, ||phi_k(x+r) - phi_k(x)|| / ||r||
   * @param noise the same for Gaussian noise of the same norms
   */
  public record Row(
      String name,
      String kind,
      double lower,
      Double upper,
      Double product,
      Statistics adversarial,
      Statistics noise) {}
}
