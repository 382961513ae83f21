package dev.blindspot.nn;

import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.RandomKey;
import java.util.List;

/**
 * A layer's tensors for one batch size, bound once and reused.
 *
 * @param xs inputs [n,...]
 * @param y output [n,...]
 * @param dxs gradients of the inputs; null where not wanted
 * @param dy gradient of the output; null in a forward-only plan
 * @param ws parameters in the order of {@link Layer#parameters}
 * @param dws their gradients; null where not trained or not wanted
 * @param scratch the tensors that {@link LayerPlan#saved} asked for
 * @param key random numbers of this layer (dropout)
 */
public record LayerTensors(
    List<Tensor> xs,
    Tensor y,
    List<Tensor> dxs,
    Tensor dy,
    List<Tensor> ws,
    List<Tensor> dws,
    List<Tensor> scratch,
    RandomKey key) {

  /** The first input. */
  public Tensor x() {
    return xs.get(0);
  }

  /** Gradient of the first input, or null. */
  public Tensor dx() {
    return dxs.get(0);
  }

  /** The i-th parameter. */
  public Tensor w(int i) {
    return ws.get(i);
  }

  /** Gradient of the i-th parameter, or null. */
  public Tensor dw(int i) {
    return dws.get(i);
  }

  /** The i-th scratch tensor. */
  public Tensor saved(int i) {
    return scratch.get(i);
  }
}
