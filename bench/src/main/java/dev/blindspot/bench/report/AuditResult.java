package dev.blindspot.bench.report;

import java.util.List;
import java.util.Map;

/**
 * What an audit found: the content of audit.json, whose keys are these names in snake case.
 *
 * @param format of the JSON file
 * @param version of the program
 * @param command as it was typed
 * @param device the backend's name
 * @param precision how products are formed
 * @param implementations by layer
 * @param seconds wall time of the parts
 */
public record AuditResult(
    String format,
    String version,
    String command,
    String device,
    String precision,
    int threads,
    long seed,
    Map<String, String> implementations,
    Model model,
    Data data,
    Clean clean,
    Attack attack,
    Bounds bounds,
    List<Sample> samples,
    Seconds seconds) {

  /** Value of {@link #format}. */
  public static final String FORMAT = "blindspot-audit-1";

  /**
   * The network.
   *
   * @param parameters number of trainable numbers
   * @param layers number of layers
   */
  public record Model(String name, long parameters, int layers) {}

  /**
   * The data.
   *
   * @param examples number of examples attacked
   */
  public record Data(String name, int examples) {}

  /**
   * Without an attack.
   *
   * @param accuracy on the whole test split, 0..1
   */
  public record Clean(double accuracy) {}

  /**
   * The attack in numbers; distances are over the samples where it succeeded, NaN if there are
   * none.
   *
   * @param norm that was minimised
   * @param successRate part of the samples, 0..1
   * @param meanDistortionRms mean of sqrt(sum r_i^2 / n), n the number of pixels
   */
  public record Attack(
      String name,
      String norm,
      boolean targeted,
      double successRate,
      double meanDistortionRms,
      double medianL2,
      double gradientEvaluationsPerSample) {}

  /**
   * Bounds of the network.
   *
   * @param statement which network, norm and domain they are about
   * @param networkUpper product of the layers' upper ends
   */
  public record Bounds(String statement, List<LayerRow> layers, double networkUpper) {}

  /** Bracket of one layer's Lipschitz constant. */
  public record LayerRow(String name, String kind, double lower, double upper, String method) {}

  /**
   * One example.
   *
   * @param index in the test split
   * @param predicted on the clean image
   * @param target label aimed at; null if untargeted
   * @param adversarialLabel on the adversarial image, confirmed by the reference backend; null
   *     without success
   * @param l2 distance found in the Euclidean norm; NaN without success
   * @param linf largest change of a pixel; NaN without success
   * @param rms l2 over the root of the number of pixels; NaN without success
   * @param certifiedL2 no smaller change in the Euclidean norm changes the label that the float32
   *     program gives; 0 if not certified
   * @param certifiedL2Real the same of the real-valued network, whose arithmetic is exact
   * @param notCertifiedBecause why {@code certifiedL2} is 0; null if it is not
   * @param evaluations gradients computed
   */
  public record Sample(
      int index,
      int label,
      int predicted,
      Integer target,
      Integer adversarialLabel,
      boolean success,
      double l2,
      double linf,
      double rms,
      double certifiedL2,
      double certifiedL2Real,
      String notCertifiedBecause,
      long evaluations,
      String stoppedBecause) {}

  /** Wall time in seconds. */
  public record Seconds(double train, double attack, double bounds, double total) {}
}
