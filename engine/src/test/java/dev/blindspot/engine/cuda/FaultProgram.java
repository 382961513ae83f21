package dev.blindspot.engine.cuda;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;

/**
 * A program that uses backend cuda and prints what goes wrong, a line each. Faults are set before
 * it starts, so it runs in a process of its own.
 */
public final class FaultProgram {
  private FaultProgram() {}

  private interface Action {
    void run();
  }

  /**
   * @param args what to do: probe, device N, memory, kernel, debug, misuse
   */
  public static void main(String[] args) {
    switch (args[0]) {
      case "probe" -> told(() -> Backends.create("cuda").close());
      case "device" -> {
        BackendOptions options = BackendOptions.defaults().device(Integer.parseInt(args[1]));
        told(() -> Backends.create("cuda", options).close());
      }
      case "memory" -> memory();
      case "kernel" -> kernel(false);
      case "debug" -> kernel(true);
      case "misuse" -> cudart.cudaFree(new BytePointer(1));
      default -> throw new IllegalArgumentException(args[0]);
    }
  }

  private static void told(Action action) {
    try {
      action.run();
      System.out.println("fine");
    } catch (BlindspotException e) {
      System.out.println(e.getClass().getSimpleName() + ": " + e.getMessage());
    }
  }

  /** Too much, then what fits. */
  private static void memory() {
    try (Backend backend = Backends.create("cuda");
        TensorArena held = backend.arena(1 << 20)) {
      told(() -> backend.arena(1L << 40));
      told(() -> backend.arena(held.capacity()).close());
    }
  }

  /** A kernel that fails, what its wait says, and what a later use says. */
  private static void kernel(boolean debug) {
    Backend backend = Backends.create("cuda", BackendOptions.defaults().debug(debug));
    TensorArena arena = backend.arena(1 << 12);
    Context ctx = backend.newContext();
    ElementwisePlan plan =
        backend.plan(new ElementwiseDesc(ElementwiseOp.FILL, ElementType.F32, 3, 5));
    Tensor y = arena.tensor(ElementType.F32, 3, 5);
    told(() -> plan.execute(ctx, null, null, 1, 0, y));
    told(ctx::synchronize);
    told(() -> plan.execute(ctx, null, null, 1, 0, y));
    told(() -> backend.arena(64));
    System.out.flush();
    Runtime.getRuntime().halt(0); // nothing can be closed on a lost device
  }
}
