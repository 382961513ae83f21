package dev.blindspot.nn;

import dev.blindspot.engine.Shape;
import java.util.List;

/**
 * A layer: what it computes, without parameters' values and without memory. Immutable; the layers
 * of this project are records, and so should a user's be. All shapes are those of one sample,
 * without the batch.
 */
public interface Layer {

  /** The layer's kind for reports and errors: "Conv2d", "ReLU". */
  String kind();

  /**
   * Shape of one sample's output.
   *
   * @throws dev.blindspot.engine.InvalidInputException if the inputs do not fit, naming the layer
   */
  Shape outputShape(List<Shape> inputs);

  /** The parameters that the layer needs for these inputs; none by default. */
  default List<ParameterSpec> parameters(List<Shape> inputs) {
    return List.of();
  }

  /** What a layer is to the one before it, which may then do its work. */
  enum Role {
    /** Nothing in particular. */
    OTHER,
    /** y is x under another shape, and dx is dy. */
    VIEW,
    /** y = max(0, x). */
    RELU,
    /** The sum of two inputs. */
    SUM,
    /** y = scale[c] x + shift[c], see {@link Layer#channelScale}. */
    CHANNEL_SCALE
  }

  /**
   * What the layer is to the one before it.
   *
   * @param training in plans with training behaviour
   */
  default Role role(boolean training) {
    return Role.OTHER;
  }

  /**
   * For {@link Role#CHANNEL_SCALE}: the numbers of each channel.
   *
   * @param parameters values in the order of {@link #parameters}
   * @param scale, shift [c], overwritten
   */
  default void channelScale(List<double[]> parameters, double[] scale, double[] shift) {
    throw new UnsupportedOperationException(kind() + " is no scale of channels");
  }

  /** Whether {@link #plan} does all that the setup's {@link Fusion} asks for. */
  default boolean fuses(LayerSetup setup) {
    return setup.fusion().isNone();
  }

  /**
   * Whether {@link LayerPlan#backward} works with {@code dx(input)} in the memory of dy: it reads
   * dy for all else before.
   */
  default boolean gradientInPlace(LayerSetup setup, int input) {
    return false;
  }

  /** What a layer thinks of images with channels last. */
  enum ChannelsLast {
    /** It needs the other order. */
    NO,
    /** It can do as those before it do. */
    FOLLOWS,
    /** It is faster so. */
    GAINS
  }

  /**
   * Whether {@link #plan} can be asked for {@link LayerSetup#channelsLast}: all its images, read
   * and written, and their gradients in {@link dev.blindspot.engine.Layout#NHWC}.
   */
  default ChannelsLast channelsLast(LayerSetup setup) {
    return ChannelsLast.NO;
  }

  /** Prepares the layer for a backend; called once for each network plan. */
  LayerPlan plan(LayerSetup setup);
}
