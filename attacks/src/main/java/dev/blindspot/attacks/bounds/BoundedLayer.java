package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Layer;
import java.util.List;
import java.util.function.Function;

/** A layer outside this project that knows its own Lipschitz constant. */
public interface BoundedLayer extends Layer {

  /**
   * A guaranteed Lipschitz constant between Euclidean norms, of all inputs together to the output,
   * in inference.
   *
   * @param inputs shapes of one sample
   * @param parameters gives a copy of a parameter's values by its name
   */
  double lipschitz(List<Shape> inputs, Function<String, double[]> parameters);
}
