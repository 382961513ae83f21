package dev.blindspot.engine.cpu;

/**
 * How the convolutions of kernels/direct*.cpp and winograd.cpp cut one direction into tasks and
 * tiles.
 *
 * @param vectors vectors of a tile, one or two
 * @param outputs most outputs (ROWS) or positions (CHANNELS) of a tile
 * @param bandRows output rows that share packed inputs; POINTWISE: positions of a panel
 * @param bandColumns output columns that share packed inputs; POINTWISE: positions of a task;
 *     WINOGRAD: tiles of a block
 * @param chunk input channels packed at once; WINOGRAD: most products summed up one by one
 * @param parts tasks that share the output channels of a band
 * @param packedFloats a thread's packed inputs; FEW_CHANNELS: copied rows
 * @param partialFloats a thread's sums of earlier chunks; FEW_CHANNELS: of tap columns; WINOGRAD:
 *     products
 * @param phaseFloats a thread's outputs of a row by phases
 * @param weightFloats all packed weights
 */
record ConvBlocking(
    ConvScheme scheme,
    int vectors,
    int outputs,
    int bandRows,
    int bandColumns,
    int chunk,
    int parts,
    long packedFloats,
    long partialFloats,
    long phaseFloats,
    long weightFloats) {

  /** Packed inputs and the weights of a tile's outputs should share the second-level cache. */
  private static final long PACKED_BYTES = 448 << 10;

  private static final long WEIGHT_BYTES = 384 << 10;

  /** Products that are summed up one by one; such sums are then added. */
  private static final int MOST_TERMS = 576;

  /** As kernels/direct.h has them. */
  static final int MOST_TAPS = 32;

  static final int MOST_PHASES = 8;
  private static final int MOST_OFFSETS = 4096;
  private static final int MOST_ROW_CHANNELS = 128;

  /** Positions that few channels sum at once, and most vectors of a tile of theirs. */
  private static final int FEW_RUN = 384;

  private static final int FEW_VECTORS = 6;

  /** Empty, or why a scheme cannot execute this geometry. */
  static String reasonWhyNot(ConvScheme scheme, ConvGeometry g, int width) {
    if (g.r() > MOST_TAPS || g.s() > MOST_TAPS) {
      return "a filter of more than " + MOST_TAPS + " rows or columns";
    }
    if (g.backward() && (g.strideH() > MOST_PHASES || g.strideW() > MOST_PHASES)) {
      return "backward-data with a stride above " + MOST_PHASES;
    }
    if (g.inputColumns(g.q()) * g.inputRows(1) * width * 4 > 1 << 28) {
      return "rows that are too long to be packed";
    }
    if (scheme == ConvScheme.WINOGRAD) {
      return WinogradBlocking.reasonWhyNot(g);
    }
    if (scheme == ConvScheme.POINTWISE) {
      return pointwiseReasonWhyNot(g);
    }
    if (scheme != ConvScheme.FEW_CHANNELS) {
      return "";
    }
    if (!g.backward()) {
      return "only backward-data";
    }
    if (columns(g) > tile(1, width)) {
      return "channels times tap columns exceed " + tile(1, width) + " sums";
    }
    return (long) g.inputs() * g.phaseTapRows() <= MOST_OFFSETS
        ? ""
        : "filters times tap rows exceed " + MOST_OFFSETS;
  }

  /** Sums of FEW_CHANNELS for one position: channels times the tap columns of a phase. */
  static int columns(ConvGeometry g) {
    return g.outputs() * g.phaseTapColumns();
  }

  /** Accumulators of a tile for each of its vectors: what the registers of a level hold. */
  static int tile(int vectors, int width) {
    return (width == 16 ? 28 : 12) / vectors;
  }

  /**
   * @param n images of a batch
   * @param width floats of a vector
   */
  static ConvBlocking of(ConvScheme scheme, ConvGeometry g, long n, int width, int threads) {
    if (scheme == ConvScheme.FEW_CHANNELS) {
      return few(g, n, width, threads);
    }
    if (scheme == ConvScheme.POINTWISE) {
      return pointwise(g, n, width, threads);
    }
    if (scheme == ConvScheme.WINOGRAD) {
      return WinogradBlocking.of(g, n, width, threads);
    }
    boolean rows = scheme == ConvScheme.ROWS;
    int lanes = rows ? g.phaseWidth() : g.outputs();
    int vectors = lanes <= width ? 1 : 2;
    int outputs = tile(vectors, width);
    int chunk = chunk(g, rows, rows ? outputs : vectors * width, width);
    int columns = g.q();
    while (g.p() == 1
        && columns > 8 * width
        && 4 * packed(g, rows, chunk, 1, columns, width) > PACKED_BYTES) {
      columns = (int) Blocks.roundUp(Blocks.ceil(columns, 2), 2L * width * g.phasesW());
    }
    int most = g.p();
    while (most > 1 && 4 * packed(g, rows, chunk, most, columns, width) > PACKED_BYTES) {
      most--;
    }
    long tasks = n * g.groups() * Blocks.ceil(g.q(), columns);
    int bandRows = bandRows(g, tasks, most, threads);
    long bands = tasks * Blocks.ceil(g.p(), bandRows);
    int groups = rows ? Blocks.ceil(g.outputs(), outputs) : tileGroups(g, vectors, width);
    int parts = (int) (bands >= threads ? 1 : Math.min(groups, Blocks.ceil(threads, bands)));
    long padded = rows ? g.outputs() : Blocks.roundUp(g.outputs(), width);
    long partial =
        chunk >= g.inputs()
            ? 0
            : padded * bandRows * g.phasesW() * Blocks.roundUp(g.phaseWidth(), width);
    long phase =
        g.phasesW() == 1
            ? 0
            : (long) Math.max(outputs, vectors * width)
                * g.phasesW()
                * (Blocks.ceil(columns, g.phasesW()) + 2 * width);
    return new ConvBlocking(
        scheme,
        vectors,
        outputs,
        bandRows,
        columns,
        chunk,
        parts,
        Blocks.roundUp(packed(g, rows, chunk, bandRows, columns, width), 16),
        Blocks.roundUp(partial, 16),
        Blocks.roundUp(phase, 16),
        g.groups() * padded * g.inputs() * g.taps());
  }

  private static int tileGroups(ConvGeometry g, int vectors, int width) {
    return Blocks.ceil(Blocks.ceil(g.outputs(), width), vectors);
  }

  /** Channels whose weights for a tile fit, in nearly equal chunks. */
  private static int chunk(ConvGeometry g, boolean rows, int tileOutputs, int width) {
    int unit = rows ? 1 : width;
    long most = Math.min(WEIGHT_BYTES / (4L * tileOutputs * g.taps()), MOST_TERMS / g.taps());
    if (rows) {
      most = Math.min(most, Math.min(MOST_OFFSETS / g.taps(), MOST_ROW_CHANNELS));
    }
    most = Math.max(unit, most / unit * unit);
    int chunks = (int) Blocks.ceil(g.inputs(), most);
    return (int) Blocks.roundUp(Blocks.ceil(g.inputs(), chunks), unit);
  }

  /** Floats of a band's inputs, and what the last vector may read behind them. */
  private static long packed(
      ConvGeometry g, boolean rows, int chunk, int bandRows, int columns, int width) {
    boolean whole = rows || g.inputs() < width;
    long channels = whole ? Math.min(chunk, g.inputs()) : Blocks.roundUp(chunk, width);
    long pitch = Blocks.roundUp(g.inputColumns(columns), g.stepW());
    return channels * g.inputRows(bandRows) * pitch + 4L * width;
  }

  /** Rows of a band: at most so many, and as many bands as keep all threads busy. */
  private static int bandRows(ConvGeometry g, long tasks, int most, int threads) {
    int bands = Blocks.ceil(g.p(), most);
    if (tasks * bands < threads) {
      bands = (int) Math.min(g.p(), Blocks.ceil(threads, tasks));
    }
    while (bands < g.p() && tasks * bands % threads != 0 && tasks * bands < 4L * threads) {
      bands++;
    }
    return Blocks.ceil(g.p(), bands);
  }

  /** Positions of dy that a tile of the weights' gradient sums up at once. */
  private static final int GRADIENT_RUN = 128;

  /** Floats that a thread may pack for the weights' gradient. */
  private static final long MOST_GRADIENT_FLOATS = 1 << 24;

  /** Empty, or why the weights' gradient of a forward geometry cannot be formed directly. */
  static String gradientReasonWhyNot(ConvGeometry g, int width) {
    if (g.r() > MOST_TAPS || g.s() > MOST_TAPS) {
      return "a filter of more than " + MOST_TAPS + " rows or columns";
    }
    return gradient(g, 1, width, 1).packedFloats() > MOST_GRADIENT_FLOATS
        ? "rows that are too long to be packed"
        : "";
  }

  /**
   * The weights' gradient of a forward geometry: packedFloats are a band of x, partialFloats one of
   * dy, weightFloats a part's sums.
   */
  static ConvBlocking gradient(ConvGeometry g, long n, int width, int threads) {
    int rows = Math.min(g.p(), Math.max(1, Blocks.ceil(GRADIENT_RUN, g.q())));
    long pitch = Blocks.roundUp(g.inputColumns(g.q()), g.stepW());
    long padded = Blocks.roundUp(g.outputs(), width);
    long tasks = n * g.groups() * Blocks.ceil(g.p(), rows);
    return new ConvBlocking(
        ConvScheme.GRADIENT,
        1,
        1,
        rows,
        g.q(),
        g.inputs(),
        (int) Math.min(threads, tasks),
        Blocks.roundUp(g.inputs() * g.inputRows(rows) * pitch, 16),
        (long) rows * g.q() * padded,
        0,
        g.groups() * padded * g.inputs() * g.taps());
  }

  private static String pointwiseReasonWhyNot(ConvGeometry g) {
    if (!g.pointwise()) {
      return "filters of " + g.r() + "x" + g.s() + ", a stride or a padding; 1x1 alone only";
    }
    return g.inputs() > MOST_TERMS ? "more than " + MOST_TERMS + " input channels" : "";
  }

  /** Inputs that all output channels read should leave room for them in the second-level cache. */
  private static final long PANEL_BYTES = 192 << 10;

  private static final int MOST_PANEL_TILES = 4;

  /** Vectors of a register tile of a matrix product, and its outputs. */
  static int productVectors(int width) {
    return width == 16 ? 3 : 2;
  }

  static int productOutputs(int width) {
    return width == 16 ? 9 : 6;
  }

  private static ConvBlocking pointwise(ConvGeometry g, long n, int width, int threads) {
    int tile = productVectors(width) * width;
    int area = g.p() * g.q();
    long fitting = PANEL_BYTES / (4L * g.inputs() * tile);
    int panel = tile * (int) Math.max(1, Math.min(fitting, MOST_PANEL_TILES));
    int most = Blocks.ceil(area, tile);
    long tasks = n * g.groups();
    int bands = (int) Math.min(most, Blocks.ceil(threads, tasks));
    while (bands < most && tasks * bands % threads != 0 && tasks * bands < 4L * threads) {
      bands++; // keeps all threads busy
    }
    int columns = (int) Math.min(Integer.MAX_VALUE, Blocks.roundUp(Blocks.ceil(area, bands), tile));
    long taken = tasks * Blocks.ceil(area, columns);
    panel = Math.min(panel, columns);
    int groups = Blocks.ceil(g.outputs(), productOutputs(width));
    return new ConvBlocking(
        ConvScheme.POINTWISE,
        productVectors(width),
        productOutputs(width),
        panel,
        columns,
        g.inputs(),
        (int) Math.min(groups, Blocks.ceil(threads, taken)),
        (long) g.inputs() * panel,
        0,
        0,
        (long) g.k() * g.inputs());
  }

  private static ConvBlocking few(ConvGeometry g, long n, int width, int threads) {
    long bands = Math.min(g.p(), Math.max(1, Blocks.ceil(threads, n * g.groups())));
    int rows = (int) Blocks.roundUp(Blocks.ceil(g.p(), (int) bands), g.strideH());
    long behind = (long) FEW_VECTORS * width;
    long copied = g.inputs() * (g.inputRows(rows) * g.w() + behind);
    long sums = (long) g.outputs() * g.s() * (Math.max(FEW_RUN, g.w()) + behind);
    long line = Blocks.roundUp(Blocks.ceil(g.q(), g.strideW()), width) + width;
    return new ConvBlocking(
        ConvScheme.FEW_CHANNELS,
        1,
        columns(g),
        rows,
        g.q(),
        g.inputs(),
        1,
        Blocks.roundUp(copied, 16),
        Blocks.roundUp(sums, 16),
        Blocks.roundUp(g.outputs() * g.strideW() * line, 16),
        (long) g.k() * g.inputs() * g.taps());
  }

  /** Bytes of a thread's workspace. */
  long threadBytes() {
    return 4 * (packedFloats + partialFloats + phaseFloats);
  }
}
