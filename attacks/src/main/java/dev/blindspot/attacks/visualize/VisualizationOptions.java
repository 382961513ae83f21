package dev.blindspot.attacks.visualize;

import dev.blindspot.engine.InvalidInputException;

/**
 * How to climb. Immutable; the methods give changed copies.
 *
 * @param steps gradients of each octave
 * @param optimizer what a gradient becomes
 * @param stepSize of the optimiser
 * @param octaves sizes to climb at, from the smallest to the image's own; 1 for that alone
 * @param octaveScale ratio of two neighbouring sizes, above 1
 * @param jitter the image is rolled by up to so many pixels in both directions before each gradient
 * @param totalVariation weight of the penalty, the mean over the pixels of the length of the
 *     difference to the pixels on the right and below
 * @param parameterization what the ascent changes
 * @param seed of the noise to start from and of the jitter
 */
public record VisualizationOptions(
    int steps,
    Optimizer optimizer,
    double stepSize,
    int octaves,
    double octaveScale,
    int jitter,
    double totalVariation,
    Parameterization parameterization,
    long seed) {

  /** What a gradient becomes. */
  public enum Optimizer {
    /** Step of the gradient's direction; the step size is the RMS change of a parameter. */
    NORMALIZED,
    /** Adam (Kingma and Ba 2015) with its usual decays. */
    ADAM
  }

  /** What the ascent changes; the image stays in [0,1]. */
  public enum Parameterization {
    /** The pixels, clipped to [0,1]. */
    PIXELS,
    /**
     * Real Fourier coefficients, each scaled by one over its frequency, of an image before a
     * sigmoid: as easy to change coarsely as finely (Olah et al. 2017, where scale and step size
     * are from).
     */
    FOURIER
  }

  public VisualizationOptions {
    require(steps >= 1, "steps must be at least 1, not " + steps);
    require(
        stepSize > 0 && stepSize < Double.POSITIVE_INFINITY,
        "the step size must be positive and finite, not " + stepSize);
    require(octaves >= 1, "octaves must be at least 1, not " + octaves);
    require(
        octaveScale > 1 && octaveScale < Double.POSITIVE_INFINITY,
        "the octaves' scale must be above 1 and finite, not " + octaveScale);
    require(jitter >= 0, "jitter must be at least 0, not " + jitter);
    require(
        totalVariation >= 0 && totalVariation < Double.POSITIVE_INFINITY,
        "the weight of the total variation must be at least 0 and finite, not " + totalVariation);
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new InvalidInputException("Visualisation: " + message);
    }
  }

  /** 128 steps of Adam of size 0.05 on pixels; no octaves, jitter or penalty; seed 1. */
  public static VisualizationOptions defaults() {
    return new VisualizationOptions(
        128, Optimizer.ADAM, 0.05, 1, 1.4, 0, 0, Parameterization.PIXELS, 1);
  }

  /** As DeepDream: 10 normalised steps of size 0.02 in each of 4 octaves of scale 1.4; seed 1. */
  public static VisualizationOptions deepDream() {
    return defaults().steps(10).optimizer(Optimizer.NORMALIZED, 0.02).octaves(4, 1.4);
  }

  /** The same with so many steps in each octave. */
  public VisualizationOptions steps(int s) {
    return new VisualizationOptions(
        s,
        optimizer,
        stepSize,
        octaves,
        octaveScale,
        jitter,
        totalVariation,
        parameterization,
        seed);
  }

  /** The same with another optimiser. */
  public VisualizationOptions optimizer(Optimizer o, double size) {
    return new VisualizationOptions(
        steps, o, size, octaves, octaveScale, jitter, totalVariation, parameterization, seed);
  }

  /** The same with other octaves. */
  public VisualizationOptions octaves(int count, double scale) {
    return new VisualizationOptions(
        steps, optimizer, stepSize, count, scale, jitter, totalVariation, parameterization, seed);
  }

  /** The same with a jitter of so many pixels. */
  public VisualizationOptions jitter(int pixels) {
    return new VisualizationOptions(
        steps,
        optimizer,
        stepSize,
        octaves,
        octaveScale,
        pixels,
        totalVariation,
        parameterization,
        seed);
  }

  /** The same with this weight of the total variation. */
  public VisualizationOptions totalVariation(double weight) {
    return new VisualizationOptions(
        steps, optimizer, stepSize, octaves, octaveScale, jitter, weight, parameterization, seed);
  }

  /** The same with another parameterisation. */
  public VisualizationOptions parameterization(Parameterization p) {
    return new VisualizationOptions(
        steps, optimizer, stepSize, octaves, octaveScale, jitter, totalVariation, p, seed);
  }

  /** The same with another seed. */
  public VisualizationOptions seed(long s) {
    return new VisualizationOptions(
        steps,
        optimizer,
        stepSize,
        octaves,
        octaveScale,
        jitter,
        totalVariation,
        parameterization,
        s);
  }
}
