package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.ContrastNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import java.util.ArrayList;
import java.util.List;

/** Small networks for tests. */
public final class Nets {
  public static final Backend BACKEND = Backends.create("reference");

  private Nets() {}

  public static Network chain(Shape input, Layer... layers) {
    Network.Builder b = Network.builder("net", input);
    for (Layer l : layers) {
      b.add(l);
    }
    return b.build();
  }

  public static Parameters parameters(Network net, long seed) {
    return Parameters.initialize(net, BACKEND, ElementType.F32, seed);
  }

  public static void set(Parameters p, String node, String name, double... values) {
    p.set(new Parameters.Key(node, name), values);
  }

  /** Dense, convolutional and residual networks of a few units. */
  public static List<Network> networks() {
    List<Network> nets = new ArrayList<>();
    nets.add(
        chain(
            Shape.of(12),
            Linear.of(10),
            ActivationLayer.sigmoid(),
            Linear.of(9),
            ActivationLayer.sigmoid(),
            Linear.of(4)));
    nets.add(chain(Shape.of(12), Linear.of(16), ActivationLayer.relu(), Linear.of(4)));
    nets.add(
        chain(
            Shape.of(1, 8, 8),
            Conv2d.of(3, 3, 1, 1),
            ActivationLayer.relu(),
            Pool2d.max(3, 2),
            new Flatten(),
            Linear.of(8),
            ActivationLayer.tanh(),
            Linear.of(3)));
    nets.add(
        Network.builder("residual", Shape.of(2, 6, 6))
            .add("conv", Conv2d.of(2, 3, 1, 1))
            .add("norm", BatchNorm.standard())
            .add("relu", ActivationLayer.relu())
            .add("branch", Conv2d.of(4, 3, 2, 1))
            .add("shortcut", new IdentityShortcut(2, 4), "relu")
            .add("add", new Add(), "branch", "shortcut")
            .add("pool", Pool2d.average(3, 3))
            .add("linear", Linear.of(3))
            .build());
    nets.add(
        chain(
            Shape.of(3, 4, 4),
            new LocalResponseNorm(3, 1, 0.75, 2),
            Conv2d.of(4, 3, 1, 1),
            new ContrastNorm(0.5, 0.5),
            new ActivationLayer(Activation.LEAKY_RELU, 0.1),
            new Flatten(),
            Linear.of(3)));
    return nets;
  }
}
