package dev.blindspot.attacks.visualize;

import dev.blindspot.attacks.visualize.VisualizationOptions.Optimizer;

/** Makes steps upwards of gradients; keeps Adam's moments. One thread. */
final class StepRule {
  private static final double DECAY = 0.9;
  private static final double SQUARE_DECAY = 0.999;
  private static final double EPSILON = 1e-8;

  private final Optimizer optimizer;
  private final double size;
  private final double[] step;
  private final double[] mean;
  private final double[] square;
  private double meanDecayed = 1;
  private double squareDecayed = 1;

  StepRule(VisualizationOptions options, int parameters) {
    optimizer = options.optimizer();
    size = options.stepSize();
    step = new double[parameters];
    mean = new double[optimizer == Optimizer.ADAM ? parameters : 0];
    square = new double[mean.length];
  }

  /** The step for a gradient; overwritten by the next call. A zero gradient gives a zero step. */
  double[] of(double[] gradient) {
    double largest = 0;
    for (double g : gradient) {
      largest = Math.max(largest, Math.abs(g));
    }
    if (largest == 0) {
      java.util.Arrays.fill(step, 0);
    } else if (optimizer == Optimizer.ADAM) {
      adam(gradient);
    } else {
      normalized(gradient, largest);
    }
    return step;
  }

  private void normalized(double[] gradient, double largest) {
    double squares = 0;
    for (double g : gradient) {
      squares += g / largest * (g / largest); // tiny gradients do not underflow
    }
    double scale = size / Math.sqrt(squares / gradient.length);
    for (int i = 0; i < step.length; i++) {
      step[i] = scale * (gradient[i] / largest);
    }
  }

  private void adam(double[] gradient) {
    meanDecayed *= DECAY;
    squareDecayed *= SQUARE_DECAY;
    for (int i = 0; i < step.length; i++) {
      mean[i] = DECAY * mean[i] + (1 - DECAY) * gradient[i];
      square[i] = SQUARE_DECAY * square[i] + (1 - SQUARE_DECAY) * gradient[i] * gradient[i];
      double first = mean[i] / (1 - meanDecayed);
      double second = Math.sqrt(square[i] / (1 - squareDecayed));
      step[i] = size * first / (second + EPSILON);
    }
  }
}
