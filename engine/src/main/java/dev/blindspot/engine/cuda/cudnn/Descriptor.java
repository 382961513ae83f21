package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.*;

import dev.blindspot.engine.ElementType;
import java.util.function.ToIntFunction;
import org.bytedeco.cuda.cudnn.cudnnActivationStruct;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnLRNStruct;
import org.bytedeco.cuda.cudnn.cudnnPoolingStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.javacpp.Pointer;

/** A descriptor of cuDNN's: set when made, then only read, destroyed by close. */
@SuppressWarnings("deprecation") // cuDNN's legacy interface
final class Descriptor<T extends Pointer> implements AutoCloseable {

  /** Sets a new descriptor; gives cuDNN's status. */
  interface Setting<T> {
    int set(T handle);
  }

  private final T handle;
  private final ToIntFunction<T> destroy;
  private final String what;
  private boolean closed;

  private Descriptor(
      T handle, ToIntFunction<T> create, ToIntFunction<T> destroy, Setting<T> set, String what) {
    this.handle = handle;
    this.destroy = destroy;
    this.what = what;
    CudnnStatus.check(create.applyAsInt(handle), "creating the descriptor of " + what);
    int status = set.set(handle);
    if (status != 0) {
      RuntimeException e = CudnnStatus.failure(status, "setting the descriptor of " + what);
      close();
      throw e;
    }
  }

  static Descriptor<cudnnTensorStruct> tensor(ElementType type, int n, int c, int h, int w) {
    return new Descriptor<>(
        new cudnnTensorStruct(),
        t -> cudnnCreateTensorDescriptor(t),
        t -> cudnnDestroyTensorDescriptor(t),
        t -> cudnnSetTensor4dDescriptor(t, CUDNN_TENSOR_NCHW, dataType(type), n, c, h, w),
        "a tensor [" + n + "," + c + "," + h + "," + w + "] " + type);
  }

  static Descriptor<cudnnFilterStruct> filter(ElementType type, int k, int c, int r, int s) {
    return new Descriptor<>(
        new cudnnFilterStruct(),
        t -> cudnnCreateFilterDescriptor(t),
        t -> cudnnDestroyFilterDescriptor(t),
        t -> cudnnSetFilter4dDescriptor(t, dataType(type), CUDNN_TENSOR_NCHW, k, c, r, s),
        "a filter [" + k + "," + c + "," + r + "," + s + "] " + type);
  }

  static Descriptor<cudnnConvolutionStruct> convolution(
      String what, Setting<cudnnConvolutionStruct> set) {
    return new Descriptor<>(
        new cudnnConvolutionStruct(),
        t -> cudnnCreateConvolutionDescriptor(t),
        t -> cudnnDestroyConvolutionDescriptor(t),
        set,
        what);
  }

  static Descriptor<cudnnActivationStruct> activation(int mode) {
    return new Descriptor<>(
        new cudnnActivationStruct(),
        t -> cudnnCreateActivationDescriptor(t),
        t -> cudnnDestroyActivationDescriptor(t),
        t -> cudnnSetActivationDescriptor(t, mode, CUDNN_PROPAGATE_NAN, 0),
        "activation mode " + mode);
  }

  static Descriptor<cudnnPoolingStruct> pooling(String what, Setting<cudnnPoolingStruct> set) {
    return new Descriptor<>(
        new cudnnPoolingStruct(),
        t -> cudnnCreatePoolingDescriptor(t),
        t -> cudnnDestroyPoolingDescriptor(t),
        set,
        what);
  }

  static Descriptor<cudnnLRNStruct> lrn(int size, double alpha, double beta, double bias) {
    return new Descriptor<>(
        new cudnnLRNStruct(),
        t -> cudnnCreateLRNDescriptor(t),
        t -> cudnnDestroyLRNDescriptor(t),
        t -> cudnnSetLRNDescriptor(t, size, alpha, beta, bias),
        "LRN over " + size);
  }

  /** cuDNN's name of an element type. */
  static int dataType(ElementType type) {
    return switch (type) {
      case F32 -> CUDNN_DATA_FLOAT;
      case F64 -> CUDNN_DATA_DOUBLE;
      case BF16 -> CUDNN_DATA_BFLOAT16;
      case I32 -> CUDNN_DATA_INT32;
      case U8 -> CUDNN_DATA_UINT8;
    };
  }

  T handle() {
    return handle;
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      CudnnStatus.check(destroy.applyAsInt(handle), "destroying the descriptor of " + what);
    }
  }
}
