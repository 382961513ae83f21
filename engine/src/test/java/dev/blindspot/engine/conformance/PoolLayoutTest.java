package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pool2dPlan;
import dev.blindspot.engine.primitives.Pooling;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Pooling with channels last gives what it gives with channels first. */
class PoolLayoutTest {
  private static final String NAMES = "dev.blindspot.engine.conformance.Rig#names";

  @ParameterizedTest
  @MethodSource(NAMES)
  void channelsLastIsTheSame(String name) {
    for (Pooling kind : Pooling.values()) {
      for (boolean mask : new boolean[] {false, true}) {
        Pool2dDesc d = new Pool2dDesc(kind, F32, 2, 3, 8, 7, 4, 3, 3, 2, 2, 1, 1, 0).reluMask(mask);
        float[][] expected;
        try (Backend b = Backends.create("reference")) {
          expected = run(b, d, false);
          assertArrayEquals(expected[1], run(b, d.layout(Layout.NHWC), true)[1]);
        }
        try (Backend b = Backends.create(name)) {
          float[][] got = run(b, d.layout(Layout.NHWC), true);
          for (int i = 0; i < 2; i++) {
            assertArrayEquals(expected[i], got[i], 12 * 5 * Math.ulp(1f), d.summary());
          }
        } catch (UnsupportedException e) {
          System.out.println("SKIPPED on " + name + ": " + e.getMessage());
          assertTrue(name.equals("cpu") && e.getMessage().contains("NHWC"), e.getMessage());
        }
      }
    }
  }

  /** y, then dx of dy = y, in the order n c h w. */
  private static float[][] run(Backend b, Pool2dDesc d, boolean last) {
    try (Context ctx = b.newContext();
        TensorArena arena = b.arena(1 << 16)) {
      Tensor x = arena.tensor(F32, Shape.of(2, 3, 8, 7), d.layout());
      float[] values = new float[2 * 3 * 8 * 7];
      SplittableRandom random = new SplittableRandom(3);
      for (int i = 0; i < values.length; i++) {
        values[i] = random.nextInt(-3, 4); // with ties
      }
      x.copyFrom(last ? transposed(values, 3, 56) : values);
      Tensor y = arena.tensor(F32, Shape.of(2, 3, d.p(), d.q()), d.layout());
      Tensor dx = arena.tensor(F32, Shape.of(2, 3, 8, 7), d.layout());
      Pool2dPlan plan = b.plan(d, PlanOptions.all());
      plan.forward(ctx, x, y);
      plan.backwardData(ctx, x, y, y.slice(0, 2), dx);
      float[] fy = y.toFloats();
      float[] fx = dx.toFloats();
      return last
          ? new float[][] {transposed(fy, d.p() * d.q(), 3), transposed(fx, 56, 3)}
          : new float[][] {fy, fx};
    }
  }

  private static float[] transposed(float[] v, int rows, int columns) {
    float[] t = new float[v.length];
    for (int i = 0; i < v.length; i++) {
      int image = i / (rows * columns);
      int row = i % (rows * columns) / columns;
      t[image * rows * columns + i % columns * rows + row] = v[i];
    }
    return t;
  }

  @ParameterizedTest
  @MethodSource(NAMES)
  void channelsFirstIsRefusedWhereChannelsLastIsPlanned(String name) {
    if (name.equals("cpu")) {
      return; // has no such plan
    }
    try (Backend b = Backends.create(name);
        Context ctx = b.newContext();
        TensorArena arena = b.arena(4096)) {
      Pool2dDesc d = Pool2dDesc.of(Pooling.MAX, F32, 1, 2, 4, 4, 2, 2).layout(Layout.NHWC);
      Pool2dPlan plan = b.plan(d, PlanOptions.all());
      Tensor x = arena.tensor(F32, 1, 2, 4, 4);
      Tensor y = arena.tensor(F32, Shape.of(1, 2, 2, 2), Layout.NHWC);
      assertThrows(InvalidInputException.class, () -> plan.forward(ctx, x, y));
    }
  }
}
