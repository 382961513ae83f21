package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;

/** Runs networks on the reference backend. */
final class Runs {
  static final Backend REFERENCE = Backends.create("reference");

  private Runs() {}

  /** The output for n samples in the model's own element type. */
  static double[] output(OnnxModel model, double[] x, int n) {
    try (Parameters p = model.parameters(REFERENCE, model.type())) {
      return output(model.network(), p, x, n);
    }
  }

  static double[] output(Network network, Parameters parameters, double[] x, int n) {
    NetworkOptions options =
        NetworkOptions.of(NetworkOptions.Gradients.NONE).type(parameters.type());
    try (Context ctx = REFERENCE.newContext();
        TensorArena arena = REFERENCE.arena(TensorArena.bytes(parameters.type(), x.length));
        NetworkPlan plan = network.plan(REFERENCE, parameters, n, options)) {
      Tensor in = arena.tensor(parameters.type(), network.inputShape().batched(n), Layout.NCHW);
      set(in, x);
      return get(plan.forward(ctx, in));
    }
  }

  private static void set(Tensor t, double[] x) {
    if (t.type() == ElementType.F64) {
      t.copyFrom(x);
      return;
    }
    float[] f = new float[x.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = (float) x[i];
    }
    t.copyFrom(f);
  }

  private static double[] get(Tensor t) {
    if (t.type() == ElementType.F64) {
      return t.toDoubles();
    }
    float[] f = t.toFloats();
    double[] d = new double[f.length];
    for (int i = 0; i < f.length; i++) {
      d[i] = f[i];
    }
    return d;
  }
}
