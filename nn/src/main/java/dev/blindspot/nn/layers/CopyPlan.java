package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import java.util.List;

/** Copies the elements as they are, both ways. */
final class CopyPlan implements LayerPlan {
  private final ElementwisePlan copy;

  CopyPlan(LayerSetup setup) {
    copy =
        setup
            .backend()
            .plan(
                new ElementwiseDesc(
                    ElementwiseOp.COPY, setup.type(), setup.maxBatch(), setup.output().size()),
                PlanOptions.forward());
  }

  @Override
  public void forward(Context ctx, LayerTensors t) {
    copy.execute(ctx, t.x(), null, t.y());
  }

  @Override
  public void backward(Context ctx, LayerTensors t) {
    if (t.dx() != null) {
      copy.execute(ctx, t.dy(), null, t.dx());
    }
  }

  @Override
  public List<String> implementations() {
    return Shapes.implementations(copy);
  }
}
