package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.primitives.PackedWeights;

/**
 * Weights of a {@link SplitWeighted}, which it owns.
 *
 * @param forward null where it is not planned
 * @param backwardData null where it is not planned; {@code forward} itself if one plan does both
 */
record SplitWeights(PackedWeights forward, PackedWeights backwardData) implements PackedWeights {

  @Override
  public long bytes() {
    return (forward == null ? 0 : forward.bytes())
        + (backwardData == null || backwardData == forward ? 0 : backwardData.bytes());
  }

  @Override
  public void close() {
    if (forward != null) {
      forward.close();
    }
    if (backwardData != null && backwardData != forward) {
      backwardData.close();
    }
  }
}
