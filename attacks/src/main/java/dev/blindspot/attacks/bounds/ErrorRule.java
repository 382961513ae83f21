package dev.blindspot.attacks.bounds;

import java.util.List;

/** How a layer passes values and errors on. Returns fresh arrays. */
interface ErrorRule {

  /**
   * @param reach how far the layer's input, as a real vector, can move in Euclidean norm
   * @param lipschitz constant of the layer; infinite where it is not known
   */
  Signal apply(List<Signal> inputs, double reach, double lipschitz);
}
