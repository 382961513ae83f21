package dev.blindspot.nn.uncertainty;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import java.util.ArrayList;
import java.util.List;

/**
 * One draw from each of several networks that differ in their seeds alone (Lakshminarayanan et al.
 * 2017, "Simple and Scalable Predictive Uncertainty Estimation using Deep Ensembles").
 */
public final class DeepEnsemble implements PredictiveDistribution {
  private final List<Probabilities> members = new ArrayList<>();

  /**
   * Plans the members.
   *
   * @param parameters of each member, F32, on {@code backend}; they stay open
   */
  public DeepEnsemble(Network network, List<Parameters> parameters, Backend backend) {
    if (parameters.isEmpty()) {
      throw new InvalidInputException("Deep ensemble: there is no member");
    }
    try {
      for (Parameters p : parameters) {
        members.add(new Probabilities(network, p, backend, false, 0));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  @Override
  public String description() {
    return "deep ensemble of " + members.size();
  }

  @Override
  public Prediction predict(float[] images, int n) {
    Probabilities first = members.get(0);
    first.check(images, n);
    DrawSum sum = new DrawSum(n * first.classes(), first.classes());
    for (Probabilities member : members) {
      sum.add(member.draw(images, n, 0));
    }
    return sum.prediction();
  }

  @Override
  public void close() {
    members.forEach(Probabilities::close);
  }
}
