package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.Shape;
import dev.blindspot.nn.layers.ContrastNorm;
import dev.blindspot.nn.layers.LocalResponseNorm;
import java.util.List;

/**
 * Error rules of normalisations that multiply each element by a power of a sum of squares. Errors
 * of the input pass in norm; those of the layer itself are relative to its output, which is at most
 * the input times the scale at zero.
 *
 * @param values the layer itself, in double
 * @param atZero largest scale
 * @param terms of the sum of squares
 */
record NormalisationErrors(Values values, double atZero, double exponent, long terms)
    implements ErrorRule {

  /** Computes a layer. */
  interface Values {
    double[] of(double[] x);
  }

  /** Relative error allowed to a float power function. */
  private static final double POWER = 0x1p-18;

  static ErrorRule of(LocalResponseNorm norm, Shape in) {
    int channels = Math.toIntExact(in.dim(0));
    int spatial = Math.toIntExact(in.size() / channels);
    double atZero = StrictMath.pow(norm.bias(), -norm.beta()) * ErrorAnalysis.WIDEN;
    Values values = x -> localResponse(x, norm, channels, spatial);
    return new NormalisationErrors(values, atZero, norm.beta(), norm.size());
  }

  static ErrorRule of(ContrastNorm norm) {
    double atZero = StrictMath.pow(norm.epsilon(), -norm.gamma()) * ErrorAnalysis.WIDEN;
    Values values =
        x -> {
          double sum = norm.epsilon() + ErrorAnalysis.sumOfSquares(x);
          double scale = StrictMath.pow(sum, -norm.gamma());
          double[] y = new double[x.length];
          for (int i = 0; i < x.length; i++) {
            y[i] = scale * x[i];
          }
          return y;
        };
    return new NormalisationErrors(values, atZero, norm.gamma(), -1);
  }

  private static double[] localResponse(
      double[] x, LocalResponseNorm norm, int channels, int spatial) {
    double[] y = new double[x.length];
    int before = (norm.size() - 1) / 2;
    int behind = norm.size() / 2;
    for (int c = 0; c < channels; c++) {
      for (int s = 0; s < spatial; s++) {
        double sum = 0;
        for (int j = Math.max(0, c - before); j <= Math.min(channels - 1, c + behind); j++) {
          sum += x[j * spatial + s] * x[j * spatial + s];
        }
        double base = norm.bias() + norm.alpha() / norm.size() * sum;
        y[c * spatial + s] = x[c * spatial + s] * StrictMath.pow(base, -norm.beta());
      }
    }
    return y;
  }

  @Override
  public Signal apply(List<Signal> inputs, double reach, double lipschitz) {
    Signal in = inputs.get(0);
    int n = in.value().length;
    long sum = terms < 0 ? n : terms;
    double relative = POWER + (1 + exponent) * Rounding.gamma(2 * sum + 16, Rounding.U32);
    double[] magnitude = new double[n];
    double[] error = new double[n];
    double squares = 0;
    for (int i = 0; i < n; i++) {
      magnitude[i] = atZero * in.magnitude()[i] * ErrorAnalysis.WIDEN;
      double own = relative * atZero * (in.magnitude()[i] + in.error()[i]) + 0x1p-120;
      squares += own * own;
    }
    double ownNorm = Math.sqrt(squares) * ErrorAnalysis.WIDEN;
    double norm = (lipschitz * in.errorNorm() + ownNorm) * ErrorAnalysis.WIDEN;
    java.util.Arrays.fill(error, norm);
    return new Signal(values.of(in.value()), magnitude, error, norm, ownNorm);
  }
}
