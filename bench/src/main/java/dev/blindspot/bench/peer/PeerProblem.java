package dev.blindspot.bench.peer;

import dev.blindspot.engine.InvalidInputException;
import java.util.Map;

/**
 * What a peer shall execute. Its tensors are {@link RandomData}: the k-th of those below from the
 * k-th stream.
 *
 * <ul>
 *   <li>"conv": n c h w, k r s, strides, paddings top and left, dilations from 1, groups, bias 0 or
 *       1. FWD_* draws x, w and the bias; BWD_D w and dy; BWD_W x and dy. All NCHW.
 *   <li>"matmul": m k n. Forward y [m,n] = x [m,k] w^T with w [n,k]; draws as a convolution.
 *   <li>"pool": n c h w, r s, strides. Maxima; BWD_D draws x and dy.
 *   <li>"relu", "sigmoid", "tanh", "softmax": n rows of a length; BWD_D draws x and dy and starts
 *       from the saved output of x.
 *   <li>"attack": whole steps on a network; see {@link PeerNetwork}.
 * </ul>
 *
 * @param pass direction as benchdnn names it
 * @param geometry sizes by their names above
 * @param network of an attack; else null
 */
public record PeerProblem(
    String driver, String pass, Map<String, Integer> geometry, PeerNetwork network) {

  /** A size. */
  public int get(String name) {
    Integer v = geometry.get(name);
    if (v == null) {
      throw new InvalidInputException(driver + ": the peer was not told the size '" + name + "'");
    }
    return v;
  }
}
