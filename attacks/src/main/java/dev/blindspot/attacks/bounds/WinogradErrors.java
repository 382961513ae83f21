package dev.blindspot.attacks.bounds;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Rounding errors of a convolution by Winograd's F(2x2, 3x3): (Lavin and Gray 2016, section 4.1;
 * analysed like Barabasz et al. 2020, "Error analysis and improving the accuracy of Winograd
 * convolution for deep neural networks"). It computes, for each tile of 2x2 outputs, A^T [sum over
 * channels and sections of (G g G^T) * (B^T d B)] A, of 4x4 inputs d and 3x3 taps g.
 *
 * <p><b>Sections.</b> A filter is cut in each dimension into sections of three consecutive taps and
 * a last one of what is left, (a, b, 0) or (0, a, 0); with a stride those of taps that are a stride
 * apart, and so are their inputs. The products of all sections are summed before they are
 * transformed back: n = channels x sections terms at each of the 16 points.
 *
 * <p><b>Roundings.</b> On the way to an output there are at most 5 for each weight (its own, where
 * a scale is folded into it, and two additions for each dimension of its transform; halving is
 * exact) and n + 8 for each transformed weight: 2 of the input's transform (one addition for each
 * dimension), n of the sum of products (in any order, with or without fused multiply-add), 4 of the
 * output's transform, the bias and a residual. With U = G g G^T and V = |B^T||d||B| the first are
 * in error by at most gamma_5 |G||g||G^T|, and with what follows (Higham 2002, lemmas 3.1 and 3.3)
 * the output's error is at most
 *
 * <pre>
 *   |A^T| [sum (gamma_(n+8) |U| + gamma_5 (1 + gamma_(n+8)) |G||g||G^T|) * V] |A|
 *     &lt;= gamma_(n+13) |A^T| [sum E * V] |A|,
 *   E = ((n + 8) |U| + 5 |G||g||G^T|) / (n + 13)
 * </pre>
 *
 * <p><b>Filters.</b> That is a convolution of |d| with filters that are not negative, one for each
 * place in a tile; tiles begin at even rows and columns of the output. In one dimension inputs d0
 * d2 meet E0, d1 d2 meet E1 and E2, d1 d3 meet E3, and the outputs sum up the points 0 1 2 and 1 2
 * 3. A section of fewer taps reads inputs that its taps do not meet, which cancel but for rounding.
 */
final class WinogradErrors {
  /** Absolute values of the transforms; G with its signs. */
  private static final double[][] G = {{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}};

  private static final int[][] B = {{1, 0, 1, 0}, {0, 1, 1, 0}, {0, 1, 1, 0}, {0, 1, 0, 1}};
  private static final int[][] A = {{1, 1, 1, 0}, {0, 1, 1, 1}};

  private static final Set<Integer> STRIDES = Set.of(1, 2, 4);

  /** Roundings of a weight, and of what is made of it but for the sum of products. */
  private static final int OF_WEIGHTS = 5;

  private static final int OF_POINTS = 8;

  /** Covers the roundings of U in double. */
  private static final double IN_DOUBLE = 0x1p-40;

  /**
   * Results of transforms and sums that may underflow, for each product of a point and section: of
   * the products themselves, and of inputs and weights that are summed up 9 times with factors of
   * up to 8.
   */
  private static final double UNDERFLOWS = 72;

  /** Weights above it could overflow in their transform: no bound. */
  private static final double LARGEST = 0x1p120;

  private final ConvGeometry g;
  private final double[] w;
  private final List<Section> rows;
  private final List<Section> columns;
  private final long products;

  private WinogradErrors(ConvGeometry g, double[] w) {
    this.g = g;
    this.w = w;
    rows = sections(g.r(), g.strideH());
    columns = sections(g.s(), g.strideW());
    products = (long) g.channelsPerGroup() * rows.size() * columns.size();
  }

  /** Whether any backend may compute this convolution so. */
  static boolean apply(ConvGeometry g) {
    return g.r() * g.s() > 1
        && g.dilationH() == 1
        && g.dilationW() == 1
        && STRIDES.contains(g.strideH())
        && STRIDES.contains(g.strideW());
  }

