package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.PostOps;
import dev.blindspot.engine.spi.layers.CheckedWeighted;

/**
 * Convolution in tiles of bfloat16 parts: the filters are split when they are packed, the input
 * rows of a band of output rows by the thread that computes them.
 */
final class TileConv2d extends CheckedWeighted<Conv2dDesc> implements Conv2dPlan {

  /** What the order of the filters depends on. */
  private record Filters(ConvGeometry geometry, int parts) {}

  /** One direction; rowsByBatch: the last for every batch of at least its number. */
  private record Pass(TileGather gather, long[] rowsByBatch, long partBytes, long positions) {

    static Pass of(Conv2dDesc d, boolean backward, int parts, int threads) {
      TileGather gather = new TileGather(d, backward, parts);
      long[] rows = new long[(int) Math.min(threads, d.n())];
      long most = 1;
      for (int i = 0; i < rows.length; i++) {
        rows[i] = gather.rows(i + 1L, threads);
        most = Math.max(most, rows[i]);
      }
      return new Pass(gather, rows, gather.partBytes(most), gather.positions(most));
    }

    long rows(long n) {
      return rowsByBatch[(int) Math.min(n, rowsByBatch.length) - 1];
    }

    /** What a thread needs: split rows, sums, and sums by channels. */
    long bandBytes(int parts) {
      return parts * partBytes + 2 * positions * TileKernels.PANEL * 4;
    }
  }

  private final CpuBackend backend;
  private final ConvGeometry geometry;
  private final Pass forward; // null: not planned
  private final Pass backwardData;
  private final CpuWeights.Form form;
  private final long kernel;
  private final long pack;
  private final int parts;
  private final long post;
  private final long workspaceBytes;

  static void register(TileKernels tiles) {
    tiles.add(
        Conv2dDesc.class,
        "implicit-gemm",
        (d, o) -> reasonWhyNot(d),
        (d, o, i) -> new TileConv2d(tiles, d, o, i));
  }

  private static String reasonWhyNot(Conv2dDesc d) {
    if (d.xLayout() == Layout.NHWC || d.yLayout() == Layout.NHWC) {
      return "layout NHWC; the kernel has NCHW only (reorder first)";
    }
    String type = TileKernels.reasonWhyNot(d.type());
    String why = type.isEmpty() ? PostOps.reasonWhyNot(d.post()) : type;
    return why.isEmpty() ? TileGather.reasonWhyNot(d) : why;
  }

  private TileConv2d(TileKernels tiles, Conv2dDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(tiles.backend(), d, o, i, Sizes.of(d));
    backend = tiles.backend();
    geometry = ConvGeometry.unflattened(d);
    kernel = tiles.kernel("tile_conv_f32");
    pack = tiles.kernel("tile_conv_pack_f32");
    parts = TileKernels.parts(o.precision());
    post = PostOps.flags(d.post());
    int threads = backend.options().threads();
    boolean y = o.directions().contains(Direction.FORWARD);
    boolean dx = o.directions().contains(Direction.BACKWARD_DATA);
    forward = y ? Pass.of(d, false, parts, threads) : null;
    backwardData = dx ? Pass.of(d, true, parts, threads) : null;
    form =
        new CpuWeights.Form(
            new Filters(ConvGeometry.ofAnyBatch(d), parts),
            d.type(),
            sizes().w(),
            ElementType.U8,
            y ? forward.gather.filterBytes() : 0,
            dx ? backwardData.gather.filterBytes() : 0);
    long band = Math.max(y ? forward.bandBytes(parts) : 0, dx ? backwardData.bandBytes(parts) : 0);
    workspaceBytes = threads * Math.max(band, TileGather.packBytes());
  }

  @Override
  public long workspaceBytes() {
    return workspaceBytes;
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
    backend.copy(ctx, desc(), now, w, p.plain);
    if (forward != null) {
      pack(ctx, now, forward, p, p.forward);
    }
    if (backwardData != null) {
      pack(ctx, now, backwardData, p, p.backward);
    }
  }

  private void pack(Context ctx, boolean now, Pass pass, CpuWeights w, Tensor packed) {
    CpuContext c = write(ctx, pass, 1, 0, null, packed, w.plain, null, null, null, null);
    c.execute(pack, now);
  }

  private CpuWeights weights(PackedWeights p) {
    return CpuWeights.of(this, backend, p, form);
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    CpuWeights w = weights(p);
    write(ctx, forward, n, post, x, w.forward, w.plain, b, residual, null, y).execute(kernel);
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    CpuWeights w = weights(p);
    long flags = PostOps.gradientFlags(options().accumulate(), mask != null);
    write(ctx, backwardData, n, flags, dy, w.backward, w.plain, null, null, mask, dx)
        .execute(kernel);
  }

  /** In the order of ConvArgs in tile_view.h; null where a direction has no such tensor. */
  private CpuContext write(
      Context ctx,
      Pass pass,
      long n,
      long flags,
      Tensor in,
      Tensor packed,
      Tensor plain,
      Tensor b,
      Tensor residual,
      Tensor mask,
      Tensor out) {
    CpuContext c = CpuContext.begin(ctx, backend, desc(), workspaceBytes);
    return geometry
        .write(c, n)
        .put(flags)
        .put(pass == backwardData ? 1L : 0L)
        .put(parts)
        .put(pass.rows(n))
        .put(pass.partBytes)
        .put(pass.positions)
        .put(in)
        .put(packed)
        .put(plain)
        .put(b)
        .put(residual)
        .put(mask)
        .put(out);
  }
}
