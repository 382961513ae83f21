package dev.blindspot.bench.reproduce;

import java.util.Arrays;

/** Means with their uncertainty; null where there is nothing to tell. */
final class Statistics {
  private Statistics() {}

  /** Null for no value. */
  static Double mean(double[] v) {
    return v.length == 0 ? null : (Double) Arrays.stream(v).average().orElseThrow();
  }

  /** Sample standard deviation over sqrt(n); null for fewer than two values. */
  static Double standardError(double[] v) {
    if (v.length < 2) {
      return null;
    }
    double mean = mean(v);
    double squares = Arrays.stream(v).map(x -> (x - mean) * (x - mean)).sum();
    return Math.sqrt(squares / (v.length - 1) / v.length);
  }
}
