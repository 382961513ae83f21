package dev.blindspot.nn.layers;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import java.util.List;
import org.junit.jupiter.api.Test;

class AffineTest {
  /** y and dx of dy = 1, 2, 3, ... for the sample 1..4 of shape [2,1,2]. */
  private static double[][] run(boolean perElement, double[] scale, double[] shift) {
    Network net =
        Network.builder("n", Shape.of(2, 1, 2)).add("affine", new Affine(perElement)).build();
    NetworkOptions options =
        NetworkOptions.of(NetworkOptions.Gradients.INPUT).type(ElementType.F64);
    try (Backend backend = Backends.create("reference");
        Context ctx = backend.newContext();
        TensorArena arena = backend.arena(4096);
        Parameters p = Parameters.initialize(net, backend, ElementType.F64, 1);
        NetworkPlan plan = net.plan(backend, p, 1, options)) {
      p.set(new Parameters.Key("affine", Affine.SCALE), scale);
      p.set(new Parameters.Key("affine", Affine.SHIFT), shift);
      plan.parametersChanged(ctx);
      double[] values = {1, 2, 3, 4};
      Tensor x = arena.tensor(ElementType.F64, 1, 2, 1, 2).copyFrom(values);
      Tensor dy = arena.tensor(ElementType.F64, 1, 2, 1, 2).copyFrom(values);
      double[] y = plan.forward(ctx, x).toDoubles();
      plan.backward(ctx, dy);
      return new double[][] {y, plan.inputGradient().toDoubles()};
    }
  }

  @Test
  void oneScaleForEachChannel() {
    double[][] r = run(false, new double[] {2, -3}, new double[] {10, 20});
    assertArrayEquals(new double[] {12, 14, 11, 8}, r[0]);
    assertArrayEquals(new double[] {2, 4, -9, -12}, r[1]);
  }

  @Test
  void oneScaleForEachElement() {
    double[][] r = run(true, new double[] {1, 2, 3, 0}, new double[] {0, 0.5, 0, 7});
    assertArrayEquals(new double[] {1, 4.5, 9, 7}, r[0]);
    assertArrayEquals(new double[] {1, 4, 9, 0}, r[1]);
  }

  @Test
  void needsOneInput() {
    Shape s = Shape.of(2);
    assertThrows(InvalidInputException.class, () -> new Affine(false).outputShape(List.of(s, s)));
    assertThrows(
        InvalidInputException.class, () -> new Affine(false).outputShape(List.of(Shape.of())));
  }
}
