package dev.blindspot.engine.spi.layers;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.WeightedPlan;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** A convolution or dense layer whose directions are plans of different implementations. */
public abstract class SplitWeighted implements WeightedPlan {
  private final PlanOptions options;
  private final Map<Direction, WeightedPlan> parts;
  private final WeightedPlan forward;
  private final WeightedPlan backwardData;

  private SplitWeighted(PlanOptions options, Map<Direction, WeightedPlan> parts) {
    this.options = options;
    this.parts = new EnumMap<>(parts);
    forward = parts.get(Direction.FORWARD);
    backwardData = parts.get(Direction.BACKWARD_DATA);
  }

  /** Whether a primitive's directions can be split. */
  public static boolean splits(Desc<?> desc) {
    return desc instanceof Conv2dDesc || desc instanceof LinearDesc;
  }

  /**
   * The plan; it owns its parts.
   *
   * @param parts the plan of each direction, made for this desc
   */
  public static WeightedPlan of(
      Desc<?> desc, PlanOptions options, Map<Direction, WeightedPlan> parts) {
    return desc instanceof Conv2dDesc c
        ? new OfConv2d(c, options, parts)
        : new OfLinear((LinearDesc) desc, options, parts);
  }

  private static final class OfConv2d extends SplitWeighted implements Conv2dPlan {
    private final Conv2dDesc desc;

    OfConv2d(Conv2dDesc desc, PlanOptions options, Map<Direction, WeightedPlan> parts) {
      super(options, parts);
      this.desc = desc;
    }

    @Override
    public Conv2dDesc desc() {
      return desc;
    }
  }

  private static final class OfLinear extends SplitWeighted implements LinearPlan {
    private final LinearDesc desc;

    OfLinear(LinearDesc desc, PlanOptions options, Map<Direction, WeightedPlan> parts) {
      super(options, parts);
      this.desc = desc;
    }

    @Override
    public LinearDesc desc() {
      return desc;
    }
  }

  private WeightedPlan part(Direction direction) {
    WeightedPlan part = parts.get(direction);
    if (part == null) {
      throw new InvalidInputException(
          desc().summary() + ": " + direction + " was not planned, only " + options.directions());
    }
    return part;
  }

  private SplitWeights own(PackedWeights p) {
    if (p instanceof SplitWeights split) {
      return split;
    }
    throw new InvalidInputException(
        desc().summary() + ": weights " + p + " are not packed by a plan of split directions");
  }

  @Override
  public PlanOptions options() {
    return options;
  }

  @Override
  public String implementation(Direction direction) {
    return part(direction).implementation(direction);
  }

  @Override
  public Set<Guarantee> guarantees(Direction direction) {
    return part(direction).guarantees(direction);
  }

  @Override
  public long workspaceBytes() {
    long most = 0;
    for (WeightedPlan p : parts.values()) {
      most = Math.max(most, p.workspaceBytes());
    }
    return most;
  }

  @Override
  public PackedWeights pack(Context ctx, Tensor w) {
    PackedWeights first = forward == null ? null : forward.pack(ctx, w);
    if (backwardData == forward || backwardData == null) {
      return new SplitWeights(first, backwardData == null ? null : first);
    }
    try {
      return new SplitWeights(first, backwardData.pack(ctx, w));
    } catch (RuntimeException e) {
      if (first != null) {
        first.close();
      }
      throw e;
    }
  }

  @Override
  public void repack(Context ctx, Tensor w, PackedWeights p) {
    SplitWeights split = own(p);
    if (forward != null) {
      forward.repack(ctx, w, split.forward());
    }
    if (backwardData != null && backwardData != forward) {
      backwardData.repack(ctx, w, split.backwardData());
    }
  }

  @Override
  public void forward(Context ctx, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    part(Direction.FORWARD).forward(ctx, x, own(p).forward(), b, residual, y);
  }

  @Override
  public void backwardData(Context ctx, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    part(Direction.BACKWARD_DATA).backwardData(ctx, dy, own(p).backwardData(), mask, dx);
  }

  @Override
  public void backwardWeights(Context ctx, Tensor x, Tensor dy, Tensor dw) {
    part(Direction.BACKWARD_WEIGHTS).backwardWeights(ctx, x, dy, dw);
  }

  @Override
  public void close() {
    new LinkedHashSet<>(parts.values()).forEach(Plan::close);
  }
}
