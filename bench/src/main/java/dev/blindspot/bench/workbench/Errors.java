package dev.blindspot.bench.workbench;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Precision;
import java.util.Arrays;

/**
 * Difference of a float32 result to the same computed in double by the reference backend from the
 * same data; null where it was not computed. A convolution's and a pool's is that of a first image.
 *
 * @param max largest |difference| over the largest |value|
 * @param norm norm of the difference over the norm of the values
 */
record Errors(Double max, Double norm) {
  static final Errors NONE = new Errors(null, null);

  /**
   * The problem's result in double; null if that takes too long.
   *
   * @param most operations at most
   */
  static double[] exact(Problem problem, Pass pass, double most) {
    Problem exact = problem.single(ElementType.F64);
    if (exact.operations() > most) {
      return null;
    }
    try (Backend reference = Backends.create("reference");
        Prepared p = exact.prepare(reference, pass, Precision.FP32, "")) {
      p.run();
      return p.result();
    }
  }

  /**
   * The largest difference that all but an eighth of the samples keep to. The gradient of a sample
   * with a pre-activation at a kink depends on its last bit.
   */
  static double ofMost(double[] found, double[] expected, int samples) {
    int size = expected.length / samples;
    double[] differences = new double[samples];
    for (int i = 0; i < samples; i++) {
      int from = i * size;
      differences[i] =
          between(
                  Arrays.copyOfRange(found, from, from + size),
                  Arrays.copyOfRange(expected, from, from + size))
              .max();
    }
    Arrays.sort(differences);
    return differences[samples - 1 - samples / 8];
  }

  static Errors between(double[] found, double[] exact) {
    double difference = 0;
    double largest = 0;
    double squares = 0;
    double all = 0;
    for (int i = 0; i < exact.length; i++) {
      double d = found[i] - exact[i];
      difference = Math.max(difference, Math.abs(d));
      largest = Math.max(largest, Math.abs(exact[i]));
      squares += d * d;
      all += exact[i] * exact[i];
    }
    return new Errors(
        largest == 0 ? difference : difference / largest,
        Math.sqrt(all == 0 ? squares : squares / all));
  }
}
