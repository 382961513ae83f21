package dev.blindspot.nn;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Precision;
import java.util.Set;

/**
 * What a network plan is made for.
 *
 * @param gradients gradients that {@link NetworkPlan#backward} gives
 * @param type F32 or F64
 * @param training training behaviour of dropout and batch norm
 * @param precision how products are formed
 * @param keep names of layers whose outputs must survive for inspection
 * @param seed of dropout
 * @param fused layers may do their neighbours' work; without it each runs by itself, with results
 *     that differ by rounding
 * @param boundedErrors outputs keep the a-priori bounds of rounding errors that certificates rest
 *     on: forward convolutions as sums of products, or by Winograd's F(2x2, 3x3), by no other
 *     transform (see {@link dev.blindspot.engine.PlanOptions#boundedErrors})
 */
public record NetworkOptions(
    Gradients gradients,
    ElementType type,
    boolean training,
    Precision precision,
    Set<String> keep,
    long seed,
    boolean fused,
    boolean boundedErrors) {

  /** Which gradients a plan computes. */
  public enum Gradients {
    /** Forward only: the least memory. */
    NONE,
    /** With respect to the network's input: attacks. */
    INPUT,
    /** With respect to the trainable parameters: training. */
    PARAMETERS,
    /** Both. */
    BOTH;

    /** True for INPUT and BOTH. */
    public boolean input() {
      return this == INPUT || this == BOTH;
    }

    /** True for PARAMETERS and BOTH. */
    public boolean parameters() {
      return this == PARAMETERS || this == BOTH;
    }
  }

  /** F32, inference behaviour, strict FP32, nothing kept. */
  public static NetworkOptions of(Gradients gradients) {
    return new NetworkOptions(
        gradients, ElementType.F32, false, Precision.FP32, Set.of(), 0, true, false);
  }

  /** The same in another element type. */
  public NetworkOptions type(ElementType t) {
    return new NetworkOptions(gradients, t, training, precision, keep, seed, fused, boundedErrors);
  }

  /** The same with training behaviour or without. */
  public NetworkOptions training(boolean t) {
    return new NetworkOptions(gradients, type, t, precision, keep, seed, fused, boundedErrors);
  }

  /** The same with products formed so. */
  public NetworkOptions precision(Precision p) {
    return new NetworkOptions(gradients, type, training, p, keep, seed, fused, boundedErrors);
  }

  /** The same, keeping the outputs of these layers and no others. */
  public NetworkOptions keep(String... names) {
    return new NetworkOptions(
        gradients, type, training, precision, Set.of(names), seed, fused, boundedErrors);
  }

  /** The same with another seed of dropout. */
  public NetworkOptions seed(long s) {
    return new NetworkOptions(gradients, type, training, precision, keep, s, fused, boundedErrors);
  }

  /** The same with or without fusion. */
  public NetworkOptions fused(boolean f) {
    return new NetworkOptions(gradients, type, training, precision, keep, seed, f, boundedErrors);
  }

  /** The same with or without bounds of each output's rounding error. */
  public NetworkOptions boundedErrors(boolean b) {
    return new NetworkOptions(gradients, type, training, precision, keep, seed, fused, b);
  }
}
