package dev.blindspot.engine.cuda;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.conformance.Rig;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Device memory is where it was after many cycles, as the device itself says. */
class DeviceMemoryTest {
  /** Less than any cycle could leak a thousand times; a driver may keep a page of its own. */
  private static final long KEPT = 4L << 20;

  private Rig rig;

  @BeforeEach
  void open() {
    rig = CudaRig.open();
  }

  private long free() {
    rig.context().synchronize();
    ((CudaBackend) rig.backend()).enterDevice();
    return CudaDevice.freeAndTotal()[0];
  }

  private void assertNothingKept(int cycles, Runnable cycle) {
    for (int i = 0; i < 10; i++) {
      cycle.run();
    }
    long before = free();
    for (int i = 0; i < cycles; i++) {
      cycle.run();
    }
    long lost = before - free();
    assertTrue(lost <= KEPT, () -> lost + " bytes are lost after " + cycles + " cycles");
  }

  @Test
  void aThousandArenas() {
    assertNothingKept(
        1000,
        () -> {
          try (TensorArena arena = rig.backend().arena(3 << 20)) {
            arena.tensor(F32, 16).copyFrom(new float[16]);
          }
        });
  }

  @Test
  void tenThousandPlans() {
    LinearDesc linear = LinearDesc.of(F32, 4, 5, 3);
    RowReduceDesc norms = new RowReduceDesc(Reduction.L2, F32, 4, 5);
    assertNothingKept(
        5000,
        () -> {
          rig.backend().plan(linear, PlanOptions.all()).close();
          rig.backend().plan(norms, PlanOptions.forward()).close();
        });
  }

  @Test
  void aHundredContextsWithWorkspaces() {
    Backend backend = rig.backend();
    Conv2dDesc d = Conv2dDesc.of(F32, 2, 3, 8, 8).filters(4, 3, 3, 1);
    try (TensorArena arena = backend.arena(1 << 20);
        var plan = backend.plan(d, PlanOptions.all())) {
      Tensor x = arena.tensor(F32, 2, 3, 8, 8).copyFrom(new float[384]);
      Tensor w = arena.tensor(F32, 4, 3, 3, 3).copyFrom(new float[108]);
      Tensor y = arena.tensor(F32, 2, 4, 8, 8);
      assertNothingKept(
          100,
          () -> {
            try (Context ctx = backend.newContext();
                var packed = plan.pack(ctx, w)) {
              plan.forward(ctx, x, packed, null, null, y);
              ctx.synchronize();
            }
          });
    }
  }
}
