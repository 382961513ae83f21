package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
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
    java.util.Map<String, Tensor> ts = new java.util.HashMap<>();
    try (Context ctx = REFERENCE.newContext();
        TensorArena arena = REFERENCE.arena(1 << 28)) {
      Tensor in =
          arena.tensor(
              parameters.type(), network.inputShape().batched(n), dev.blindspot.engine.Layout.NCHW);
      set(in, x);
      ts.put("input", in);
      Tensor y = null;
      for (Network.Node node : network.nodes()) {
        var plan =
            node.layer()
                .plan(
                    new dev.blindspot.nn.LayerSetup(
                        REFERENCE,
                        parameters.type(),
                        n,
                        node.inputShapes(),
                        node.outputShape(),
                        false,
                        false,
                        false,
                        dev.blindspot.engine.Precision.FP32));
        y =
            arena.tensor(
                parameters.type(), node.outputShape().batched(n), dev.blindspot.engine.Layout.NCHW);
        ts.put(node.name(), y);
        java.util.List<Tensor> saved = new java.util.ArrayList<>();
        for (var sv : plan.saved())
          saved.add(arena.tensor(sv.type(), sv.shapePerPlan(), dev.blindspot.engine.Layout.NCHW));
        var lt =
            new dev.blindspot.nn.LayerTensors(
                node.inputs().stream().map(ts::get).toList(),
                y,
                null,
                null,
                node.parameters().stream().map(p -> parameters.get(node.name(), p.name())).toList(),
                null,
                saved,
                null);
        plan.parametersChanged(ctx, lt);
        plan.forward(ctx, lt);
        plan.close();
      }
      return get(y);
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
