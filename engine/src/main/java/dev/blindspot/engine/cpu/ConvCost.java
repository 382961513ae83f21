package dev.blindspot.engine.cpu;

/**
 * Estimated cycles of the schemes of a direct convolution, from two multiply-adds of a vector a
 * cycle, and what a vector costs to be packed, transposed and stored.
 */
final class ConvCost {
  /** Cycles to load a vector of inputs, mostly from memory, and to transpose it. */
  private static final double PACK = 20;

  /** Cycles to transpose and store a vector of outputs, whose channels lie far apart. */
  private static final double STORE = 24;

  /** Cycles to copy a vector of inputs with its padding. */
  private static final double COPY = 8;

  /** Cycles to begin and end a tile. */
  private static final double TILE = 60;

  /**
   * Cycles that a step along a row waits for the second-level cache, when it reads many channels or
   * more than the first level holds.
   */
  private static final double WAIT = 6;

  /** Cycles to transform a vector of Winograd's tiles, there or back. */
  private static final double TRANSFORM = 110;

  /** Loads and stores of Winograd's products beside their multiply-adds. */
  private static final double PRODUCTS_OVERHEAD = 1.15;

  /** Floats of Winograd's filters that a block of tiles fetches in a cycle. */
  private static final double FETCHED = 8;

  /** How much longer a step along a row takes if its outputs are a stride apart. */
  private static final double STRIDED = 1.7;

  private static final int FEW_INPUTS = 16;
  private static final int FIRST_LEVEL_BYTES = 32 << 10;

  private ConvCost() {}

  /**
   * The fastest scheme that can execute the geometry.
   *
   * @param transforms Winograd's may be chosen
   */
  static ConvScheme best(ConvGeometry g, int width, boolean transforms) {
    ConvScheme best = ConvScheme.IM2COL;
    double least = Double.POSITIVE_INFINITY;
    for (ConvScheme s : ConvScheme.values()) {
      if (s == ConvScheme.IM2COL
          || s == ConvScheme.GRADIENT
          || (s == ConvScheme.WINOGRAD && !transforms)
          || !ConvBlocking.reasonWhyNot(s, g, width).isEmpty()) {
        continue;
      }
      double cycles = cycles(s, g, width);
      if (cycles < least) {
        least = cycles;
        best = s;
      }
    }
    return best;
  }

  /** Of one image and group. */
  private static double cycles(ConvScheme scheme, ConvGeometry g, int width) {
    double taps = (double) g.taps() / (g.phasesH() * g.phasesW());
    return switch (scheme) {
      case ROWS -> rows(g, width, taps);
      case CHANNELS -> channels(g, width, taps);
      case POINTWISE -> pointwise(g, width);
      case WINOGRAD -> winograd(g, width);
      default -> few(g, width);
    };
  }

  private static double rows(ConvGeometry g, int width, double taps) {
    double vectors = (double) g.p() * g.phasesW() * Blocks.ceil(g.phaseWidth(), width);
    int most = ConvBlocking.tile(g.phaseWidth() <= width ? 1 : 2, width);
    int groups = Blocks.ceil(g.outputs(), most);
    int perTile = g.phaseWidth() <= width ? 1 : 2;
    double tiles = groups * vectors / perTile;
    double steps = tiles * g.inputs() * taps;
    double outputs = (double) g.outputs() / groups;
    // A step loads its vectors, some across cache lines, and broadcasts its weights.
    double step =
        Math.max(outputs * perTile / 2, (1.6 * perTile + outputs) / 2)
                * (g.stepW() > 1 ? STRIDED : 1)
            + (waits(g, width * perTile, taps, outputs) ? WAIT : 0);
    double merging = g.phasesW() > 1 ? vectors * g.outputs() * 4 : 0;
    double copying = (double) g.inputs() * g.h() * Blocks.ceil(g.w(), width) * COPY;
    return steps * step + tiles * (TILE + 2 * outputs * perTile) + merging + copying;
  }

