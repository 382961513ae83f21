package dev.blindspot.engine;

import dev.blindspot.engine.spi.Storage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A view of an arena's memory: offset, shape, type, layout. It frees nothing and is immutable; the
 * elements it shows are not, and are not synchronised: one thread at a time writes. Always dense in
 * its layout.
 */
public final class Tensor {
  private static final int CHUNK = 1 << 16;
  private final Storage storage;
  private final long offset;
  private final Shape shape;
  private final ElementType type;
  private final Layout layout;

  /** For backends: a view of {@code storage} from byte {@code offset} on. */
  public Tensor(Storage storage, long offset, ElementType type, Shape shape, Layout layout) {
    if (layout == Layout.ANY) {
      throw new InvalidInputException("Tensor " + shape + ": layout ANY is only for descs");
    }
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.type = type;
    this.layout = layout;
  }

  public Shape shape() {
    return shape;
  }

  public ElementType type() {
    return type;
  }

  public Layout layout() {
    return layout;
  }

  /** First dimension. */
  public long n() {
    return shape.rank() == 0 ? 1 : shape.dim(0);
  }

  public long size() {
    return shape.size();
  }

  public Backend backend() {
    return storage.backend();
  }

  /** For backends. */
  public Storage storage() {
    return storage;
  }

  /** For backends: offset of the first element in the storage, in bytes. */
  public long offset() {
    return offset;
  }

  /** For backends: device address of the first element. Throws if the arena is closed. */
  public long address() {
    storage.checkOpen();
    return storage.address() + offset;
  }

  /** A view of rows from..to-1 of the first dimension. */
  public Tensor slice(long from, long to) {
    if (shape.rank() == 0 || from < 0 || to < from || to > shape.dim(0)) {
      throw new InvalidInputException("slice " + from + ".." + to + " of a tensor " + shape);
    }
    long skip = from * shape.rowLength() * type.bytes();
    return new Tensor(storage, offset + skip, type, shape.withBatch(to - from), layout);
  }

  /** The same elements under another shape of equal size. Only for NCHW tensors. */
  public Tensor reshape(long... dims) {
    Shape s = Shape.of(dims);
    if (s.size() != shape.size() || layout != Layout.NCHW) {
      throw new InvalidInputException(
          "reshape of a tensor "
              + shape
              + " "
              + layout
              + " to "
              + s
              + ": sizes must agree and the"
              + " layout must be NCHW (reorder first)");
    }
    return new Tensor(storage, offset, type, s, layout);
  }

  /** Writes all elements of an F32 tensor, in memory order; waits for it. Not for hot paths. */
  public Tensor copyFrom(float[] src) {
    expect(ElementType.F32, src.length);
    transfer(4, (buffer, at, count) -> buffer.asFloatBuffer().put(src, at, count), null);
    return this;
  }

  /** Writes all elements of an F64 tensor, in memory order; waits for it. */
  public Tensor copyFrom(double[] src) {
    expect(ElementType.F64, src.length);
    transfer(8, (buffer, at, count) -> buffer.asDoubleBuffer().put(src, at, count), null);
    return this;
  }

  /** Writes all elements of an I32 tensor, in memory order; waits for it. */
  public Tensor copyFrom(int[] src) {
    expect(ElementType.I32, src.length);
    transfer(4, (buffer, at, count) -> buffer.asIntBuffer().put(src, at, count), null);
    return this;
  }

  /** Writes all elements of a U8 tensor, in memory order; waits for it. */
  public Tensor copyFrom(byte[] src) {
    expect(ElementType.U8, src.length);
    transfer(1, (buffer, at, count) -> buffer.duplicate().put(src, at, count), null);
    return this;
  }

  /** Writes the tensor's bytes (native order) from {@code src}, whose remaining must agree. */
  public Tensor copyFrom(ByteBuffer src) {
    expectBytes(src.remaining());
    storage.checkOpen();
    storage.write(offset, src);
    return this;
  }

  /** Reads all elements of an F32 tensor, in memory order; waits for it. Returns {@code dst}. */
  public float[] copyTo(float[] dst) {
    expect(ElementType.F32, dst.length);
    transfer(4, null, (buffer, at, count) -> buffer.asFloatBuffer().get(dst, at, count));
    return dst;
  }

  /** Reads all elements of an F64 tensor, in memory order; waits for it. Returns {@code dst}. */
  public double[] copyTo(double[] dst) {
    expect(ElementType.F64, dst.length);
    transfer(8, null, (buffer, at, count) -> buffer.asDoubleBuffer().get(dst, at, count));
    return dst;
  }

  /** Reads all elements of an I32 tensor, in memory order; waits for it. Returns {@code dst}. */
  public int[] copyTo(int[] dst) {
    expect(ElementType.I32, dst.length);
    transfer(4, null, (buffer, at, count) -> buffer.asIntBuffer().get(dst, at, count));
    return dst;
  }

  /** Reads all elements of a U8 tensor, in memory order; waits for it. Returns {@code dst}. */
  public byte[] copyTo(byte[] dst) {
    expect(ElementType.U8, dst.length);
    transfer(1, null, (buffer, at, count) -> buffer.duplicate().get(dst, at, count));
    return dst;
  }

  /** Reads the tensor's bytes (native order) into {@code dst}, whose remaining must agree. */
  public void copyTo(ByteBuffer dst) {
    expectBytes(dst.remaining());
    storage.checkOpen();
    storage.read(offset, dst);
  }

  /** All elements of an F32 tensor as a new array. */
  public float[] toFloats() {
    return copyTo(new float[Math.toIntExact(size())]);
  }

  /** All elements of an F64 tensor as a new array. */
  public double[] toDoubles() {
    return copyTo(new double[Math.toIntExact(size())]);
  }

  /** All elements of an I32 tensor as a new array. */
  public int[] toInts() {
    return copyTo(new int[Math.toIntExact(size())]);
  }

  /** All elements of a U8 tensor as a new array. */
  public byte[] toBytes() {
    return copyTo(new byte[Math.toIntExact(size())]);
  }

  private interface Move {
    void move(ByteBuffer buffer, int at, int count);
  }

  private void transfer(int width, Move in, Move out) {
    storage.checkOpen();
    long bytes = size() * width;
    ByteBuffer buffer =
        ByteBuffer.allocateDirect((int) Math.min(bytes, (long) CHUNK * width))
            .order(ByteOrder.nativeOrder());
    for (long done = 0; done < bytes; done += buffer.limit()) {
      buffer.clear().limit((int) Math.min(buffer.capacity(), bytes - done));
      int at = (int) (done / width);
      int count = buffer.limit() / width;
      if (in != null) {
        in.move(buffer, at, count);
        storage.write(offset + done, buffer);
      } else {
        storage.read(offset + done, buffer);
        buffer.rewind();
        out.move(buffer, at, count);
      }
      buffer.rewind();
    }
  }

  private void expect(ElementType wanted, long length) {
    if (type != wanted || length != size()) {
      throw new InvalidInputException(
          "copy between an array of "
              + length
              + " "
              + wanted
              + " and "
              + this
              + ": type and length"
              + " must agree");
    }
  }

  private void expectBytes(long bytes) {
    if (bytes != size() * type.bytes()) {
      throw new InvalidInputException("copy of " + bytes + " bytes and " + this + ": sizes differ");
    }
  }

  @Override
  public String toString() {
    return type + shape.toString() + (layout == Layout.NHWC ? " NHWC" : "");
  }
}
