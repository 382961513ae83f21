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
import dev.blindspot.engine.spi.kernels.KernelCall;
import dev.blindspot.engine.spi.kernels.PostOps;
import dev.blindspot.engine.spi.layers.CheckedWeighted;

/** Dense layer in tiles of bfloat16 parts; the weights are split when they are packed. */
final class TileLinear extends CheckedWeighted<LinearDesc> implements LinearPlan {

  /** What the order of a dense layer's weights depends on. */
  private record Size(int c, int k, int parts) {}

  private final CpuBackend backend;
  private final long product;
  private final long pack;
  private final int parts;
  private final long post;
  private final CpuWeights.Form form;

  static void register(TileKernels tiles) {
    tiles.add(
        LinearDesc.class,
        "gemm",
        (d, o) -> reasonWhyNot(d),
        (d, o, i) -> new TileLinear(tiles, d, o, i));
  }

  private static String reasonWhyNot(LinearDesc d) {
    String type = TileKernels.reasonWhyNot(d.type());
    return type.isEmpty() ? PostOps.reasonWhyNot(d.post()) : type;
  }

  private TileLinear(TileKernels tiles, LinearDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(tiles.backend(), d, o, i, Sizes.of(d));
    backend = tiles.backend();
    product = tiles.kernel("tile_linear_f32");
    pack = tiles.kernel("tile_pack_f32");
    parts = TileKernels.parts(o.precision());
    post = PostOps.flags(d.post());
    boolean forward = o.directions().contains(Direction.FORWARD);
    boolean backward = o.directions().contains(Direction.BACKWARD_DATA);
    form =
        new CpuWeights.Form(
            new Size(d.c(), d.k(), parts),
            d.type(),
            sizes().w(),
            ElementType.U8,
            forward ? TileKernels.packedBytes(d.k(), d.c(), parts) : 0,
            backward ? TileKernels.packedBytes(d.c(), d.k(), parts) : 0);
  }

  @Override
  public long workspaceBytes() {
    return backend.options().threads() * TileKernels.leftBytes(parts);
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
    int c = desc().c();
    int k = desc().k();
    backend.copy(ctx, desc(), now, w, p.plain);
    if (p.forward != null) {
      pack(ctx, now, k, c, c, 1, p.plain, p.forward);
    }
    if (p.backward != null) {
      pack(ctx, now, c, k, 1, c, p.plain, p.backward);
    }
  }

  /** In the order of PackArgs in tile_dense.cpp. */
  private void pack(
      Context ctx, boolean now, int n, int k, int row, int depth, Tensor from, Tensor to) {
    CpuContext call = CpuContext.begin(ctx, backend, desc(), workspaceBytes());
    call.put(n).put(k).put(row).put(depth).put(parts).put(from).put(to);
    call.execute(pack, now);
  }

  private CpuWeights weights(PackedWeights p) {
    return CpuWeights.of(this, backend, p, form);
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    int c = desc().c();
    CpuWeights w = weights(p);
    begin(ctx, n, desc().k(), c, post, x, w.forward, w.plain)
        .put(c)
        .put(1L)
        .put(b)
        .put(residual)
        .put(0L)
        .put(y)
        .execute(product);
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    int c = desc().c();
    CpuWeights w = weights(p);
    long flags = PostOps.gradientFlags(options().accumulate(), mask != null);
    begin(ctx, n, c, desc().k(), flags, dy, w.backward, w.plain)
        .put(1L)
        .put(c)
        .put(0L)
        .put(0L)
        .put(mask)
        .put(dx)
        .execute(product);
  }

  /** The first of TileLinearArgs in tile_dense.cpp. */
  private KernelCall begin(
      Context ctx, long m, int n, int k, long flags, Tensor a, Tensor packed, Tensor plain) {
    return CpuContext.begin(ctx, backend, desc(), workspaceBytes())
        .put(m)
        .put(n)
        .put(k)
        .put(parts)
        .put(flags)
        .put(a)
        .put(packed)
        .put(plain);
  }
}
