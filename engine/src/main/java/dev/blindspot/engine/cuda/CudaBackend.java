package dev.blindspot.engine.cuda;

import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.CacheFolder;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.ImplementationReport;
import dev.blindspot.engine.NativeException;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.cuda.blas.BlasPlans;
import dev.blindspot.engine.cuda.cudnn.CudnnPlans;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.custom.CompiledKernel;
import dev.blindspot.engine.custom.KernelSource;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.ImplementationList;
import dev.blindspot.engine.spi.kernels.KernelPlans;
import dev.blindspot.engine.spi.tuning.TuningStore;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;

/** One GPU; see the package description. */
final class CudaBackend implements LibraryBackend {
  private static final Set<Guarantee> EVERYTHING = EnumSet.allOf(Guarantee.class);

  /** The device that every backend of this process uses, -1 before the first, -2 if they differ. */
  private static volatile int onlyDevice = -1;

  private final BackendOptions options;
  private final CudaDevice device;
  private final CudaMemory memory;
  private final CudaStaging staging;
  private final CudaModules modules;
  private final TuningStore tuning;
  private final ImplementationList implementations;
  private final List<CudaContext> contexts = new CopyOnWriteArrayList<>();
  private final CudaResources resources = new CudaResources();
  private final CudaContext[] planning = new CudaContext[1];
  private final AtomicLong largestWorkspace = new AtomicLong();
  private volatile String lost;
  private volatile boolean cudnnIsUsed;
  private volatile boolean cublasLtIsUsed;
  private boolean closed;

  CudaBackend(BackendOptions options) {
    this.options = options;
    device = CudaDevice.open(options.device());
    synchronized (CudaBackend.class) {
      onlyDevice = onlyDevice == -1 || onlyDevice == device.index() ? device.index() : -2;
    }
    memory = new CudaMemory(this, options.memoryLimit());
    staging = new CudaStaging(this);
    modules =
        new CudaModules(
            new CudaCompiler(CacheFolder.root().resolve("kernels-cuda"), device.architecture()));
    tuning = new TuningStore(options, facts());
    implementations = new ImplementationList(this, tuning);
    LongRowsSignStep.register(this);
    KernelPlans.register(this);
    FewChannelsConv2d.register(this);
    CudnnPlans.register(this);
    KernelPlans.registerChannelsLast(this);
    BlasPlans.register(this);
    CudaSingularValues.register(this);
  }

  CudaMemory memory() {
    return memory;
  }

  CudaStaging staging() {
    return staging;
  }

  CudaModules modules() {
    return modules;
  }

  @Override
  public long kernel(String name) {
    enterDevice();
    return modules.handle(name);
  }

  @Override
  public CudaContext begin(Context ctx, Desc<?> desc, long workspaceBytes) {
    return CudaContext.of(ctx, this, desc).begin(desc, workspaceBytes);
  }

  @Override
  public long parallelTasks(long n) {
    return Math.min(n, CudaKernel.MOST_BLOCKS);
  }

  /** Names are "cuda:name". Our kernels form no products, so every precision is FP32 to them. */
  @Override
  public <D extends Desc<P>, P extends Plan> void add(
      Class<D> desc,
      String name,
      BiFunction<D, PlanOptions, String> reasonWhyNot,
      Implementation.Factory<D, P> factory) {
    implementations.add(
        desc, new Implementation<>("cuda:" + name, EVERYTHING, reasonWhyNot, factory));
  }

  @Override
  public <D extends Desc<P>, P extends Plan> void add(
      Class<D> desc, Implementation<D, P> implementation) {
    implementations.add(desc, implementation);
  }

  @Override
  public String name() {
    return "cuda";
  }

  @Override
  public BackendOptions options() {
    return options;
  }

  @Override
  public String description() {
    return String.format(
        Locale.ROOT,
        "cuda: %s (%s, %.0f GiB), %s",
        device.name(),
        device.architecture(),
        device.memory() / 1073741824.0,
        CudaLibraries.versions());
  }

  @Override
  public Map<String, String> properties() {
    Map<String, String> p = facts();
    p.put("tuning", tuning.identity());
    return p;
  }

  private Map<String, String> facts() {
    Map<String, String> p = new TreeMap<>(CudaLibraries.versions());
    p.put("backend", "cuda");
    p.put("gpu", device.name());
    p.put("architecture", device.architecture());
    p.put("processors", Integer.toString(device.processors()));
    p.put("memory", Long.toString(device.memory()));
    p.put("deterministic", Boolean.toString(options.deterministic()));
    p.put("java", System.getProperty("java.version"));
    return p;
  }

