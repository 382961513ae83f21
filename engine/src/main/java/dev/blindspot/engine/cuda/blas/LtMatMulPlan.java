package dev.blindspot.engine.cuda.blas;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_DEFAULT;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.BatchKey;
import dev.blindspot.engine.cuda.library.BatchTable;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Resources;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.layers.CheckedMatMul;
import java.util.EnumSet;

/** Matrix product by cublasLt. */
final class LtMatMulPlan extends CheckedMatMul {
  private static final String NAME = "cublaslt:matmul";

  private final LibraryBackend backend;
  private final Resources resources = new Resources();
  private final BatchTable<LtMatmul> products;
  private final AutoCloseable owned;

  static void register(LibraryBackend backend) {
    backend.add(
        MatMulDesc.class,
        new Implementation<>(
            NAME,
            EnumSet.allOf(Guarantee.class),
            (d, o) -> LtProduct.reasonWhyNot(d.type(), o.precision()),
            (d, o, i) -> new LtMatMulPlan(backend, d, o, i)));
  }

  private LtMatMulPlan(
      LibraryBackend backend, MatMulDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    LtProduct product =
        new LtProduct(
            backend,
            resources,
            d.summary() + " (" + NAME + ")",
            d.type(),
            o.precision(),
            d.transposeA(),
            d.transposeB(),
            CUBLASLT_EPILOGUE_DEFAULT);
    products =
        new BatchTable<>(
            resources, (c, alignment) -> product.prepare(c, d.m(), d.n(), d.k(), (int) alignment));
    try {
      backend.planning(c -> products.get(c, BatchKey.ALIGNED));
    } catch (RuntimeException e) {
      resources.close();
      throw e;
    }
    owned = backend.own(this, resources);
  }

  @Override
  public long workspaceBytes() {
    return LtProduct.WORKSPACE;
  }

  @Override
  protected void run(Context ctx, double alpha, Tensor a, Tensor b, double beta, Tensor c) {
    MatMulDesc d = desc();
    LibraryContext l = backend.begin(ctx, d, workspaceBytes());
    try {
      long left = l.use(a);
      long right = l.use(b);
      long result = l.use(c);
      int alignment = BatchKey.alignment(d.type(), left | right | result);
      products
          .get(l, alignment)
          .execute(
              l,
              l.scalar(0, d.type(), alpha),
              left,
              right,
              l.scalar(1, d.type(), beta),
              result,
              "product");
    } finally {
      l.end();
    }
  }

  @Override
  public void close() {
    Resources.close(owned);
  }
}
