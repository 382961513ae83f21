package dev.blindspot.attacks.bounds;

import java.util.List;

/**
 * Error rule of a linear map with bias: convolution, dense layer, average-pool, or a diagonal.
 *
 * @param ways how a float program may form it, sums of products as they are first: any of them, for
 *     each output
 * @param norm upper bound of the map's norm
 */
record LinearErrors(LinearMap map, List<RoundedSum> ways, double[] bias, double norm)
    implements ErrorRule {
  /** The least normal float: products may count what is smaller as 0. */
  private static final double TINY = 0x1p-126;

  /** Numbers above it could overflow on the way: no bound. */
  private static final double LARGEST = 0x1p120;

  /** Of a weight with a folded scale, of the bias, of a residual. */
  static final long MORE_ROUNDINGS = 3;

  @Override
  public Signal apply(List<Signal> inputs, double reach, double lipschitz) {
    Signal in = inputs.get(0);
    RoundedSum plain = ways.get(0);
    boolean near = plain.rowNorms() != null && nearIsSmaller(in, reach);
    double moves = near ? reach : 0;
    double[] sizes = new double[in.value().length];
    double sum = 0;
    for (int i = 0; i < sizes.length; i++) {
      double size = near ? Math.abs(in.value()[i]) + in.error()[i] : in.magnitude()[i];
      // Times a gamma also what is lost by an input below TINY that counts as 0.
      sizes[i] = size + in.error()[i] + TINY / Rounding.U32;
      sum += sizes[i] + moves;
    }
    int n = map.outputs();
    double[] own = new double[n];
    double[] magnitude = null;
    for (RoundedSum way : ways) {
      double[] terms = way.terms(sizes, moves, bias);
      magnitude = magnitude == null ? terms : magnitude;
      long roundings = way.roundings() + MORE_ROUNDINGS;
      double gamma = Rounding.gamma(roundings, Rounding.U32);
      double underflow = way.underflows() * (roundings * 2 + sum) * TINY; // of products, weights
      for (int i = 0; i < n; i++) {
        double e = terms[i] + sum < LARGEST ? gamma * terms[i] + underflow : Double.NaN;
        own[i] = Math.max(own[i], (e >= 0 ? e : Double.POSITIVE_INFINITY) * ErrorAnalysis.WIDEN);
      }
    }
    return signal(in, own, magnitude, lipschitz);
  }

  private Signal signal(Signal in, double[] own, double[] magnitude, double lipschitz) {
    int n = own.length;
    double[] value = new double[n];
    double[] error = new double[n];
    map.apply(in.value(), value);
    ways.get(0).absolute().apply(in.error(), error);
    int spatial = bias == null ? n : n / bias.length;
    double square = 0;
    for (int i = 0; i < n; i++) {
      value[i] += bias == null ? 0 : bias[i / spatial];
      magnitude[i] *= ErrorAnalysis.WIDEN;
      square += own[i] * own[i];
      error[i] = (own[i] + error[i]) * ErrorAnalysis.WIDEN;
    }
    double ownNorm = Math.sqrt(square) * ErrorAnalysis.WIDEN;
    double errorNorm = (Math.min(norm, lipschitz) * in.errorNorm() + ownNorm) * ErrorAnalysis.WIDEN;
    return new Signal(value, magnitude, error, errorNorm, ownNorm);
  }

  /**
   * |W||x'| is at most |W| magnitude, and at most |W||x| + reach times the row's norm. Both hold;
   * this guesses which is smaller for rows of equal entries.
   */
  private static boolean nearIsSmaller(Signal in, double reach) {
    double room = 0;
    for (int i = 0; i < in.value().length; i++) {
      room += in.magnitude()[i] - Math.abs(in.value()[i]);
    }
    return room > reach * Math.sqrt(in.value().length);
  }
}