  @Override
  public Map<String, String> diagnosis() {
    Map<String, String> p = properties();
    CudaLibraries.paths().forEach((file, path) -> p.put("path of " + file, path));
    String warning = CudaLibraries.warning();
    if (!warning.isEmpty()) {
      p.put("warning", warning);
    }
    return p;
  }

  @Override
  public <P extends Plan> P plan(Desc<P> desc, PlanOptions planOptions) {
    checkUsable();
    enterDevice();
    resources.closeForgotten();
    P plan = implementations.plan(desc, planOptions);
    largestWorkspace.accumulateAndGet(plan.workspaceBytes(), Math::max);
    return plan;
  }

  /** The largest workspace of any plan so far. */
  long largestWorkspace() {
    return largestWorkspace.get();
  }

  /** From now on contexts make their handle of cuDNN before they record. */
  void usesCudnn() {
    cudnnIsUsed = true;
  }

  boolean cudnnIsUsed() {
    return cudnnIsUsed;
  }

  /** From now on contexts make their handle of cuBLASLt before they record. */
  void usesCublasLt() {
    cublasLtIsUsed = true;
  }

  boolean cublasLtIsUsed() {
    return cublasLtIsUsed;
  }

  @Override
  public List<ImplementationReport> explain(Desc<?> desc, PlanOptions planOptions) {
    enterDevice();
    return implementations.explain(desc, planOptions);
  }

  @Override
  public CompiledKernel compile(KernelSource source) {
    if (source.cuda() == null) {
      throw new UnsupportedException(
          "Backend cuda cannot compile kernel "
              + source.name()
              + ": it has no CUDA source; give one with KernelSource.cuda");
    }
    enterDevice();
    return new CudaCustomKernel(this, source, modules.custom(source));
  }

  @Override
  public Context newContext() {
    checkUsable();
    enterDevice();
    CudaContext made = new CudaContext(this);
    contexts.add(made);
    return made;
  }

  @Override
  public TuningStore tuning() {
    return tuning;
  }

  @Override
  public int cudnnVersion() {
    return (int) cudnn.cudnnGetVersion();
  }

  @Override
  public <T> T planning(Function<LibraryContext, T> work) {
    synchronized (planning) {
      if (planning[0] == null) {
        planning[0] = (CudaContext) newContext();
      }
      CudaContext c = planning[0].begin("measuring for a plan", 0);
      try {
        return work.apply(c);
      } finally {
        c.end();
        c.synchronize();
      }
    }
  }

  @Override
  public long allocate(long bytes, String what) {
    return memory.allocate(bytes, what);
  }

  @Override
  public void free(long address, long bytes) {
    memory.free(address, bytes);
  }

  @Override
  public AutoCloseable own(Plan plan, AutoCloseable held) {
    return resources.own(plan, held);
  }

  void forget(CudaContext context) {
    contexts.remove(context);
  }

  @Override
  public TensorArena arena(long bytes) {
    checkUsable();
    return new CudaArena(this, bytes);
  }

  /** Waits for what contexts have submitted; those that record have nothing under way. */
  void synchronizeContexts() {
    enterDevice();
    for (CudaContext c : contexts) {
      c.waitIfSubmitted();
    }
  }

  /** Makes the device this thread's current one, as every call needs. */
  void enterDevice() {
    int status = cudart.cudaSetDevice(device.index());
    if (status != 0) {
      check(status, "choosing GPU " + device.index());
    }
  }

  /** Whether a thread that has entered this device once may rely on it. */
  static boolean severalDevices() {
    return onlyDevice == -2;
  }

  /** Gives the device up if a failed call of a library was a failed kernel. */
  void note(int status) {
    if (status != 0) {
      noted(status, CudaStatus.runtime(status, "a call of a library"));
    }
  }

  /** Throws if a call of the runtime failed; after a failed kernel the device is given up. */
  void check(int status, String doing) {
    if (status != 0) {
      throw noted(status, CudaStatus.runtime(status, doing));
    }
  }

  /** Throws if a call of the driver failed. */
  void checkDriver(int status, String doing) {
    if (status != 0) {
      throw noted(status, CudaStatus.driver(status, doing));
    }
  }

  private NativeException noted(int status, NativeException e) {
    if (CudaStatus.isFatal(status) && lost == null) {
      lost = e.getMessage();
    }
    return e;
  }

  /** Fails fast once a kernel has failed. */
  void checkUsable() {
    if (lost != null) {
      throw new NativeException(
          "cuda",
          "device lost",
          "the device cannot be used any more in this process, since " + lost);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      if (lost == null) {
        enterDevice();
        resources.closeAll();
        if (planning[0] != null) {
          planning[0].close();
        }
        staging.close();
        modules.close();
      }
    }
  }
}
