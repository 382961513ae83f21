package dev.blindspot.engine.reference;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import java.nio.ByteBuffer;

/**
 * A tensor's elements as doubles, by index in memory order; storing rounds to the element type
 * (integers: towards zero, saturating).
 */
final class Cells {
  private final ByteBuffer buffer;
  private final int offset;
  private final ElementType type;

  private Cells(ByteBuffer buffer, int offset, ElementType type) {
    this.buffer = buffer;
    this.offset = offset;
    this.type = type;
  }

  /** The elements of {@code t}; null for null. */
  static Cells of(Tensor t) {
    if (t == null) {
      return null;
    }
    t.storage().checkOpen();
    return new Cells(
        ((ReferenceArena.HeapStorage) t.storage()).buffer(), (int) t.offset(), t.type());
  }

  double get(long i) {
    int at = (int) i;
    return switch (type) {
      case F32 -> buffer.getFloat(offset + 4 * at);
      case F64 -> buffer.getDouble(offset + 8 * at);
      case BF16 -> Float.intBitsToFloat(buffer.getShort(offset + 2 * at) << 16);
      case I32 -> buffer.getInt(offset + 4 * at);
      case U8 -> buffer.get(offset + at) & 0xff;
    };
  }

  void set(long i, double v) {
    int at = (int) i;
    switch (type) {
      case F32 -> buffer.putFloat(offset + 4 * at, (float) v);
      case F64 -> buffer.putDouble(offset + 8 * at, v);
      case BF16 -> buffer.putShort(offset + 2 * at, toBfloat16((float) v));
      case I32 -> buffer.putInt(offset + 4 * at, (int) v);
      case U8 -> buffer.put(offset + at, (byte) Math.max(0, Math.min(255, (int) v)));
    }
  }

  /** Rounds to nearest, ties to even; NaN stays NaN. */
  private static short toBfloat16(float v) {
    int bits = Float.floatToRawIntBits(v);
    if (Float.isNaN(v)) {
      return (short) ((bits >>> 16) | 0x40);
    }
    return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  }
}
