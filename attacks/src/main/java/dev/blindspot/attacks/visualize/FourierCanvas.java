package dev.blindspot.attacks.visualize;

import dev.blindspot.engine.Shape;

/**
 * x = sigmoid(F^-1(scale s)): parameters are the scaled Fourier coefficients s. A start image is
 * first clipped by half a grey level, where the sigmoid's inverse is finite.
 */
final class FourierCanvas implements Canvas {
  private static final double MARGIN = 1 / 512.0;
  private static final double DECAY_POWER = 1;

  private final FourierBasis basis;
  private final double[] scale;
  private final double[] parameters;
  private final double[] coefficients;
  private final double[] x;
  private final double[] gradient;

  FourierCanvas(double[] image, Shape shape) {
    basis = new FourierBasis((int) shape.dim(1), (int) shape.dim(2));
    scale = basis.decay(DECAY_POWER);
    parameters = new double[image.length];
    coefficients = new double[image.length];
    x = new double[image.length];
    gradient = new double[image.length];
    for (int i = 0; i < x.length; i++) {
      double v = Math.max(MARGIN, Math.min(1 - MARGIN, image[i]));
      x[i] = StrictMath.log(v / (1 - v));
    }
    for (int at = 0; at < x.length; at += scale.length) {
      basis.forward(x, parameters, at);
      for (int i = 0; i < scale.length; i++) {
        parameters[at + i] /= scale[i];
      }
    }
  }

  @Override
  public double[] image() {
    for (int at = 0; at < x.length; at += scale.length) {
      for (int i = 0; i < scale.length; i++) {
        coefficients[at + i] = scale[i] * parameters[at + i];
      }
      basis.inverse(coefficients, x, at);
    }
    for (int i = 0; i < x.length; i++) {
      x[i] = 1 / (1 + StrictMath.exp(-x[i]));
    }
    return x;
  }

  @Override
  public double[] gradient(double[] dx) {
    for (int i = 0; i < x.length; i++) {
      coefficients[i] = dx[i] * x[i] * (1 - x[i]);
    }
    for (int at = 0; at < x.length; at += scale.length) {
      basis.forward(coefficients, gradient, at);
      for (int i = 0; i < scale.length; i++) {
        gradient[at + i] *= scale[i];
      }
    }
    return gradient;
  }

  @Override
  public void add(double[] delta) {
    for (int i = 0; i < parameters.length; i++) {
      parameters[i] += delta[i];
    }
  }
}
