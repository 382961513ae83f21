package dev.blindspot.engine.cuda;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.spi.LeakReport;
import dev.blindspot.engine.spi.Storage;
import dev.blindspot.engine.spi.ThreadClaim;
import dev.blindspot.kernels.Memory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * A non-blocking stream with the libraries' handles, the workspace and the block that kernels'
 * arguments are written to. An execution is between {@link #begin} and {@link #end} (or a launch,
 * which ends it); it submits and does not wait.
 */
final class CudaContext implements Context, LibraryContext {
  private static final int ARGUMENT_BYTES = 4096;

  /** Re-addressable pointers for plans; two more are this class's own. */
  private static final int SLOTS = 10;

  private static final String WORKSPACE = "a workspace";

  private final CudaBackend backend;
  private final LeakReport life;
  private final CUstream_st stream = new CUstream_st();
  private final CudaHandles handles;
  private final BytePointer arguments = new BytePointer(ARGUMENT_BYTES);
  private final ByteBuffer block = Memory.view(arguments.address(), ARGUMENT_BYTES);
  private final LongPointer argumentBytes = new LongPointer(1);
  private final PointerPointer<Pointer> extra = new PointerPointer<>(5);
  private final CudaAddress[] pointers = new CudaAddress[SLOTS + 2];
  private final BytePointer scalarMemory = new BytePointer(16);
  private final ByteBuffer scalars = Memory.view(scalarMemory.address(), 16);
  private final CudaAddress[] scalarPointers = {
    new CudaAddress(scalarMemory.address()), new CudaAddress(scalarMemory.address() + 8)
  };
  private final ThreadClaim claim = new ThreadClaim();
  private final List<long[]> outgrown = new ArrayList<>();

  private long workspace;
  private long workspaceBytes;
  private int at;
  private boolean open;
  private Object operation = "nothing yet";
  private Thread entered;
  private volatile boolean submitted;
  private boolean programsMade;

  /** What the tensors recorded so far live in; null unless the context records. */
  private Set<Storage> recorded;

  private int recordedCalls;

