package dev.blindspot.bench.reproduce;

import java.util.Arrays;
import java.util.List;

/** The numbers of "Intriguing properties of neural networks" (Szegedy et al. 2013), as printed. */
final class Paper {

  /**
   * A row of table 1 or 3.
   *
   * @param errors shares: training and test set (table 1), P1, P2 and test set (table 3)
   * @param distortion average minimum distortion
   */
  record Model(String name, List<Double> errors, double distortion) {}

  /**
   * A row of table 2 or 4.
   *
   * @param distortion average, or the noise's standard deviation
   * @param errors share of the examples that each network gets wrong
   */
  record Transfer(String madeFor, double distortion, List<Double> errors) {}

  static final List<Model> TABLE1 =
      List.of(
          model("FC10(10^-4)", 0.062, 6.7, 7.4),
          model("FC10(10^-2)", 0.1, 10, 9.4),
          model("FC10(1)", 0.14, 21.2, 20),
          model("FC100-100-10", 0.058, 0, 1.64),
          model("FC200-200-10", 0.065, 0, 1.54),
          model("AE400-10", 0.086, 0.57, 1.9));

  static final List<Transfer> TABLE2 =
      List.of(
          transfer("FC10(10^-4)", 0.062, 100, 11.7, 22.7, 2, 3.9, 2.7),
          transfer("FC10(10^-2)", 0.1, 87.1, 100, 35.2, 35.9, 27.3, 9.8),
          transfer("FC10(1)", 0.14, 71.9, 76.2, 100, 48.1, 47, 34.4),
          transfer("FC100-100-10", 0.058, 28.9, 13.7, 21.1, 100, 6.6, 2),
          transfer("FC200-200-10", 0.065, 38.2, 14, 23.8, 20.3, 100, 2.7),
          transfer("AE400-10", 0.086, 23.4, 16, 24.8, 9.4, 6.6, 100));

  static final List<Transfer> TABLE2_NOISE =
      List.of(
          transfer("Gaussian noise", 0.1, 5.0, 10.1, 18.3, 0, 0, 0.8),
          transfer("Gaussian noise", 0.3, 15.6, 11.3, 22.7, 5, 4.3, 3.1));

  static final List<Model> TABLE3 =
      List.of(
          model("FC100-100-10", 0.062, 0, 2.4, 2),
          model("FC123-456-10", 0.059, 0, 2.5, 2.1),
          model("FC100-100-10'", 0.058, 2.3, 0, 2.1));

  static final List<Transfer> TABLE4 =
      List.of(
          transfer("FC100-100-10", 0.062, 100, 26.2, 5.9),
          transfer("FC123-456-10", 0.059, 6.25, 100, 5.1),
          transfer("FC100-100-10'", 0.058, 8.2, 8.2, 100));

  static final List<Transfer> TABLE4_AMPLIFIED =
      List.of(
          transfer("FC100-100-10", 0.1, 100, 98, 43),
          transfer("FC123-456-10", 0.1, 96, 100, 22),
          transfer("FC100-100-10'", 0.1, 27, 50, 100));

  static final List<Transfer> TABLE4_NOISE =
      List.of(
          transfer("Gaussian noise", 0.06, 2.2, 2.6, 2.4),
          transfer("Gaussian noise", 0.1, 2.6, 2.8, 2.7));

  private Paper() {}

  private static Model model(String name, double distortion, double... percent) {
    return new Model(name, shares(percent), distortion);
  }

  private static Transfer transfer(String madeFor, double distortion, double... percent) {
    return new Transfer(madeFor, distortion, shares(percent));
  }

  private static List<Double> shares(double... percent) {
    return Arrays.stream(percent).map(p -> Math.rint(1e4 * p) / 1e6).boxed().toList();
  }
}
