package dev.blindspot.kernels;

import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.annotation.Cast;
import org.bytedeco.javacpp.annotation.Name;
import org.bytedeco.javacpp.annotation.NoException;
import org.bytedeco.javacpp.annotation.Platform;

/**
 * Binding of the native library; see blindspot.h for each function's contract. Addresses are plain
 * longs and nothing is checked: only plans, arenas and contexts of the cpu backend call this.
 */
@Platform(include = "blindspot.h", library = "jniblindspot")
@NoException
public final class Kernels {
  static {
    Loader.load();
  }

  private Kernels() {}

  /** Starts threads - 1 workers; 0 if they could not be started. */
  @Name("bs_context_create")
  public static native @Cast("int64_t") long contextCreate(int threads);

  @Name("bs_context_destroy")
  public static native void contextDestroy(@Cast("int64_t") long ctx);

  /** Grows the workspace; 0 if memory is refused. */
  @Name("bs_reserve")
  public static native int reserve(@Cast("int64_t") long ctx, @Cast("int64_t") long bytes);

  /** Address of a kernel at a level (0 scalar, 1 AVX2, 2 AVX-512, 3 AMX), or 0. */
  @Name("bs_find")
  public static native @Cast("int64_t") long find(int level, String name);

  /** Name of a level's index-th kernel, or null. */
  @Name("bs_kernel_name")
  public static native @Cast("const char*") String kernelName(int level, int index);

  /** Highest level that this machine runs, AMX apart. */
  @Name("bs_best_level")
  public static native int bestLevel();

  /** Asks the system for AMX; null, or the reason why kernels of level 3 cannot run. */
  @Name("bs_amx_reason")
  public static native @Cast("const char*") String amxReason();

  /** Runs a kernel, or appends it to the program being recorded. */
  @Name("bs_execute")
  public static native void execute(
      @Cast("int64_t") long ctx,
      @Cast("int64_t") long kernel,
      @Cast("int64_t") long args,
      @Cast("int64_t") long bytes);

  /** Runs a kernel, recording or not. */
  @Name("bs_run")
  public static native void run(
      @Cast("int64_t") long ctx, @Cast("int64_t") long kernel, @Cast("int64_t") long args);

  /** Starts recording; 0 if the context records already. */
  @Name("bs_program_begin")
  public static native @Cast("int64_t") long programBegin(@Cast("int64_t") long ctx);

  @Name("bs_program_end")
  public static native void programEnd(@Cast("int64_t") long ctx);

  @Name("bs_program_length")
  public static native @Cast("int64_t") long programLength(@Cast("int64_t") long program);

  /** Lets commands that work row by row run together; 0 if they do not. */
  @Name("bs_program_fuse")
  public static native int programFuse(
      @Cast("int64_t") long ctx,
      @Cast("int64_t") long program,
      @Cast("int64_t") long first,
      @Cast("int64_t") long count,
      @Cast("int64_t") long rows,
      @Cast("int64_t") long rowBytes);

  @Name("bs_program_run")
  public static native void programRun(@Cast("int64_t") long ctx, @Cast("int64_t") long program);

  @Name("bs_program_free")
  public static native void programFree(@Cast("int64_t") long program);

  /** Page-aligned zeroed memory, or 0. */
  @Name("bs_allocate")
  public static native @Cast("int64_t") long allocate(@Cast("int64_t") long bytes);

  @Name("bs_free")
  public static native void free(@Cast("int64_t") long address, @Cast("int64_t") long bytes);

  @Name("bs_copy")
  public static native void copy(
      @Cast("int64_t") long to, @Cast("int64_t") long from, @Cast("int64_t") long bytes);

  /** Opens a shared library for good; 0 if it cannot be opened. */
  @Name("bs_library_open")
  public static native @Cast("int64_t") long libraryOpen(String path);

  /** Why the last library could not be opened. */
  @Name("bs_library_error")
  public static native @Cast("const char*") String libraryError();

  /** Address of a function, or 0. */
  @Name("bs_library_symbol")
  public static native @Cast("int64_t") long librarySymbol(
      @Cast("int64_t") long library, String name);

  /** Opens OpenBLAS; null, or the reason why not. */
  @Name("bs_blas_open")
  public static native @Cast("const char*") String blasOpen(String path);

  @Name("bs_blas_config")
  public static native @Cast("const char*") String blasConfig();

  /** LAPACK's info. */
  @Name("bs_singular_values_f32")
  public static native int singularValuesF32(
      int m,
      int n,
      @Cast("int64_t") long a,
      @Cast("int64_t") long values,
      @Cast("int64_t") long work,
      @Cast("int64_t") long length,
      @Cast("int64_t") long iwork);

  /** LAPACK's info. */
  @Name("bs_singular_values_f64")
  public static native int singularValuesF64(
      int m,
      int n,
      @Cast("int64_t") long a,
      @Cast("int64_t") long values,
      @Cast("int64_t") long work,
      @Cast("int64_t") long length,
      @Cast("int64_t") long iwork);
}
