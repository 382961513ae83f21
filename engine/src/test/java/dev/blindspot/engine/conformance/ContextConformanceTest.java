package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Readback;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
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
}
