package dev.blindspot.nn;

import java.util.Collections;
import java.util.List;

/**
 * What a plan asks a layer to do beside its own work, so that fewer primitives run: what would
 * follow it, in this order, and the work of its neighbours on the way back.
 *
 * @param scale layer of role {@link Layer.Role#CHANNEL_SCALE} that follows, to be folded into the
 *     weights; its parameters are behind the layer's own in {@link LayerTensors#ws}; null for none
 * @param residual a further input, the last one, is added; its gradient is dy
 * @param relu max(0, .) ends it
 * @param masked dy comes multiplied by (y &gt; 0); without it a layer that ends in ReLU does that,
 *     and may do it in dy
 * @param masks for each input whether its gradient is to be multiplied by (x &gt; 0), x being the
 *     output of a ReLU
 * @param accumulates for each input whether its gradient is added to what dx holds
 */
public record Fusion(
    Layer scale,
    boolean residual,
    boolean relu,
    boolean masked,
    List<Boolean> masks,
    List<Boolean> accumulates) {

  public Fusion {
    masks = List.copyOf(masks);
    accumulates = List.copyOf(accumulates);
  }

  /** Nothing is asked of a layer with this many inputs. */
  public static Fusion none(int inputs) {
    List<Boolean> no = Collections.nCopies(inputs, false);
    return new Fusion(null, false, false, false, no, no);
  }

  /** True if nothing is asked. */
  public boolean isNone() {
    return scale == null
        && !residual
        && !relu
        && !masked
        && !masks.contains(true)
        && !accumulates.contains(true);
  }

  /** The same with other demands on the way back. */
  Fusion backward(boolean dyMasked, List<Boolean> dxMasks, List<Boolean> dxAccumulates) {
    return new Fusion(scale, residual, relu, dyMasked, dxMasks, dxAccumulates);
  }
}
