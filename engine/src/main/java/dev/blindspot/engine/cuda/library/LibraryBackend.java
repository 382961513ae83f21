package dev.blindspot.engine.cuda.library;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.KernelBackend;
import dev.blindspot.engine.spi.tuning.TuningStore;
import java.util.function.Function;

/** The CUDA backend, as plans that call libraries see it. */
public interface LibraryBackend extends KernelBackend {

  /** Choices by measurement. */
  TuningStore tuning();

  /** cuDNN's version as it says itself: 91900 is 9.19.0. */
  int cudnnVersion();

  /** Appends an implementation as it is, with the guarantees that it declares. */
  <D extends Desc<P>, P extends Plan> void add(Class<D> desc, Implementation<D, P> implementation);

  @Override
  LibraryContext begin(Context ctx, Desc<?> desc, long workspaceBytes);

  /**
   * Runs {@code work} with a context of the backend's own, one thread at a time: what is measured
   * or converted when a plan is made. The context has no workspace; it is synchronised afterwards.
   */
  <T> T planning(Function<LibraryContext, T> work);

  /**
   * Device memory that the caller frees: for measurements at plan time only.
   *
   * @throws dev.blindspot.engine.AllocationException if refused
   */
  long allocate(long bytes, String what);

  /** Frees memory of {@link #allocate}. */
  void free(long address, long bytes);

  /**
   * Closes {@code resources} once the plan is closed through the result, or was forgotten; at most
   * once, never on the collector's thread.
   *
   * @param resources must not refer to the plan
   */
  AutoCloseable own(Plan plan, AutoCloseable resources);
}
