package dev.blindspot.nn;

import dev.blindspot.engine.Shape;
import java.util.SplittableRandom;

/** Draws a parameter's first values. */
public interface Initializer {

  /**
   * @param shape of the parameter: [k,c] or [k,c,r,s] for weights
   * @param random seeded by the network's seed and the parameter's name
   */
  double[] draw(Shape shape, SplittableRandom random);

  /** All the same. */
  static Initializer constant(double value) {
    return (shape, random) -> {
      double[] v = new double[Math.toIntExact(shape.size())];
      java.util.Arrays.fill(v, value);
      return v;
    };
  }

  /** Normal with standard deviation sqrt(2 / fan-in) (He et al. 2015). */
  static Initializer he() {
    return (shape, random) -> normal(shape, random, Math.sqrt(2.0 / shape.rowLength()));
  }

  /**
   * Uniform in +-sqrt(6 / (fan-in + fan-out)) (Glorot and Bengio 2010).
   *
   * @param gain factor on the range: 4 suits sigmoid units
   */
  static Initializer glorot(double gain) {
    return (shape, random) -> {
      double fanIn = shape.rowLength();
      double fanOut = (double) shape.size() / (shape.rank() > 1 ? shape.dim(1) : 1);
      double range = gain * Math.sqrt(6 / (fanIn + fanOut));
      return random.doubles(shape.size(), -range, range).toArray();
    };
  }

  private static double[] normal(Shape shape, SplittableRandom random, double deviation) {
    double[] v = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < v.length; i++) {
      v[i] = deviation * random.nextGaussian();
    }
    return v;
  }
}
