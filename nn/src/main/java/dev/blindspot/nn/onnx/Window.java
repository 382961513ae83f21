package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.nn.layers.Pool2d;
import java.util.Arrays;

/** A sliding window's geometry from ONNX attributes; one spatial dimension counts as width. */
record Window(
    int r,
    int s,
    int strideH,
    int strideW,
    int dilationH,
    int dilationW,
    int top,
    int left,
    int bottom,
    int right) {

  /**
   * Reads strides, dilations, pads and auto_pad.
   *
   * @param sample [c,h,w] or [c,l]
   * @param kernel window size in each spatial dimension
   * @param extra zeros already round the data: top, left, bottom, right
   */
  static Window read(NodeReader n, Shape sample, long[] kernel, int[] extra) {
    int spatial = kernel.length;
    int[] k = new int[spatial];
    for (int i = 0; i < spatial; i++) {
      if (kernel[i] < 1 || kernel[i] > 1 << 20) {
        throw n.invalid("window " + Arrays.toString(kernel) + " must be within 1..2^20");
      }
      k[i] = (int) kernel[i];
    }
    int[] strides = n.sizes("strides", spatial, 1, 1);
    int[] dilations = n.sizes("dilations", spatial, 1, 1);
    int[] pads = n.sizes("pads", 2 * spatial, 0, 0);
    String auto = n.string("auto_pad", "NOTSET");
    boolean padded = Arrays.stream(pads).anyMatch(p -> p != 0);
    if (!auto.equals("NOTSET") && padded) {
      throw n.invalid("attributes 'auto_pad' " + auto + " and 'pads' exclude each other");
    }
    if (auto.startsWith("SAME")) {
      pads = same(n, auto, sample, k, strides, dilations, extra);
    } else if (!auto.equals("NOTSET") && !auto.equals("VALID")) {
      throw n.invalid("attribute 'auto_pad' is '" + auto + "'");
    }
    boolean two = spatial == 2;
    return new Window(
        two ? k[0] : 1,
        k[spatial - 1],
        two ? strides[0] : 1,
        strides[spatial - 1],
        two ? dilations[0] : 1,
        dilations[spatial - 1],
        (two ? pads[0] : 0) + extra[0],
        pads[spatial - 1] + extra[1],
        (two ? pads[2] : 0) + extra[2],
        pads[2 * spatial - 1] + extra[3]);
  }

  /** Pads so that the output has ceil(size / stride) elements. */
  private static int[] same(
      NodeReader n,
      String auto,
      Shape sample,
      int[] k,
      int[] strides,
      int[] dilations,
      int[] extra) {
    if (!auto.equals("SAME_UPPER") && !auto.equals("SAME_LOWER")) {
      throw n.invalid("attribute 'auto_pad' is '" + auto + "'");
    }
    if (Arrays.stream(extra).anyMatch(p -> p != 0)) {
      throw n.unsupported("auto_pad " + auto + " behind a Pad node");
    }
    int d = k.length;
    int[] pads = new int[2 * d];
    for (int i = 0; i < d; i++) {
      long size = sample.dim(i + 1);
      long out = (size + strides[i] - 1) / strides[i];
      long need = Math.max(0, (out - 1) * strides[i] + (k[i] - 1L) * dilations[i] + 1 - size);
      int small = Math.toIntExact(need / 2);
      int large = Math.toIntExact(need - need / 2);
      pads[i] = auto.equals("SAME_UPPER") ? small : large;
      pads[d + i] = auto.equals("SAME_UPPER") ? large : small;
    }
    return pads;
  }

  /** True if with ceil_mode a window would reach over the padded edge. */
  boolean cut(Shape sample) {
    return !ceiled(sample).equals(this);
  }

  /** Rounds the output size up by more padding, unless a window would start behind the data. */
  Window ceiled(Shape sample) {
    int h = sample.rank() == 3 ? Math.toIntExact(sample.dim(1)) : 1;
    int w = Math.toIntExact(sample.dim(sample.rank() - 1));
    return new Window(
        r,
        s,
        strideH,
        strideW,
        dilationH,
        dilationW,
        top,
        left,
        bottom + over(h, top, bottom, r, strideH),
        right + over(w, left, right, s, strideW));
  }

  private static int over(int size, int before, int after, int window, int stride) {
    long span = (long) size + before + after - window;
    if (span < 0) {
      return 0;
    }
    long last = (span + stride - 1) / stride * stride;
    return last >= (long) size + before ? 0 : (int) Math.max(0, last - span);
  }

  Pool2d pool(Pooling kind) {
    return new Pool2d(kind, r, s, strideH, strideW, top, left, bottom, right);
  }
}
