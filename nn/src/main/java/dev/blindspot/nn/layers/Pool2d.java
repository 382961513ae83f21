package dev.blindspot.nn.layers;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pool2dPlan;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import java.util.List;

/** Pooling with windows r x s, which may overlap; see {@link Pool2dDesc}. */
public record Pool2d(
    Pooling pooling,
    int r,
    int s,
    int strideH,
    int strideW,
    int padTop,
    int padLeft,
    int padBottom,
    int padRight)
    implements Layer {

  /** Max-pool with square windows. */
  public static Pool2d max(int window, int stride) {
    return new Pool2d(Pooling.MAX, window, window, stride, stride, 0, 0, 0, 0);
  }

  /** Average-pool with square windows. */
  public static Pool2d average(int window, int stride) {
    return new Pool2d(Pooling.AVERAGE_INCLUDE_PAD, window, window, stride, stride, 0, 0, 0, 0);
  }

  @Override
  public String kind() {
    return pooling == Pooling.MAX ? "MaxPool" : "AveragePool";
  }

  /** The primitive's desc for an input [c,h,w]. */
  public Pool2dDesc desc(ElementType type, long n, Shape input) {
    Shape in = Shapes.image(kind(), List.of(input));
    return new Pool2dDesc(
        pooling,
        type,
        n,
        Shapes.size(in, 0),
        Shapes.size(in, 1),
        Shapes.size(in, 2),
        r,
        s,
        strideH,
        strideW,
        padTop,
        padLeft,
        padBottom,
        padRight);
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    Pool2dDesc d = desc(ElementType.F32, 1, Shapes.image(kind(), inputs));
    return Shape.of(d.c(), d.p(), d.q());
  }

  /** Any pooling masks its gradient and adds it. */
  @Override
  public boolean fuses(LayerSetup setup) {
    return Shapes.onlyBackward(setup.fusion());
  }

  @Override
  public ChannelsLast channelsLast(LayerSetup setup) {
    Pool2dDesc d = desc(setup.type(), setup.maxBatch(), setup.inputs().get(0)).layout(Layout.NHWC);
    return Shapes.supported(d, setup) ? ChannelsLast.FOLLOWS : ChannelsLast.NO;
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    Pool2dDesc d =
        desc(setup.type(), setup.maxBatch(), setup.inputs().get(0))
            .reluMask(setup.fusion().masks().get(0))
            .layout(setup.layout());
    Pool2dPlan plan = setup.backend().plan(d, Shapes.accumulating(setup));
    return new UnaryPlan(
        plan,
        (ctx, t) -> plan.forward(ctx, t.x(), t.y()),
        (ctx, t) -> plan.backwardData(ctx, t.x(), t.y(), t.dy(), t.dx()));
  }
}
