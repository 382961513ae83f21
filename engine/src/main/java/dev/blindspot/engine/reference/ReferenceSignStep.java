package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SignStepDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedSignStep;

/** A sign step by the formula. */
final class ReferenceSignStep extends CheckedSignStep {

  static void register(ReferenceBackend backend) {
    backend.add(SignStepDesc.class, (d, o, i) -> new ReferenceSignStep(backend, d, o, i));
  }

  private ReferenceSignStep(
      ReferenceBackend backend, SignStepDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(
      Context ctx,
      long n,
      Tensor centre,
      Tensor radius,
      Tensor x,
      Tensor g,
      double alpha,
      Tensor z,
      Tensor size) {
    long length = desc().length();
    Cells centres = Cells.of(centre);
    Cells radii = Cells.of(radius);
    Cells from = Cells.of(x);
    Cells slope = Cells.of(g);
    Cells to = Cells.of(z);
    Cells sizes = Cells.of(size);
    for (long i = 0; i < n; i++) {
      double largest = 0;
      for (long j = i * length; j < (i + 1) * length; j++) {
        largest = Math.max(largest, Math.abs(slope.get(j)));
      }
      sizes.set(i, largest);
      double step = Double.isFinite(largest) ? typed(alpha) : 0;
      for (long j = i * length; j < (i + 1) * length; j++) {
        double direction = step == 0 ? 0 : step * Math.signum(slope.get(j));
        to.set(j, projected(centres.get(j), radii.get(i), typed(from.get(j) + direction)));
      }
    }
  }

  private double projected(double centre, double radius, double y) {
    if (!(radius >= 0)) {
      return Double.NaN;
    }
    double inBall = Math.min(Math.max(y, centre - radius), centre + radius);
    return Math.min(Math.max(inBall, typed(desc().low())), typed(desc().high()));
  }

  /** A number as the element type holds it. */
  private double typed(double v) {
    return desc().type() == ElementType.F32 ? (float) v : v;
  }
}
