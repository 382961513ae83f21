package dev.blindspot.bench.reproduce;

import java.util.List;

/**
 * Figures 1 and 2.
 *
 * @param images held out, ranked
 * @param deadUnits constant over all images: left out
 * @param unitPurity mean share of the most frequent label among a unit's top images
 * @param directionPurity the same for random directions
 * @param pValue of the permutation test of their difference, two-sided
 */
public record Units(
    String network,
    String layer,
    int images,
    int features,
    int deadUnits,
    double unitPurity,
    double directionPurity,
    int permutations,
    double pValue,
    List<Row> units,
    List<Row> directions,
    List<Claim> claims) {

  /**
   * The images that excite a unit or a direction most.
   *
   * @param index of the unit or direction
   * @param images positions in the test split, best first
   * @param pictures PNG files of the first rows, relative to the folder; empty for others
   */
  public record Row(
      int index,
      double purity,
      List<Integer> images,
      List<Integer> labels,
      List<String> pictures) {}
}
