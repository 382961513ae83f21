package dev.blindspot.bench.workbench;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Precision;

/**
 * Difference of a float32 result to the same computed in double by the reference backend from the
 * same data; null where it was not computed. A convolution's is that of its first image.
 *
 * @param max largest |difference| over the largest |value|
 * @param norm norm of the difference over the norm of the values
 */
record Errors(Double max, Double norm) {
  static final Errors NONE = new Errors(null, null);

  /**
   * Runs the problem on both.
   *
   * @param most operations at most; {@link #NONE} for more
   */
  static Errors of(Backend backend, Problem problem, Pass pass, Workbench.Settings s, double most) {
    Problem single;
    Problem exact;
    if (problem instanceof ConvProblem c) {
      single = c.single();
      exact = c.single().type(ElementType.F64);
    } else if (problem instanceof MatmulProblem m) {
      single = m;
      exact = m.type(ElementType.F64);
    } else {
      return NONE;
    }
    if (single.operations() > most) {
      return NONE;
    }
    try (Backend reference = Backends.create("reference");
        Prepared ours = single.prepare(backend, pass, s.precision(), s.implementation());
        Prepared theirs = exact.prepare(reference, pass, Precision.FP32, "")) {
      ours.run();
      theirs.run();
      return between(ours.result(), theirs.result());
    }
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
    return new Errors(difference / largest, Math.sqrt(squares / all));
  }
}
