package dev.blindspot.attacks.bounds;

import java.util.List;

/**
 * Error rule of y = scale x + shift for each channel, computed with at most eight roundings from
 * terms of total magnitude |scale x| + part.
 *
 * @param before roundings of the sum that a plan may fold this into: the shift then is one of its
 *     terms
 */
record ScaleErrors(double[] scale, double[] shift, double[] part, long before)
    implements ErrorRule {

  @Override
  public Signal apply(List<Signal> inputs, double reach, double lipschitz) {
    Signal in = inputs.get(0);
    int n = in.value().length;
    int spatial = n / scale.length;
    double gamma = Rounding.gamma(10, Rounding.U32);
    double shifted = Rounding.gamma(10 + before, Rounding.U32);
    double[] value = new double[n];
    double[] magnitude = new double[n];
    double[] error = new double[n];
    double largest = 0;
    double squares = 0;
    for (int i = 0; i < n; i++) {
      int c = i / spatial;
      double s = Math.abs(scale[c]);
      value[i] = scale[c] * in.value()[i] + shift[c];
      double scaled = s * (in.magnitude()[i] + in.error()[i]);
      double constant = Math.abs(shift[c]) + part[c];
      magnitude[i] = (scaled + constant) * ErrorAnalysis.WIDEN;
      double own = gamma * scaled + shifted * constant + 0x1p-120;
      error[i] = (s * in.error()[i] + own) * ErrorAnalysis.WIDEN;
      squares += own * own;
      largest = Math.max(largest, s);
    }
    double norm = (largest * in.errorNorm() + Math.sqrt(squares)) * ErrorAnalysis.WIDEN;
    return new Signal(value, magnitude, error, norm, Math.sqrt(squares) * ErrorAnalysis.WIDEN);
  }

  double largest() {
    return Rounding.maxAbs(scale);
  }
}
