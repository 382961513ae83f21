package dev.blindspot.attacks.training;

import java.util.List;

/**
 * Errors of networks that differ in their seed only.
 *
 * @param errors shares of wrong labels, one for each seed
 */
public record TestErrors(List<Double> errors) {

  public TestErrors {
    errors = List.copyOf(errors);
  }

  /** Mean over the seeds. */
  public double mean() {
    return errors.stream().mapToDouble(e -> e).average().orElse(Double.NaN);
  }

  /** Standard error of the mean; NaN for fewer than two seeds. */
  public double standardError() {
    int n = errors.size();
    double mean = mean();
    double squares = errors.stream().mapToDouble(e -> (e - mean) * (e - mean)).sum();
    return n < 2 ? Double.NaN : Math.sqrt(squares / (n - 1) / n);
  }

  /**
   * How far the mean lies below another one, in standard errors of their difference (Welch 1947);
   * negative if it lies above, NaN if a standard error is unknown or both are 0.
   */
  public double standardErrorsBelow(TestErrors other) {
    return (other.mean() - mean()) / Math.hypot(standardError(), other.standardError());
  }
}
