package dev.blindspot.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Linear;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Steps against the formulas in double, parameter by parameter. */
class OptimizerTest {
  private static final int STEPS = 5;
  private static final double RATE = 0.05;

  /** Two dense layers, so that each has a decay of its own. */
  private static final Network NETWORK =
      Network.builder("two", Shape.of(3))
          .add("a", Linear.of(4))
          .add("s", ActivationLayer.sigmoid())
          .add("b", Linear.of(2))
          .build();

  private static double decay(Parameters.Key k) {
    return k.name().equals("b") ? 0 : k.node().equals("a") ? 0.3 : 0.7;
  }

  /** One step in double: w, g with decay, two state vectors, step number from 1. */
  private interface Formula {
    double step(double w, double g, double[] state, int t);
  }

  private static double sgd(double w, double g, double[] state, int t) {
    state[0] = 0.9 * state[0] + g;
    return w - RATE * state[0];
  }

  private static double adam(double w, double g, double[] state, int t) {
    state[0] = 0.9 * state[0] + 0.1 * g;
    state[1] = 0.999 * state[1] + 0.001 * g * g;
    double m = state[0] / (1 - Math.pow(0.9, t));
    double v = state[1] / (1 - Math.pow(0.999, t));
    return w - RATE * m / (Math.sqrt(v) + 1e-8);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.nn.TestBackends#names")
  void sgdWithMomentumStepsByTheFormula(String backend) {
    Recipe r = Recipe.sgd(1, 1, RATE, 0.3, 0.7);
    check(backend, r, OptimizerTest::sgd);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.nn.TestBackends#names")
  void adamStepsByTheFormula(String backend) {
    check(backend, Recipe.adam(1, 1, RATE, 0.3, 0.7), OptimizerTest::adam);
  }

  private static void check(String name, Recipe recipe, Formula formula) {
    NetworkOptions options = NetworkOptions.of(NetworkOptions.Gradients.PARAMETERS);
    try (Backend backend = Backends.create(name);
        Context ctx = backend.newContext();
        Parameters p = Parameters.initialize(NETWORK, backend, ElementType.F32, 7);
        TensorArena arena = backend.arena(1 << 12);
        NetworkPlan plan = NETWORK.plan(backend, p, 2, options);
        Optimizer optimizer = new GradientOptimizer(backend, p, plan, recipe)) {
      Tensor x = arena.tensor(ElementType.F32, Shape.of(2, 3), Layout.NCHW);
      Tensor dy = arena.tensor(ElementType.F32, Shape.of(2, 2), Layout.NCHW);
      x.copyFrom(new float[] {1, -2, 0.5f, 0.25f, 3, -1});
      dy.copyFrom(new float[] {1, -0.5f, 2, 0.75f});
      var wanted = new java.util.LinkedHashMap<Parameters.Key, double[]>();
      var states = new java.util.LinkedHashMap<Parameters.Key, double[][]>();
      p.specs()
          .forEach(
              (k, s) -> {
                wanted.put(k, p.values(k));
                states.put(k, new double[(int) s.shape().size()][2]);
              });
      for (int t = 1; t <= STEPS; t++) {
        plan.forward(ctx, x);
        plan.backward(ctx, dy);
        for (Parameters.Key k : p.specs().keySet()) {
          float[] g = plan.parameterGradient(k.node(), k.name()).toFloats();
          double[] w = wanted.get(k);
          for (int i = 0; i < w.length; i++) {
            double decayed = g[i] + decay(k) * w[i];
            w[i] = formula.step(w[i], decayed, states.get(k)[i], t);
          }
        }
        optimizer.step(ctx, RATE);
        plan.parametersChanged(ctx);
        for (Parameters.Key k : p.specs().keySet()) {
          assertArrayEquals(wanted.get(k), p.values(k), 2e-6 * t, k + " after step " + t);
        }
      }
    }
  }
}
