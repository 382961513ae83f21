package dev.blindspot.engine.cpu;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Contexts and programs: threads, recording, use after close. */
class CpuContextTest {
  private Backend backend;
  private CpuContext ctx;
  private TensorArena arena;
  private Tensor x;
  private ElementwisePlan increment;

  @BeforeEach
  void open() {
    backend = Backends.create("cpu", BackendOptions.defaults().threads(2));
    ctx = (CpuContext) backend.newContext();
    arena = backend.arena(1024);
    x = arena.tensor(F32, 1).copyFrom(new float[] {0});
    increment = backend.plan(new ElementwiseDesc(ElementwiseOp.AFFINE, F32, 1, 1));
  }

  @AfterEach
  void close() {
    ctx.close();
    arena.close();
    backend.close();
  }

  /** x becomes x + 1. */
  private void step() {
    increment.execute(ctx, x, null, 1, 1, x);
  }

  private static <E extends Throwable> E elsewhere(Class<E> expected, Runnable action)
      throws InterruptedException {
    CompletableFuture<Void> other = CompletableFuture.runAsync(action);
    ExecutionException e = assertThrows(ExecutionException.class, other::get);
    return assertThrows(
        expected,
        () -> {
          throw e.getCause();
        });
  }

  private static void assertNamesItsMaker(IllegalStateException e, String what) {
    assertTrue(e.getMessage().contains(what), e.getMessage());
    assertTrue(
        Arrays.stream(e.getCause().getStackTrace())
            .anyMatch(f -> f.getClassName().equals(CpuContextTest.class.getName())),
        "the cause is the stack of the maker");
  }

  @Test
  void refusesASecondThreadWhileItExecutes() throws InterruptedException {
    ctx.begin(0); // an execution that has not ended
    IllegalStateException e = elsewhere(IllegalStateException.class, this::step);
    assertTrue(e.getMessage().contains(Thread.currentThread().getName()), e.getMessage());
    elsewhere(IllegalStateException.class, ctx::close);
    step();
    assertArrayEquals(new float[] {1}, x.toFloats());
  }

  @Test
  void refusesASecondThreadWhileItRecords() {
    try (Program program =
        ctx.record(
            () -> {
              step();
              try {
                elsewhere(IllegalStateException.class, this::step);
                elsewhere(IllegalStateException.class, () -> ctx.record(this::step));
              } catch (InterruptedException e) {
                throw new AssertionError(e);
              }
            })) {
      assertEquals(1, program.length());
    }
  }

  @Test
  void canBeHandedOver() throws Exception {
    step();
    CompletableFuture.runAsync(this::step).get();
    step();
    assertArrayEquals(new float[] {3}, x.toFloats());
  }

  @Test
  void stepsThatFailLeaveTheContextUsable() throws Exception {
    RuntimeException wrong = new RuntimeException("wrong");
    assertEquals(
        wrong,
        assertThrows(
            RuntimeException.class,
            () ->
                ctx.record(
                    () -> {
                      step();
                      throw wrong;
                    })));
    assertThrows(InvalidInputException.class, () -> increment.execute(ctx, null, null, 1, 1, x));
    CompletableFuture.runAsync(this::step).get();
    assertArrayEquals(new float[] {1}, x.toFloats());
  }

  @Test
  void programsDoNotNestButMayBeReplayedIntoAnother() {
    try (Program one = ctx.record(this::step);
        Program five =
            ctx.record(
                () -> {
                  assertThrows(IllegalStateException.class, () -> ctx.record(this::step));
                  assertThrows(IllegalStateException.class, ctx::close);
                  one.run();
                  one.run();
                  step();
                  one.run();
                  one.run();
                })) {
      assertEquals(5, five.length());
      assertArrayEquals(new float[] {0}, x.toFloats(), "recording executes nothing");
      five.run();
      assertArrayEquals(new float[] {5}, x.toFloats());
    }
  }

  @Test
  void replaysRefuseMemoryThatIsGone() {
    TensorArena other = backend.arena(64);
    Tensor y = other.tensor(F32, 1).copyFrom(new float[] {1});
    try (Program program = ctx.record(() -> increment.execute(ctx, x, null, 1, 1, y));
        Program outer = ctx.record(program::run)) {
      outer.run();
      assertArrayEquals(new float[] {1}, y.toFloats());
      other.close();
      assertNamesItsMaker(assertThrows(IllegalStateException.class, program::run), "64 bytes");
      assertNamesItsMaker(assertThrows(IllegalStateException.class, outer::run), "64 bytes");
    }
  }

  @Test
  void useAfterCloseNamesWhatAndWhere() {
    Program program = ctx.record(this::step);
    Program closed = ctx.record(this::step);
    closed.close();
    closed.close();
    assertNamesItsMaker(assertThrows(IllegalStateException.class, closed::run), "cpu program");
    assertNamesItsMaker(assertThrows(IllegalStateException.class, closed::length), "cpu program");
    ctx.close();
    ctx.close();
    for (Runnable use :
        new Runnable[] {this::step, program::run, ctx::synchronize, () -> ctx.record(this::step)}) {
      assertNamesItsMaker(assertThrows(IllegalStateException.class, use::run), "cpu context");
    }
    program.close();
    assertArrayEquals(new float[] {0}, x.toFloats());
  }

  @Test
  void refusesAContextOfAnotherBackend() {
    try (Backend other = Backends.create("cpu");
        Context foreign = other.newContext()) {
      assertThrows(InvalidInputException.class, () -> increment.execute(foreign, x, null, 1, 1, x));
    }
  }

  @Test
  void returnsItsMemoryWhereThreadsOrMemoryAreRefused() {
    BackendOptions little = BackendOptions.defaults().threads(1).memoryLimit(5000);
    try (Backend small = Backends.create("cpu", little)) {
      for (int i = 0; i < 3; i++) {
        try (Context only = small.newContext()) {
          BlindspotException e = assertThrows(AllocationException.class, small::newContext);
          assertTrue(e.getMessage().contains("the limit is 5000"), e.getMessage());
          assertEquals(small, only.backend());
        }
      }
    }
  }
}
