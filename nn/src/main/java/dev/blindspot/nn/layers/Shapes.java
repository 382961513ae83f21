package dev.blindspot.nn.layers;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ImplementationReport;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.nn.Fusion;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;

/** What layers share: validation and the simplest plans. */
final class Shapes {
  private Shapes() {}

  /** The only input of a layer. */
  static Shape single(String kind, List<Shape> inputs) {
    if (inputs.size() != 1 || inputs.get(0).size() < 1) {
      throw new InvalidInputException(kind + ": needs one input with elements, not " + inputs);
    }
    return inputs.get(0);
  }

  /** The only input of a layer on images [c,h,w]. */
  static Shape image(String kind, List<Shape> inputs) {
    Shape s = single(kind, inputs);
    if (s.rank() != 3) {
      throw new InvalidInputException(kind + ": needs images [c,h,w], not " + s);
    }
    return s;
  }

  static int size(Shape s, int axis) {
    return Math.toIntExact(s.dim(axis));
  }

  /** The directions that a layer must plan. */
  static PlanOptions options(LayerSetup setup) {
    EnumSet<Direction> d = EnumSet.of(Direction.FORWARD);
    if (setup.inputGradient()) {
      d.add(Direction.BACKWARD_DATA);
    }
    if (setup.parameterGradient()) {
      d.add(Direction.BACKWARD_WEIGHTS);
    }
    return new PlanOptions(d, setup.precision(), false, "", setup.boundedErrors());
  }

  /** The same for a layer of one primitive, which adds its gradient if that is asked for. */
  static PlanOptions accumulating(LayerSetup setup) {
    return options(setup).accumulate(setup.fusion().accumulates().get(0));
  }

  /** Whether the backend has an implementation for each direction that the setup asks for. */
  static boolean supported(Desc<?> desc, LayerSetup setup) {
    PlanOptions all = options(setup);
    return all.directions().stream()
        .allMatch(
            d ->
                setup.backend().explain(desc, all.only(EnumSet.of(d))).stream()
                    .anyMatch(ImplementationReport::supported));
  }

  /** True if only masks and accumulation of gradients are asked for. */
  static boolean onlyBackward(Fusion f) {
    return f.scale() == null && !f.residual() && !f.relu() && !f.masked();
  }

  /** An operation on tensors of the output's shape. */
  static ElementwisePlan elementwise(LayerSetup setup, ElementwiseOp op) {
    return setup
        .backend()
        .plan(
            new ElementwiseDesc(op, setup.type(), setup.maxBatch(), setup.output().size()),
            PlanOptions.forward());
  }

  /** Copies the elements as they are, both ways. */
  static LayerPlan copy(LayerSetup setup) {
    ElementwisePlan copy = elementwise(setup, ElementwiseOp.COPY);
    return new UnaryPlan(
        copy,
        (ctx, t) -> copy.execute(ctx, t.x(), null, t.y()),
        (ctx, t) -> copy.execute(ctx, t.dy(), null, t.dx()));
  }

  /** "forward NAME, backward-data NAME, ..." for reports. */
  static List<String> implementations(Plan plan) {
    return plan.options().directions().stream()
        .map(
            d -> d.name().toLowerCase(Locale.ROOT).replace('_', '-') + " " + plan.implementation(d))
        .toList();
  }
}
