package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.U8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Readback;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.primitives.SelectDesc;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Contexts: time, programs within programs, steps that fail, threads that share one. */
class ContextConformanceTest {
  private static final String ALL = "dev.blindspot.engine.conformance.Rig#all";

  /** y = 2 y + 1. */
  private record Step(ElementwisePlan plan, Context ctx, Tensor y) implements Runnable {
    static Step on(Rig rig, Tensor y) {
      ElementwiseDesc desc = new ElementwiseDesc(ElementwiseOp.AFFINE, F32, 2, 3);
      return new Step(rig.backend().plan(desc), rig.context(), y);
    }

    @Override
    public void run() {
      plan.execute(ctx, y, null, 2, 1, y);
    }
  }

  private static Tensor zeros(Rig rig) {
    return rig.of(F32, new double[6], 2, 3).device;
  }

  private static void assertAll(float expected, Tensor y) {
    float[] all = new float[6];
    java.util.Arrays.fill(all, expected);
    assertArrayEquals(all, y.toFloats());
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void timeRunsTheStepAndIsPositive(Rig rig) {
    Tensor y = zeros(rig);
    double seconds = rig.context().time(Step.on(rig, y));
    assertTrue(seconds > 0 && seconds < 60, seconds + " s");
    assertAll(1, y);
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void programsBecomePartsOfPrograms(Rig rig) {
    assumeFalse(rig.toString().equals("reference"), "the reference backend records nothing");
    Tensor y = zeros(rig);
    Step step = Step.on(rig, y);
    try (Program one = rig.context().record(step);
        Program three =
            rig.context()
                .record(
                    () -> {
                      one.run();
                      step.run();
                      one.run();
                    })) {
      assertAll(0, y);
      three.run();
      rig.context().synchronize();
      assertAll(7, y);
      assertEquals(1, one.length());
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void aFailingStepLeavesTheContextUsable(Rig rig) {
    assumeFalse(rig.toString().equals("reference"), "the reference backend records nothing");
    Tensor y = zeros(rig);
    Step step = Step.on(rig, y);
    ArithmeticException thrown =
        assertThrows(
            ArithmeticException.class,
            () ->
                rig.context()
                    .record(
                        () -> {
                          step.run();
                          throw new ArithmeticException("no");
                        }));
    assertEquals("no", thrown.getMessage());
    assertAll(0, y);
    step.run();
    rig.context().synchronize();
    assertAll(1, y);
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void aThreadThatRecordsKeepsOthersOut(Rig rig) throws InterruptedException {
    assumeFalse(rig.toString().equals("reference"), "the reference backend records nothing");
    Step step = Step.on(rig, zeros(rig));
    AtomicReference<Throwable> refused = new AtomicReference<>();
    CountDownLatch done = new CountDownLatch(1);
    Thread other =
        new Thread(
            () -> {
              try {
                step.run();
              } catch (IllegalStateException e) {
                refused.set(e);
              }
              done.countDown();
            });
    Runnable waiting =
        () -> {
          other.start();
          try {
            done.await();
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
        };
    try (Program none = rig.context().record(waiting)) {
      assertEquals(0, none.length());
    }
    assertTrue(String.valueOf(refused.get()).contains("one thread at a time"), "" + refused.get());
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void aReadbackGivesWhatWasThereWhenItWasRequested(Rig rig) {
    Tensor y = zeros(rig);
    Step step = Step.on(rig, y);
    try (Readback back = rig.context().readback(y)) {
      assertThrows(IllegalStateException.class, back::get);
      step.run();
      back.request();
      step.run();
      assertEquals(1, back.get().getFloat(0));
      assertEquals(1, back.get().getFloat(20));
      back.request();
      assertEquals(3, back.get().getFloat(20));
    }
    assertAll(3, y);
  }

  /** Rows by rows or call by call: the same bits, also where operands lie across each other. */
  @ParameterizedTest
  @MethodSource(ALL)
  void aProgramOfRowOperationsGivesTheBitsOfItsCalls(Rig rig) {
    int n = 37;
    int size = 3000; // so that few rows fit a cache
    Tensor a = rig.of(F32, numbers(n * size), n, size).device;
    Tensor s = rig.of(F32, numbers(n), n).device;
    Tensor y = rig.of(F32, new double[n * size], n, size).device;
    Tensor m = rig.of(U8, new double[n], n).device;
    var add = rig.backend().plan(new ElementwiseDesc(ElementwiseOp.ADD, F32, n, size));
    var root = rig.backend().plan(new ElementwiseDesc(ElementwiseOp.SQRT, F32, n, 1));
    var scale = rig.backend().plan(new RowwiseDesc(RowwiseOp.SCALE, F32, n, size));
    var norm = rig.backend().plan(new RowReduceDesc(Reduction.SQUARED_L2, F32, n, size));
    var greater = rig.backend().plan(new CompareDesc(Comparison.GREATER, F32, n, 1));
    var select = rig.backend().plan(new SelectDesc(F32, n, size, true));
    Context ctx = rig.context();
    Runnable step =
        () -> {
          add.execute(ctx, a, y, y);
          norm.execute(ctx, y, null, s);
          root.execute(ctx, s, null, s);
          scale.execute(ctx, s, y, y);
          greater.execute(ctx, s, 1.5, m);
          select.execute(ctx, m, a, y, y);
          // Row i + 1 of y for row i: rows that no group may run through apart.
          add.execute(ctx, y.slice(1, n), a.slice(0, n - 1), y.slice(1, n));
          add.execute(ctx, y.slice(0, n - 1), y.slice(1, n), a.slice(0, n - 1));
        };
    float[][] found = new float[2][];
    float[] begin = a.toFloats();
    for (int way = 0; way < 2; way++) {
      a.copyFrom(begin);
      y.copyFrom(new float[n * size]);
      if (way == 0) {
        step.run();
        step.run();
      } else {
        try (Program program = ctx.record(step)) {
          program.run();
          program.run();
        }
      }
      ctx.synchronize();
      found[way] = a.toFloats();
    }
    assertArrayEquals(found[0], found[1]);
  }

  private static double[] numbers(int count) {
    double[] x = new double[count];
    for (int i = 0; i < count; i++) {
      x[i] = (float) (Math.sin(i) / 64);
    }
    return x;
  }
}
