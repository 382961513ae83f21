package dev.blindspot.engine.spi.tuning;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Distribution;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import java.util.ArrayList;
import java.util.List;

/**
 * Random tensors for a trial: zeros would be multiplied at less power and so faster. Each tensor
 * owns its memory; all is given back together.
 */
final class TrialBuffers implements AutoCloseable {
  private final Backend backend;
  private final Context ctx;
  private ElementType type;
  private final List<TensorArena> arenas = new ArrayList<>();
  private final List<PackedWeights> packed = new ArrayList<>();

  TrialBuffers(Backend backend, Context ctx) {
    this.backend = backend;
    this.ctx = ctx;
  }

  /** Sets the element type of what is made from now on. */
  TrialBuffers of(ElementType t) {
    type = t;
    return this;
  }

  /** Standard normal numbers. */
  Tensor normal(Layout layout, long... dims) {
    return random(Distribution.NORMAL, 0, 1, layout, dims);
  }

  /** Standard normal numbers, row-major. */
  Tensor normal(long... dims) {
    return normal(Layout.NCHW, dims);
  }

  /** Numbers between 1/2 and 3/2. */
  Tensor positive(long... dims) {
    return random(Distribution.UNIFORM, 0.5, 1.5, Layout.NCHW, dims);
  }

  private Tensor random(Distribution d, double a, double b, Layout layout, long... dims) {
    Shape shape = Shape.of(dims);
    TensorArena arena = backend.arena(TensorArena.bytes(type, shape.size()));
    arenas.add(arena);
    Tensor t = arena.tensor(type, shape, layout);
    RandomDesc desc = new RandomDesc(d, type, t.n(), t.size() / t.n(), a, b);
    backend.plan(desc, PlanOptions.forward()).execute(ctx, RandomKey.of(1, arenas.size()), t);
    return t;
  }

  /** Takes weights over. */
  PackedWeights own(PackedWeights p) {
    packed.add(p);
    return p;
  }

  @Override
  public void close() {
    ctx.synchronize();
    packed.forEach(PackedWeights::close);
    arenas.forEach(TensorArena::close);
  }
}
