package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.custom.CompiledKernel;
import dev.blindspot.engine.custom.KernelArguments;
import dev.blindspot.engine.custom.KernelSource;

/** A user's C++ function, called through kernels/custom.cpp. */
final class CpuKernel implements CompiledKernel {
  private final CpuBackend backend;
  private final KernelSource source;
  private final long function;
  private final long kernel;

  /**
   * @param function address of the compiled function
   */
  CpuKernel(CpuBackend backend, KernelSource source, long function) {
    this.backend = backend;
    this.source = source;
    this.function = function;
    kernel = backend.kernel("custom");
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public String implementation() {
    return "cpu:" + backend.levelName() + "-custom-" + source.name();
  }

  @Override
  public void launch(Context ctx, long items, KernelArguments args) {
    if (!(ctx instanceof CpuContext c) || c.backend() != backend) {
      throw new InvalidInputException(
          "Kernel " + name() + ": the context is of another backend; use this one's newContext()");
    }
    CompiledKernel.check(this, ctx, items, args);
    c.begin(0).put(function).put(items).put(source.grain()).put((long) args.tensorCount());
    for (int i = 0; i < args.tensorCount(); i++) {
      c.put(args.tensor(i)).put(args.tensor(i).size());
    }
    for (int i = 0; i < args.numberCount(); i++) {
      c.put(args.number(i));
    }
    c.execute(kernel);
  }
}
