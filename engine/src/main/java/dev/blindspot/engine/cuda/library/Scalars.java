package dev.blindspot.engine.cuda.library;

import dev.blindspot.engine.ElementType;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Pointer;

/** 0 and 1 in host memory for the whole process, as the libraries read alpha and beta. */
public final class Scalars {
  private static final FloatPointer F32_ZERO = new FloatPointer(1).put(0f);
  private static final FloatPointer F32_ONE = new FloatPointer(1).put(1f);
  private static final DoublePointer F64_ZERO = new DoublePointer(1).put(0.0);
  private static final DoublePointer F64_ONE = new DoublePointer(1).put(1.0);

  private Scalars() {}

  /** 1: a double for F64, else a float. */
  public static Pointer one(ElementType type) {
    return type == ElementType.F64 ? F64_ONE : F32_ONE;
  }

  /** 0, alike. */
  public static Pointer zero(ElementType type) {
    return type == ElementType.F64 ? F64_ZERO : F32_ZERO;
  }

  /** beta of an output that is added to or overwritten. */
  public static Pointer beta(ElementType type, boolean accumulate) {
    return accumulate ? one(type) : zero(type);
  }
}
