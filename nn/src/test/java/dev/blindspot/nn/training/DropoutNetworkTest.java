package dev.blindspot.nn.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.Linear;
import java.util.List;
import org.junit.jupiter.api.Test;

class DropoutNetworkTest {
  private static final Network NET =
      Network.builder("net", Shape.of(5))
          .add("a", Linear.of(4))
          .add("s", ActivationLayer.sigmoid())
          .add("b", Linear.of(4))
          .add("sum", new Add(), "b", "s")
          .add("t", ActivationLayer.sigmoid())
          .add("z", Linear.of(3))
          .build();

  private static List<String> wiring(Network n) {
    return n.nodes().stream().map(m -> m.name() + m.inputs()).toList();
  }

  @Test
  void dropoutStandsBehindInputAndActivations() {
    assertEquals(
        List.of(
            "input-dropout[input]",
            "a[input-dropout]",
            "s[a]",
            "s-dropout[s]",
            "b[s-dropout]",
            "sum[b, s-dropout]",
            "t[sum]",
            "t-dropout[t]",
            "z[t-dropout]"),
        wiring(DropoutNetwork.of(NET, 0.2, 0.5)));
    assertEquals("a[input]", wiring(DropoutNetwork.of(NET, 0, 0.5)).get(0));
    assertEquals(wiring(NET), wiring(DropoutNetwork.of(NET, 0, 0)));
  }

  @Test
  void parametersAreThoseOfTheNetwork() {
    try (Backend backend = Backends.create("reference");
        Parameters plain = Parameters.initialize(NET, backend, ElementType.F32, 7);
        Parameters dropping =
            Parameters.initialize(DropoutNetwork.of(NET, 0.2, 0.5), backend, ElementType.F32, 7)) {
      assertEquals(plain.specs().keySet(), dropping.specs().keySet());
      for (Parameters.Key k : plain.specs().keySet()) {
        assertEquals(plain.get(k).toFloats()[0], dropping.get(k).toFloats()[0], k.toString());
      }
    }
  }
}
