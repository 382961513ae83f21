package dev.blindspot.bench.cli;

import dev.blindspot.attacks.transfer.TransferRow;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code transfer} found.
 *
 * @param examples attacked: test examples that all networks classify correctly
 * @param testExamples in the test split
 * @param cleanError each network's error on the whole test split, without any change
 * @param rows first each network's adversarial examples as found, then amplified
 */
record TransferResult(
    String format,
    String version,
    String command,
    String device,
    String precision,
    int threads,
    long seed,
    List<String> models,
    String data,
    String attack,
    boolean targeted,
    int examples,
    int testExamples,
    Map<String, Double> cleanError,
    List<Row> rows,
    List<Noise> noise,
    double seconds) {

  static final String FORMAT = "blindspot-transfer-1";

  /**
   * Adversarial examples of one network, fed to all.
   *
   * @param amplifiedTo RMS distortion aimed at; null as the attack found them
   * @param examples on which the attack succeeded; only they count
   * @param meanDistortionRms of the images fed, behind the clipping
   * @param errors by network: share of the examples whose label is not the true one
   */
  record Row(
      String madeFor,
      Double amplifiedTo,
      int examples,
      double meanDistortionRms,
      Map<String, Double> errors) {

    static Row of(String madeFor, Double amplifiedTo, TransferRow row, List<String> models) {
      return new Row(
          madeFor, amplifiedTo, row.examples(), row.meanRms(), named(row.errors(), models));
    }
  }

  /**
   * All examples with Gaussian noise, fed to all networks.
   *
   * @param stddev before the clipping to [0,1]
   */
  record Noise(double stddev, int examples, double meanDistortionRms, Map<String, Double> errors) {

    static Noise of(double stddev, TransferRow row, List<String> models) {
      return new Noise(stddev, row.examples(), row.meanRms(), named(row.errors(), models));
    }
  }

  private static Map<String, Double> named(List<Double> errors, List<String> models) {
    Map<String, Double> map = new LinkedHashMap<>();
    for (int i = 0; i < errors.size(); i++) {
      map.put(models.get(i), errors.get(i));
    }
    return map;
  }
}
