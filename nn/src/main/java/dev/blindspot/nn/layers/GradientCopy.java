package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;

/** The gradient of an input that is dy: copied, added, or left where it is. */
final class GradientCopy {
  private final int input;
  private final ElementwisePlan copy;
  private final ElementwisePlan add;

  GradientCopy(LayerSetup setup, int input) {
    this.input = input;
    boolean adds = setup.fusion().accumulates().get(input);
    copy = adds ? null : Shapes.elementwise(setup, ElementwiseOp.COPY);
    add = adds ? Shapes.elementwise(setup, ElementwiseOp.ADD) : null;
  }

  /** Gives dx of this input, if it is wanted. */
  void execute(Context ctx, LayerTensors t) {
    Tensor dx = t.dxs().get(input);
    if (dx == null) {
      return;
    }
    if (add != null) {
      add.execute(ctx, dx, t.dy(), dx);
    } else if (dx.storage() != t.dy().storage() || dx.offset() != t.dy().offset()) {
      copy.execute(ctx, t.dy(), null, dx);
    }
  }
}
