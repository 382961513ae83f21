package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.primitives.Conv2dDesc;

/** Shape of a convolution of one sample, without its values. Names as in {@link Conv2dDesc}. */
record ConvGeometry(
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
    int p,
    int q,
    int dilationH,
    int dilationW,
    int groups) {

  static ConvGeometry of(Conv2dDesc d) {
    return new ConvGeometry(
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
        d.p(),
        d.q(),
        d.dilationH(),
        d.dilationW(),
        d.groups());
  }

  /** Square kernel, stride, padding and dilation. */
  static ConvGeometry square(
      int c, int n, int k, int r, int stride, int pad, int dilation, int groups) {
    return of(
        Conv2dDesc.of(ElementType.F64, 1, c, n, n)
            .filters(k, r, r, r * dilation)
            .dilation(dilation)
            .pad(pad)
            .stride(stride)
            .groups(groups));
  }

  int inputs() {
    return Math.multiplyExact(c, Math.multiplyExact(h, w));
  }

  int outputs() {
    return Math.multiplyExact(k, Math.multiplyExact(p, q));
  }

  int channelsPerGroup() {
    return c / groups;
  }

  int filtersPerGroup() {
    return k / groups;
  }

  int weights() {
    return Math.multiplyExact(k, Math.multiplyExact(channelsPerGroup(), Math.multiplyExact(r, s)));
  }

  /** Multiply-adds of one forward pass. */
  double cost() {
    return (double) weights() * p * q;
  }
}
