package dev.blindspot.peers.torch;

import dev.blindspot.bench.peer.RandomData;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.MemoryFormat;

/** libtorch's tensors from and to Java arrays. */
final class Tensors {
  private Tensors() {}

  /** Random values of a stream. */
  static Tensor random(int stream, long... shape) {
    long size = 1;
    for (long d : shape) {
      size *= d;
    }
    return of(RandomData.uniform(stream, Math.toIntExact(size)), shape);
  }

  /** A copy of the values. */
  static Tensor of(float[] values, long... shape) {
    try (FloatPointer p = new FloatPointer(values);
        Tensor view = torch.from_blob(p, shape)) {
      return torch.clone(view);
    }
  }

  /** The same in a memory format; the old one is closed. */
  static Tensor in(MemoryFormat format, Tensor t) {
    Tensor other = t.contiguous(format);
    t.close();
    return other;
  }

  /** The values in NCHW. */
  static float[] values(Tensor t) {
    try (Tensor dense = t.contiguous()) {
      float[] values = new float[Math.toIntExact(dense.numel())];
      dense.data_ptr_float().get(values);
      return values;
    }
  }
}
