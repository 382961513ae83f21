package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;
import dev.blindspot.nn.layers.Pool2d;
import java.util.List;

/**
 * Every stride-th pixel: an average over one pixel, which a Pad of channels joins to a residual
 * network's parameter-free shortcut.
 */
record PendingSubsample(GraphReader g, String name, Data x, Pool2d pool) implements Pending {

  @Override
  public Shape sample() {
    return pool.outputShape(List.of(x.sample()));
  }

  @Override
  public Data emit() {
    return g.add(name, pool, x);
  }
}
