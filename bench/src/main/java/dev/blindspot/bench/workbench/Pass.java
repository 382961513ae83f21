package dev.blindspot.bench.workbench;

import dev.blindspot.engine.Direction;

/** benchdnn's directions. */
public enum Pass {
  /** Forward with bias. */
  FWD_B(Direction.FORWARD),
  /** Forward without bias. */
  FWD_D(Direction.FORWARD),
  /** Gradient of the input. */
  BWD_D(Direction.BACKWARD_DATA),
  /** Gradient of the weights. */
  BWD_W(Direction.BACKWARD_WEIGHTS);

  private final Direction direction;

  Pass(Direction direction) {
    this.direction = direction;
  }

  /** The engine's direction. */
  Direction direction() {
    return direction;
  }
}
