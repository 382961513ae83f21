package dev.blindspot.nn.training;

import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.ParameterSpec;
import dev.blindspot.nn.Parameters;
import java.util.ArrayList;
import java.util.List;

/**
 * The trainable parameters of a network as one vector on the host, with the decay of each. Others
 * that live in the same {@link Parameters} are left alone.
 */
final class FlatParameters {
  private final Parameters parameters;
  private final List<Parameters.Key> keys = new ArrayList<>();
  private final List<Parameters.Key> others = new ArrayList<>();
  private final List<Double> decays = new ArrayList<>();
  private int size;

  FlatParameters(Network network, Parameters parameters, Recipe recipe) {
    this.parameters = parameters;
    int layer = 0;
    for (Network.Node node : network.nodes()) {
      for (ParameterSpec p : node.parameters()) {
        Parameters.Key key = new Parameters.Key(node.name(), p.name());
        if (p.trainable()) {
          keys.add(key);
          decays.add(p.decays() ? recipe.decay(layer++) : 0.0);
          size += Math.toIntExact(p.shape().size());
        } else {
          others.add(key);
        }
      }
    }
  }

  int size() {
    return size;
  }

  /** A copy of the values. */
  double[] gather() {
    double[] w = new double[size];
    int at = 0;
    for (Parameters.Key k : keys) {
      double[] v = parameters.values(k);
      System.arraycopy(v, 0, w, at, v.length);
      at += v.length;
    }
    return w;
  }

  /** Sets the values, rounded to the parameters' type. */
  void scatter(double[] w) {
    int at = 0;
    for (Parameters.Key k : keys) {
      double[] v = new double[Math.toIntExact(parameters.get(k).size())];
      System.arraycopy(w, at, v, 0, v.length);
      parameters.set(k, v);
      at += v.length;
    }
  }

  /** Copies of what is not trained but changes in training: running statistics. */
  List<double[]> statistics() {
    return others.stream().map(parameters::values).toList();
  }

  /** True if vectors of these sizes can be {@link #statistics()}. */
  boolean isStatistics(List<double[]> values) {
    boolean fits = values.size() == others.size();
    for (int i = 0; fits && i < others.size(); i++) {
      fits = values.get(i).length == parameters.get(others.get(i)).size();
    }
    return fits;
  }

  /** Sets what {@link #statistics()} gave. */
  void statistics(List<double[]> values) {
    for (int i = 0; i < others.size(); i++) {
      parameters.set(others.get(i), values.get(i));
    }
  }

  /** Adds the gradients that the plans hold, each those of its own layers. */
  void addGradients(double[] gradient, NetworkPlan... plans) {
    int at = 0;
    for (Parameters.Key k : keys) {
      for (float g : holder(k, plans).parameterGradient(k.node(), k.name()).toFloats()) {
        gradient[at++] += g;
      }
    }
  }

  private static NetworkPlan holder(Parameters.Key key, NetworkPlan[] plans) {
    for (NetworkPlan plan : plans) {
      if (plan.network().nodes().stream().anyMatch(n -> n.name().equals(key.node()))) {
        return plan;
      }
    }
    throw new IllegalArgumentException("no plan has the layer of " + key);
  }

  /** Sum of lambda/2 w^2, whose gradient is added. */
  double addDecay(double[] w, double[] gradient) {
    double value = 0;
    int at = 0;
    for (int i = 0; i < keys.size(); i++) {
      int end = at + Math.toIntExact(parameters.get(keys.get(i)).size());
      double lambda = decays.get(i);
      for (; at < end; at++) {
        gradient[at] += lambda * w[at];
        value += 0.5 * lambda * w[at] * w[at];
      }
    }
    return value;
  }
}
