package dev.blindspot.engine.cuda;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Readback;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.spi.LeakReport;
import dev.blindspot.engine.spi.Storage;
import dev.blindspot.engine.spi.ThreadClaim;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import org.bytedeco.cuda.cublas.cublasLtContext;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * A non-blocking stream with the libraries' handles, the workspace and the block that kernels'
 * arguments are written to. An execution is between {@link #begin} and {@link #end} (or a launch,
 * which ends it); it submits and does not wait.
 */
final class CudaContext implements Context, LibraryContext {
  /** The first of the two pointers that plans do not use. */
  private static final int OWN_SLOT = 10;

  private static final String WORKSPACE = "a workspace";

  private final CudaBackend backend;
  private final LeakReport life;
  private final CUstream_st stream = new CUstream_st();
  private final CudaHandles handles;
  private final CudaUploads uploads;
  private final CudaScratch scratch = new CudaScratch();
  private final CudaArguments arguments = new CudaArguments();
  private final ByteBuffer block = arguments.block();
  private final CudaArguments groupArguments = new CudaArguments();
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

  /** Of the recording, else null. */
  private CudaRowGroup group;

  CudaContext(CudaBackend backend) {
    this.backend = backend;
    backend.check(
        cudart.cudaStreamCreateWithFlags(stream, cudart.cudaStreamNonBlocking),
        "a stream for a context");
    handles = new CudaHandles(backend, stream);
    uploads = new CudaUploads(this, backend);
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

  /** Whoever asks submits something: what waits comes before it. */
  @Override
  public CUstream_st stream() {
    flush();
    return stream;
  }

  @Override
  public cudnnContext cudnn() {
    flush();
    return handles.cudnn();
  }

  @Override
  public cublasLtContext blasLt() {
    flush();
    return handles.cublasLt();
  }

  private void flush() {
    if (group != null) {
      group.flush();
    }
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
    return scratch.pointer(slot, address);
  }

  @Override
  public Pointer scalar(int slot, ElementType type, double value) {
    return scratch.scalar(slot, type, value);
  }

  @Override
  public void copy(long to, long from, long bytes) {
    flush();
    submittedWith(
        cudart.cudaMemcpyAsync(
            scratch.pointer(OWN_SLOT, to),
            scratch.pointer(OWN_SLOT + 1, from),
            bytes,
            cudart.cudaMemcpyDeviceToDevice,
            stream));
  }

  @Override
  public void clear(long address, long bytes) {
    flush();
    submittedWith(cudart.cudaMemsetAsync(scratch.pointer(OWN_SLOT, address), 0, bytes, stream));
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
    starts();
    return this;
  }

  /** A call's arguments come next. */
  private void starts() {
    at = 0;
    if (group != null) {
      group.begin();
    }
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
    starts();
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
      group.operand(t);
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
  public CudaContext put(long address, long n, long elements, ElementType type) {
    if (group != null) {
      group.operand(address, n, elements, type);
    }
    return put(address);
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
    try {
      if (group != null) {
        group.call(kernel, arguments, bytes);
      } else {
        launch(kernel, arguments, bytes);
      }
    } finally {
      end();
    }
  }

  private void launch(CudaKernel kernel, CudaArguments given, int bytes) {
    int status =
        cudart.cuLaunchKernel(
            kernel.function(),
            kernel.grid(given.block()),
            1,
            1,
            CudaKernel.THREADS,
            1,
            1,
            0,
            stream,
            (PointerPointer<?>) null,
            given.ofBytes(bytes));
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
  public boolean asynchronous() {
    return true;
  }

  @Override
  public void upload(float[] src, Tensor dst) {
    uploads.send(dst, ElementType.F32, src.length, buffer -> buffer.asFloatBuffer().put(src));
  }

  @Override
  public void upload(int[] src, Tensor dst) {
    uploads.send(dst, ElementType.I32, src.length, buffer -> buffer.asIntBuffer().put(src));
  }

  @Override
  public Readback readback(Tensor tensor) {
    life.checkOpen();
    return new CudaReadback(this, tensor);
  }

  @Override
  public double time(Runnable step) {
    return time(() -> {}, step);
  }

  @Override
  public double time(Runnable before, Runnable step) {
    synchronize();
    try (CudaEvent start = new CudaEvent(backend);
        CudaEvent stop = new CudaEvent(backend)) {
      before.run();
      start.record(stream);
      step.run();
      stop.record(stream);
      submitted = true;
      synchronize();
      return start.secondsUntil(stop);
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
    CudaRowGroup rows;
    try {
      handles.prepare();
      CudaKernel together = backend.modules().kernel(backend.kernel("row_group"));
      rows = new CudaRowGroup(together, groupArguments, this::launch);
      backend.check(
          cudart.cudaStreamBeginCapture(stream, cudart.cudaStreamCaptureModeThreadLocal),
          "starting to record");
      claim.record();
    } finally {
      open = false;
      claim.release();
    }
    recorded = Collections.newSetFromMap(new IdentityHashMap<>());
    group = rows;
    CUgraph_st graph = new CUgraph_st();
    try {
      step.run();
      flush();
    } catch (Throwable t) {
      if (stopRecording(graph) == 0) {
        cudart.cudaGraphDestroy(graph);
      }
      throw t; // it counts, whatever became of the recording
    }
    Storage[] storages = recorded.toArray(Storage[]::new);
    backend.check(stopRecording(graph), "ending the recording");
    programsMade = true;
    return new CudaProgram(this, graph, storages);
  }

  private int stopRecording(CUgraph_st graph) {
    recorded = null;
    group = null;
    claim.recorded();
    return cudart.cudaStreamEndCapture(stream, graph);
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
      scratch.close();
      arguments.close();
      groupArguments.close();
      backend.checkUsable();
      backend.enterDevice();
      waitIfSubmitted();
      uploads.close();
      handles.close();
      if (workspace != 0) {
        backend.memory().free(workspace, workspaceBytes);
      }
      outgrown.forEach(w -> backend.memory().free(w[0], w[1]));
      backend.check(cudart.cudaStreamDestroy(stream), "closing a context's stream");
    }
  }
}
