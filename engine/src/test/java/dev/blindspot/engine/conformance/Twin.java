package dev.blindspot.engine.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import java.util.Arrays;

/** The same tensor on the backend under test and on the reference, between sentinel bytes. */
public final class Twin {
  private static final int GUARD = 64;
  private static final byte SENTINEL = (byte) 0xCB;
  private final Tensor deviceRaw;
  private final Tensor referenceRaw;

  /** On the backend under test. */
  public final Tensor device;

  /** On the reference backend. */
  public final Tensor reference;

  Twin(
      TensorArena deviceArena,
      TensorArena referenceArena,
      ElementType type,
      Layout layout,
      long... dims) {
    Shape shape = Shape.of(dims);
    deviceRaw = raw(deviceArena, type, shape);
    referenceRaw = raw(referenceArena, type, shape);
    device = new Tensor(deviceRaw.storage(), deviceRaw.offset() + GUARD, type, shape, layout);
    reference =
        new Tensor(referenceRaw.storage(), referenceRaw.offset() + GUARD, type, shape, layout);
  }

  private static Tensor raw(TensorArena arena, ElementType type, Shape shape) {
    long bytes = shape.size() * type.bytes() + 2 * GUARD;
    Tensor t = arena.tensor(ElementType.U8, bytes);
    byte[] fill = new byte[(int) bytes];
    Arrays.fill(fill, SENTINEL);
    return t.copyFrom(fill);
  }

  static long arenaBytes(ElementType type, long elements) {
    return TensorArena.bytes(ElementType.U8, elements * type.bytes() + 2 * GUARD);
  }

  Twin fill(double[] values) {
    write(device, values);
    write(reference, values);
    return this;
  }

  private static void write(Tensor t, double[] v) {
    switch (t.type()) {
      case F64 -> t.copyFrom(v);
      case F32 -> {
        float[] f = new float[v.length];
        for (int i = 0; i < v.length; i++) {
          f[i] = (float) v[i];
        }
        t.copyFrom(f);
      }
      case I32 -> t.copyFrom(Arrays.stream(v).mapToInt(d -> (int) d).toArray());
      case U8 -> {
        byte[] b = new byte[v.length];
        for (int i = 0; i < v.length; i++) {
          b[i] = (byte) (int) v[i];
        }
        t.copyFrom(b);
      }
      default -> throw new IllegalArgumentException("no test data in " + t.type());
    }
  }

  /** The backend's elements as doubles. */
  public double[] deviceValues() {
    return values(device);
  }

  /** The reference's elements as doubles. */
  public double[] referenceValues() {
    return values(reference);
  }

  private static double[] values(Tensor t) {
    double[] d = new double[(int) t.size()];
    switch (t.type()) {
      case F64 -> t.copyTo(d);
      case F32 -> {
        float[] f = t.toFloats();
        Arrays.setAll(d, i -> f[i]);
      }
      case I32 -> {
        int[] v = t.toInts();
        Arrays.setAll(d, i -> v[i]);
      }
      case U8 -> {
        byte[] b = t.toBytes();
        Arrays.setAll(d, i -> b[i] & 0xff);
      }
      case BF16 -> {
        java.nio.ByteBuffer raw =
            java.nio.ByteBuffer.allocateDirect((int) t.size() * 2)
                .order(java.nio.ByteOrder.nativeOrder());
        t.copyTo(raw);
        Arrays.setAll(d, i -> Float.intBitsToFloat(raw.getShort(2 * i) << 16));
      }
    }
    return d;
  }

  /** Equal values (NaN equals NaN), intact sentinels. */
  public void assertExact(String what) {
    assertClose(what, 0, 0);
  }

  /** |device - reference| at most relative * |reference| + absolute; NaN and infinities equal. */
  public void assertClose(String what, double relative, double absolute) {
    double[] got = deviceValues();
    double[] want = referenceValues();
    for (int i = 0; i < want.length; i++) {
      double allowed = relative * Math.abs(want[i]) + absolute;
      boolean same =
          got[i] == want[i]
              || (Double.isNaN(got[i]) && Double.isNaN(want[i]))
              || Math.abs(got[i] - want[i]) <= allowed;
      if (!same) {
        assertEquals(
            want[i],
            got[i],
            allowed,
            what + ": element " + i + " of " + device + " (reference first)");
        assertTrue(false, what + ": element " + i + ": reference " + want[i] + ", got " + got[i]);
      }
    }
    assertGuards(what);
  }

  /** Nothing was written outside the tensor. */
  public void assertGuards(String what) {
    byte[] b = deviceRaw.toBytes();
    for (int i = 0; i < GUARD; i++) {
      assertEquals(SENTINEL, b[i], what + ": wrote before " + device);
      assertEquals(SENTINEL, b[b.length - 1 - i], what + ": wrote behind " + device);
    }
  }
}