  private static boolean waits(ConvGeometry g, int columns, double taps, double outputs) {
    double weights = 4 * outputs * g.inputs() * taps;
    double lines = g.inputs() * (taps / g.s()) * g.stepW() * (columns / 16 + 1);
    return g.inputs() >= FEW_INPUTS || weights + 64 * lines > FIRST_LEVEL_BYTES;
  }

  private static double channels(ConvGeometry g, int width, double taps) {
    int blocks = Blocks.ceil(g.outputs(), width);
    int vectors = Math.min(2, blocks);
    int most = ConvBlocking.tile(vectors, width);
    double tilesInRow = g.phasesW() * Blocks.ceil(g.phaseWidth(), most);
    double positions = (double) g.phasesW() * g.phaseWidth() / tilesInRow;
    double tiles = tilesInRow * g.p() * Blocks.ceil(blocks, vectors);
    double step = Math.max(positions * vectors / 2, (vectors + positions) / 2);
    double steps = tiles * g.inputs() * taps;
    double transposed = tiles * vectors * Math.ceil(positions / width) * width * STORE;
    double merging = g.phasesW() > 1 ? (double) g.p() * g.outputs() * g.q() / width * 8 : 0;
    double packing = (double) g.h() * Blocks.ceil(g.w(), width) * packedChannels(g, width) * PACK;
    return steps * step + tiles * TILE + transposed + merging + packing;
  }

  private static long packedChannels(ConvGeometry g, int width) {
    return g.inputs() < width ? g.inputs() : Blocks.roundUp(g.inputs(), width);
  }

  private static double pointwise(ConvGeometry g, int width) {
    int vectors = Blocks.ceil(g.q(), width);
    int most = ConvBlocking.productVectors(width);
    int groups = Blocks.ceil(g.outputs(), ConvBlocking.productOutputs(width));
    double outputs = (double) g.outputs() / groups;
    double whole = vectors / most;
    int rest = vectors % most;
    double cycles = whole * pointwiseTile(g, most, outputs);
    if (rest > 0) {
      cycles += pointwiseTile(g, rest, outputs);
    }
    return groups * cycles + (double) vectors * g.inputs() * COPY / 2;
  }

  private static double pointwiseTile(ConvGeometry g, int vectors, double outputs) {
    double step = Math.max(outputs * vectors / 2, (2 * vectors + outputs + 2) / 2);
    return g.inputs() * step + TILE + outputs * vectors;
  }

  private static double winograd(ConvGeometry g, int width) {
    double across = WinogradBlocking.tilesAcross(g);
    double rows = WinogradBlocking.tileRows(g);
    double tiles = across * rows;
    double points = WinogradBlocking.points(g);
    double weights = points * g.inputs() * g.outputs();
    double blocks = Math.ceil(g.n() * tiles / WinogradBlocking.tilesOfBlock(g, width)) / g.n();
    double products = weights * Math.ceil(g.n() * tiles / width) / g.n() / 2 * PRODUCTS_OVERHEAD;
    // Pieces of a row of tiles are transformed by themselves, of narrow images two at once.
    boolean pairs = width == 16 && g.strideW() == 1 && 2 * across <= width;
    double pieces = (pairs ? 0.5 : Math.ceil(across / width)) * rows;
    // Every second input of a row is picked as often as it takes to reach the stride, 1, 2 or 4.
    int picks = Integer.numberOfTrailingZeros(g.stepW());
    double inputs = points / 16 * (1 + picks) * g.inputs();
    double outputs = g.phasesH() * g.phasesW() * g.outputs();
    return products + blocks * weights / FETCHED + pieces * (inputs + outputs) * TRANSFORM;
  }

  private static double few(ConvGeometry g, int width) {
    double sums = ConvBlocking.columns(g);
    double vectors = (double) g.p() * g.strideW() * g.w() / width;
    double taps = (double) g.r() / g.strideH();
    double step = Math.max(sums / 2, (1.6 + sums) / 2);
    double shifting = (double) g.p() * Blocks.ceil(g.q(), width) * g.outputs() * g.s() * 4;
    return vectors * g.inputs() * taps * step * 1.7 + shifting;
  }
}
