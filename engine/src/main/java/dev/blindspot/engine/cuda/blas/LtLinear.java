package dev.blindspot.engine.cuda.blas;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_DEFAULT;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_DRELU;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_RELU;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_RELU_BIAS;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
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
 * Dense layer by cublasLt. Three are listed. The first adds the bias in the epilogue and leaves the
 * rest to our kernels, which hand NaN on. The second also has the ReLU in the epilogue, which makes
 * NaN 0. The third also has the gradient's mask in the epilogue (dReLU): it reads a bit-mask, which
 * our kernel makes of the saved output that a plan is handed.
 *
 * <p>NVIDIA documents of that mask that its leading dimension is a multiple of 128 elements, a bit
 * each, and calls it opaque otherwise. That bit i % 8 of byte i / 8 of a column stands for row i of
 * the column-major result is how NVIDIA's tests of nvmath-python unpack it, and how OneFlow's
 * kernels write it for cublasLt to read. No GPU has confirmed it here, nor that there are
 * algorithms for F32: so dReLU is listed last, and is taken only if it is named or tuned for.
 */
final class LtLinear extends CheckedWeighted<LinearDesc> implements LinearPlan {
  private final LibraryBackend backend;
  private final String name;
  private final Fusion fusion;
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

  /** What is in epilogues besides the bias. */
  private enum Fusion {
    NOTHING,
    RELU,
    RELU_GRADIENT
  }

  static void register(LibraryBackend backend) {
    Set<Guarantee> withoutNan = EnumSet.complementOf(EnumSet.of(Guarantee.NAN_PROPAGATES));
    add(backend, "cublaslt:linear", Fusion.NOTHING, EnumSet.allOf(Guarantee.class));
    add(backend, "cublaslt:linear-fused", Fusion.RELU, withoutNan);
    add(backend, "cublaslt:linear-drelu", Fusion.RELU_GRADIENT, withoutNan);
  }

  private static void add(
      LibraryBackend backend, String name, Fusion fusion, Set<Guarantee> guarantees) {
    backend.add(
        LinearDesc.class,
        new Implementation<>(
            name,
            guarantees,
            (d, o) -> reasonWhyNot(d, o, fusion),
            (d, o, i) -> new LtLinear(backend, name, fusion, d, o, i)));
  }

  private static String reasonWhyNot(LinearDesc d, PlanOptions o, Fusion fusion) {
    String reason = LtProduct.reasonWhyNot(d.type(), o.precision());
    if (reason.isEmpty()) {
      reason = PostOps.reasonWhyNot(d.post());
    }
    if (!reason.isEmpty()) {
      return reason;
    }
    return switch (fusion) {
      case NOTHING -> "";
      case RELU ->
          d.post().contains(PostOp.RELU) && !d.post().contains(PostOp.RESIDUAL_ADD)
              ? ""
              : "post-operations " + d.post() + "; fused is a ReLU, with or without a bias";
      case RELU_GRADIENT -> reasonWhyNoMask(d, o);
    };
  }

  private static String reasonWhyNoMask(LinearDesc d, PlanOptions o) {
    if (!d.reluMask() || !o.directions().contains(Direction.BACKWARD_DATA)) {
      return "no input gradient with a ReLU mask is asked for, which is what is fused";
    }
    if (o.accumulate()) {
      return "accumulation; the epilogue would also mask what is added to";
    }
    return d.type() == ElementType.F32 ? "" : "element type " + d.type() + "; F32 is supported";
  }

  private LtLinear(
      LibraryBackend backend,
      String name,
      Fusion fusion,
      LinearDesc d,
      PlanOptions o,
      Implementation<?, ?> i) {
    super(backend, d, o, i, Sizes.of(d));
    this.backend = backend;
    this.name = name;
    this.fusion = fusion;
    dense = new DenseKernels(backend, d.type());
    form = "w " + d.type() + " [" + d.k() + "," + d.c() + "]";
    int epilogue = epilogue();
    rest = rest(d.post(), epilogue);
    try {
      backwardData =
          planned(
              Direction.BACKWARD_DATA,
              product(
                  false,
                  false,
                  fusion == Fusion.RELU_GRADIENT
                      ? CUBLASLT_EPILOGUE_DRELU
                      : CUBLASLT_EPILOGUE_DEFAULT));
      backwardWeights =
          planned(Direction.BACKWARD_WEIGHTS, product(true, false, CUBLASLT_EPILOGUE_DEFAULT));
      forward = planned(Direction.FORWARD, product(false, true, epilogue));
    } catch (RuntimeException e) {
      resources.close();
      throw e;
    }
    owned = backend.own(this, resources);
  }

  private int epilogue() {
    boolean bias = desc().post().contains(PostOp.BIAS);
    if (fusion == Fusion.RELU) {
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
                case BACKWARD_DATA -> backwardData(product, l, n, alignment);
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

  /** If the planned batch has an algorithm with the mask in its epilogue, others may have none. */
  private LtMatmul backwardData(LtProduct product, LibraryContext l, long n, int alignment) {
    long c = desc().c();
    long k = desc().k();
    try {
      return product.prepare(l, n, c, k, alignment);
    } catch (UnsupportedException e) {
      if (product.epilogue() != CUBLASLT_EPILOGUE_DRELU || n == desc().n()) {
        throw e;
      }
      return product(false, false, CUBLASLT_EPILOGUE_DEFAULT).prepare(l, n, c, k, alignment);
    }
  }

  private LtMatmul product(BatchTable<LtMatmul> table, LibraryContext c, long n, long addresses) {
    return table.get(c, BatchKey.of(n, BatchKey.alignment(desc().type(), addresses)));
  }

  @Override
  public long workspaceBytes() {
    return LtProduct.WORKSPACE + beside();
  }

  /** Bytes for a fresh gradient that is masked and then added, or for the mask's bits. */
  private long beside() {
    if (fusion == Fusion.RELU_GRADIENT) {
      return desc().n() * LtProduct.maskWords(desc().c()) * Integer.BYTES;
    }
    return desc().reluMask() && options().accumulate()
        ? desc().n() * desc().c() * desc().type().bytes()
        : 0;
  }

  @Override
  protected PackedWeights newPacked(Context ctx, Tensor w) {
    return DeviceWeights.filled(backend, form, bytes(), made -> update(ctx, made, w));
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
      long beside = c.workspace() + LtProduct.WORKSPACE;
      long out = apart ? beside : c.use(dx);
      Pointer one = Scalars.one(desc().type());
      Pointer added = Scalars.beta(desc().type(), accumulate && !apart);
      LtMatmul product = product(backwardData, c, n, a | w | out);
      if (product.masked()) {
        dense.bits(c, n, desc().c(), LtProduct.maskWords(desc().c()), mask, beside);
        product.execute(c, one, a, w, added, out, beside, "backward-data");
      } else {
        product.execute(c, one, a, w, added, out, "backward-data");
        if (mask != null) {
          dense.mask(c, n * desc().c(), accumulate, mask, out, dx);
        }
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
