package dev.blindspot.engine.custom;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Tensor;

/** A kernel ready to be launched on its backend. */
public interface CompiledKernel {

  String name();

  /** What runs: "cpu:avx512-custom-softplus", "reference". */
  String implementation();

  /**
   * Runs items 0..items-1, or records the launch while the context records. Tensors may overlap as
   * the kernel allows; their memory must live as long as the launch, or the program that holds it.
   */
  void launch(Context ctx, long items, KernelArguments args);

  /** Refuses what no backend can launch; for implementations. */
  static void check(CompiledKernel kernel, Context ctx, long items, KernelArguments args) {
    if (items < 0) {
      throw new InvalidInputException(
          "Kernel " + kernel.name() + ": items must not be negative: " + items);
    }
    for (int i = 0; i < args.tensorCount(); i++) {
      Tensor t = args.tensor(i);
      if (t.backend() != ctx.backend()) {
        throw new InvalidInputException(
            "Kernel "
                + kernel.name()
                + ": tensor "
                + i
                + " lives on another backend ("
                + t.backend().name()
                + "); copy it first");
      }
      t.storage().checkOpen();
    }
  }
}
