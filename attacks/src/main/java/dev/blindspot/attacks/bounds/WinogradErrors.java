package dev.blindspot.attacks.bounds;

/**
 * Rounding errors of a convolution by Winograd's F(2x2, 3x3): (Lavin and Gray 2016, section 4.1;
 * analysed like Barabasz et al. 2020, "Error analysis and improving the accuracy of Winograd
 * convolution for deep neural networks"). It computes, for each tile of 2x2 outputs, A^T [sum over
 * channels and sections of (G g G^T) * (B^T d B)] A, of 4x4 inputs d and 3x3 taps g.
 *
 * <p><b>Sections.</b> A filter is cut in each dimension into sections of three consecutive taps and
 * a last one of what is left, (a, b, 0) or (0, a, 0); with a stride of 2 the even taps by
 * themselves and the odd ones, whose inputs lie 2 apart. The products of all sections are summed
 * before they are transformed back: n = channels x sections terms at each of the 16 points.
 *
 * <p><b>Roundings.</b> On the way from an input, weight or product to an output there are at most
 *
 * <ul>
 *   <li>4 of the filter's transform: two additions for each dimension, halving is exact;
 *   <li>2 of the input's transform: one addition for each dimension;
 *   <li>n of the sum of products, in any order, with or without fused multiply-add;
 *   <li>4 of the output's transform: two additions for each dimension.
 * </ul>
 *
 * <p>Each factor (1 + delta) multiplies a term of the whole expression written out, whose terms sum
 * up in absolute value to |A^T| [sum |G||g||G^T| * |B^T||d||B|] |A|. So the error is at most
 * gamma_(n+10) times that (Higham 2002, lemma 3.1), and the bias and what follows it add roundings
 * as they do to a plain sum.
 *
 * <p><b>Filter.</b> In one dimension, with g = |g0| + |g1| + |g2|, those terms are (|d0| + |d2|)
 * |g0| + (|d1| + |d2|) g at the tile's first output and (|d1| + |d2|) g + (|d1| + |d3|) |g2| at its
 * second. The first output's window is d0 d1 d2, the second's d1 d2 d3: wherever a tile begins, tap
 * t of the window has at most the factor T|g| of
 *
 * <pre>
 *       1 1 2
 *   T = 1 1 1
 *       2 1 1
 * </pre>
 *
 * <p>and in two dimensions T|g|T^T. A section of fewer taps reads inputs that its taps do not meet,
 * which cancel but for rounding; sections overlap there, and add up. Hence the sum of terms is at
 * most a convolution of |x| with another filter that is not negative: for dense filters about 13
 * times as large as |w|, while n is 9 times smaller than the number of products.
 */
final class WinogradErrors {
  /** T: by the place in an output's window, and the place of a tap in its section. */
  private static final double[][] T = {{1, 1, 2}, {1, 1, 1}, {2, 1, 1}};

  /** Roundings of the transforms of filter, inputs and outputs. */
  private static final long TRANSFORMS = 4 + 2 + 4;

  /**
   * Results of transforms and sums that may underflow, for each product of a point and section: of
   * the products themselves, and of inputs and weights that are summed up 9 times with factors of
   * up to 8.
   */
  private static final double UNDERFLOWS = 72;

  /** Weights above it could overflow in their transform: no bound. */
  private static final double LARGEST = 0x1p120;

  private WinogradErrors() {}

  /** Whether any backend may compute this convolution so. */
  static boolean apply(ConvGeometry g) {
    return g.r() * g.s() > 1
        && g.dilationH() == 1
        && g.dilationW() == 1
        && g.strideH() <= 2
        && g.strideW() <= 2;
  }

  /**
   * @param w [k,c/groups,r,s]
   */
  static RoundedSum of(ConvGeometry g, double[] w) {
    Sections rows = Sections.of(g.r(), g.strideH());
    Sections columns = Sections.of(g.s(), g.strideW());
    ConvGeometry wide =
        new ConvGeometry(
            g.c(),
            g.h(),
            g.w(),
            g.k(),
            rows.window(),
            columns.window(),
            g.strideH(),
            g.strideW(),
            g.padTop() - rows.from(),
            g.padLeft() - columns.from(),
            g.p(),
            g.q(),
            1,
            1,
            g.groups());
    double[] v = new double[wide.weights()];
    int taps = g.r() * g.s();
    for (int i = 0; i < w.length / taps; i++) {
      widen(w, i * taps, rows, columns, v, i * rows.window() * columns.window());
    }
    long products = (long) g.channelsPerGroup() * rows.count() * columns.count();
    boolean small = Rounding.maxAbs(w) < LARGEST;
    return new RoundedSum(
        new ConvOperator(wide, v),
        ErrorRules.rowNorms(v, g.k()),
        small ? products + TRANSFORMS : Integer.MAX_VALUE,
        UNDERFLOWS * rows.count() * columns.count());
  }

  /** One filter of one channel: rows |w| columns^T. */
  private static void widen(
      double[] w, int from, Sections rows, Sections columns, double[] v, int to) {
    int r = rows.factors()[0].length;
    int s = columns.factors()[0].length;
    for (int a = 0; a < r * s; a++) {
      double size = Math.abs(w[from + a]);
      for (int i = 0; i < rows.window(); i++) {
        for (int j = 0; j < columns.window(); j++) {
          v[to + i * columns.window() + j] +=
              rows.factors()[i][a / s] * columns.factors()[j][a % s] * size;
        }
      }
    }
  }

  /**
   * One dimension of a filter cut into sections, as kernels/winograd.h cuts it.
   *
   * @param from place of the first input met, where tap 0 of the filter has place 0
   * @param factors [place - from][tap]
   */
  record Sections(int count, int from, double[][] factors) {
    static Sections of(int taps, int stride) {
      double[][] factors = new double[taps + 4 * stride][taps];
      int count = 0;
      int first = 0;
      int behind = 0;
      for (int phase = 0; phase < Math.min(stride, taps); phase++) {
        for (int tap = phase; tap < taps; tap += 3 * stride) {
          int length = Math.min(3, (taps - tap + stride - 1) / stride);
          int zeros = length == 1 ? 1 : 0; // in front
          int begin = tap - zeros * stride;
          for (int t = 0; t < length; t++) {
            for (int i = 0; i < 3; i++) {
              factors[stride + begin + i * stride][tap + t * stride] += T[i][zeros + t];
            }
          }
          count++;
          first = Math.min(first, begin);
          behind = Math.max(behind, begin + 2 * stride + 1);
        }
      }
      double[][] met = java.util.Arrays.copyOfRange(factors, stride + first, stride + behind);
      return new Sections(count, first, met);
    }

    /** Places met. */
    int window() {
      return factors.length;
    }
  }
}
