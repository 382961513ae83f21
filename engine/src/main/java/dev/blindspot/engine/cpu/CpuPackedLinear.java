package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.KernelBackend;
import dev.blindspot.engine.spi.kernels.PostOps;
import dev.blindspot.engine.spi.layers.CheckedWeighted;

/**
 * Dense layer by kernels/packed_linear.cpp: each direction has a copy of the weights in the order
 * in which it multiplies them, made once by pack(). Gradients many of which are 0, as behind a
 * ReLU, are multiplied without them, to the same sums.
 */
final class CpuPackedLinear extends CheckedWeighted<LinearDesc> implements LinearPlan {

  /** What the order of a dense layer's weights depends on. */
  private record Size(int c, int k) {}

  /** Rows up to which unpacked weights are read as fast, once for both directions. */
  static final int FEW_ROWS = 4;

  /** Rows from which OpenBLAS, which packs the weights at every call, was measured as fast. */
  static final int MANY_ROWS = 512;

  /** As in packed_linear.cpp: rows in the cache at once, and the bytes of each of them. */
  private static final long ROWS = 112;

  private static final long ROW_BYTES = 4 * 432;

  /** Behind packed weights: whether all are finite. */
  private static final long NOTE = 1;

  private final CpuBackend backend;
  private final CpuWeights.Form form;
  private final long kernel;
  private final long packKernel;
  private final long post;

  static void register(CpuBackend backend) {
    backend.add(
        LinearDesc.class,
        "packed",
        (d, o) -> reasonWhyNot(backend, d, o),
        (d, o, i) -> new CpuPackedLinear(backend, d, o, i));
  }

  private static String reasonWhyNot(CpuBackend backend, LinearDesc d, PlanOptions o) {
    if (d.type() != ElementType.F32) {
      return KernelBackend.onlyF32(d.type());
    }
    if (backend.levelName().equals("scalar")) {
      return "vectors of four numbers; OpenBLAS has wider ones";
    }
    if (o.directions().contains(Direction.BACKWARD_WEIGHTS)) {
      return "weights with gradients change at every step: packing them costs what it saves";
    }
    if (d.n() <= FEW_ROWS) {
      return d.n() + " rows; up to " + FEW_ROWS + " unpacked weights are read as fast";
    }
    if (d.n() > MANY_ROWS) {
      return d.n()
          + " rows; above "
          + MANY_ROWS
          + " it does not matter that OpenBLAS packs weights";
    }
    return PostOps.reasonWhyNot(d.post());
  }

  private CpuPackedLinear(CpuBackend backend, LinearDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
    boolean forward = o.directions().contains(Direction.FORWARD);
    boolean backward = o.directions().contains(Direction.BACKWARD_DATA);
    long width = backend.width();
    form =
        new CpuWeights.Form(
            new Size(d.c(), d.k()),
            ElementType.F32,
            0,
            ElementType.F32,
            forward ? d.c() * Blocks.roundUp(d.k(), width) + NOTE : 0,
            backward ? d.k() * Blocks.roundUp(d.c(), width) + NOTE : 0);
    kernel = backend.kernel("packed_linear");
    packKernel = backend.kernel("pack_linear");
    post = PostOps.flags(d.post());
  }

  @Override
  public long workspaceBytes() {
    return backend.options().threads() * Math.min(desc().n(), ROWS) * ROW_BYTES;
  }

  @Override
  protected PackedWeights newPacked(Context ctx, Tensor w) {
    return CpuWeights.filled(backend, form, p -> fill(ctx, true, p, w));
  }

  @Override
  protected void update(Context ctx, PackedWeights p, Tensor w) {
    fill(ctx, false, weights(p), w);
  }

  private void fill(Context ctx, boolean now, CpuWeights p, Tensor w) {
    LinearDesc d = desc();
    if (p.forward != null) {
      fill(ctx, now, d.c(), d.k(), true, w, p.forward);
    }
    if (p.backward != null) {
      fill(ctx, now, d.k(), d.c(), false, w, p.backward);
    }
  }

  private void fill(
      Context ctx, boolean now, long inputs, long outputs, boolean transposed, Tensor w, Tensor p) {
    CpuContext c =
        CpuContext.begin(ctx, backend, desc(), 0)
            .put(inputs)
            .put(outputs)
            .put(transposed ? 1L : 0L)
            .put(w)
            .put(p);
    c.execute(packKernel, now);
  }

  private CpuWeights weights(PackedWeights p) {
    return CpuWeights.of(this, backend, p, form);
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    LinearDesc d = desc();
    Tensor w = weights(p).forward;
    execute(ctx, n, d.c(), d.k(), post, x, w, b, residual, y, null);
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    LinearDesc d = desc();
    Tensor w = weights(p).backward;
    long flags = PostOps.gradientFlags(options().accumulate(), mask != null);
    execute(ctx, n, d.k(), d.c(), flags, dy, w, null, null, dx, mask);
  }

  private void execute(
      Context ctx,
      long n,
      long inputs,
      long outputs,
      long flags,
      Tensor x,
      Tensor w,
      Tensor b,
      Tensor residual,
      Tensor y,
      Tensor mask) {
    CpuContext.begin(ctx, backend, desc(), workspaceBytes())
        .put(n)
        .put(inputs)
        .put(outputs)
        .put(flags)
        .put(x)
        .put(w)
        .put(b)
        .put(residual)
        .put(y)
        .put(mask)
        .execute(kernel);
  }
}
