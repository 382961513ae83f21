package dev.blindspot.nn.onnx;

import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/**
 * A constant tensor of a model, decoded when asked for: a model's weights exist once, in the file's
 * bytes.
 *
 * @param name for errors
 * @param type TensorProto.DataType
 * @param source decodes all elements in order
 */
record Constant(String name, int type, long[] dims, Numbers source) implements Value {
  static final int FLOAT = TensorProto.DataType.FLOAT_VALUE;
  static final int DOUBLE = TensorProto.DataType.DOUBLE_VALUE;
  private static final int INT32 = TensorProto.DataType.INT32_VALUE;
  private static final int INT64 = TensorProto.DataType.INT64_VALUE;
  private static final int BOOL = TensorProto.DataType.BOOL_VALUE;

  /**
   * Checks a tensor of the file; decodes nothing yet.
   *
   * @param where names the field for errors
   */
  static Constant of(String where, TensorProto t) {
    if (t.getDataLocation() == TensorProto.DataLocation.EXTERNAL || t.getExternalDataCount() > 0) {
      throw new UnsupportedException(
          where
              + ": field 'data_location': external data is not supported; save the model with its"
              + " weights inside");
    }
    if (t.hasSegment()) {
      throw new UnsupportedException(where + ": field 'segment' is not supported");
    }
    long[] dims = t.getDimsList().stream().mapToLong(Long::longValue).toArray();
    long size = size(where, dims);
    int width = width(where, t.getDataType());
    if (t.hasRawData()) {
      if (t.getRawData().size() != size * width) {
        throw new InvalidInputException(
            where
                + ": field 'raw_data' has "
                + t.getRawData().size()
                + " bytes, the dims "
                + Arrays.toString(dims)
                + " of "
                + width
                + " bytes each need "
                + size * width);
      }
    } else if (typedCount(t) != size) {
      throw new InvalidInputException(
          where
              + ": the data field of type "
              + typeName(t.getDataType())
              + " has "
              + typedCount(t)
              + " elements, the dims "
              + Arrays.toString(dims)
              + " need "
              + size);
    }
    boolean plain = t.hasRawData() && t.getDataType() == FLOAT;
    Numbers source = plain ? new RawFloats(t.getRawData()) : () -> decode(t, (int) size);
    return new Constant(where, t.getDataType(), dims, source);
  }

  private static long size(String where, long[] dims) {
    long size = 1;
    for (long d : dims) {
      if (d < 0 || (d > 0 && size > Integer.MAX_VALUE / 8 * 8L / d)) {
        throw new InvalidInputException(
            where
                + ": field 'dims' "
                + Arrays.toString(dims)
                + ": negative, or more than 2^31 elements");
      }
      size *= d;
    }
    return size;
  }

  private static int width(String where, int type) {
    if (type == FLOAT || type == INT32) {
      return 4;
    }
    if (type == DOUBLE || type == INT64) {
      return 8;
    }
    if (type == BOOL) {
      return 1;
    }
    throw new UnsupportedException(
        where
            + ": field 'data_type' "
            + typeName(type)
            + " is not supported; supported: FLOAT, DOUBLE, INT32, INT64, BOOL");
  }

  static String typeName(int type) {
    TensorProto.DataType t = TensorProto.DataType.forNumber(type);
    return t == null ? Integer.toString(type) : t.name();
  }

  private static int typedCount(TensorProto t) {
    int type = t.getDataType();
    if (type == FLOAT) {
      return t.getFloatDataCount();
    }
    if (type == DOUBLE) {
      return t.getDoubleDataCount();
    }
    return type == INT64 ? t.getInt64DataCount() : t.getInt32DataCount();
  }

  private static double[] decode(TensorProto t, int size) {
    int type = t.getDataType();
    double[] v = new double[size];
    if (t.hasRawData()) {
      ByteString raw = t.getRawData();
      var b = raw.asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < size; i++) {
        v[i] =
            type == DOUBLE
                ? b.getDouble()
                : type == INT64 ? b.getLong() : type == INT32 ? b.getInt() : b.get();
      }
      return v;
    }
    for (int i = 0; i < size; i++) {
      v[i] =
          type == FLOAT
              ? t.getFloatData(i)
              : type == DOUBLE
                  ? t.getDoubleData(i)
                  : type == INT64 ? t.getInt64Data(i) : t.getInt32Data(i);
    }
    return v;
  }

  /** A constant made of numbers: attributes, folded values. */
  static Constant of(String name, int type, long[] dims, double[] values) {
    return new Constant(name, type, dims, () -> values.clone());
  }

  /** Of whole numbers in one dimension. */
  static Constant of(String name, List<Long> values) {
    double[] v = values.stream().mapToDouble(Long::doubleValue).toArray();
    return of(name, INT64, new long[] {v.length}, v);
  }

  boolean floating() {
    return type == FLOAT || type == DOUBLE;
  }

  long size() {
    long s = 1;
    for (long d : dims) {
      s *= d;
    }
    return s;
  }

  double[] doubles() {
    return source.doubles();
  }

  /**
   * The elements as whole numbers.
   *
   * @throws InvalidInputException if the type is floating, or there are more than {@code most}
   */
  long[] longs(int most) {
    if (floating() || size() > most) {
      throw new InvalidInputException(
          name
              + ": expected at most "
              + most
              + " integers, found "
              + typeName(type)
              + " "
              + Arrays.toString(dims));
    }
    return Arrays.stream(doubles()).mapToLong(d -> (long) d).toArray();
  }

  /** The only element. */
  double scalar() {
    if (size() != 1) {
      throw new InvalidInputException(
          name + ": expected one number, found dims " + Arrays.toString(dims));
    }
    return doubles()[0];
  }

  Constant reshaped(long[] to) {
    return new Constant(name, type, to, source);
  }

  /** Reordered dimensions: dimension i of the result is dimension perm[i] of this. */
  Constant transposed(int[] perm) {
    long[] to = new long[perm.length];
    for (int i = 0; i < perm.length; i++) {
      to[i] = dims[perm[i]];
    }
    return new Constant(name, type, to, () -> permute(doubles(), perm, to));
  }

  private double[] permute(double[] v, int[] perm, long[] to) {
    long[] strides = new long[perm.length];
    long stride = 1;
    for (int i = perm.length - 1; i >= 0; i--) {
      strides[i] = stride;
      stride *= dims[i];
    }
    double[] out = new double[v.length];
    long[] at = new long[perm.length];
    for (int i = 0; i < out.length; i++) {
      long from = 0;
      for (int d = 0; d < perm.length; d++) {
        from += at[d] * strides[perm[d]];
      }
      out[i] = v[(int) from];
      for (int d = perm.length - 1; d >= 0 && ++at[d] == to[d]; d--) {
        at[d] = 0;
      }
    }
    return out;
  }

  /**
   * @throws InvalidInputException naming the element if one is NaN or infinite
   */
  void requireFinite() {
    int bad = source.firstNotFinite();
    if (bad >= 0) {
      throw new InvalidInputException(name + ": element " + bad + " is " + doubles()[bad]);
    }
  }
}
