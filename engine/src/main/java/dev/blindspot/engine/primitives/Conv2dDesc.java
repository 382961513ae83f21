package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import java.util.List;

/**
 * Two-dimensional cross-correlation ("convolution"), x [n,c,h,w], w [k,c/groups,r,s], b [k], y
 * [n,k,p,q]:
 *
 * <pre>
 * y[n,k,i,j] = b[k] + sum_{c,u,v} w[k,c,u,v] x[n,c, i*strideH - padTop + u*dilationH, j*strideW - padLeft + v*dilationW]
 * </pre>
 *
 * with x zero outside; p = floor((h + padTop + padBottom - dilationH (r-1) - 1) / strideH) + 1, q
 * alike.
 *
 * @param type F32 or F64
 * @param post post-operations of the forward direction, in order
 * @param reluMask backwardData multiplies dx by (mask &gt; 0), mask being a saved output of the
 *     ReLU that made x
 * @param xLayout layout of x and dx
 * @param yLayout layout of y and dy
 */
public record Conv2dDesc(
    ElementType type,
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
    int padBottom,
    int padRight,
    int dilationH,
    int dilationW,
    int groups,
    List<PostOp> post,
    boolean reluMask,
    Layout xLayout,
    Layout yLayout)
    implements Desc<Conv2dPlan> {

  public Conv2dDesc {
    post = List.copyOf(post);
    String where = "Conv2d";
    Check.floating(where, type);
    Check.positive(where, "n", n);
    Check.positive(where, "c", c);
    Check.positive(where, "h", h);
    Check.positive(where, "w", w);
    Check.positive(where, "k", k);
    Check.positive(where, "r", r);
    Check.positive(where, "s", s);
    Check.positive(where, "strideH", strideH);
    Check.positive(where, "strideW", strideW);
    Check.positive(where, "dilationH", dilationH);
    Check.positive(where, "dilationW", dilationW);
    Check.positive(where, "groups", groups);
    Check.notNegative(where, "padTop", padTop);
    Check.notNegative(where, "padLeft", padLeft);
    Check.notNegative(where, "padBottom", padBottom);
    Check.notNegative(where, "padRight", padRight);
    Check.that(
        c % groups == 0 && k % groups == 0,
        "Conv2d: groups " + groups + " must divide c " + c + " and k " + k);
    Check.that(
        (long) h + padTop + padBottom <= Integer.MAX_VALUE
            && (long) w + padLeft + padRight <= Integer.MAX_VALUE,
        "Conv2d: the padded input of " + h + "x" + w + " has 2^31 rows or columns or more");
    Check.that(
        size(h, padTop, padBottom, r, dilationH, strideH) > 0
            && size(w, padLeft, padRight, s, dilationW, strideW) > 0,
        "Conv2d: the window " + r + "x" + s + " is larger than the padded input " + h + "x" + w);
  }

  private static int size(int in, int before, int after, int window, int dilation, int stride) {
    long span = (long) in + before + after - (long) dilation * (window - 1) - 1;
    return span < 0 ? 0 : (int) (span / stride + 1);
  }

  /** Starts a desc: stride 1, no padding, dilation 1, one group, NCHW; add filters next. */
  public static Conv2dDesc of(ElementType type, long n, int c, int h, int w) {
    return new Conv2dDesc(
        type,
        n,
        c,
        h,
        w,
        1,
        1,
        1,
        1,
        1,
        0,
        0,
        0,
        0,
        1,
        1,
        1,
        List.of(),
        false,
        Layout.NCHW,
        Layout.NCHW);
  }

  /** The same with so many input channels. */
  public Conv2dDesc channels(int channels) {
    return new Conv2dDesc(
        type, n, channels, h, w, k, r, s, strideH, strideW, padTop, padLeft, padBottom, padRight,
        dilationH, dilationW, groups, post, reluMask, xLayout, yLayout);
  }

  /** Height of y. */
  public int p() {
    return size(h, padTop, padBottom, r, dilationH, strideH);
  }

  /** Width of y. */
  public int q() {
    return size(w, padLeft, padRight, s, dilationW, strideW);
  }

  /**
   * k filters of r x s. Builder state is validated when complete, so set padding with {@link
   * #filters(int, int, int, int)} if the window exceeds the bare input.
   */
  public Conv2dDesc filters(int k, int r, int s) {
    return filters(k, r, s, 0);
  }

  /** k filters of r x s with the same padding on all four sides. */
  public Conv2dDesc filters(int k, int r, int s, int pad) {
    return new Conv2dDesc(
        type, n, c, h, w, k, r, s, strideH, strideW, pad, pad, pad, pad, dilationH, dilationW,
        groups, post, reluMask, xLayout, yLayout);
  }

  public Conv2dDesc stride(int stride) {
    return stride(stride, stride);
  }

  public Conv2dDesc stride(int strideH, int strideW) {
    return new Conv2dDesc(
        type, n, c, h, w, k, r, s, strideH, strideW, padTop, padLeft, padBottom, padRight,
        dilationH, dilationW, groups, post, reluMask, xLayout, yLayout);
  }

  public Conv2dDesc pad(int pad) {
    return pad(pad, pad, pad, pad);
  }

  public Conv2dDesc pad(int top, int left, int bottom, int right) {
    return new Conv2dDesc(
        type, n, c, h, w, k, r, s, strideH, strideW, top, left, bottom, right, dilationH, dilationW,
        groups, post, reluMask, xLayout, yLayout);
  }

  public Conv2dDesc dilation(int dilation) {
    return new Conv2dDesc(
        type, n, c, h, w, k, r, s, strideH, strideW, padTop, padLeft, padBottom, padRight, dilation,
        dilation, groups, post, reluMask, xLayout, yLayout);
  }

  public Conv2dDesc groups(int groups) {
    return new Conv2dDesc(
        type, n, c, h, w, k, r, s, strideH, strideW, padTop, padLeft, padBottom, padRight,
        dilationH, dilationW, groups, post, reluMask, xLayout, yLayout);
  }

  public Conv2dDesc post(PostOp... ops) {
    return new Conv2dDesc(
        type,
        n,
        c,
        h,
        w,
        k,
        r,
        s,
        strideH,
        strideW,
        padTop,
        padLeft,
        padBottom,
        padRight,
        dilationH,
        dilationW,
        groups,
        List.of(ops),
        reluMask,
        xLayout,
        yLayout);
  }

  public Conv2dDesc reluMask(boolean mask) {
    return new Conv2dDesc(
        type, n, c, h, w, k, r, s, strideH, strideW, padTop, padLeft, padBottom, padRight,
        dilationH, dilationW, groups, post, mask, xLayout, yLayout);
  }

  public Conv2dDesc layouts(Layout x, Layout y) {
    return new Conv2dDesc(
        type, n, c, h, w, k, r, s, strideH, strideW, padTop, padLeft, padBottom, padRight,
        dilationH, dilationW, groups, post, reluMask, x, y);
  }

  @Override
  public String summary() {
    return "Conv2d "
        + type
        + " x=["
        + n
        + ","
        + c
        + ","
        + h
        + ","
        + w
        + "] w=["
        + k
        + ","
        + c / groups
        + ","
        + r
        + ","
        + s
        + "] stride="
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
        + " dilation="
        + dilationH
        + "x"
        + dilationW
        + " groups="
        + groups
        + " post="
        + post;
  }
}
