package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.WeightedPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/** Contexts of one backend on different threads share its plans and packed weights. */
class ConcurrencyTest {
  private static final int THREADS = 3;
  private static final int ROUNDS = 100;

  private final Backend backend = Backends.create(Rig.name(), BackendOptions.defaults().threads(2));
  private final Conv2dDesc conv = Conv2dDesc.of(F32, 5, 3, 12, 11).filters(8, 3, 3, 1);
  private final LinearDesc linear = LinearDesc.of(F32, 5, 8 * 12 * 11, 70);
  private final WeightedPlan[] plans = {
    backend.plan(conv, PlanOptions.all()), backend.plan(linear, PlanOptions.all())
  };

  @Test
  void contextsOnSeveralThreadsGiveTheBitsOfOne() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(THREADS);
    CyclicBarrier start = new CyclicBarrier(THREADS);
    try (TensorArena arena = backend.arena(1 << 22);
        Context ctx = backend.newContext();
        PackedWeights filters = plans[0].pack(ctx, numbers(arena, 1, 8, 3, 3, 3));
        PackedWeights weights = plans[1].pack(ctx, numbers(arena, 2, 70, 8 * 12 * 11))) {
      List<Future<float[][]>> runs = new ArrayList<>();
      for (int t = 0; t < THREADS; t++) {
        int seed = 10 + t;
        runs.add(
            threads.submit(
                () -> {
                  start.await();
                  return run(seed, filters, weights, ROUNDS);
                }));
      }
      for (int t = 0; t < THREADS; t++) {
        float[][] alone = run(10 + t, filters, weights, 1);
        float[][] together = runs.get(t).get();
        for (int i = 0; i < alone.length; i++) {
          assertArrayEquals(alone[i], together[i]);
        }
      }
    } finally {
      threads.shutdown();
    }
  }

  private static Tensor numbers(TensorArena arena, int seed, long... dims) {
    Tensor t = arena.tensor(F32, dims);
    float[] values = new float[(int) t.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (i * 7 + seed * 3 + i / 5) % 13 - 6.1f;
    }
    return t.copyFrom(values);
  }

  /** Forward and back through both layers; outputs and gradients. */
  private float[][] run(int seed, PackedWeights filters, PackedWeights weights, int rounds) {
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(1 << 20)) {
      Tensor x = numbers(arena, seed, 5, 3, 12, 11);
      Tensor hidden = arena.tensor(F32, 5, 8, 12, 11);
      Tensor y = arena.tensor(F32, 5, 70);
      Tensor dhidden = arena.tensor(F32, 5, 8, 12, 11);
      Tensor dx = arena.tensor(F32, 5, 3, 12, 11);
      Tensor dw = arena.tensor(F32, 8, 3, 3, 3);
      for (int i = 0; i < rounds; i++) {
        plans[0].forward(ctx, x, filters, null, hidden);
        plans[1].forward(ctx, hidden, weights, null, y);
        plans[1].backwardData(ctx, y, weights, dhidden);
        plans[0].backwardData(ctx, dhidden, filters, dx);
        plans[0].backwardWeights(ctx, x, dhidden, dw);
      }
      return new float[][] {y.toFloats(), dx.toFloats(), dw.toFloats()};
    }
  }
}