  /**
   * @param w [k,c/groups,r,s]
   */
  static RoundedSum of(ConvGeometry g, double[] w) {
    WinogradErrors e = new WinogradErrors(g, w);
    ConvOperator[] places = new ConvOperator[4];
    double[] rowNorms = new double[g.k()];
    for (int place = 0; place < 4; place++) {
      ConvGeometry own = e.geometry(place / 2, place % 2);
      double[] v = e.filters(own, place / 2, place % 2);
      double[] norms = ErrorRules.rowNorms(v, g.k());
      for (int k = 0; k < g.k(); k++) {
        rowNorms[k] = Math.max(rowNorms[k], norms[k]);
      }
      places[place] = new ConvOperator(own, v);
    }
    long roundings = e.products + OF_POINTS + OF_WEIGHTS - LinearErrors.MORE_ROUNDINGS;
    return new RoundedSum(
        new TiledConvolution(g, places),
        rowNorms,
        Rounding.maxAbs(w) < LARGEST ? roundings : Integer.MAX_VALUE,
        UNDERFLOWS * e.rows.size() * e.columns.size());
  }

  /** Outputs at place (a, b) of a tile, as a convolution with twice the stride. */
  private ConvGeometry geometry(int a, int b) {
    return new ConvGeometry(
        g.c(),
        g.h(),
        g.w(),
        g.k(),
        last(rows, a, g.strideH()) - first(rows, a, g.strideH()) + 1,
        last(columns, b, g.strideW()) - first(columns, b, g.strideW()) + 1,
        2 * g.strideH(),
        2 * g.strideW(),
        g.padTop() - first(rows, a, g.strideH()),
        g.padLeft() - first(columns, b, g.strideW()),
        (g.p() - a + 1) / 2,
        (g.q() - b + 1) / 2,
        1,
        1,
        g.groups());
  }

  /**
   * Inputs that outputs at a place of a tile meet, from the tile's window of the filter's tap 0.
   */
  private static int first(List<Section> sections, int place, int stride) {
    return sections.stream().mapToInt(Section::from).min().getAsInt() + place * stride;
  }

  private static int last(List<Section> sections, int place, int stride) {
    return sections.stream().mapToInt(Section::from).max().getAsInt() + (place + 2) * stride;
  }

  private double[] filters(ConvGeometry own, int a, int b) {
    double[] v = new double[own.weights()];
    int top = first(rows, a, g.strideH());
    int left = first(columns, b, g.strideW());
    for (int i = 0; i < g.k() * g.channelsPerGroup(); i++) {
      for (Section row : rows) {
        for (Section column : columns) {
          double[][] e = points(i * g.r() * g.s(), row, column);
          int at = (i * own.r() + row.from - top) * own.s() + column.from - left;
          add(e, a, b, v, at, g.strideH() * own.s(), g.strideW());
        }
      }
    }
    return v;
  }

  /** Adds what inputs of a tile meet in their way to its output (a, b). */
  private static void add(double[][] e, int a, int b, double[] v, int at, int stepH, int stepW) {
    for (int i = a; i < a + 3; i++) {
      for (int j = b; j < b + 3; j++) {
        double sum = 0;
        for (int p = 0; p < 4; p++) {
          for (int q = 0; q < 4; q++) {
            sum += A[a][p] * B[p][i] * e[p][q] * B[q][j] * A[b][q];
          }
        }
        v[at + i * stepH + j * stepW] += sum;
      }
    }
  }

  /** E of a section of a filter. */
  private double[][] points(int at, Section row, Section column) {
    double[][] e = new double[4][4];
    for (int p = 0; p < 4; p++) {
      for (int q = 0; q < 4; q++) {
        double sum = 0;
        double sizes = 0;
        for (int i = 0; i < 3; i++) {
          for (int j = 0; j < 3; j++) {
            if (row.taps[i] >= 0 && column.taps[j] >= 0) {
              double term = G[p][i] * w[at + row.taps[i] * g.s() + column.taps[j]] * G[q][j];
              sum += term;
              sizes += Math.abs(term);
            }
          }
        }
        double all = (products + OF_POINTS) * Math.abs(sum) + OF_WEIGHTS * sizes;
        e[p][q] = all / (products + OF_POINTS + OF_WEIGHTS) + IN_DOUBLE * sizes;
      }
    }
    return e;
  }

  /**
   * One dimension of a section.
   *
   * @param from place of the first input that it meets, where tap 0 of the filter has place 0
   * @param taps of the filter; -1: 0
   */
  record Section(int from, int[] taps) {}

  /** One dimension of a filter cut as kernels/winograd.h cuts it. */
  static List<Section> sections(int taps, int stride) {
    List<Section> all = new ArrayList<>();
    for (int phase = 0; phase < Math.min(stride, taps); phase++) {
      for (int tap = phase; tap < taps; tap += 3 * stride) {
        int[] own = {tap, tap + stride, tap + 2 * stride};
        for (int i = 1; i < 3; i++) {
          own[i] = own[i] < taps ? own[i] : -1;
        }
        boolean lone = own[1] < 0; // stands in the middle
        all.add(lone ? new Section(tap - stride, new int[] {-1, tap, -1}) : new Section(tap, own));
      }
    }
    return all;
  }
}
