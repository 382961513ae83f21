package dev.blindspot.nn.training;

import dev.blindspot.engine.Context;
import dev.blindspot.nn.NetworkPlan;
import java.util.List;

/**
 * A further term of the objective that a {@link Trainer} minimises, beside the mean cross-entropy
 * of each mini-batch and the decay. Called on the training thread only; made for one training.
 */
public interface ObjectiveTerm {

  /** What its gradients depend on beside network, data, recipe and seed: part of a checkpoint. */
  String identity();

  /** Before the first step of an epoch, also of the first one after a resume. */
  void beginEpoch(int epoch);

  /**
   * Adds its gradients to those of the mini-batch, which {@code plan} holds, before the optimiser
   * takes them.
   *
   * @param step steps done
   */
  void addGradients(Context ctx, NetworkPlan plan, long step);

  /** After each step: the parameters changed. */
  void parametersChanged(Context ctx);

  /** What a checkpoint must keep, at the end of an epoch. */
  List<double[]> state();

  /**
   * Takes back what {@link #state} gave.
   *
   * @throws dev.blindspot.engine.InvalidInputException if it cannot be this term's; nothing is
   *     changed
   */
  void restore(List<double[]> state);

  /** Adds nothing. */
  static ObjectiveTerm none() {
    return NoTerm.INSTANCE;
  }
}
