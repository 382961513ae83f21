package dev.blindspot.engine.cuda.blas;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_DEFAULT;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_RELU;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_RELU_BIAS;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.cuda.library.BatchKey;
import dev.blindspot.engine.cuda.library.BatchTable;
import dev.blindspot.engine.cuda.library.DenseKernels;
import dev.blindspot.engine.cuda.library.DeviceWeights;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Resources;
import dev.blindspot.engine.cuda.library.Scalars;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.PostOps;
import dev.blindspot.engine.spi.layers.CheckedWeighted;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;

/**
 * Dense layer by cublasLt. Two are listed: one adds the bias in the epilogue and leaves the rest to
 * our kernel, which hands NaN on; the other also has the ReLU in the epilogue, of which nothing is
 * said about NaN. The gradient's mask is always our kernel's: cublasLt's dReLU epilogue reads a
 * bit-mask that only its own ReLU epilogue writes, and a plan is handed the saved output instead.
 */
final class LtLinear extends CheckedWeighted<LinearDesc> implements LinearPlan {
  private final LibraryBackend backend;
  private final String name;
  private final DenseKernels dense;
  private final String form;
  private final Resources resources = new Resources();
  private final AutoCloseable owned;
  private final DeviceWeights.Packing packing =
      (c, from, to) -> c.copy(to.address(), from, bytes());
  private final BatchTable<LtMatmul> forward;
  private final BatchTable<LtMatmul> backwardData;
  private final BatchTable<LtMatmul> backwardWeights;

  /** Post-operations that the epilogue leaves. */
  private final List<PostOp> rest;

  static void register(LibraryBackend backend) {
    add(backend, "cublaslt:linear", false, EnumSet.allOf(Guarantee.class));
    add(
        backend,
        "cublaslt:linear-fused",
        true,
        EnumSet.complementOf(EnumSet.of(Guarantee.NAN_PROPAGATES)));
  }

  private static void add(
      LibraryBackend backend, String name, boolean fused, Set<Guarantee> guarantees) {
    backend.add(
        LinearDesc.class,
        new Implementation<>(
            name,
            guarantees,
            (d, o) -> reasonWhyNot(d, o, fused),
            (d, o, i) -> new LtLinear(backend, name, fused, d, o, i)));
  }

  private static String reasonWhyNot(LinearDesc d, PlanOptions o, boolean fused) {
    String reason = LtProduct.reasonWhyNot(d.type(), o.precision());
    if (reason.isEmpty()) {
      reason = PostOps.reasonWhyNot(d.post());
    }
    boolean relu = d.post().contains(PostOp.RELU) && !d.post().contains(PostOp.RESIDUAL_ADD);
    return !reason.isEmpty() || !fused || relu
        ? reason
        : "post-operations " + d.post() + "; fused is a ReLU, with or without a bias";
  }

