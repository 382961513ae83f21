package dev.blindspot.engine.cuda.cudnn;

import static org.bytedeco.cuda.global.cudnn.*;

import org.bytedeco.cuda.cudnn.cudnnBackendDescriptor_t;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/**
 * A descriptor of cuDNN's backend interface: attributes are set, then it is finished and constant.
 * For plan time: every call allocates.
 */
final class BackendDescriptor implements AutoCloseable {
  private final cudnnBackendDescriptor_t handle = new cudnnBackendDescriptor_t();
  private final String what;
  private boolean closed;

  /**
   * @param type of {@code cudnnBackendDescriptorType_t}
   * @param what it is, for messages
   */
  BackendDescriptor(int type, String what) {
    this.what = what;
    CudnnStatus.check(cudnnBackendCreateDescriptor(type, handle), "creating " + what);
  }

  cudnnBackendDescriptor_t handle() {
    return handle;
  }

  private BackendDescriptor set(int attribute, int type, long count, Pointer values) {
    CudnnStatus.check(
        cudnnBackendSetAttribute(handle, attribute, type, count, values),
        "setting attribute " + attribute + " of " + what);
    return this;
  }

  /** Sets whole numbers. */
  BackendDescriptor numbers(int attribute, long... values) {
    try (LongPointer p = new LongPointer(values)) {
      return set(attribute, CUDNN_TYPE_INT64, values.length, p);
    }
  }

  /** Sets one value of an enumeration. */
  BackendDescriptor choice(int attribute, int type, int value) {
    try (IntPointer p = new IntPointer(1).put(value)) {
      return set(attribute, type, 1, p);
    }
  }

  /** Sets a number of single precision. */
  BackendDescriptor number(int attribute, float value) {
    try (FloatPointer p = new FloatPointer(1).put(value)) {
      return set(attribute, CUDNN_TYPE_FLOAT, 1, p);
    }
  }

  BackendDescriptor flag(int attribute, boolean value) {
    try (BoolPointer p = new BoolPointer(1).put(value)) {
      return set(attribute, CUDNN_TYPE_BOOLEAN, 1, p);
    }
  }

  /** Sets addresses: handles or pointers. */
  BackendDescriptor addresses(int attribute, int type, long... values) {
    try (LongPointer p = new LongPointer(values)) {
      return set(attribute, type, values.length, p);
    }
  }

  /** Sets finished descriptors. */
  BackendDescriptor descriptors(int attribute, BackendDescriptor... values) {
    long[] handles = new long[values.length];
    for (int i = 0; i < values.length; i++) {
      handles[i] = values[i].handle.address();
    }
    return addresses(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, handles);
  }

  /** Finishes it; gives cuDNN's status. */
  int tryFinish() {
    return cudnnBackendFinalize(handle);
  }

  /** Finishes it. */
  BackendDescriptor finish() {
    CudnnStatus.check(tryFinish(), "finishing " + what);
    return this;
  }

  /** A whole number of a finished descriptor. */
  long getNumber(int attribute) {
    long[] count = new long[1];
    try (LongPointer p = new LongPointer(1)) {
      get(attribute, CUDNN_TYPE_INT64, 1, count, p);
      return p.get();
    }
  }

  /** Values of an enumeration, at most so many. */
  int[] getChoices(int attribute, int type, int most) {
    long[] count = new long[1];
    try (IntPointer p = new IntPointer(most)) {
      get(attribute, type, most, count, p);
      int[] values = new int[(int) Math.min(most, count[0])];
      p.get(values);
      return values;
    }
  }

  /** How many descriptors an attribute holds. */
  long count(int attribute) {
    long[] count = new long[1];
    get(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0, count, null);
    return count[0];
  }

  /** Fills unfinished descriptors with what an attribute holds; gives how many were filled. */
  int getDescriptors(int attribute, BackendDescriptor... into) {
    long[] count = new long[1];
    long[] handles = new long[into.length];
    for (int i = 0; i < into.length; i++) {
      handles[i] = into[i].handle.address();
    }
    try (LongPointer p = new LongPointer(handles)) {
      get(attribute, CUDNN_TYPE_BACKEND_DESCRIPTOR, into.length, count, p);
    }
    return (int) Math.min(into.length, count[0]);
  }

  private void get(int attribute, int type, long most, long[] count, Pointer values) {
    CudnnStatus.check(
        cudnnBackendGetAttribute(handle, attribute, type, most, count, values),
        "reading attribute " + attribute + " of " + what);
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      CudnnStatus.check(cudnnBackendDestroyDescriptor(handle), "destroying " + what);
    }
  }
}
