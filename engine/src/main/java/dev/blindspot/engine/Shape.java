package dev.blindspot.engine;

import java.util.Arrays;

/**
 * Immutable sizes of a tensor, first dimension outermost. The first dimension of a tensor that goes
 * through a network is the batch n; everything behind it is one sample (a row).
 */
public final class Shape {
  private final long[] dims;
  private final long size;

  private Shape(long[] dims) {
    long product = 1;
    for (long d : dims) {
      if (d < 0) {
        throw new InvalidInputException("Shape " + Arrays.toString(dims) + ": negative dimension");
      }
      try {
        product = Math.multiplyExact(product, d);
      } catch (ArithmeticException e) {
        throw new InvalidInputException(
            "Shape " + Arrays.toString(dims) + ": more than 2^63 elements");
      }
    }
    this.dims = dims;
    this.size = product;
  }

  /** A shape with these dimensions; none is a scalar of one element. */
  public static Shape of(long... dims) {
    return new Shape(dims.clone());
  }

  /** Number of dimensions. */
  public int rank() {
    return dims.length;
  }

  /** Size of dimension {@code axis}, counted from 0. */
  public long dim(int axis) {
    return dims[axis];
  }

  /** Number of elements. */
  public long size() {
    return size;
  }

  /** Elements behind the first dimension: the length of one row. */
  public long rowLength() {
    long product = 1;
    for (int i = 1; i < dims.length; i++) {
      product *= dims[i];
    }
    return product;
  }

  /** The same shape with another first dimension. */
  public Shape withBatch(long n) {
    long[] d = dims.clone();
    d[0] = n;
    return new Shape(d);
  }

  /** This shape with a batch dimension put in front. */
  public Shape batched(long n) {
    long[] d = new long[dims.length + 1];
    d[0] = n;
    System.arraycopy(dims, 0, d, 1, dims.length);
    return new Shape(d);
  }

  /** This shape without its first dimension. */
  public Shape row() {
    return new Shape(Arrays.copyOfRange(dims, 1, dims.length));
  }

  /** A copy of the dimensions. */
  public long[] toArray() {
    return dims.clone();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Shape s && Arrays.equals(dims, s.dims);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(dims);
  }

  @Override
  public String toString() {
    return Arrays.toString(dims).replace(" ", "");
  }
}
