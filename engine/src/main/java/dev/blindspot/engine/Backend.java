package dev.blindspot.engine;

import dev.blindspot.engine.custom.CompiledKernel;
import dev.blindspot.engine.custom.KernelSource;
import java.util.List;
import java.util.Map;

/**
 * A device with its primitives. Shareable between threads; close it last. There is never a silent
 * fall-back to another backend.
 */
public interface Backend extends AutoCloseable {

  /** "reference", "cpu", "cuda". */
  String name();

  BackendOptions options();

  /** One line for people: threads, instruction set, library versions. */
  String description();

  /** Versions and settings that decide a result's bits, for result files. */
  Map<String, String> properties();

  /** The properties with what helps to find trouble: where libraries were loaded from. */
  default Map<String, String> diagnosis() {
    return properties();
  }

  /**
   * Prepares a primitive: the first listed implementation that supports it.
   *
   * @throws UnsupportedException with the reason of each implementation if none does
   */
  <P extends Plan> P plan(Desc<P> desc, PlanOptions options);

  /** Prepares a primitive in all directions, strict FP32. */
  default <P extends Plan> P plan(Desc<P> desc) {
    return plan(desc, PlanOptions.all());
  }

  /**
   * The ordered list of implementations for a desc: each name with "" where it would be used or the
   * reason why not.
   */
  List<ImplementationReport> explain(Desc<?> desc, PlanOptions options);

  /**
   * Compiles a kernel of the user's own in this backend's language: C++ on cpu (with g++ or the
   * compiler that CXX names; libraries are kept in the cache folder), a Java function on reference.
   * Slow the first time; the code stays loaded until the process ends.
   *
   * @throws UnsupportedException if the source lacks this backend's language, or no compiler is
   *     found
   * @throws InvalidInputException with the compiler's output if the source does not compile
   */
  CompiledKernel compile(KernelSource source);

  /** A new context; it belongs to one thread at a time. */
  Context newContext();

  /**
   * New memory for tensors.
   *
   * @param bytes capacity; each tensor takes its size rounded up to 64 bytes
   */
  TensorArena arena(long bytes);

  @Override
  void close();
}
