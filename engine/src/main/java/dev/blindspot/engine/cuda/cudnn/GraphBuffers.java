package dev.blindspot.engine.cuda.cudnn;

import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.DenseKernels;
import dev.blindspot.engine.cuda.library.DeviceWeights;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.primitives.Conv2dDesc;

/**
 * What a convolution's graph has in the workspace before cuDNN's part, and the weights' form: BF16
 * copies of factors, x with more channels, gradients that are still to be added or brought back to
 * the order [k,c,r,s].
 */
final class GraphBuffers {
  /** Reserved for cuDNN at least, since another batch may need more than the planned one. */
  static final long LEAST_WORKSPACE = 16L << 20;

  private final Conv2dDesc desc;

  /** Channels of x and w as they are given; desc has as many or, where they are padded, more. */
  private final int channels;

  private final boolean bfloat;
  private final boolean channelsLast;
  private final boolean accumulate;
  private final String form;
  private final long cast;
  private final long reorder;
  private final long pad;

  /**
   * @param desc as the graph is made for it
   * @param channels of the plan's x; fewer only forward and with channels last
   */
  GraphBuffers(
      LibraryBackend backend,
      Conv2dDesc desc,
      int channels,
      boolean bfloat,
      boolean channelsLast,
      boolean accumulate) {
    this.desc = desc;
    this.channels = channels;
    this.bfloat = bfloat;
    this.channelsLast = channelsLast;
    this.accumulate = accumulate;
    form =
        "w "
            + (bfloat ? ElementType.BF16 : ElementType.F32)
            + " ["
            + desc.k()
            + ","
            + desc.c() / desc.groups()
            + ","
            + desc.r()
            + ","
            + desc.s()
            + "]"
            + (channelsLast ? " channels last" : "")
            + (padded() ? " from " + channels : "");
    cast = backend.kernel("cast");
    reorder = backend.kernel("reorder");
    pad = padded() ? backend.kernel("pad2d_f32") : 0;
  }

  private boolean padded() {
    return channels != desc.c();
  }

  private long x() {
    return desc.n() * desc.c() * desc.h() * desc.w();
  }

  private long y() {
    return desc.n() * desc.k() * desc.p() * desc.q();
  }

  private long w() {
    return (long) desc.k() * (desc.c() / desc.groups()) * desc.r() * desc.s();
  }

  private static long aligned(long bytes) {
    return ConvolutionChooser.aligned(bytes);
  }

  /** A BF16 copy of so many elements; nothing if none is needed. */
  private long copy(long elements) {
    return bfloat ? aligned(2 * elements) : 0;
  }

  /** Bytes of all buffers of a direction. */
  long bytes(Direction direction) {
    return switch (direction) {
      case FORWARD -> copy(x()) + (padded() ? aligned(4 * x()) : 0);
      case BACKWARD_DATA -> copy(y()) + (accumulate ? aligned(4 * x()) : 0);
      case BACKWARD_WEIGHTS ->
          copy(x())
              + copy(y())
              + (directWeights() ? 0 : aligned(4 * w()))
              + (channelsLast && accumulate ? aligned(4 * w()) : 0);
    };
  }

  /**
   * Address of a factor as it is multiplied: the tensor's own, or that of its BF16 copy, which is
   * made here.
   *
   * @param place 0, or 1 for the second factor of backward-weights, dy
   */
  long factor(LibraryContext c, Tensor t, int place) {
    long source = c.use(t);
    long count = t.size();
    if (padded()) {
      long rows = count / channels;
      source = c.workspace() + copy(x());
      count = rows * desc.c();
      pad(c, rows, c.use(t), source);
    }
    if (!bfloat) {
      return source;
    }
    long to = c.workspace() + (place == 0 ? 0 : copy(x()));
    cast(c, count, source, to);
    return to;
  }

  /** Appends zeros to each row of the given channels. */
  private void pad(LibraryContext c, long rows, long from, long to) {
    c.next()
        .put(1L)
        .put(rows)
        .put((long) channels)
        .put(rows)
        .put((long) desc.c())
        .put(0L)
        .put(0L)
        .put(from)
        .put(to)
        .execute(pad);
    c.next();
  }

  private void cast(LibraryContext c, long count, long from, long to) {
    c.next()
        .put((long) ElementType.F32.ordinal())
        .put((long) ElementType.BF16.ordinal())
        .put(count)
        .put(from)
        .put(to)
        .execute(cast);
    c.next();
  }

  /** Transposes rows x columns for each of k filters. */
  private void transpose(LibraryContext c, int bytes, long rows, long columns, long from, long to) {
    c.next()
        .put((long) bytes)
        .put((long) desc.k())
        .put(rows)
        .put(columns)
        .put(from)
        .put(to)
        .execute(reorder);
    c.next();
  }

  /** Where backward-data writes a gradient that is added afterwards. */
  long fresh(LibraryContext c) {
    return c.workspace() + copy(y());
  }

  /** Whether backward-weights may write dw itself. */
  boolean directWeights() {
    return !channelsLast && !accumulate;
  }

  /** Where backward-weights writes if not to dw. */
  long freshWeights(LibraryContext c) {
    return c.workspace() + copy(x()) + copy(y());
  }

  /** Brings the fresh weight gradient to dw. */
  void giveWeights(LibraryContext c, DenseKernels dense, Tensor dw) {
    long fresh = freshWeights(c);
    if (channelsLast) {
      long to = accumulate ? fresh + aligned(4 * w()) : c.use(dw);
      transpose(c, 4, (long) desc.r() * desc.s(), desc.c() / desc.groups(), fresh, to);
      fresh = to;
    }
    if (accumulate) {
      dense.mask(c, w(), true, null, fresh, dw);
    }
  }

  /** Name of the weights' form. */
  String form() {
    return form;
  }

  /** Bytes of packed weights, with room for the conversion. */
  long packedBytes() {
    if (padded()) {
      return 3 * aligned(4 * w());
    }
    return bfloat ? aligned(2 * w()) + (channelsLast ? aligned(2 * w()) : 0) : 4 * w();
  }

  /** Brings weights [k,c,r,s] of F32 into the form. */
  void pack(LibraryContext c, long from, DeviceWeights to) {
    if (padded()) {
      packPadded(c, from, to.address());
      return;
    }
    long source = from;
    if (bfloat) {
      source = channelsLast ? to.address() + aligned(2 * w()) : to.address();
      cast(c, w(), from, source);
    }
    if (channelsLast) {
      transpose(
          c,
          bfloat ? 2 : 4,
          desc.c() / desc.groups(),
          (long) desc.r() * desc.s(),
          source,
          to.address());
    } else if (!bfloat) {
      c.copy(to.address(), from, packedBytes());
    }
  }

  /** Channels last first, then more of them, then BF16, each behind the other. */
  private void packPadded(LibraryContext c, long from, long to) {
    long area = (long) desc.r() * desc.s();
    long last = to + aligned(4 * w());
    long more = bfloat ? last + aligned(4 * w()) : to;
    transpose(c, 4, channels, area, from, last);
    pad(c, desc.k() * area, last, more);
    if (bfloat) {
      cast(c, w(), more, to);
    }
  }
}
