package dev.blindspot.engine.reference;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.ImplementationReport;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.custom.CompiledKernel;
import dev.blindspot.engine.custom.KernelSource;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.ImplementationList;
import dev.blindspot.engine.spi.tuning.TuningStore;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/** Plain Java loops; see the package description. */
final class ReferenceBackend implements Backend {
  private static final Set<Guarantee> EVERYTHING = EnumSet.allOf(Guarantee.class);
  private final BackendOptions options;
  private final ImplementationList implementations;
  private final AtomicLong held = new AtomicLong();

  ReferenceBackend(BackendOptions options) {
    this.options = options;
    implementations = new ImplementationList(this, new TuningStore(options, properties()));
    ReferenceActivation.register(this);
    ReferenceConv2d.register(this);
    ReferencePool2d.register(this);
    ReferenceSoftmax.register(this);
    ReferenceLoss.register(this);
    ReferenceMargin.register(this);
    ReferenceBatchNorm.register(this);
    ReferenceLocalResponseNorm.register(this);
    ReferenceContrastNorm.register(this);
    ReferenceConcat.register(this);
    ReferenceDropout.register(this);
    ReferenceReorder.register(this);
    ReferenceCast.register(this);
    ReferenceLinear.register(this);
    ReferenceMatMul.register(this);
    ReferenceBias.register(this);
    ReferenceSingularValues.register(this);
    ReferenceElementwise.register(this);
    ReferenceRowwise.register(this);
    ReferenceCompare.register(this);
    ReferenceMask.register(this);
    ReferenceCount.register(this);
    ReferenceSelect.register(this);
    ReferenceRowReduce.register(this);
    ReferenceArgmax.register(this);
    ReferenceLbfgs.register(this);
    ReferenceSort.register(this);
    ReferenceIndex.register(this);
    ReferenceProjection.register(this);
    ReferenceSignStep.register(this);
    ReferenceRandom.register(this);
  }

  /** Appends a primitive that supports every desc and keeps every guarantee. */
  <D extends Desc<P>, P extends Plan> void add(
      Class<D> desc, Implementation.Factory<D, P> factory) {
    implementations.add(desc, Implementation.always("reference", EVERYTHING, factory));
  }

  @Override
  public String name() {
    return "reference";
  }

  @Override
  public BackendOptions options() {
    return options;
  }

  @Override
  public String description() {
    return "reference: plain Java loops in double, one thread";
  }

  @Override
  public Map<String, String> properties() {
    return Map.of("backend", "reference", "java", System.getProperty("java.version"));
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
    return new ReferenceKernel(this, source);
  }

  @Override
  public Context newContext() {
    return new ReferenceContext(this);
  }

  @Override
  public TensorArena arena(long bytes) {
    return new ReferenceArena(this, bytes);
  }

  void take(long bytes) {
    if (bytes < 1) {
      throw new InvalidInputException("arena: capacity must be positive, not " + bytes);
    }
    long after = held.addAndGet(bytes);
    if (after < 0 || after > options.memoryLimit()) {
      long now = held.addAndGet(-bytes);
      throw new AllocationException(
          "reference: "
              + bytes
              + " bytes asked for, "
              + now
              + " held, limit "
              + options.memoryLimit()
              + "; close arenas or raise blindspot.memory");
    }
  }

  void give(long bytes) {
    held.addAndGet(-bytes);
  }

  @Override
  public void close() {}
}
