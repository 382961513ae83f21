package dev.blindspot.nn.training;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.NetworkPlan;
import java.util.List;

/** The objective has no further term. */
enum NoTerm implements ObjectiveTerm {
  INSTANCE;

  @Override
  public String identity() {
    return "";
  }

  @Override
  public void beginEpoch(int epoch) {}

  @Override
  public void addGradients(Context ctx, NetworkPlan plan, long step) {}

  @Override
  public void parametersChanged(Context ctx) {}

  @Override
  public List<double[]> state() {
    return List.of();
  }

  @Override
  public void restore(List<double[]> state) {
    if (!state.isEmpty()) {
      throw new InvalidInputException("state of a term of the objective that is not there");
    }
  }
}
