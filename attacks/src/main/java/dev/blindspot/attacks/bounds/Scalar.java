package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.primitives.Activation;

/** Activation functions of a double, by StrictMath. */
final class Scalar {
  private Scalar() {}

  static double value(Activation a, double slope, double x) {
    return switch (a) {
      case RELU -> x > 0 ? x : x == x ? 0 : x;
      case LEAKY_RELU -> x > 0 ? x : slope * x;
      case SIGMOID -> sigmoid(x);
      case TANH -> StrictMath.tanh(x);
    };
  }

  static double sigmoid(double x) {
    return x >= 0 ? 1 / (1 + StrictMath.exp(-x)) : 1 - 1 / (1 + StrictMath.exp(x));
  }
}
