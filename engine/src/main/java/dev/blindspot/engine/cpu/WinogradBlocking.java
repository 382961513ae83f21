package dev.blindspot.engine.cpu;

/** How kernels/winograd.cpp cuts one direction of a convolution into blocks of tiles. */
final class WinogradBlocking {
  /** As kernels/winograd.h has it: most tiles of a block. */
  private static final int MOST_TILES = 288;

  /** Rows or columns of a filter of 4 sections. */
  private static final int MOST_TAPS = 12;

  /** Transformed inputs and products of a block should share the second-level cache. */
  private static final long TRANSFORMED_BYTES = 576 << 10;

  /** Products that are summed up one by one; such sums are then added: errors grow with both. */
  private static final int MOST_SUMMED = 128;

  private WinogradBlocking() {}

  /** Empty, or why Winograd's convolution cannot execute this geometry. */
  static String reasonWhyNot(ConvGeometry g) {
    if (Math.min(g.r(), g.s()) < 2 || Math.max(g.r(), g.s()) > MOST_TAPS) {
      return "filters of " + g.r() + "x" + g.s() + "; 2 to " + MOST_TAPS + " rows and columns only";
    }
    if (g.dilationH() != 1 || g.dilationW() != 1) {
      return "a dilation; 1 only";
    }
    if (!takes(g, g.strideH()) || !takes(g, g.strideW())) {
      return "strides of "
          + g.strideH()
          + "x"
          + g.strideW()
          + (g.backward() ? "; 1 and 2 only" : "; 1, 2 and 4 only");
    }
    return (long) points(g) * Math.max(g.inputs(), g.outputs()) * MOST_TILES > 1 << 28
        ? "too many channels"
        : "";
  }

  private static boolean takes(ConvGeometry g, int stride) {
    return stride <= 2 || (stride == 4 && !g.backward());
  }

  /** Tiles that are transformed and multiplied at once. */
  static int tilesOfBlock(ConvGeometry g, int width) {
    int unit = ConvBlocking.productVectors(width) * width;
    long floats = (long) phasePoints(g) * g.inputs() + 16L * g.phasesW() * g.outputs();
    return (int)
        Math.max(unit, Math.min(TRANSFORMED_BYTES / (4 * floats), MOST_TILES) / unit * unit);
  }

  /** Products of a tile, input and output channel, of all sections of the filter. */
  static int points(ConvGeometry g) {
    return points(g.r(), g.strideH()) * points(g.s(), g.strideW());
  }

  /** Of one phase of the outputs, at most. */
  private static int phasePoints(ConvGeometry g) {
    return g.backward()
        ? points(Blocks.ceil(g.r(), g.strideH()), 1) * points(Blocks.ceil(g.s(), g.strideW()), 1)
        : points(g);
  }

  /** As sections_of of kernels/winograd.h: 4 of 3 taps, 3 of 2, 2 of 1. */
  private static int points(int taps, int stride) {
    int points = 0;
    for (int phase = 0; phase < Math.min(stride, taps); phase++) {
      int own = Blocks.ceil(taps - phase, stride);
      points += own / 3 * 4 + (own % 3 == 0 ? 0 : own % 3 + 1);
    }
    return points;
  }

  /** Tiles of 2x2 outputs of each phase below each other. */
  static int tileRows(ConvGeometry g) {
    return Blocks.ceil(g.p(), 2 * g.phasesH());
  }

  /** Tiles beside each other. */
  static int tilesAcross(ConvGeometry g) {
    return Blocks.ceil(g.q(), 2 * g.phasesW());
  }

  /** As {@link ConvBlocking#of}. */
  static ConvBlocking of(ConvGeometry g, long n, int width, int threads) {
    int unit = ConvBlocking.productVectors(width) * width;
    long tilesOfBatch = n * tileRows(g) * tilesAcross(g);
    int units = (int) Math.min(Integer.MAX_VALUE, Blocks.ceil(tilesOfBatch, unit));
    int blocks = Blocks.ceil(units, tilesOfBlock(g, width) / unit);
    if ((long) blocks * g.groups() < 4L * threads) {
      blocks = (int) Math.min(units, Blocks.roundUp(blocks, threads)); // keeps all threads busy
    }
    int tiles = Blocks.ceil(units, blocks) * unit;
    return new ConvBlocking(
        ConvScheme.WINOGRAD,
        ConvBlocking.productVectors(width),
        ConvBlocking.productOutputs(width),
        1,
        tiles,
        MOST_SUMMED,
        1,
        transformed((long) phasePoints(g) * g.inputs(), tiles),
        g.phasesW() * transformed(16L * g.outputs(), tiles),
        0,
        (long) points(g) * g.groups() * g.outputs() * g.inputs());
  }

  /** Floats of the rows of 16 matrices, each with what the last vector may touch behind it. */
  private static long transformed(long rows, int tiles) {
    return rows * tiles + 16 * 16;
  }
}