  CudaContext(CudaBackend backend) {
    this.backend = backend;
    backend.check(
        cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking),
        "a stream for a context");
    handles = new CudaHandles(backend, stream);
    Arrays.setAll(pointers, i -> new CudaAddress());
    extra.put(0, new CudaAddress(cudart.CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT));
    extra.put(1, new CudaAddress(arguments.address()));
    extra.put(2, new CudaAddress(cudart.CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT));
    extra.put(3, new CudaAddress(argumentBytes.address()));
    extra.put(4, (Pointer) null); // the end
    life = LeakReport.watch(this, "cuda context");
  }

  /** The context as one of this backend's. */
  static CudaContext of(Context ctx, CudaBackend backend, Desc<?> desc) {
    if (!(ctx instanceof CudaContext c) || c.backend != backend) {
      throw new InvalidInputException(
          desc.summary() + ": the context is of another backend; use this one's newContext()");
    }
    return c;
  }

  @Override
  public Backend backend() {
    return backend;
  }

  @Override
  public CUstream_st stream() {
    return stream;
  }

  @Override
  public cudnnContext cudnn() {
    return handles.cudnn();
  }

  @Override
  public cublasLtContext blasLt() {
    return handles.cublasLt();
  }

  @Override
  public long workspace() {
    return workspace;
  }

  @Override
  public boolean recording() {
    return recorded != null;
  }

  @Override
  public Pointer pointer(int slot, long address) {
    return pointers[slot].set(address);
  }

  @Override
  public Pointer scalar(int slot, ElementType type, double value) {
    if (type == ElementType.F64) {
      scalars.putDouble(8 * slot, value);
    } else {
      scalars.putFloat(8 * slot, (float) value);
    }
    return scalarPointers[slot];
  }

  @Override
  public void copy(long to, long from, long bytes) {
    submittedWith(
        cudart.cudaMemcpyAsync(
            pointers[SLOTS].set(to),
            pointers[SLOTS + 1].set(from),
            bytes,
            cudart.cudaMemcpyDeviceToDevice,
            stream));
  }

  @Override
  public void clear(long address, long bytes) {
    submittedWith(cudart.cudaMemsetAsync(pointers[SLOTS].set(address), 0, bytes, stream));
  }

  /** The operation is described, which allocates, only where it failed. */
  private void submittedWith(int status) {
    if (status != 0) {
      backend.check(status, describe());
    }
  }

  @Override
  public void finish() {
    submitted = true;
    waitIfSubmitted();
  }

  @Override
  public CudaContext next() {
    claim.take();
    open = true;
    at = 0;
    return this;
  }

  @Override
  public void failed() {
    backend.note(cudart.cudaGetLastError());
    end();
  }

  /**
   * Starts an execution.
   *
   * @param operation a desc or a text that names it in errors
   */
  CudaContext begin(Object operation, long workspaceNeeded) {
    life.checkOpen();
    backend.checkUsable();
    claim.take();
    try {
      if (entered != Thread.currentThread() || CudaBackend.severalDevices()) {
        backend.enterDevice();
        entered = Thread.currentThread();
      }
      if (workspaceNeeded > workspaceBytes) {
        grow(workspaceNeeded);
      }
    } catch (RuntimeException e) {
      claim.release();
      throw e;
    }
    this.operation = operation;
    open = true;
    at = 0;
    return this;
  }

  /** A larger workspace. What a program was recorded with stays until the context is closed. */
  private void grow(long bytes) {
    if (recorded != null) {
      throw new IllegalStateException(
          describe()
              + ": needs more workspace than can be had while a program is recorded; make"
              + " the plans before recording");
    }
    if (workspace != 0 && !programsMade) {
      waitIfSubmitted();
      backend.memory().free(workspace, workspaceBytes);
    } else if (workspace != 0) {
      outgrown.add(new long[] {workspace, workspaceBytes});
    }
    workspace = 0;
    workspaceBytes = 0;
    workspace = backend.memory().allocate(bytes, WORKSPACE);
    workspaceBytes = bytes;
  }

  /**
   * Ends an execution that calls libraries; in debug mode waits for it and names it if it fails.
   */
  public void end() {
    submitted = true;
    recordedCalls++;
    claim.release();
    if (backend.options().debug() && recorded == null) {
      waitIfSubmitted();
    }
  }

  @Override
  public long use(Tensor t) {
    if (t == null) {
      return 0;
    }
    if (recorded != null) {
      recorded.add(t.storage());
    }
    return t.address();
  }

  @Override
  public CudaContext put(long value) {
    block.putLong(at, value);
    at += 8;
    return this;
  }

  @Override
  public CudaContext put(double value) {
    block.putDouble(at, value);
    at += 8;
    return this;
  }

  @Override
  public CudaContext put(Tensor t) {
    return put(use(t));
  }

  @Override
  public CudaContext putWorkspace() {
    return put(workspace);
  }

  @Override
  public void execute(long kernel) {
    launch(backend.modules().kernel(kernel), at);
  }

  /** Launches a kernel whose arguments take so many bytes; ends the execution. */
  void launch(CudaKernel kernel, int bytes) {
    argumentBytes.put(bytes);
    int status =
        cudart.cuLaunchKernel(
            kernel.function(),
            kernel.grid(block),
            1,
            1,
            CudaKernel.THREADS,
            1,
            1,
            0,
            stream,
            (PointerPointer<?>) null,
            extra);
    end();
    if (status != 0) {
      backend.checkDriver(status, describe() + ": launching kernel " + kernel.name());
    }
  }

  /** The operation begun last, for errors. */
  String describe() {
    return operation instanceof Desc<?> d ? d.summary() : operation.toString();
  }

  @Override
  public void synchronize() {
    life.checkOpen();
    backend.checkUsable();
    backend.enterDevice();
    waitIfSubmitted();
  }

  /** Waits unless nothing was submitted, or a program is being recorded. By any thread. */
  void waitIfSubmitted() {
    if (submitted && !claim.isRecording()) {
      submitted = false;
      int status = cudart.cudaStreamSynchronize(stream);
      if (status != 0) {
        backend.check(
            status,
            (backend.options().debug() ? "executing " : "waiting; the last submitted was ")
                + describe());
      }
    }
  }

  @Override
  public Program record(Runnable step) {
    begin("recording a program", backend.largestWorkspace());
    if (recorded != null) {
      open = false;
      claim.release();
      throw new IllegalStateException("This context is recording already; programs do not nest");
    }
    try {
      handles.prepare();
      backend.check(
          cudart.cudaStreamBeginCapture(stream, cudart.cudaStreamCaptureModeThreadLocal),
          "starting to record");
      claim.record();
    } finally {
      open = false;
      claim.release();
    }
    recorded = Collections.newSetFromMap(new IdentityHashMap<>());
    recordedCalls = 0;
    CUgraph_st graph = new CUgraph_st();
    boolean done = false;
    try {
      step.run();
      done = true;
    } finally {
      Storage[] storages = recorded.toArray(Storage[]::new);
      recorded = null;
      claim.recorded();
      int status = cudart.cudaStreamEndCapture(stream, graph);
      if (!done && !graph.isNull()) {
        cudart.cudaGraphDestroy(graph);
      }
      if (done) {
        backend.check(status, "ending the recording");
        programsMade = true;
        return new CudaProgram(this, graph, storages, recordedCalls);
      }
    }
    throw new IllegalStateException("unreachable: a step that fails throws");
  }

  /** Notes the storages of a program that becomes part of the one being recorded. */
  void note(Storage[] storages) {
    Collections.addAll(recorded, storages);
  }

  @Override
  public void close() {
    if (life.isClosed()) {
      return;
    }
    claim.take();
    claim.release();
    if (claim.isRecording()) {
      throw new IllegalStateException("A context cannot be closed while it records");
    }
    if (life.close()) {
      backend.forget(this);
      arguments.close();
      scalarMemory.close();
      argumentBytes.close();
      extra.close();
      backend.checkUsable();
      backend.enterDevice();
      waitIfSubmitted();
      handles.close();
      if (workspace != 0) {
        backend.memory().free(workspace, workspaceBytes);
      }
      outgrown.forEach(w -> backend.memory().free(w[0], w[1]));
      backend.check(cudart.cudaStreamDestroy(stream), "closing a context's stream");
    }
  }
}
