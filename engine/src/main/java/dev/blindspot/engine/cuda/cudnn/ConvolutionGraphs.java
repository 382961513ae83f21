package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_BFLOAT16;
import static org.bytedeco.cuda.global.cudnn.CUDNN_DATA_FLOAT;

import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.cuda.library.Resources;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.PostOp;

/**
 * A convolution's directions as graphs. Tensors are of F32; with {@code bfloat} what is multiplied
 * is a BF16 copy. Weights lie as [k,r,s,c] where a tensor has channels last.
 */
final class ConvolutionGraphs {
  private final Conv2dDesc desc;
  private final boolean bfloat;

  ConvolutionGraphs(Conv2dDesc desc, boolean bfloat) {
    this.desc = desc;
    this.bfloat = bfloat;
  }

  /** Whether weights have channels last. */
  boolean channelsLast() {
    return desc.xLayout() == Layout.NHWC || desc.yLayout() == Layout.NHWC;
  }

  /** Whether a direction has something that a graph could fuse. */
  boolean fusible(Direction direction) {
    return switch (direction) {
      case FORWARD -> !desc.post().isEmpty();
      case BACKWARD_DATA -> desc.reluMask();
      case BACKWARD_WEIGHTS -> false;
    };
  }

  /**
   * The graph of a direction, its descriptors owned by {@code resources}. Order of its tensors:
   * forward x, w, then bias and residual if fused, y; backward-data dy, w, mask if fused, dx;
   * backward-weights x, dy, dw.
   */
  GraphBuilder graph(
      Direction direction, long n, int alignment, boolean fused, Resources resources) {
    GraphBuilder g = new GraphBuilder(resources);
    BackendDescriptor geometry =
        g.convolution(
            new long[] {desc.padTop(), desc.padLeft()},
            new long[] {desc.padBottom(), desc.padRight()},
            new long[] {desc.strideH(), desc.strideW()},
            new long[] {desc.dilationH(), desc.dilationW()});
    switch (direction) {
      case FORWARD -> forward(g, geometry, n, alignment, fused);
      case BACKWARD_DATA -> backwardData(g, geometry, n, alignment, fused);
      case BACKWARD_WEIGHTS ->
          g.backwardWeights(
              geometry, x(g, n, true, alignment), y(g, n, true, alignment), w(g, false, alignment));
    }
    return g;
  }

  private void forward(
      GraphBuilder g, BackendDescriptor geometry, long n, int alignment, boolean fused) {
    BackendDescriptor x = x(g, n, true, alignment);
    BackendDescriptor w = w(g, true, alignment);
    if (!fused) {
      g.forward(geometry, x, w, y(g, n, false, alignment));
      return;
    }
    BackendDescriptor bias = desc.post().contains(PostOp.BIAS) ? bias(g, alignment) : null;
    BackendDescriptor residual =
        desc.post().contains(PostOp.RESIDUAL_ADD) ? y(g, n, false, alignment) : null;
    BackendDescriptor y = y(g, n, false, alignment);
    BackendDescriptor value = g.virtual(yDims(n), strides(yDims(n), desc.yLayout()));
    g.forward(geometry, x, w, value);
    int last = desc.post().size() - 1;
    for (int i = 0; i <= last; i++) {
      BackendDescriptor next =
          i == last ? y : g.virtual(yDims(n), strides(yDims(n), desc.yLayout()));
      switch (desc.post().get(i)) {
        case BIAS -> g.sum(value, bias, next);
        case RESIDUAL_ADD -> g.sum(value, residual, next);
        case RELU -> g.relu(value, next);
      }
      value = next;
    }
  }

  private void backwardData(
      GraphBuilder g, BackendDescriptor geometry, long n, int alignment, boolean fused) {
    BackendDescriptor dy = y(g, n, true, alignment);
    BackendDescriptor w = w(g, true, alignment);
    if (!fused) {
      g.backwardData(geometry, dy, w, x(g, n, false, alignment));
      return;
    }
    BackendDescriptor mask = x(g, n, false, alignment);
    BackendDescriptor fresh = g.virtual(xDims(n), strides(xDims(n), desc.xLayout()));
    g.backwardData(geometry, dy, w, fresh);
    g.reluGradient(fresh, mask, x(g, n, false, alignment));
  }

  private int type(boolean factor) {
    return factor && bfloat ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
  }

  /** What is not aligned for vectors is aligned for its own elements. */
  private static long aligned(int type, int alignment) {
    return alignment == 4 && type == CUDNN_DATA_BFLOAT16 ? 2 : alignment;
  }

  private BackendDescriptor tensor(
      GraphBuilder g, boolean factor, long[] dims, Layout layout, int alignment) {
    int type = type(factor);
    return g.tensor(type, dims, strides(dims, layout), aligned(type, alignment));
  }

  private BackendDescriptor x(GraphBuilder g, long n, boolean factor, int alignment) {
    return tensor(g, factor, xDims(n), desc.xLayout(), alignment);
  }

  private BackendDescriptor y(GraphBuilder g, long n, boolean factor, int alignment) {
    return tensor(g, factor, yDims(n), desc.yLayout(), alignment);
  }

  private BackendDescriptor w(GraphBuilder g, boolean factor, int alignment) {
    long[] dims = {desc.k(), desc.c() / desc.groups(), desc.r(), desc.s()};
    return tensor(g, factor, dims, channelsLast() ? Layout.NHWC : Layout.NCHW, alignment);
  }

  private BackendDescriptor bias(GraphBuilder g, int alignment) {
    return tensor(g, false, new long[] {1, desc.k(), 1, 1}, Layout.NHWC, alignment);
  }

  private long[] xDims(long n) {
    return new long[] {n, desc.c(), desc.h(), desc.w()};
  }

  private long[] yDims(long n) {
    return new long[] {n, desc.k(), desc.p(), desc.q()};
  }

  /** Strides of [n,c,h,w] without gaps. */
  private static long[] strides(long[] d, Layout layout) {
    return layout == Layout.NHWC
        ? new long[] {d[1] * d[2] * d[3], 1, d[3] * d[1], d[1]}
        : new long[] {d[1] * d[2] * d[3], d[2] * d[3], d[3], 1};
  }
}
