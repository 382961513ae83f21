package dev.blindspot.engine.primitives;

/** Element-wise activation functions. All have derivatives that follow from the output. */
public enum Activation {
  /** max(0, x); derivative 0 at 0. */
  RELU,
  /** x for x &gt; 0, slope*x else; derivative slope at 0. */
  LEAKY_RELU,
  /** 1 / (1 + exp(-x)). */
  SIGMOID,
  /** tanh(x). */
  TANH
}
