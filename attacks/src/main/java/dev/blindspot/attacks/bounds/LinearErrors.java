package dev.blindspot.attacks.bounds;

import java.util.List;

/**
 * Error rule of a linear map with bias: convolution, dense layer, average-pool, or a diagonal.
 *
 * @param rowNorms Euclidean norms of the map's rows, one for each channel; null if not known
 * @param norm upper bound of the map's norm
 * @param terms roundings on the way to one output, at most
 */
record LinearErrors(
    LinearOperator map,
    LinearOperator absolute,
    double[] bias,
    double[] rowNorms,
    int spatial,
    double norm,
    long terms)
    implements ErrorRule {
  /** The least normal float: products may count what is smaller as 0. */
  private static final double TINY = 0x1p-126;

  @Override
  public Signal apply(List<Signal> inputs, double reach, double lipschitz) {
    Signal in = inputs.get(0);
    int n = map.outputs();
    double gamma = Rounding.gamma(terms + 2, Rounding.U32);
    double[] fresh = new double[in.value().length];
    double sizes = 0;
    boolean near = rowNorms != null && nearIsSmaller(in, reach);
    for (int i = 0; i < fresh.length; i++) {
      double size = near ? Math.abs(in.value()[i]) + in.error()[i] : in.magnitude()[i];
      fresh[i] = gamma * (size + in.error()[i]) + TINY; // an input below it may count as 0
      sizes += size + in.error()[i] + (near ? reach : 0);
    }
    double underflow = (terms + 2) * 2 * TINY + sizes * TINY; // as may a product, and a weight
    double[] value = new double[n];
    double[] error = new double[n];
    double[] passed = new double[n];
    map.apply(in.value(), value);
    absolute.apply(fresh, error);
    absolute.apply(in.error(), passed);
    double[] magnitude = new double[n];
    double square = 0;
    for (int i = 0; i < n; i++) {
      double b = bias == null ? 0 : bias[i / spatial];
      value[i] += b;
      double moved = near ? gamma * reach * rowNorms[i / spatial] : 0;
      double own = (error[i] + moved + gamma * Math.abs(b) + underflow) * ErrorAnalysis.WIDEN;
      magnitude[i] = own / gamma;
      square += own * own;
      error[i] = (own + passed[i]) * ErrorAnalysis.WIDEN;
    }
    double errorNorm =
        (Math.min(norm, lipschitz) * in.errorNorm() + Math.sqrt(square)) * ErrorAnalysis.WIDEN;
    return new Signal(value, magnitude, error, errorNorm, Math.sqrt(square) * ErrorAnalysis.WIDEN);
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
