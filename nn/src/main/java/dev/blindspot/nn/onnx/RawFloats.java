package dev.blindspot.nn.onnx;

import com.google.protobuf.ByteString;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * Floats as a model's file holds them.
 *
 * @param bytes four for each, little-endian
 */
record RawFloats(ByteString bytes) implements Numbers {
  private static final int CHUNK = 8192;

  private FloatBuffer view() {
    return bytes.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
  }

  @Override
  public float[] floats() {
    float[] f = new float[bytes.size() / 4];
    view().get(f);
    return f;
  }

  @Override
  public double[] doubles() {
    double[] d = new double[bytes.size() / 4];
    FloatBuffer view = view();
    float[] chunk = new float[Math.min(CHUNK, d.length)];
    for (int from = 0; from < d.length; from += CHUNK) {
      int count = Math.min(CHUNK, d.length - from);
      view.get(chunk, 0, count);
      for (int i = 0; i < count; i++) {
        d[from + i] = chunk[i];
      }
    }
    return d;
  }

  @Override
  public int firstNotFinite() {
    FloatBuffer view = view();
    float[] chunk = new float[Math.min(CHUNK, view.remaining())];
    for (int from = 0; view.hasRemaining(); from += CHUNK) {
      int count = Math.min(CHUNK, view.remaining());
      view.get(chunk, 0, count);
      for (int i = 0; i < count; i++) {
        if (!Float.isFinite(chunk[i])) {
          return from + i;
        }
      }
    }
    return -1;
  }
}
