package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.KernelBackend;
import dev.blindspot.engine.spi.layers.CheckedMatMul;

/**
 * Matrix product, split among the context's threads: by OpenBLAS, or of few rows or with one column
 * by kernels/skinny.h, which hands products that OpenBLAS was measured to do faster to it.
 */
final class CpuMatMul extends CheckedMatMul {
  private final CpuBackend backend;
  private final long kernel;

  static void register(CpuBackend backend) {
    backend.add(
        MatMulDesc.class,
        "skinny-or-openblas",
        (d, o) -> reasonAgainstSkinny(backend, d),
        (d, o, i) -> new CpuMatMul(backend, d, o, i, "skinny_matmul"));
    backend.add(
        MatMulDesc.class,
        "openblas-gemm",
        (d, o) -> "",
        (d, o, i) -> new CpuMatMul(backend, d, o, i, "matmul"));
  }

  private static String reasonAgainstSkinny(CpuBackend backend, MatMulDesc d) {
    if (d.n() > 1 && d.transposeA() && d.transposeB()) {
      return "both operands are transposed; the rows of neither lie side by side";
    }
    return CpuLinear.reasonAgainstSkinny(backend, d.type(), d.n() == 1 ? 1 : d.m());
  }

  private CpuMatMul(
      CpuBackend backend, MatMulDesc d, PlanOptions o, Implementation<?, ?> i, String name) {
    super(backend, d, o, i);
    this.backend = backend;
    kernel = backend.kernel(name + KernelBackend.suffix(d.type()));
  }

  @Override
  protected void run(Context ctx, double alpha, Tensor a, Tensor b, double beta, Tensor c) {
    MatMulDesc d = desc();
    CpuContext.begin(ctx, backend, d, 0)
        .put(d.m())
        .put(d.n())
        .put(d.k())
        .put(d.transposeA())
        .put(d.transposeB())
        .put(a)
        .put(b)
        .put(c)
        .put(alpha)
        .put(beta)
        .execute(kernel);
  }
}
