package dev.blindspot.engine.cpu;

import static dev.blindspot.engine.Direction.BACKWARD_DATA;
import static dev.blindspot.engine.Direction.FORWARD;
import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.U8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CpuWeightsTest {
  private static final CpuWeights.Form FORM = new CpuWeights.Form("a", F32, 12, U8, 0, 100);

  private final Backend backend = Backends.create("cpu", BackendOptions.defaults().threads(1));

  @AfterEach
  void close() {
    backend.close();
  }

  private Conv2dPlan plan(int n, int filters) {
    Conv2dDesc d = Conv2dDesc.of(F32, n, 3, 8, 8).filters(filters, 3, 3);
    return backend.plan(d, PlanOptions.directions(FORWARD, BACKWARD_DATA));
  }

  @Test
  void areOfTheirFormAndClosedIfFillingFails() {
    CpuWeights[] kept = new CpuWeights[1];
    CpuWeights.filled((CpuBackend) backend, FORM, p -> kept[0] = p).close();
    assertEquals(64 + 128, kept[0].bytes());
    assertEquals(12, kept[0].plain.size());
    assertEquals(F32, kept[0].plain.type());
    assertNull(kept[0].forward);
    assertEquals(U8, kept[0].backward.type());
    RuntimeException failure = new IllegalArgumentException("fails");
    assertSame(
        failure,
        assertThrows(
            IllegalArgumentException.class,
            () ->
                CpuWeights.filled(
                    (CpuBackend) backend,
                    FORM,
                    p -> {
                      kept[0] = p;
                      p.plain.storage().checkOpen();
                      throw failure;
                    })));
    assertThrows(IllegalStateException.class, kept[0].plain.storage()::checkOpen);
  }

  @Test
  void servePlansOfAnyBatchAndOfNoOtherForm() {
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(1 << 16)) {
      Tensor w = arena.tensor(F32, 4, 3, 3, 3);
      Conv2dPlan one = plan(2, 4);
      PackedWeights p = one.pack(ctx, w);
      Tensor x = arena.tensor(F32, 2, 3, 8, 8);
      Tensor y = arena.tensor(F32, 2, 4, 6, 6);
      assertNotNull(p);
      plan(5, 4).forward(ctx, x, p, null, null, y);
      Tensor more = arena.tensor(F32, 2, 5, 6, 6);
      InvalidInputException other =
          assertThrows(
              InvalidInputException.class, () -> plan(2, 5).forward(ctx, x, p, null, null, more));
      assertTrue(other.getMessage().endsWith("use this plan's pack()"));
      p.close();
      assertThrows(IllegalStateException.class, () -> one.forward(ctx, x, p, null, null, y));
      assertThrows(IllegalStateException.class, () -> one.repack(ctx, w, p));
    }
  }
}