  private LtLinear(
      LibraryBackend backend,
      String name,
      boolean fused,
      LinearDesc d,
      PlanOptions o,
      Implementation<?, ?> i) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
    this.name = name;
    dense = new DenseKernels(backend, d.type());
    form = "w " + d.type() + " [" + d.k() + "," + d.c() + "]";
    int epilogue = epilogue(fused);
    rest = rest(d.post(), epilogue);
    try {
      backwardData =
          planned(Direction.BACKWARD_DATA, product(false, false, CUBLASLT_EPILOGUE_DEFAULT));
      backwardWeights =
          planned(Direction.BACKWARD_WEIGHTS, product(true, false, CUBLASLT_EPILOGUE_DEFAULT));
      forward = planned(Direction.FORWARD, product(false, true, epilogue));
    } catch (RuntimeException e) {
      resources.close();
      throw e;
    }
    owned = backend.own(this, resources);
  }

  private int epilogue(boolean fused) {
    boolean bias = desc().post().contains(PostOp.BIAS);
    if (fused) {
      return bias ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_RELU;
    }
    return bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
  }

  private static List<PostOp> rest(List<PostOp> post, int epilogue) {
    List<PostOp> rest = new ArrayList<>(post);
    if (epilogue == CUBLASLT_EPILOGUE_BIAS || epilogue == CUBLASLT_EPILOGUE_RELU_BIAS) {
      rest.remove(PostOp.BIAS);
    }
    if (epilogue == CUBLASLT_EPILOGUE_RELU || epilogue == CUBLASLT_EPILOGUE_RELU_BIAS) {
      rest.remove(PostOp.RELU);
    }
    return List.copyOf(rest);
  }

  private LtProduct product(boolean transposeA, boolean transposeB, int epilogue) {
    return new LtProduct(
        backend,
        resources,
        desc().summary() + " (" + name + ")",
        desc().type(),
        options().precision(),
        transposeA,
        transposeB,
        epilogue);
  }

  /** A table of products by batch and alignment, with the planned batch if it is asked for. */
  private BatchTable<LtMatmul> planned(Direction direction, LtProduct product) {
    long c = desc().c();
    long k = desc().k();
    BatchTable<LtMatmul> table =
        new BatchTable<>(
            resources,
            (l, key) -> {
              long n = BatchKey.n(key);
              int alignment = BatchKey.alignment(key);
              return switch (direction) {
                case FORWARD -> forward(product, l, n, alignment);
                case BACKWARD_DATA -> product.prepare(l, n, c, k, alignment);
                case BACKWARD_WEIGHTS -> product.prepare(l, k, c, n, alignment);
              };
            });
    if (options().directions().contains(direction)) {
      backend.planning(l -> table.get(l, BatchKey.of(desc().n(), BatchKey.ALIGNED)));
    }
    return table;
  }

  /** Not every product has an algorithm with the bias in its epilogue: our kernel adds it then. */
  private LtMatmul forward(LtProduct product, LibraryContext l, long n, int alignment) {
    try {
      return product.prepare(l, n, desc().k(), desc().c(), alignment);
    } catch (UnsupportedException e) {
      if (product.epilogue() != CUBLASLT_EPILOGUE_BIAS) {
        throw e;
      }
      return product(false, true, CUBLASLT_EPILOGUE_DEFAULT)
          .prepare(l, n, desc().k(), desc().c(), alignment);
    }
  }

  private LtMatmul product(BatchTable<LtMatmul> table, LibraryContext c, long n, long addresses) {
    return table.get(c, BatchKey.of(n, BatchKey.alignment(desc().type(), addresses)));
  }

  @Override
  public long workspaceBytes() {
    return LtProduct.WORKSPACE + fresh();
  }

  /** A fresh gradient that is masked and then added needs memory of its own. */
  private long fresh() {
    return desc().reluMask() && options().accumulate()
        ? desc().n() * desc().c() * desc().type().bytes()
        : 0;
  }

  @Override
  protected PackedWeights newPacked(Context ctx, Tensor w) {
    DeviceWeights made = new DeviceWeights(backend, form, bytes());
    try {
      update(ctx, made, w);
    } catch (RuntimeException e) {
      made.close();
      throw e;
    }
    return made;
  }

  private long bytes() {
    return sizes().w() * desc().type().bytes();
  }

  @Override
  protected void update(Context ctx, PackedWeights p, Tensor w) {
    DeviceWeights.of(this, backend, p, form).fill(backend, ctx, this, w, packing);
  }

  @Override
  protected void runForward(
      Context ctx, long n, Tensor x, PackedWeights p, Tensor b, Tensor residual, Tensor y) {
    DeviceWeights weights = DeviceWeights.of(this, backend, p, form);
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes());
    try {
      long a = c.use(x);
      long w = weights.use(c);
      long out = c.use(y);
      long bias = c.use(b);
      Pointer one = Scalars.one(desc().type());
      Pointer zero = Scalars.zero(desc().type());
      LtMatmul product = product(forward, c, n, a | w | out | bias);
      if (product.biased()) {
        product.execute(c, one, a, w, zero, out, bias, "forward");
      } else {
        product.execute(c, one, a, w, zero, out, "forward");
      }
      boolean plain = product.epilogue() == CUBLASLT_EPILOGUE_DEFAULT;
      dense.post(c, plain ? desc().post() : rest, n, desc().k(), 1, b, residual, y);
    } finally {
      c.end();
    }
  }

  @Override
  protected void runBackwardData(
      Context ctx, long n, Tensor dy, PackedWeights p, Tensor mask, Tensor dx) {
    DeviceWeights weights = DeviceWeights.of(this, backend, p, form);
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes());
    try {
      long a = c.use(dy);
      long w = weights.use(c);
      boolean accumulate = options().accumulate();
      boolean apart = mask != null && accumulate;
      long out = apart ? c.workspace() + LtProduct.WORKSPACE : c.use(dx);
      product(backwardData, c, n, a | w | out)
          .execute(
              c,
              Scalars.one(desc().type()),
              a,
              w,
              Scalars.beta(desc().type(), accumulate && !apart),
              out,
              "backward-data");
      if (mask != null) {
        dense.mask(c, n * desc().c(), accumulate, mask, out, dx);
      }
    } finally {
      c.end();
    }
  }

  @Override
  protected void runBackwardWeights(Context ctx, long n, Tensor x, Tensor dy, Tensor dw) {
    LibraryContext c = backend.begin(ctx, desc(), workspaceBytes());
    try {
      long a = c.use(dy);
      long b = c.use(x);
      long out = c.use(dw);
      product(backwardWeights, c, n, a | b | out)
          .execute(
              c,
              Scalars.one(desc().type()),
              a,
              b,
              Scalars.beta(desc().type(), options().accumulate()),
              out,
              "backward-weights");
    } finally {
      c.end();
    }
  }

  @Override
  public void close() {
    Resources.close(owned);
  }
}
