package dev.blindspot.nn;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import java.util.List;

/**
 * What a layer is planned for.
 *
 * @param backend where it will run
 * @param type F32, or F64 on backends that have it for all of the network's primitives
 * @param maxBatch largest batch
 * @param inputs shapes of one sample's inputs
 * @param output shape of one sample's output
 * @param inputGradient the layer must give dx (false for layers that nothing above needs it of)
 * @param parameterGradient the layer must give the gradients of its trainable parameters
 * @param training training behaviour (dropout drops, batch norm uses the batch's statistics)
 * @param precision how products are formed
 * @param boundedErrors the forward direction keeps bounds of its rounding errors
 * @param channelsLast images lie in NHWC; only where {@link Layer#channelsLast} allows it
 * @param fusion what the layer does beside its own work; nothing that {@link Layer#fuses} refuses
 */
public record LayerSetup(
    Backend backend,
    ElementType type,
    int maxBatch,
    List<Shape> inputs,
    Shape output,
    boolean inputGradient,
    boolean parameterGradient,
    boolean training,
    Precision precision,
    boolean boundedErrors,
    boolean channelsLast,
    Fusion fusion) {

  /** The same with other demands. */
  LayerSetup fusion(Fusion f) {
    return new LayerSetup(
        backend,
        type,
        maxBatch,
        inputs,
        output,
        inputGradient,
        parameterGradient,
        training,
        precision,
        boundedErrors,
        channelsLast,
        f);
  }

  /** The same with images in NHWC, or not. */
  LayerSetup channelsLast(boolean last) {
    return new LayerSetup(
        backend,
        type,
        maxBatch,
        inputs,
        output,
        inputGradient,
        parameterGradient,
        training,
        precision,
        boundedErrors,
        last,
        fusion);
  }

  /** The layout of its images. */
  public Layout layout() {
    return channelsLast ? Layout.NHWC : Layout.NCHW;
  }
}
