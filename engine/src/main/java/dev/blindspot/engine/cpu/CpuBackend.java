package dev.blindspot.engine.cpu;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.CacheFolder;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.ImplementationReport;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Isa;
import dev.blindspot.engine.NativeException;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.custom.CompiledKernel;
import dev.blindspot.engine.custom.KernelSource;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.ImplementationList;
import dev.blindspot.kernels.Kernels;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;

/** Our kernels and OpenBLAS; see the package description. */
final class CpuBackend implements Backend {
  private static final Set<Guarantee> EVERYTHING = EnumSet.allOf(Guarantee.class);
  private static final List<List<String>> LEVEL_FLAGS =
      List.of(
          List.of(),
          List.of("-mavx2", "-mfma"),
          List.of(
              "-mavx2",
              "-mfma",
              "-mavx512f",
              "-mavx512bw",
              "-mavx512dq",
              "-mavx512vl",
              "-mprefer-vector-width=512"));

  private final BackendOptions options;
  private final int level;
  private final ImplementationList implementations;
  private final AtomicLong held = new AtomicLong();
  private final CppCompiler compiler;

  CpuBackend(BackendOptions options) {
    this.options = options;
    level = level(options.isa());
    String cxx = System.getenv("CXX");
    compiler =
        new CppCompiler(
            CacheFolder.root().resolve("kernels"), cxx == null || cxx.isBlank() ? "g++" : cxx);
    implementations = new ImplementationList("cpu", options.deterministic(), options.verbose());
    CpuActivation.register(this);
    CpuConv2d.register(this);
    CpuPool2d.register(this);
    CpuSoftmax.register(this);
    CpuLoss.register(this);
    CpuMargin.register(this);
    CpuBatchNorm.register(this);
    CpuLocalResponseNorm.register(this);
    CpuContrastNorm.register(this);
    CpuConcat.register(this);
    CpuDropout.register(this);
    CpuReorder.register(this);
    CpuCast.register(this);
    CpuLinear.register(this);
    CpuMatMul.register(this);
    CpuBias.register(this);
    CpuSingularValues.register(this);
    CpuElementwise.register(this);
    CpuRowwise.register(this);
    CpuCompare.register(this);
    CpuMask.register(this);
    CpuCount.register(this);
    CpuSelect.register(this);
    CpuRowReduce.register(this);
    CpuArgmax.register(this);
    CpuIndex.register(this);
    CpuSort.register(this);
    CpuProjection.register(this);
    CpuRandom.register(this);
    CpuLbfgs.register(this);
  }

  private static int level(Isa isa) {
    int best = Kernels.bestLevel();
    int wanted = isa == Isa.BEST ? best : isa.ordinal() - Isa.SCALAR.ordinal();
    if (wanted > best) {
      throw new InvalidInputException(
          "cpu: this processor does not run "
              + isa
              + "; its best level is "
              + Isa.values()[Isa.SCALAR.ordinal() + best]);
    }
    return wanted;
  }

  /** "scalar", "avx2" or "avx512". */
  String levelName() {
    return Isa.values()[Isa.SCALAR.ordinal() + level].name().toLowerCase(Locale.ROOT);
  }

  /** Address of a kernel at this backend's level. */
  long kernel(String name) {
    long address = Kernels.find(level, name);
    if (address == 0) {
      throw new BlindspotException(
          "cpu: the native library has no kernel " + name + " (" + levelName() + "); rebuild it");
    }
    return address;
  }

  /**
   * Appends an implementation named "cpu:LEVEL-name" that keeps every guarantee.
   *
   * @param reasonWhyNot empty where the kernel supports desc and options; precisions but FP32 are
   *     refused before
   */
  <D extends Desc<P>, P extends Plan> void add(
      Class<D> desc,
      String name,
      BiFunction<D, PlanOptions, String> reasonWhyNot,
      Implementation.Factory<D, P> factory) {
    implementations.add(
        desc,
        new Implementation<>(
            "cpu:" + levelName() + "-" + name,
            EVERYTHING,
            (d, o) ->
                o.precision() == Precision.FP32
                    ? reasonWhyNot.apply(d, o)
                    : "products are formed in FP32 only, not " + o.precision(),
            factory));
  }

  /** The reason why a kernel that has only F32 refuses a type, or "". */
  static String onlyF32(ElementType type) {
    return type == ElementType.F32 ? "" : "element type " + type + "; the kernel has F32 only";
  }

  /** "_f32" or "_f64". */
  static String suffix(ElementType type) {
    return "_" + type.name().toLowerCase(Locale.ROOT);
  }

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public BackendOptions options() {
    return options;
  }

  @Override
  public String description() {
    int threads = options.threads();
    return "cpu: "
        + levelName()
        + ", "
        + threads
        + (threads == 1 ? " thread, " : " threads, ")
        + Kernels.blasConfig();
  }

  @Override
  public Map<String, String> properties() {
    return new TreeMap<>(
        Map.of(
            "backend", "cpu",
            "isa", levelName(),
            "threads", Integer.toString(options.threads()),
            "openblas", Kernels.blasConfig(),
            "java", System.getProperty("java.version")));
  }

  @Override
  public <P extends Plan> P plan(Desc<P> desc, PlanOptions planOptions) {
    return implementations.plan(desc, planOptions);
  }

  @Override
  public List<ImplementationReport> explain(Desc<?> desc, PlanOptions planOptions) {
    return implementations.explain(desc, planOptions);
  }

  @Override
  public CompiledKernel compile(KernelSource source) {
    List<String> flags = LEVEL_FLAGS.get(level);
    long handle = Kernels.libraryOpen(compiler.library(source, flags, false).toString());
    if (handle == 0) {
      handle = Kernels.libraryOpen(compiler.library(source, flags, true).toString());
    }
    long function = handle == 0 ? 0 : Kernels.librarySymbol(handle, source.name());
    if (handle == 0) {
      throw new NativeException(
          "cpu", "dlopen", "kernel " + source.name() + ": " + Kernels.libraryError());
    }
    if (function == 0) {
      throw new InvalidInputException(
          "Kernel "
              + source.name()
              + ": its source defines no function of this name; declare it as extern \"C\" void "
              + source.name()
              + "(const Arguments& args, int64_t from, int64_t to)");
    }
    return new CpuKernel(this, source, function);
  }

  @Override
  public Context newContext() {
    return new CpuContext(this);
  }

  @Override
  public TensorArena arena(long bytes) {
    return new CpuArena(this, bytes);
  }

  /** Native memory, counted against the limit. */
  long allocate(long bytes, String what) {
    long now = held.addAndGet(bytes);
    boolean allowed = bytes > 0 && now > 0 && now <= options.memoryLimit();
    long address = allowed ? Kernels.allocate(bytes) : 0;
    if (address == 0) {
      held.addAndGet(-bytes);
      throw new AllocationException(
          "cpu: "
              + what
              + " of "
              + bytes
              + " bytes was refused; arenas hold "
              + (now - bytes)
              + " bytes, the limit is "
              + options.memoryLimit()
              + ". Close arenas, use a smaller batch, or raise blindspot.memory");
    }
    return address;
  }

  void free(long address, long bytes) {
    Kernels.free(address, bytes);
    held.addAndGet(-bytes);
  }

  @Override
  public void close() {}
}
