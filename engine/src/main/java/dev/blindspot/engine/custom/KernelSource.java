package dev.blindspot.engine.custom;

import dev.blindspot.engine.InvalidInputException;
import java.util.List;

/**
 * A kernel in the languages of the backends that shall run it.
 *
 * <p>The C++17 source defines one function of the kernel's name, which works on items from..to-1;
 * the backend splits a launch's items among its threads. What an item computes must not depend on
 * the split:
 *
 * <pre>
 * extern "C" void softplus(const Arguments&amp; args, int64_t from, int64_t to) {
 *   const float* x = args.tensor&lt;const float&gt;(0);
 *   float* y = args.tensor&lt;float&gt;(1);
 *   for (int64_t i = from; i &lt; to; i++) y[i] = std::log1p(std::exp(x[i]));
 * }
 * </pre>
 *
 * <p>{@code Arguments} is declared before the source, with {@code <cmath>} and {@code <cstdint>}:
 * {@code tensor<T>(i)} is the address of tensor i's first element, {@code size(i)} its number of
 * elements, {@code number(i)} number i. Nothing is checked inside a kernel.
 *
 * <p>The CUDA C source defines one kernel of the name, launched with enough threads, which loop:
 *
 * <pre>
 * extern "C" __global__ void softplus(const Arguments args) {
 *   const float* x = args.tensor&lt;const float&gt;(0);
 *   float* y = args.tensor&lt;float&gt;(1);
 *   long long stride = gridDim.x * (long long)blockDim.x;
 *   for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i &lt; args.items(); i += stride)
 *     y[i] = log1pf(expf(x[i]));
 * }
 * </pre>
 *
 * @param name of the function: a C identifier
 * @param cpp C++ source; null: not for backend cpu
 * @param java the same as a Java function; null: not for backend reference
 * @param grain least number of items worth waking a thread for
 * @param flags further flags for the C++ compiler, such as "-DN=3"
 * @param cuda CUDA C source; null: not for backend cuda
 * @param cudaFlags further options for NVRTC, such as "-DN=3"
 */
public record KernelSource(
    String name,
    String cpp,
    JavaKernel java,
    long grain,
    List<String> flags,
    String cuda,
    List<String> cudaFlags) {

  public KernelSource {
    if (name == null || !name.matches("[A-Za-z_][A-Za-z0-9_]{0,63}")) {
      throw new InvalidInputException(
          "KernelSource: the name must be a C identifier of at most 64 characters, not " + name);
    }
    if (grain < 1) {
      throw new InvalidInputException("KernelSource " + name + ": grain must be at least 1");
    }
    flags = List.copyOf(flags);
    cudaFlags = List.copyOf(cudaFlags);
  }

  /** A kernel without source yet, 4096 items for each thread at least. */
  public static KernelSource named(String name) {
    return new KernelSource(name, null, null, 4096, List.of(), null, List.of());
  }

  public KernelSource cpp(String source) {
    return new KernelSource(name, source, java, grain, flags, cuda, cudaFlags);
  }

  public KernelSource java(JavaKernel function) {
    return new KernelSource(name, cpp, function, grain, flags, cuda, cudaFlags);
  }

  public KernelSource grain(long items) {
    return new KernelSource(name, cpp, java, items, flags, cuda, cudaFlags);
  }

  public KernelSource flags(String... more) {
    return new KernelSource(name, cpp, java, grain, List.of(more), cuda, cudaFlags);
  }

  public KernelSource cuda(String source) {
    return new KernelSource(name, cpp, java, grain, flags, source, cudaFlags);
  }

  public KernelSource cudaFlags(String... more) {
    return new KernelSource(name, cpp, java, grain, flags, cuda, List.of(more));
  }
}
