package dev.blindspot.engine.cpu;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.CacheFolder;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.ImplementationReport;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Isa;
import dev.blindspot.engine.NativeException;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.custom.CompiledKernel;
import dev.blindspot.engine.custom.KernelSource;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.SingularValuesDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.ImplementationList;
import dev.blindspot.engine.spi.kernels.KernelBackend;
import dev.blindspot.engine.spi.kernels.KernelPlans;
import dev.blindspot.engine.spi.kernels.RowGroups;
import dev.blindspot.engine.spi.tuning.TuningStore;
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
final class CpuBackend implements KernelBackend {
  private static final Set<Guarantee> EVERYTHING = EnumSet.allOf(Guarantee.class);

  /** What is formed by a precision. */
  private static final Set<Class<?>> PRODUCTS =
      Set.of(Conv2dDesc.class, LinearDesc.class, MatMulDesc.class, SingularValuesDesc.class);

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
  private final TuningStore tuning;
  private final ImplementationList implementations;
  private final AtomicLong held = new AtomicLong();
  private final CppCompiler compiler;
  private final long elementwise;
  private final long[] rowKernels;

  CpuBackend(BackendOptions options) {
    this.options = options;
    level = level(options.isa());
    elementwise = kernel("elementwise");
    rowKernels = RowGroups.KERNELS.stream().mapToLong(this::kernel).toArray();
    String cxx = System.getenv("CXX");
    compiler =
        new CppCompiler(
            CacheFolder.root().resolve("kernels"), cxx == null || cxx.isBlank() ? "g++" : cxx);
    tuning = new TuningStore(options, facts());
    implementations = new ImplementationList(this, tuning);
    KernelPlans.register(this);
    CpuConv2d.register(this);
    CpuPackedLinear.register(this);
    CpuLinear.register(this);
    CpuMatMul.register(this);
    CpuSingularValues.register(this);
    for (TileKernels tiles : TileKernels.of(this)) {
      TileMatMul.register(tiles);
      TileLinear.register(tiles);
      TileConv2d.register(tiles);
    }
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

  /** Floats of a vector at this level. */
  int width() {
    return 4 << level;
  }

  /** Whether this kernel works on each row by itself. */
  boolean worksByRows(long kernel) {
    for (long k : rowKernels) {
      if (k == kernel) {
        return true;
      }
    }
    return false;
  }

  /** Address of a kernel at this backend's level. */
  @Override
  public long kernel(String name) {
    long address = Kernels.find(level, name);
    if (address == 0) {
      throw new BlindspotException(
          "cpu: the native library has no kernel " + name + " (" + levelName() + "); rebuild it");
    }
    return address;
  }

  /** Names are "cpu:LEVEL-name"; where products are formed, precisions but FP32 are refused. */
  @Override
  public <D extends Desc<P>, P extends Plan> void add(
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
                o.precision() == Precision.FP32 || !PRODUCTS.contains(desc)
                    ? reasonWhyNot.apply(d, o)
                    : "products are formed in FP32 only, not " + o.precision(),
            factory));
  }

  /** Appends an implementation with a name and conditions of its own. */
  <D extends Desc<P>, P extends Plan> void add(Class<D> desc, Implementation<D, P> implementation) {
    implementations.add(desc, implementation);
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
    Map<String, String> all = new TreeMap<>(facts());
    all.put("tuning", tuning.identity());
    return all;
  }

  @Override
  public Map<String, String> diagnosis() {
    Map<String, String> all = new TreeMap<>(properties());
    String reason = TileKernels.reasonWithoutAmx();
    all.put("amx", reason.isEmpty() ? "there, for BF16X6, BF16X3 and BF16" : reason);
    return all;
  }

  private Map<String, String> facts() {
    return Map.of(
        "backend", "cpu",
        "isa", levelName(),
        "processor", Processor.name(),
        "threads", Integer.toString(options.threads()),
        "openblas", Kernels.blasConfig(),
        "java", System.getProperty("java.version"));
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
  public CpuContext begin(Context ctx, Desc<?> desc, long workspaceBytes) {
    return CpuContext.begin(ctx, this, desc, workspaceBytes);
  }

  /**
   * Copies a tensor.
   *
   * @param now even while the context records, and not as a part of that
   */
  void copy(Context ctx, Desc<?> desc, boolean now, Tensor from, Tensor to) {
    CpuContext c =
        begin(ctx, desc, 0)
            .put(ElementwiseOp.COPY.ordinal())
            .put(from.type().ordinal())
            .put(from.size())
            .put(from)
            .put(0L)
            .put(to)
            .put(0.0)
            .put(0.0);
    c.execute(elementwise, now);
  }

  @Override
  public long parallelTasks(long n) {
    return options.threads();
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
