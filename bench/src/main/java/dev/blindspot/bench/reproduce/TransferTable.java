package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.transfer.TransferRow;
import java.util.List;

/**
 * Table 2 or 4: which networks are fooled by what was made for another one.
 *
 * @param models in the order of the errors
 * @param images that were changed
 * @param clean each network's error on them without any change
 * @param asFound adversarial examples as the attack found them
 * @param amplified brought to the paper's distortion
 * @param noise Gaussian
 */
public record TransferTable(
    List<String> models,
    int images,
    List<Double> clean,
    List<Row> asFound,
    List<Row> amplified,
    List<Row> noise,
    List<Claim> claims) {

  /**
   * One set of changed images.
   *
   * @param madeFor network, or the noise
   * @param aim RMS distortion or standard deviation aimed at; null as the attack found them
   * @param distortion mean RMS reached, behind the clipping
   * @param examples counted
   * @param errors share of them that each network gets wrong
   */
  public record Row(
      String madeFor, Double aim, double distortion, int examples, List<Double> errors) {

    static Row of(String madeFor, Double aim, TransferRow r) {
      return new Row(madeFor, aim, r.meanRms(), r.examples(), r.errors());
    }
  }
}
