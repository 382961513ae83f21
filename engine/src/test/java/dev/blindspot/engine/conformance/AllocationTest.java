package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.I32;
import static dev.blindspot.engine.ElementType.U8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.sun.management.ThreadMXBean;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.primitives.ComparePlan;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.CountDesc;
import dev.blindspot.engine.primitives.CountPlan;
import dev.blindspot.engine.primitives.Distribution;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.ProjectionDesc;
import dev.blindspot.engine.primitives.ProjectionPlan;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.primitives.RandomPlan;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.primitives.RowReducePlan;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.primitives.RowwisePlan;
import dev.blindspot.engine.primitives.SelectDesc;
import dev.blindspot.engine.primitives.SelectPlan;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Executing a plan allocates nothing on the Java heap. */
class AllocationTest {

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void rowPrimitivesAllocateNothing(Rig rig) {
    assumeFalse(rig.backend().name().equals("reference"), "the reference may allocate");
    Backend backend = rig.backend();
    try (TensorArena arena = backend.arena(1 << 20)) {
      Runnable step = step(backend, rig.context(), arena);
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long id = Thread.currentThread().getId();
      // The compiler removes what does not escape; steady is what comes after it.
      long allocated = -1;
      for (int round = 0; round < 50 && allocated != 0; round++) {
        long before = threads.getThreadAllocatedBytes(id);
        for (int i = 0; i < 20_000; i++) {
          step.run();
        }
        allocated = threads.getThreadAllocatedBytes(id) - before;
      }
      assertEquals(0, allocated, "bytes in 20,000 steps, warm");
    }
  }

  private static Runnable step(Backend backend, Context ctx, TensorArena arena) {
    Tensor x = arena.tensor(F32, 3, 7);
    Tensor y = arena.tensor(F32, 3, 7);
    Tensor s = arena.tensor(F32, 3);
    Tensor mask = arena.tensor(U8, 3);
    Tensor count = arena.tensor(I32, 1);
    RandomPlan random = backend.plan(new RandomDesc(Distribution.UNIFORM, F32, 3, 7, 0, 1));
    RandomKey key = RandomKey.of(1, 1);
    ElementwisePlan clip = backend.plan(new ElementwiseDesc(ElementwiseOp.CLIP, F32, 3, 7));
    RowReducePlan dot = backend.plan(new RowReduceDesc(Reduction.DOT, F32, 3, 7));
    RowwisePlan axpy = backend.plan(new RowwiseDesc(RowwiseOp.AXPY, F32, 3, 7));
    ComparePlan less = backend.plan(new CompareDesc(Comparison.LESS, F32, 3, 1));
    SelectPlan select = backend.plan(new SelectDesc(F32, 3, 7, true));
    CountPlan any = backend.plan(new CountDesc(3, 1, false));
    ProjectionPlan ball = backend.plan(new ProjectionDesc(Norm.L2, F32, 3, 7, 0, 1));
    return () -> {
      random.execute(ctx, key, x);
      clip.execute(ctx, x, null, .25, .75, y);
      dot.execute(ctx, x, y, s);
      axpy.execute(ctx, s, x, y);
      less.execute(ctx, s, .5, mask);
      select.execute(ctx, mask, x, y, y);
      any.execute(ctx, mask, count);
      ball.execute(ctx, x, s, y, y);
    };
  }
}
