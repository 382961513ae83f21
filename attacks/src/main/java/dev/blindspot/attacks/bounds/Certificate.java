package dev.blindspot.attacks.bounds;

/**
 * What is certified of one sample.
 *
 * @param radius no input within this Euclidean distance changes the label that the float32 program
 *     gives; 0 if nothing is certified
 * @param realRadius the same for the real-valued network, whose arithmetic is exact; at least
 *     {@code radius}
 * @param method what gave the radius
 * @param reason why nothing is certified, or ""
 */
public record Certificate(double radius, double realRadius, String method, String reason) {

  static Certificate none(String reason) {
    return new Certificate(0, 0, "none", reason);
  }

  /** True if the radius is positive. */
  public boolean certified() {
    return radius > 0;
  }
}
