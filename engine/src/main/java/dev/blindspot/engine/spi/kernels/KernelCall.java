package dev.blindspot.engine.spi.kernels;

import dev.blindspot.engine.Tensor;

/**
 * One call of a kernel: its arguments in the order of its struct, then {@link #execute}. Allocates
 * nothing. Belongs to the thread that uses the context.
 */
public interface KernelCall {

  KernelCall put(long value);

  KernelCall put(double value);

  /** 1 or 0. */
  default KernelCall put(boolean value) {
    return put(value ? 1L : 0L);
  }

  /** The tensor's address; 0 for null. */
  KernelCall put(Tensor t);

  /** Address of the workspace; 0 where a kernel finds it by itself. */
  KernelCall putWorkspace();

  /** Runs the kernel on the arguments, or records it. */
  void execute(long kernel);
}
