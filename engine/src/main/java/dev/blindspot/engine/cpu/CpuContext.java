package dev.blindspot.engine.cpu;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.spi.LeakReport;
import dev.blindspot.engine.spi.Storage;
import dev.blindspot.engine.spi.ThreadClaim;
import dev.blindspot.engine.spi.kernels.KernelCall;
import dev.blindspot.engine.spi.kernels.RowGroups;
import dev.blindspot.kernels.Kernels;
import dev.blindspot.kernels.Memory;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/**
 * Worker pool, workspace and the block that a kernel's arguments are written to. Plans write their
 * arguments in the order of the kernel's struct between {@link #begin} and {@link #execute}.
 */
final class CpuContext implements Context, KernelCall {
  private static final int ARGUMENT_BYTES = 4096;
  private final CpuBackend backend;
  private final LeakReport life;
  private final long handle;
  private final long arguments;
  private final ByteBuffer block;
  private long workspace;
  private int at;

  private final ThreadClaim claim = new ThreadClaim();

  /** What the tensors recorded so far live in; null unless the context records. */
  private Set<Storage> recorded;

  /** Of the program that is being recorded. */
  private RowGroups groups;

  private long recording;

  CpuContext(CpuBackend backend) {
    this.backend = backend;
    int threads = backend.options().threads();
    arguments = backend.allocate(ARGUMENT_BYTES, "an argument block");
    handle = Kernels.contextCreate(threads);
    if (handle == 0) {
      backend.free(arguments, ARGUMENT_BYTES);
      throw new BlindspotException(
          "cpu: cannot start " + threads + " threads for a context; lower blindspot.threads");
    }
    block = Memory.view(arguments, ARGUMENT_BYTES);
    life = LeakReport.watch(this, "cpu context");
  }

  @Override
  public Backend backend() {
    return backend;
  }

  /** The context, ready for the arguments of a plan of this backend. */
  static CpuContext begin(Context ctx, CpuBackend backend, Desc<?> desc, long workspaceBytes) {
    if (!(ctx instanceof CpuContext c) || c.backend != backend) {
      throw new InvalidInputException(
          desc.summary() + ": the context is of another backend; use this one's newContext()");
    }
    return c.begin(workspaceBytes);
  }

  /** Starts an execution that needs so much workspace. */
  CpuContext begin(long workspaceBytes) {
    life.checkOpen();
    claim.take();
    at = 0;
    if (workspaceBytes > workspace) {
      if (Kernels.reserve(handle, workspaceBytes) == 0) {
        claim.release();
        throw new AllocationException(
            "cpu: a workspace of " + workspaceBytes + " bytes was refused; use a smaller batch");
      }
      workspace = workspaceBytes;
    }
    return this;
  }

  @Override
  public CpuContext put(long value) {
    block.putLong(at, value);
    at += 8;
    return this;
  }

  @Override
  public CpuContext put(double value) {
    block.putDouble(at, value);
    at += 8;
    return this;
  }

  /** Kernels find the workspace through their context. */
  @Override
  public CpuContext putWorkspace() {
    return put(0L);
  }

  @Override
  public CpuContext put(Tensor t) {
    if (t == null) {
      return put(0L);
    }
    if (recorded != null) {
      recorded.add(t.storage());
      groups.operand(t);
    }
    return put(t.address());
  }

  @Override
  public void execute(long kernel) {
    if (recorded != null) {
      group(kernel);
    }
    Kernels.execute(handle, kernel, arguments, at);
    claim.release();
  }

  /** Before a kernel is recorded: it continues the group, begins another, or is of none. */
  private void group(long kernel) {
    boolean row = groups.groups(backend.worksByRows(kernel));
    if (!row || !groups.continues()) {
      endGroup();
    }
    if (row) {
      groups.add();
    }
  }

  private void endGroup() {
    if (groups.calls() > 1) {
      long first = Kernels.programLength(recording) - groups.calls();
      Kernels.programFuse(
          handle, recording, first, groups.calls(), groups.rows(), groups.sharedRowBytes());
    }
    groups.clear();
  }

  /**
   * Executes a kernel that fills weights.
   *
   * @param now even while the context records, and not as a part of that: no replay packs weights
   */
  void execute(long kernel, boolean now) {
    if (!now) {
      execute(kernel);
      return;
    }
    if (recorded != null) {
      groups.groups(false);
    }
    Kernels.run(handle, kernel, arguments);
    claim.release();
  }

  @Override
  public void synchronize() {
    life.checkOpen();
  }

  @Override
  public Program record(Runnable step) {
    life.checkOpen();
    claim.take();
    long program = Kernels.programBegin(handle);
    if (program == 0) {
      claim.release();
      throw new IllegalStateException("This context is recording already; programs do not nest");
    }
    claim.record();
    recorded = Collections.newSetFromMap(new IdentityHashMap<>());
    groups = new RowGroups(Math.max(2, backend.options().threads()));
    recording = program;
    claim.release();
    CpuProgram made = null;
    try {
      step.run();
      endGroup();
      made = new CpuProgram(program, recorded.toArray(Storage[]::new));
    } finally {
      Kernels.programEnd(handle);
      recorded = null;
      claim.recorded();
      if (made == null) {
        Kernels.programFree(program);
      }
    }
    return made;
  }

  /** A list of kernels with their arguments. */
  private final class CpuProgram implements Program {
    private final long program;
    private final Storage[] storages;
    private final LeakReport programLife;

    CpuProgram(long program, Storage[] storages) {
      this.program = program;
      this.storages = storages;
      programLife = LeakReport.watch(this, "cpu program");
    }

    @Override
    public void run() {
      programLife.checkOpen();
      for (Storage s : storages) {
        s.checkOpen();
      }
      begin(0);
      if (recorded != null) {
        endGroup();
        Collections.addAll(recorded, storages);
      }
      Kernels.programRun(handle, program);
      claim.release();
    }

    @Override
    public int length() {
      programLife.checkOpen();
      return (int) Kernels.programLength(program);
    }

    @Override
    public void close() {
      if (programLife.close()) {
        Kernels.programFree(program);
      }
    }
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
      Kernels.contextDestroy(handle);
      backend.free(arguments, ARGUMENT_BYTES);
    }
  }
}
