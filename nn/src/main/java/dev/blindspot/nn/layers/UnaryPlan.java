package dev.blindspot.nn.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Plan;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerTensors;
import java.util.List;

/** A layer of one input, no parameters and one primitive. */
final class UnaryPlan implements LayerPlan {
  /** A call of the primitive. */
  interface Step {
    void run(Context ctx, LayerTensors t);
  }

  private final Plan plan;
  private final Step forward;
  private final Step backwardData;

  /**
   * @param forward y from x
   * @param backwardData dx from dy; called only where dx is wanted
   */
  UnaryPlan(Plan plan, Step forward, Step backwardData) {
    this.plan = plan;
    this.forward = forward;
    this.backwardData = backwardData;
  }

  @Override
  public void forward(Context ctx, LayerTensors t) {
    forward.run(ctx, t);
  }

  @Override
  public void backward(Context ctx, LayerTensors t) {
    if (t.dx() != null) {
      backwardData.run(ctx, t);
    }
  }

  @Override
  public List<String> implementations() {
    return Shapes.implementations(plan);
  }
}
