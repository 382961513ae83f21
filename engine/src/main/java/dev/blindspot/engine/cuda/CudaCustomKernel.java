package dev.blindspot.engine.cuda;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.custom.CompiledKernel;
import dev.blindspot.engine.custom.KernelArguments;
import dev.blindspot.engine.custom.KernelSource;

/** A user's CUDA C kernel. */
final class CudaCustomKernel implements CompiledKernel {
  private final CudaBackend backend;
  private final KernelSource source;
  private final CudaKernel kernel;

  CudaCustomKernel(CudaBackend backend, KernelSource source, CudaKernel kernel) {
    this.backend = backend;
    this.source = source;
    this.kernel = kernel;
  }

  @Override
  public String name() {
    return source.name();
  }

  @Override
  public String implementation() {
    return "cuda:custom-" + source.name();
  }

  @Override
  public void launch(Context ctx, long items, KernelArguments args) {
    if (!(ctx instanceof CudaContext c) || c.backend() != backend) {
      throw new InvalidInputException(
          "Kernel " + name() + ": the context is of another backend; use this one's newContext()");
    }
    CompiledKernel.check(this, ctx, items, args);
    if (items == 0) {
      return;
    }
    c.begin(implementation(), 0)
        .put(0L)
        .put(items)
        .put(source.grain())
        .put((long) args.tensorCount());
    for (int i = 0; i < args.tensorCount(); i++) {
      c.put(args.tensor(i)).put(args.tensor(i).size());
    }
    for (int i = 0; i < args.numberCount(); i++) {
      c.put(args.number(i));
    }
    // A kernel is never handed what another launch left in the block.
    int used = 4 + 2 * args.tensorCount() + args.numberCount();
    for (int i = used; i < CudaModules.CUSTOM_BYTES / Long.BYTES; i++) {
      c.put(0L);
    }
    c.launch(kernel, CudaModules.CUSTOM_BYTES);
  }
}
