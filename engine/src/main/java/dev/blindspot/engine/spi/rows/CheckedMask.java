package dev.blindspot.engine.spi.rows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MaskDesc;
import dev.blindspot.engine.primitives.MaskOp;
import dev.blindspot.engine.primitives.MaskPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** Logic on masks that fit. */
public abstract class CheckedMask extends BasePlan<MaskDesc> implements MaskPlan {

  protected CheckedMask(Backend backend, MaskDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public final void execute(Context ctx, Tensor a, Tensor b, Tensor y) {
    planned(Direction.FORWARD);
    boolean binary = desc().op() != MaskOp.NOT;
    long n = batch("a", a, ElementType.U8, desc().n(), desc().length());
    rows("y", y, ElementType.U8, n, desc().length());
    distinct("y", y, "a", a, true);
    if (binary) {
      rows("b", b, ElementType.U8, n, desc().length());
      distinct("y", y, "b", b, true);
    }
    run(ctx, n, a, binary ? b : null, y);
  }

  /** b is null for NOT. */
  protected abstract void run(Context ctx, long n, Tensor a, Tensor b, Tensor y);
}
