package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The error analysis against executed networks. */
class ErrorAnalysisTest {
  private static final BoundsOptions OPTIONS = BoundsOptions.defaults().threads(1).work(1e7);

  @Test
  void valuesAndErrorsHoldForExecutedNetworks() {
    SplittableRandom random = new SplittableRandom(5);
    for (Network net : Nets.networks()) {
      try (Parameters p = Nets.parameters(net, 7);
          Parameters wide = p.copyTo(net, Nets.BACKEND, ElementType.F64)) {
        ErrorAnalysis analysis = analysis(net, p);
        for (int t = 0; t < 10; t++) {
          double[] x = sample(net, random);
          Signal z = analysis.run(x, 0)[net.nodes().size()];
          double[] exact = execute(net, wide, x, ElementType.F64);
          double[] floats = execute(net, p, x, ElementType.F32);
          for (int i = 0; i < exact.length; i++) {
            double difference = Math.abs(exact[i] - z.value()[i]);
            assertTrue(difference <= 2 * z.error()[i] * ErrorAnalysis.DOUBLE, net.name());
            assertTrue(Math.abs(exact[i] - floats[i]) <= z.error()[i], net.name());
            assertTrue(z.error()[i] < 0.1, net.name() + ": useless bound " + z.error()[i]);
          }
          double ofMargin = new RoundingErrors(net, p).ofMargin(floats(x));
          for (int i = 1; i < exact.length; i++) {
            double margin = exact[i] - exact[i - 1];
            assertTrue(Math.abs(margin - (floats[i] - floats[i - 1])) <= ofMargin, net.name());
          }
        }
      }
    }
  }

  @Test
  void magnitudesHoldAndErrorsGrowOverTheBall() {
    SplittableRandom random = new SplittableRandom(6);
    for (Network net : Nets.networks()) {
      try (Parameters p = Nets.parameters(net, 7)) {
        ErrorAnalysis analysis = analysis(net, p);
        double[] x = sample(net, random);
        Signal[] narrow = analysis.run(x, 0);
        Signal[] ball = analysis.run(x, 0.5);
        for (int t = 0; t < 20; t++) {
          double[] d = RandomConvTest.gaussian(x.length, random);
          double length = Math.sqrt(ErrorAnalysis.sumOfSquares(d));
          double[] moved = x.clone();
          for (int i = 0; i < moved.length; i++) {
            moved[i] += 0.5 * d[i] / length;
          }
          Signal[] there = analysis.run(moved, 0);
          for (int k = 0; k < ball.length; k++) {
            for (int i = 0; i < there[k].value().length; i++) {
              double v = Math.abs(there[k].value()[i]);
              assertTrue(v <= ball[k].magnitude()[i] + 1e-12, net.name() + " node " + k);
              assertTrue(ball[k].error()[i] >= narrow[k].error()[i], net.name() + " node " + k);
              assertTrue(
                  ball[k].error()[i] * ErrorAnalysis.WIDEN >= there[k].error()[i],
                  net.name() + " node " + k);
            }
          }
        }
      }
    }
  }

  private static ErrorAnalysis analysis(Network net, Parameters p) {
    double[] constants = NetworkBounds.analyse(net, p, OPTIONS).constants();
    return new ErrorAnalysis(net, p, constants, net.nodes().size());
  }

  private static float[] floats(double[] x) {
    float[] f = new float[x.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) x[i];
    }
    return f;
  }

  private static double[] sample(Network net, SplittableRandom random) {
    double[] x = new double[(int) net.inputShape().size()];
    for (int i = 0; i < x.length; i++) {
      x[i] = (float) random.nextDouble();
    }
    return x;
  }

  private static double[] execute(Network net, Parameters p, double[] x, ElementType type) {
    NetworkOptions options =
        NetworkOptions.of(NetworkOptions.Gradients.NONE).type(type).boundedErrors(true);
    try (Context ctx = Nets.BACKEND.newContext();
        TensorArena arena = Nets.BACKEND.arena(TensorArena.bytes(type, x.length));
        NetworkPlan plan = net.plan(Nets.BACKEND, p, 1, options)) {
      Tensor in = arena.tensor(type, net.inputShape().batched(1), dev.blindspot.engine.Layout.NCHW);
      plan.parametersChanged(ctx);
      if (type == ElementType.F64) {
        return plan.forward(ctx, in.copyFrom(x)).toDoubles();
      }
      float[] f = new float[x.length];
      for (int i = 0; i < f.length; i++) {
        f[i] = (float) x[i];
      }
      float[] y = plan.forward(ctx, in.copyFrom(f)).toFloats();
      double[] d = new double[y.length];
      for (int i = 0; i < d.length; i++) {
        d[i] = y[i];
      }
      return d;
    }
  }
}
