package dev.blindspot.attacks.bounds;

/**
 * One way in which a float program may form y = Wx + b: its error is at most gamma times V|x| + |b|
 * with a matrix V that is not negative. For plain sums of products V = |W|.
 *
 * @param absolute V
 * @param rowNorms Euclidean norms of V's rows, one for each channel; null if not known
 * @param roundings on the way from an input or weight to the output, at most, not counting those of
 *     the bias and behind it
 * @param underflows how many times as many results may underflow as of plain sums
 */
record RoundedSum(LinearMap absolute, double[] rowNorms, long roundings, double underflows) {

  /** A sum of products as it is, in any order. */
  static RoundedSum plain(LinearMap absolute, double[] rowNorms, long terms) {
    return new RoundedSum(absolute, rowNorms, terms, 1);
  }

  /**
   * V|x| + |b|, more by what x may move.
   *
   * @param x absolute values
   * @param reach of x in Euclidean norm
   * @param bias of each channel, or null
   */
  double[] terms(double[] x, double reach, double[] bias) {
    double[] y = new double[absolute.outputs()];
    absolute.apply(x, y);
    int channels = rowNorms != null ? rowNorms.length : 1;
    for (int i = 0; i < y.length; i++) {
      int channel = (int) ((long) i * channels / y.length);
      y[i] += reach > 0 ? reach * rowNorms[channel] : 0;
      y[i] += bias == null ? 0 : Math.abs(bias[channel]);
    }
    return y;
  }
}
