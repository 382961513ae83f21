package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.LayerPlan;
import dev.blindspot.nn.LayerSetup;
import dev.blindspot.nn.LayerTensors;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Runs networks on the reference backend, layer by layer. */
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
    long bytes = TensorArena.bytes(parameters.type(), x.length);
    for (Network.Node node : network.nodes()) {
      bytes += TensorArena.bytes(parameters.type(), n * node.outputShape().size());
    }
    // Scratch of inference plans is no more than the outputs again.
    try (Context ctx = REFERENCE.newContext();
        TensorArena arena = REFERENCE.arena(3 * bytes)) {
      Map<String, Tensor> tensors = new HashMap<>();
      tensors.put(Network.INPUT, tensor(arena, parameters.type(), network.inputShape(), n));
      set(tensors.get(Network.INPUT), x);
      for (Network.Node node : network.nodes()) {
        tensors.put(node.name(), tensor(arena, parameters.type(), node.outputShape(), n));
        run(ctx, arena, node, parameters, tensors, n);
      }
      Network.Node last = network.nodes().get(network.nodes().size() - 1);
      return get(tensors.get(last.name()));
    }
  }

  private static Tensor tensor(TensorArena arena, ElementType type, Shape sample, int n) {
    return arena.tensor(type, sample.batched(n), Layout.NCHW);
  }

  private static void run(
      Context ctx,
      TensorArena arena,
      Network.Node node,
      Parameters parameters,
      Map<String, Tensor> tensors,
      int n) {
    LayerSetup setup =
        new LayerSetup(
            REFERENCE,
            parameters.type(),
            n,
            node.inputShapes(),
            node.outputShape(),
            false,
            false,
            false,
            Precision.FP32);
    try (LayerPlan plan = node.layer().plan(setup)) {
      List<Tensor> saved =
          plan.saved().stream()
              .map(s -> arena.tensor(s.type(), s.shapePerPlan(), Layout.NCHW))
              .toList();
      List<Tensor> ws =
          node.parameters().stream().map(p -> parameters.get(node.name(), p.name())).toList();
      List<Tensor> xs = node.inputs().stream().map(tensors::get).toList();
      LayerTensors t =
          new LayerTensors(xs, tensors.get(node.name()), null, null, ws, null, saved, null);
      plan.parametersChanged(ctx, t);
      plan.forward(ctx, t);
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
