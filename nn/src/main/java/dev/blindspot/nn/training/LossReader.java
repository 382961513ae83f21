package dev.blindspot.nn.training;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Readback;
import dev.blindspot.engine.Tensor;
import java.nio.FloatBuffer;

/**
 * The mean loss of every so many steps. A device that works on behind the host's back is not
 * stopped for it: the loss is known when the next step has been submitted.
 */
final class LossReader implements AutoCloseable {
  /** Steps between two readings. */
  private static final int EVERY = 20;

  private static final int NONE = -1;

  private final boolean late;
  private final Readback losses;
  private final String network;
  private final Recipe recipe;
  private long requested = NONE;

  /**
   * @param loss [n] of each step's samples
   */
  LossReader(Context ctx, Tensor loss, String network, Recipe recipe) {
    late = ctx.asynchronous();
    losses = ctx.readback(loss);
    this.network = network;
    this.recipe = recipe;
  }

  /**
   * The mean loss that is known after this step was submitted, or NaN.
   *
   * @throws BlindspotException if it is not finite
   */
  double after(long step) {
    double known = late ? requested() : Double.NaN;
    if (step % EVERY == 0) {
      losses.request();
      requested = step;
    }
    return late ? known : requested();
  }

  private double requested() {
    if (requested == NONE) {
      return Double.NaN;
    }
    long step = requested;
    requested = NONE;
    FloatBuffer all = losses.get().asFloatBuffer();
    double sum = 0;
    for (int i = 0; i < all.limit(); i++) {
      sum += all.get(i);
    }
    if (!Double.isFinite(sum)) {
      throw new BlindspotException(
          "Training of "
              + network
              + " diverged at step "
              + step
              + ": the loss is "
              + sum
              + ". Lower the learning rate "
              + recipe.learningRate());
    }
    return sum / all.limit();
  }

  @Override
  public void close() {
    losses.close();
  }
}
