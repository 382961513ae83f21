package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedMatMul;

/** Matrix product in tiles of bfloat16 parts; both operands are split at each execution. */
final class TileMatMul extends CheckedMatMul {
  private final CpuBackend backend;
  private final long kernel;
  private final int parts;

  static void register(TileKernels tiles) {
    tiles.add(
        MatMulDesc.class,
        "gemm",
        (d, o) -> TileKernels.reasonWhyNot(d.type()),
        (d, o, i) -> new TileMatMul(tiles, d, o, i));
  }

  private TileMatMul(TileKernels tiles, MatMulDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(tiles.backend(), d, o, i);
    backend = tiles.backend();
    kernel = tiles.kernel("tile_matmul_f32");
    parts = TileKernels.parts(o.precision());
  }

  @Override
  public long workspaceBytes() {
    return TileKernels.blockBytes(desc().n(), desc().k(), parts)
        + backend.options().threads() * TileKernels.leftBytes(parts);
  }

  @Override
  protected void run(Context ctx, double alpha, Tensor a, Tensor b, double beta, Tensor c) {
    MatMulDesc d = desc();
    CpuContext.begin(ctx, backend, d, workspaceBytes())
        .put(d.m())
        .put(d.n())
        .put(d.k())
        .put(d.transposeA())
        .put(d.transposeB())
        .put(parts)
        .put(a)
        .put(b)
        .put(c)
        .put(alpha)
        .put(beta)
        .execute(kernel);
  }
}
