package dev.blindspot.attacks;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Networks, samples and backends for tests of attacks. */
final class Problems {
  private Problems() {}

  /**
   * Every backend that works on this machine, or the only one that the property {@code
   * blindspot.test.backend} names.
   */
  static Stream<String> backends() {
    String wanted = System.getProperty("blindspot.test.backend", "");
    return Backends.available().entrySet().stream()
        .filter(e -> e.getValue().available() || e.getKey().name().equals(wanted))
        .map(e -> e.getKey().name())
        .filter(n -> n.startsWith(wanted));
  }

  /** The backend that a test of one runs on: cpu, or the only one wanted. */
  static String fast() {
    return System.getProperty("blindspot.test.backend", "cpu");
  }

  static Backend backend(String name) {
    return Backends.create(name, BackendOptions.defaults().threads(2));
  }

  /** z = W x + b on vectors. */
  static Network linear(int inputs, int classes) {
    return Network.builder("linear", Shape.of(inputs, 1, 1))
        .add(new Flatten())
        .add("dense", Linear.of(classes))
        .build();
  }

  static Parameters parameters(Network net, Backend backend, double[] w, double... b) {
    Parameters p = Parameters.initialize(net, backend, ElementType.F32, 1);
    p.set(new Parameters.Key("dense", "w"), w);
    p.set(new Parameters.Key("dense", "b"), b);
    return p;
  }

  static Network chain(Shape input, Layer... layers) {
    Network.Builder b = Network.builder("net", input);
    for (Layer l : layers) {
      b.add(l);
    }
    return b.build();
  }

  /** A small network with a convolution, a pool and ReLUs. */
  static Network convolutional() {
    return chain(
        Shape.of(1, 6, 6),
        Conv2d.of(4, 3, 1, 1),
        ActivationLayer.relu(),
        Pool2d.max(2, 2),
        new Flatten(),
        Linear.of(12),
        ActivationLayer.relu(),
        Linear.of(5));
  }

  /** A small network of sigmoids. */
  static Network sigmoids() {
    return chain(
        Shape.of(1, 6, 6), new Flatten(), Linear.of(20), ActivationLayer.sigmoid(), Linear.of(5));
  }

  /** Drawn so that logits spread: initial weights times a gain. */
  static Parameters random(Network net, Backend backend, double gain) {
    Parameters p = Parameters.initialize(net, backend, ElementType.F32, 3);
    p.specs()
        .keySet()
        .forEach(
            key -> {
              double[] v = p.values(key);
              for (int i = 0; i < v.length; i++) {
                v[i] *= gain;
              }
              p.set(key, v);
            });
    return p;
  }

  /** Uniform in [0,1], a share of them rounded to its ends. */
  static float[] images(int n, int size, long seed) {
    SplittableRandom r = new SplittableRandom(seed);
    float[] x = new float[n * size];
    for (int i = 0; i < x.length; i++) {
      double u = r.nextDouble() * 1.5 - 0.25;
      x[i] = (float) Math.min(1, Math.max(0, u));
    }
    return x;
  }

  /** Labels that a network gives. */
  static int[] labels(Network net, Parameters p, float[] images) {
    int n = images.length / (int) net.inputShape().size();
    int classes = (int) net.outputShape().size();
    Backend backend = p.backend();
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(4L * images.length + 64);
        NetworkPlan plan = net.plan(backend, p, n, NetworkOptions.of(Gradients.NONE))) {
      Tensor x = arena.tensor(ElementType.F32, net.inputShape().batched(n), Layout.NCHW);
      x.copyFrom(images);
      float[] z = plan.forward(ctx, x).toFloats();
      int[] labels = new int[n];
      for (int i = 0; i < n; i++) {
        for (int j = 1; j < classes; j++) {
          labels[i] = z[i * classes + j] > z[i * classes + labels[i]] ? j : labels[i];
        }
      }
      return labels;
    }
  }

  /** Every attack, strong and weak. */
  static List<Attack> attacks() {
    return List.of(
        LbfgsAttack.defaults(),
        new LbfgsAttack(3, 4, 10),
        ProjectedGradientDescent.of(Norm.LINF, 0.2, 20),
        ProjectedGradientDescent.of(Norm.L2, 0.6, 20).restarts(2),
        ProjectedGradientDescent.of(Norm.L1, 3, 20),
        ProjectedGradientDescent.of(Norm.LINF, 0.1, 7).randomStart(false),
        new FastGradient(Norm.LINF, 0.2),
        new FastGradient(Norm.L2, 0.6),
        new FastGradient(Norm.L1, 3));
  }

  /** Any wrong label, for images that the network labels itself. */
  static AttackProblem of(Network net, Parameters p, int n, long seed) {
    float[] x = images(n, (int) net.inputShape().size(), seed);
    return AttackProblem.of(net, p, p.backend(), x, labels(net, p, x));
  }
}
