package dev.blindspot.attacks.calibration;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.util.List;
import java.util.Locale;

/**
 * A change of images that keeps what they show.
 *
 * @param strength pixels of a shift, degrees of a rotation, factor of a scale (1 keeps the size),
 *     standard deviation in pixels of a Gaussian blur
 */
public record Transformation(Kind kind, double strength) {

  /** Kinds of changes; each in all its directions, so that none is favoured. */
  public enum Kind {
    /** To the right, left, down and up. */
    SHIFT,
    /** Counter-clockwise and clockwise. */
    ROTATION,
    /** About the centre. */
    SCALE,
    /** In both directions at once. */
    BLUR;

    /** The strength that changes nothing. */
    public double identity() {
      return this == SCALE ? 1 : 0;
    }
  }

  public Transformation {
    boolean good = Double.isFinite(strength) && (kind == Kind.SCALE ? strength > 0 : strength >= 0);
    if (!good) {
      throw new InvalidInputException(
          "Transformation: the strength of a "
              + kind.name().toLowerCase(Locale.ROOT)
              + " must be finite and "
              + (kind == Kind.SCALE ? "above 0" : "at least 0")
              + ", not "
              + strength);
    }
  }

  /** Number of directions. */
  public int versions() {
    return strength == kind.identity() ? 1 : kind == Kind.SHIFT ? 4 : kind == Kind.ROTATION ? 2 : 1;
  }

  /**
   * The images changed in one direction.
   *
   * @param images [n,c,h,w], not changed
   * @param shape [c,h,w] of one
   * @param version 0 to {@link #versions} - 1
   * @return a new array; between the least and the largest value, and 0
   */
  public float[] apply(float[] images, Shape shape, int version) {
    return switch (kind) {
      case SHIFT -> {
        double[] right = {1, -1, 0, 0};
        yield ImageWarp.shift(
            images, shape, right[(version + 2) % 4] * strength, right[version] * strength);
      }
      case ROTATION -> ImageWarp.rotate(images, shape, version == 0 ? strength : -strength);
      case SCALE -> ImageWarp.scale(images, shape, strength);
      case BLUR -> ImageWarp.blur(images, shape, strength);
    };
  }

  /** The changes by these strengths, the identity among them if it is. */
  public static List<Transformation> of(Kind kind, List<Double> strengths) {
    return strengths.stream().map(s -> new Transformation(kind, s)).toList();
  }
}
