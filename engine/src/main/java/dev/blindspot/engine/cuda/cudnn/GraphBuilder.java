package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.*;

import dev.blindspot.engine.cuda.library.Resources;
import java.util.ArrayList;
import java.util.List;

/** Tensors and operations of a graph; products and everything between them are of F32. */
final class GraphBuilder {
  private static final int FIRST_VIRTUAL = 100;

  private final Resources resources;
  private final List<BackendDescriptor> operations = new ArrayList<>();
  private final List<Long> uids = new ArrayList<>();
  private long virtual = FIRST_VIRTUAL;

  /**
   * @param resources takes over every descriptor
   */
  GraphBuilder(Resources resources) {
    this.resources = resources;
  }

  /**
   * A tensor in memory; the execution is given its address in the order of these calls.
   *
   * @param type of {@code cudnnDataType_t}
   * @param alignment bytes that its address is a multiple of
   */
  BackendDescriptor tensor(int type, long[] dims, long[] strides, long alignment) {
    long uid = uids.size() + 1;
    uids.add(uid);
    return tensor(uid, type, dims, strides, alignment, false);
  }

  /** A tensor between two operations that is never in memory. */
  BackendDescriptor virtual(long[] dims, long[] strides) {
    return tensor(virtual++, CUDNN_DATA_FLOAT, dims, strides, 16, true);
  }

  private BackendDescriptor tensor(
      long uid, int type, long[] dims, long[] strides, long alignment, boolean virtual) {
    return add(CUDNN_BACKEND_TENSOR_DESCRIPTOR, "tensor " + uid)
        .numbers(CUDNN_ATTR_TENSOR_UNIQUE_ID, uid)
        .choice(CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type)
        .numbers(CUDNN_ATTR_TENSOR_DIMENSIONS, dims)
        .numbers(CUDNN_ATTR_TENSOR_STRIDES, strides)
        .numbers(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, alignment)
        .flag(CUDNN_ATTR_TENSOR_IS_VIRTUAL, virtual)
        .finish();
  }

  private BackendDescriptor add(int type, String what) {
    return resources.add(new BackendDescriptor(type, what));
  }

  /** A cross-correlation's geometry. */
  BackendDescriptor convolution(long[] before, long[] after, long[] strides, long[] dilations) {
    return add(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, "a convolution")
        .choice(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT)
        .choice(
            CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, CUDNN_CROSS_CORRELATION)
        .numbers(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, 2)
        .numbers(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, before)
        .numbers(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, after)
        .numbers(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, strides)
        .numbers(CUDNN_ATTR_CONVOLUTION_DILATIONS, dilations)
        .finish();
  }

  /** y = convolution of x by w. */
  void forward(
      BackendDescriptor convolution,
      BackendDescriptor x,
      BackendDescriptor w,
      BackendDescriptor y) {
    operations.add(
        add(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, "a forward convolution")
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, convolution)
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x)
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, w)
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y)
            .number(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, 1)
            .number(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, 0)
            .finish());
  }

  /** dx = adjoint of the convolution by w at dy. */
  void backwardData(
      BackendDescriptor convolution,
      BackendDescriptor dy,
      BackendDescriptor w,
      BackendDescriptor dx) {
    operations.add(
        add(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR, "a data gradient")
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, convolution)
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, dy)
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, w)
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, dx)
            .number(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA, 1)
            .number(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA, 0)
            .finish());
  }

  /** dw from x and dy. */
  void backwardWeights(
      BackendDescriptor convolution,
      BackendDescriptor x,
      BackendDescriptor dy,
      BackendDescriptor dw) {
    operations.add(
        add(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR, "a weight gradient")
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, convolution)
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, x)
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY, dy)
            .descriptors(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, dw)
            .number(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA, 1)
            .number(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA, 0)
            .finish());
  }

  private BackendDescriptor pointwise(int mode) {
    return add(CUDNN_BACKEND_POINTWISE_DESCRIPTOR, "pointwise mode " + mode)
        .choice(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, mode)
        .choice(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT)
        .finish();
  }

  /** y = x + b; b is broadcast where its dimension is 1. */
  void sum(BackendDescriptor x, BackendDescriptor b, BackendDescriptor y) {
    operations.add(
        add(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, "a sum")
            .descriptors(
                CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise(CUDNN_POINTWISE_ADD))
            .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x)
            .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, b)
            .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y)
            .finish());
  }

  /** y = max(0, x). */
  void relu(BackendDescriptor x, BackendDescriptor y) {
    operations.add(
        add(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, "a ReLU")
            .descriptors(
                CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise(CUDNN_POINTWISE_RELU_FWD))
            .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x)
            .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y)
            .finish());
  }

  /** dx = dy where x is positive, else 0. */
  void reluGradient(BackendDescriptor dy, BackendDescriptor x, BackendDescriptor dx) {
    operations.add(
        add(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, "a ReLU's gradient")
            .descriptors(
                CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise(CUDNN_POINTWISE_RELU_BWD))
            .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_DYDESC, dy)
            .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x)
            .descriptors(CUDNN_ATTR_OPERATION_POINTWISE_DXDESC, dx)
            .finish());
  }

  /** The operations, in order. */
  BackendDescriptor[] operations() {
    return operations.toArray(BackendDescriptor[]::new);
  }

  /** Numbers of the tensors in memory, in the order of their making. */
  long[] uids() {
    return uids.stream().mapToLong(Long::longValue).toArray();
  }
}
