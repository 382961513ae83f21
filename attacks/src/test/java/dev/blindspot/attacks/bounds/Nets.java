package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;

/** Small networks for tests. */
final class Nets {
  private static final Backend BACKEND = Backends.create("reference");

  private Nets() {}

  static Network chain(Shape input, Layer... layers) {
    Network.Builder b = Network.builder("net", input);
    for (Layer l : layers) {
      b.add(l);
    }
    return b.build();
  }

  static Parameters parameters(Network net, long seed) {
    return Parameters.initialize(net, BACKEND, ElementType.F32, seed);
  }

  static void set(Parameters p, String node, String name, double... values) {
    p.set(new Parameters.Key(node, name), values);
  }
}
