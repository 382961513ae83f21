package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LbfgsDesc;
import dev.blindspot.engine.primitives.LbfgsHistory;
import dev.blindspot.engine.primitives.LbfgsPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** L-BFGS whose tensors fit. */
public abstract class CheckedLbfgs extends BasePlan<LbfgsDesc> implements LbfgsPlan {

  protected CheckedLbfgs(Backend backend, LbfgsDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void update(Context ctx, Tensor accept, Tensor s, Tensor y, LbfgsHistory history) {
    planned(Direction.FORWARD);
    long n = batch("s", s, desc().type(), desc().n(), desc().length());
    rows("y", y, desc().type(), n, desc().length());
    history(history, n);
    distinct("history.s", history.s(), "s", s, false);
    distinct("history.y", history.y(), "y", y, false);
    if (accept != null) {
      rows("accept", accept, ElementType.U8, n, 1);
    }
    store(ctx, n, accept, s, y, history);
  }

  @Override
  public final void direction(Context ctx, Tensor g, Tensor free, LbfgsHistory history, Tensor d) {
    planned(Direction.FORWARD);
    long n = batch("g", g, desc().type(), desc().n(), desc().length());
    rows("d", d, desc().type(), n, desc().length());
    history(history, n);
    distinct("d", d, "g", g, true);
    distinct("d", d, "history.s", history.s(), false);
    distinct("d", d, "history.y", history.y(), false);
    if (free != null) {
      rows("free", free, ElementType.U8, n, desc().length());
      distinct("d", d, "free", free, false);
    }
    recurse(ctx, n, g, free, history, d);
  }

  private void history(LbfgsHistory h, long n) {
    long length = desc().memory() * desc().length();
    rows("history.s", h.s(), desc().type(), n, length);
    rows("history.y", h.y(), desc().type(), n, length);
    rows("history.count", h.count(), ElementType.I32, n, 1);
    distinct("history.s", h.s(), "history.y", h.y(), false);
  }

  /** accept may be null. */
  protected abstract void store(
      Context ctx, long n, Tensor accept, Tensor s, Tensor y, LbfgsHistory history);

  /** free may be null. */
  protected abstract void recurse(
      Context ctx, long n, Tensor g, Tensor free, LbfgsHistory history, Tensor d);
}
