package dev.blindspot.engine.cpu;

import dev.blindspot.engine.primitives.Conv2dDesc;
import java.math.BigInteger;

/**
 * The sizes of one direction of a convolution in tile_conv.cpp: outputs that gather inputs, for
 * each phase of a stride; see tile_view.h.
 */
final class TileGather {
  /** Bytes of split input rows that a thread works on: they should stay in its cache. */
  private static final long BAND_BYTES = 640 << 10;

  /** Positions of a band, of which the sums should stay there, too. */
  private static final long BAND_POSITIONS = 1024;

  /** Phases, each of which has filters of its own. */
  private static final long MOST_PHASES = 1024;

  private static final int CHUNK = TileKernels.CHUNK;
  private static final int CHUNKS = TileKernels.BLOCK / CHUNK;
  private static final int PANEL = TileKernels.PANEL;

  /** Taps along one axis. */
  private record Axis(boolean backward, int taps, int stride, int dilation, int pad) {

    int phases() {
      return backward ? stride : 1;
    }

    /** Taps of equal tap * dilation mod stride are so far apart. */
    private long period() {
      long gcd = BigInteger.valueOf(stride).gcd(BigInteger.valueOf(dilation)).longValue();
      return stride / gcd;
    }

    private long first(int phase) {
      for (long t = 0; t < Math.min(period(), taps); t++) {
        if ((phase + pad - t * dilation) % stride == 0) {
          return t;
        }
      }
      return -1;
    }

    long count(int phase) {
      if (!backward) {
        return taps;
      }
      long first = first(phase);
      return first < 0 ? 0 : (taps - 1 - first) / period() + 1;
    }

    /** Distance of the inputs that neighbouring taps of a phase read. */
    long distance() {
      return backward ? period() * dilation / stride : dilation;
    }

    private long offset(int phase, boolean greatest) {
      if (!backward) {
        return greatest ? (taps - 1L) * dilation - pad : -pad;
      }
      long first = first(phase);
      long last = first + (count(phase) - 1) * period();
      return (phase + pad - (greatest ? first : last) * dilation) / stride;
    }

    /** Inputs from the least to the greatest offset of all phases. */
    long span() {
      long low = Long.MAX_VALUE;
      long high = Long.MIN_VALUE;
      for (int i = 0; i < phases(); i++) {
        if (count(i) > 0) {
          low = Math.min(low, offset(i, false));
          high = Math.max(high, offset(i, true));
        }
      }
      return low > high ? 1 : high - low + 1;
    }
  }

  private final int parts;
  private final int groups;
  private final Axis rowAxis;
  private final Axis columnAxis;
  private final long channels;
  private final long outputs;
  private final long height;
  private final long width;
  private final long stepH;
  private final long stepW;

  TileGather(Conv2dDesc d, boolean backward, int parts) {
    this.parts = parts;
    groups = d.groups();
    rowAxis = new Axis(backward, d.r(), d.strideH(), d.dilationH(), d.padTop());
    columnAxis = new Axis(backward, d.s(), d.strideW(), d.dilationW(), d.padLeft());
    long inputs = (backward ? d.k() : d.c()) / groups;
    channels = inputs + (inputs & 1);
    outputs = (backward ? d.c() : d.k()) / groups;
    height = Blocks.ceil(backward ? d.h() : d.p(), rowAxis.phases());
    width = Blocks.ceil(backward ? d.w() : d.q(), columnAxis.phases());
    stepH = backward ? 1 : d.strideH();
    stepW = backward ? 1 : d.strideW();
  }

  /** Why there are too many filters, or "". */
  static String reasonWhyNot(Conv2dDesc d) {
    return (long) d.strideH() * d.strideW() > MOST_PHASES
        ? "stride " + d.strideH() + "x" + d.strideW() + "; more than " + MOST_PHASES + " phases"
        : "";
  }

  /** Bytes of the packed filters. */
  long filterBytes() {
    long bytes = 0;
    for (int i = 0; i < rowAxis.phases(); i++) {
      for (int j = 0; j < columnAxis.phases(); j++) {
        long chunks = chunks(rowAxis.count(i), columnAxis.count(j));
        bytes +=
            chunks * parts * 2 * TileKernels.TILE_BYTES
                + Blocks.ceil(chunks, CHUNKS) * TileKernels.GUARD_BYTES;
      }
    }
    return groups * Blocks.ceil(outputs, PANEL) * bytes;
  }

  private long chunks(long rowTaps, long columnTaps) {
    boolean whole = columnTaps == 1 || (columnTaps > 0 && columnAxis.distance() == 1);
    return whole
        ? rowTaps * Blocks.ceil(channels * columnTaps, CHUNK)
        : rowTaps * columnTaps * Blocks.ceil(channels, CHUNK);
  }

  /** Rows of a phase in a band, so that n images occupy all threads. */
  long rows(long n, int threads) {
    long tasks = n * groups;
    long bands = tasks >= threads ? 1 : Blocks.ceil(threads, tasks);
    long most = Blocks.ceil(height, bands);
    long rows = 1;
    while (rows < most
        && parts * partBytes(rows + 1) <= BAND_BYTES
        && positions(rows + 1) <= BAND_POSITIONS) {
      rows++;
    }
    return rows;
  }

  private long lineWidth() {
    return (width - 1) * stepW + columnAxis.span();
  }

  /** Bytes of each part of a band of so many rows. */
  long partBytes(long rows) {
    long lines = (rows - 1) * stepH + rowAxis.span();
    long elements = (lines * lineWidth() + 16 * stepW) * channels + 2 * CHUNK;
    return Blocks.roundUp(2 * elements, 64);
  }

  /** Positions of a band of so many rows, for whole panels. */
  long positions(long rows) {
    long grid = stepH == 1 && stepW == 1 ? lineWidth() : Blocks.roundUp(width, 16);
    return Blocks.roundUp((rows - 1) * grid + width, PANEL);
  }

  /** What a thread needs to pack filters. */
  static long packBytes() {
    return 2 * TileKernels.panelBytes();
  }
}
