package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;

/**
 * Pooling of x [n,c,h,w] with windows r x s, which may overlap, to y [n,c,p,q]; p = floor((h +
 * padTop + padBottom - r) / strideH) + 1, q alike. Padding must be smaller than the window.
 *
 * @param reluMask backwardData multiplies dx by (x &gt; 0), x being the output of a ReLU; NaN in x
 *     is handed on
 * @param layout of x, y and their gradients
 */
public record Pool2dDesc(
    Pooling pooling,
    ElementType type,
    long n,
    int c,
    int h,
    int w,
    int r,
    int s,
    int strideH,
    int strideW,
    int padTop,
    int padLeft,
    int padBottom,
    int padRight,
    boolean reluMask,
    Layout layout)
    implements Desc<Pool2dPlan> {

  public Pool2dDesc {
    Check.floating("Pool2d", type);
    Check.positive("Pool2d", "n", n);
    Check.positive("Pool2d", "c", c);
    Check.positive("Pool2d", "h", h);
    Check.positive("Pool2d", "w", w);
    Check.positive("Pool2d", "r", r);
    Check.positive("Pool2d", "s", s);
    Check.positive("Pool2d", "strideH", strideH);
    Check.positive("Pool2d", "strideW", strideW);
    Check.that(
        padTop >= 0
            && padLeft >= 0
            && padBottom >= 0
            && padRight >= 0
            && padTop < r
            && padBottom < r
            && padLeft < s
            && padRight < s,
        "Pool2d: padding must be between 0 and the window size - 1");
    Check.that(
        (long) h + padTop + padBottom >= r && (long) w + padLeft + padRight >= s,
        "Pool2d: the window " + r + "x" + s + " is larger than the padded input " + h + "x" + w);
    Check.that(
        (long) h + padTop + padBottom <= Integer.MAX_VALUE
            && (long) w + padLeft + padRight <= Integer.MAX_VALUE,
        "Pool2d: the padded input of " + h + "x" + w + " has 2^31 rows or columns or more");
  }

  /** NCHW, without a mask. */
  public Pool2dDesc(
      Pooling pooling,
      ElementType type,
      long n,
      int c,
      int h,
      int w,
      int r,
      int s,
      int strideH,
      int strideW,
      int padTop,
      int padLeft,
      int padBottom,
      int padRight) {
    this(
        pooling,
        type,
        n,
        c,
        h,
        w,
        r,
        s,
        strideH,
        strideW,
        padTop,
        padLeft,
        padBottom,
        padRight,
        false,
        Layout.NCHW);
  }

  /** Square windows and strides, no padding. */
  public static Pool2dDesc of(
      Pooling pooling, ElementType type, long n, int c, int h, int w, int window, int stride) {
    return new Pool2dDesc(pooling, type, n, c, h, w, window, window, stride, stride, 0, 0, 0, 0);
  }

  /** Height of y. */
  public int p() {
    return (h + padTop + padBottom - r) / strideH + 1;
  }

  /** Width of y. */
  public int q() {
    return (w + padLeft + padRight - s) / strideW + 1;
  }

  /** The same on all four sides. */
  public Pool2dDesc pad(int pad) {
    return new Pool2dDesc(
        pooling, type, n, c, h, w, r, s, strideH, strideW, pad, pad, pad, pad, reluMask, layout);
  }

  public Pool2dDesc reluMask(boolean mask) {
    return new Pool2dDesc(
        pooling, type, n, c, h, w, r, s, strideH, strideW, padTop, padLeft, padBottom, padRight,
        mask, layout);
  }

  public Pool2dDesc layout(Layout l) {
    return new Pool2dDesc(
        pooling, type, n, c, h, w, r, s, strideH, strideW, padTop, padLeft, padBottom, padRight,
        reluMask, l);
  }

  @Override
  public String summary() {
    return "Pool2d "
        + pooling
        + " "
        + type
        + " x=["
        + n
        + ","
        + c
        + ","
        + h
        + ","
        + w
        + "] window="
        + r
        + "x"
        + s
        + " stride="
        + strideH
        + "x"
        + strideW
        + " pad="
        + padTop
        + ","
        + padLeft
        + ","
        + padBottom
        + ","
        + padRight
        + (reluMask ? " mask" : "")
        + (layout == Layout.NHWC ? " NHWC" : "");
  }
}
