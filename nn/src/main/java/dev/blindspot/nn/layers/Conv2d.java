package dev.blindspot.nn.layers;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.WeightedPlan;
import dev.blindspot.nn.Fusion;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.ParameterSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * Two-dimensional convolution with k filters r x s; see {@link Conv2dDesc}. Parameters "w"
 * [k,c/groups,r,s] and, with bias, "b" [k].
 */
public record Conv2d(
    int k,
    int r,
    int s,
    int strideH,
    int strideW,
    int padTop,
    int padLeft,
    int padBottom,
    int padRight,
    int dilationH,
    int dilationW,
    int groups,
    boolean bias,
    Initializer initializer)
    implements Layer {

  /** Square window, stride and padding; with bias, He initialisation. */
  public static Conv2d of(int k, int window, int stride, int pad) {
    return new Conv2d(
        k, window, window, stride, stride, pad, pad, pad, pad, 1, 1, 1, true, Initializer.he());
  }

  /** The same without bias (before a batch norm). */
  public Conv2d withoutBias() {
    return new Conv2d(
        k,
        r,
        s,
        strideH,
        strideW,
        padTop,
        padLeft,
        padBottom,
        padRight,
        dilationH,
        dilationW,
        groups,
        false,
        initializer);
  }

  @Override
  public String kind() {
    return "Conv2d";
  }

  /** The primitive's desc for an input [c,h,w]. */
  public Conv2dDesc desc(ElementType type, long n, Shape input) {
    Shape in = Shapes.image(kind(), List.of(input));
    return new Conv2dDesc(
        type,
        n,
        Shapes.size(in, 0),
        Shapes.size(in, 1),
        Shapes.size(in, 2),
        k,
        r,
        s,
        strideH,
        strideW,
        padTop,
        padLeft,
        padBottom,
        padRight,
        dilationH,
        dilationW,
        groups,
        bias ? List.of(PostOp.BIAS) : List.of(),
        false,
        Layout.NCHW,
        Layout.NCHW);
  }

  @Override
  public Shape outputShape(List<Shape> inputs) {
    Conv2dDesc d = desc(ElementType.F32, 1, Shapes.image(kind(), inputs));
    return Shape.of(k, d.p(), d.q());
  }

  @Override
  public List<ParameterSpec> parameters(List<Shape> inputs) {
    long c = Shapes.image(kind(), inputs).dim(0);
    List<ParameterSpec> specs = new ArrayList<>();
    specs.add(ParameterSpec.weight("w", Shape.of(k, c / groups, r, s), initializer));
    if (bias) {
      specs.add(ParameterSpec.bias("b", Shape.of(k)));
    }
    return specs;
  }

  @Override
  public boolean fuses(LayerSetup setup) {
    return WeightedLayerPlan.fuses(setup);
  }

  @Override
  public boolean gradientInPlace(LayerSetup setup, int input) {
    return WeightedLayerPlan.isResidual(setup, input);
  }

  /** Tensor cores read neighbouring channels; strict FP32 has none of them. */
  @Override
  public ChannelsLast channelsLast(LayerSetup setup) {
    Conv2dDesc d =
        desc(setup.type(), setup.maxBatch(), setup.inputs().get(0))
            .layouts(Layout.NHWC, Layout.NHWC);
    boolean gains =
        setup.precision() != Precision.FP32
            && !setup.parameterGradient()
            && Shapes.supported(d, setup);
    return gains ? ChannelsLast.GAINS : ChannelsLast.NO;
  }

  @Override
  public LayerPlan plan(LayerSetup setup) {
    Fusion fusion = setup.fusion();
    Conv2dDesc d =
        desc(setup.type(), setup.maxBatch(), setup.inputs().get(0))
            .post(WeightedLayerPlan.post(bias, fusion))
            .reluMask(fusion.masks().get(0))
            .layouts(setup.layout(), setup.layout());
    WeightedPlan plan = setup.backend().plan(d, WeightedLayerPlan.options(setup));
    return new WeightedLayerPlan(plan, setup, bias, d.k(), (long) d.p() * d.q());
  }
}
