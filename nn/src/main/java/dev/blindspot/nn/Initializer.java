package dev.blindspot.nn;

import dev.blindspot.engine.Shape;
import java.util.Arrays;
import java.util.SplittableRandom;

/** Draws a parameter's first values. Implementations compare equal if they draw alike. */
public interface Initializer {

  /**
   * @param shape of the parameter: [k,c] or [k,c,r,s] for weights
   * @param random seeded by the network's seed and the parameter's name
   */
  double[] draw(Shape shape, SplittableRandom random);

  /** All the same. */
  static Initializer constant(double value) {
    return new Constant(value);
  }

  /** Normal with standard deviation sqrt(2 / fan-in) (He et al. 2015). */
  static Initializer he() {
    return new He();
  }

  /**
   * Uniform in +-gain sqrt(6 / (fan-in + fan-out)) (Glorot and Bengio 2010).
   *
   * @param gain factor on the range: 4 suits sigmoid units
   */
  static Initializer glorot(double gain) {
    return new Glorot(gain);
  }

  /** All the same. */
  record Constant(double value) implements Initializer {
    @Override
    public double[] draw(Shape shape, SplittableRandom random) {
      double[] v = new double[Math.toIntExact(shape.size())];
      Arrays.fill(v, value);
      return v;
    }
  }

  /** Normal with standard deviation sqrt(2 / fan-in). */
  record He() implements Initializer {
    @Override
    public double[] draw(Shape shape, SplittableRandom random) {
      double deviation = Math.sqrt(2.0 / shape.rowLength());
      double[] v = new double[Math.toIntExact(shape.size())];
      Arrays.setAll(v, i -> deviation * random.nextGaussian());
      return v;
    }
  }

  /** Uniform in +-gain sqrt(6 / (fan-in + fan-out)). */
  record Glorot(double gain) implements Initializer {
    @Override
    public double[] draw(Shape shape, SplittableRandom random) {
      double fanIn = shape.rowLength();
      double fanOut = (double) shape.size() / (shape.rank() > 1 ? shape.dim(1) : 1);
      double range = gain * Math.sqrt(6 / (fanIn + fanOut));
      return random.doubles(shape.size(), -range, range).toArray();
    }
  }
}
