package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Direction;
import dev.blindspot.engine.primitives.Conv2dDesc;
import java.math.BigInteger;

/**
 * One direction of a convolution as a gather: c, h, w are the input's, k, p, q the output's. For
 * backward-data the input is dy and the output dx; its outputs fall into strideH x strideW phases.
 *
 * @param n largest batch
 */
record ConvGeometry(
    long n,
    int c,
    int h,
    int w,
    int k,
    int r,
    int s,
    int strideH,
    int strideW,
    int padTop,
    int padLeft,
    int dilationH,
    int dilationW,
    int groups,
    int p,
    int q,
    boolean backward) {

  /** FORWARD or BACKWARD_DATA of a desc. */
  static ConvGeometry of(Conv2dDesc d, Direction direction) {
    boolean backward = direction == Direction.BACKWARD_DATA;
    ConvGeometry g =
        new ConvGeometry(
            d.n(),
            backward ? d.k() : d.c(),
            backward ? d.p() : d.h(),
            backward ? d.q() : d.w(),
            backward ? d.c() : d.k(),
            d.r(),
            d.s(),
            d.strideH(),
            d.strideW(),
            d.padTop(),
            d.padLeft(),
            d.dilationH(),
            d.dilationW(),
            d.groups(),
            backward ? d.h() : d.p(),
            backward ? d.w() : d.q(),
            backward);
    return g.pointwise() ? g.oneRow() : g;
  }

  /** What two plans have in common that differ in their batch only. */
  static ConvGeometry ofAnyBatch(Conv2dDesc d) {
    return forward(d, 0);
  }

  /** The forward direction with its rows as they are. */
  static ConvGeometry unflattened(Conv2dDesc d) {
    return forward(d, d.n());
  }

  private static ConvGeometry forward(Conv2dDesc d, long n) {
    return new ConvGeometry(
        n,
        d.c(),
        d.h(),
        d.w(),
        d.k(),
        d.r(),
        d.s(),
        d.strideH(),
        d.strideW(),
        d.padTop(),
        d.padLeft(),
        d.dilationH(),
        d.dilationW(),
        d.groups(),
        d.p(),
        d.q(),
        false);
  }

  /** A 1x1 filter that reads each input once, where it is. */
  boolean pointwise() {
    return r == 1
        && s == 1
        && strideH == 1
        && strideW == 1
        && padTop == 0
        && padLeft == 0
        && h == p
        && w == q
        && (long) h * w <= Integer.MAX_VALUE;
  }

  /** A 1x1 filter sees an image as one long row. */
  private ConvGeometry oneRow() {
    int area = h * w;
    return new ConvGeometry(n, c, 1, area, k, 1, 1, 1, 1, 0, 0, 1, 1, groups, 1, area, backward);
  }

  /** Input channels of a group. */
  int inputs() {
    return c / groups;
  }

  /** Output channels of a group. */
  int outputs() {
    return k / groups;
  }

  int taps() {
    return r * s;
  }

  int phasesH() {
    return backward ? strideH : 1;
  }

  int phasesW() {
    return backward ? strideW : 1;
  }

  /** Tap rows of the phase that has most. */
  int phaseTapRows() {
    return backward ? phaseTaps(r, strideH, dilationH) : r;
  }

  /** Tap columns of the phase that has most. */
  int phaseTapColumns() {
    return backward ? phaseTaps(s, strideW, dilationW) : s;
  }

  /** Taps i of equal i * dilation mod stride: every (stride / gcd)-th. */
  private static int phaseTaps(int taps, int stride, int dilation) {
    int gcd = BigInteger.valueOf(stride).gcd(BigInteger.valueOf(dilation)).intValue();
    return Blocks.ceil(taps, stride / gcd);
  }

  int stepW() {
    return backward ? 1 : strideW;
  }

  /** Outputs of a row that belong to one phase, at most. */
  int phaseWidth() {
    return Blocks.ceil(q, phasesW());
  }

  /** Input rows that neighbouring output rows read, at most. */
  long inputRows(int rows) {
    long span = (long) (r - 1) * dilationH;
    return backward
        ? Blocks.ceil(rows, strideH) + span / strideH + 2
        : (long) (rows - 1) * strideH + span + 1;
  }

  /** Input columns that neighbouring outputs of a row read, at most. */
  long inputColumns(int columns) {
    long span = (long) (s - 1) * dilationW;
    return backward
        ? Blocks.ceil(columns, strideW) + span / strideW + 2
        : (long) (columns - 1) * strideW + span + 1;
  }

  /** Writes n and the geometry, in the order with which the kernels' arguments begin. */
  CpuContext write(CpuContext to, long n) {
    return to.put(n)
        .put(c)
        .put(h)
        .put(w)
        .put(k)
        .put(r)
        .put(s)
        .put(strideH)
        .put(strideW)
        .put(padTop)
        .put(padLeft)
        .put(dilationH)
        .put(dilationW)
        .put(groups)
        .put(p)
        .put(q);
  }
}
