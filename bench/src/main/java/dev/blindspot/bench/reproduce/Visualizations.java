package dev.blindspot.bench.reproduce;

import java.util.List;

/**
 * What a network looks for, by ascent in its input.
 *
 * @param network whose pictures these are
 * @param reached pictures from noise that get the class they were made for
 * @param sought number of these pictures
 * @param turned pictures from one test image that get the class they were made for
 * @param aimed number of these pictures
 * @param change mean RMS change of a pixel of the pictures from the test image
 */
public record Visualizations(
    String network,
    List<Row> rows,
    int reached,
    int sought,
    int turned,
    int aimed,
    double change,
    List<Claim> claims) {

  /**
   * Pictures of one kind.
   *
   * @param kind says how they were made
   * @param files PNG, relative to the folder
   * @param captions one for each
   */
  public record Row(String kind, List<String> files, List<String> captions) {}
}
