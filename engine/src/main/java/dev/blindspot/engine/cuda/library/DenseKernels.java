package dev.blindspot.engine.cuda.library;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.spi.kernels.KernelBackend;
import dev.blindspot.engine.spi.kernels.PostOps;
import java.util.List;

/** Our kernels (dense.cu) for what follows a library's product. */
public final class DenseKernels {
  private final long post;
  private final long mask;
  private final long bits;
  private final ElementType type;

  public DenseKernels(LibraryBackend backend, ElementType type) {
    this.type = type;
    post = backend.kernel("post" + KernelBackend.suffix(type));
    mask = backend.kernel("mask" + KernelBackend.suffix(type));
    bits = type == ElementType.F32 ? backend.kernel("relu_bits_f32") : 0;
  }

  /** Applies these post-operations in place to y [n,k,spatial], if there are any. */
  public void post(
      LibraryContext c,
      List<PostOp> ops,
      long n,
      long k,
      long spatial,
      Tensor b,
      Tensor residual,
      Tensor y) {
    if (!ops.isEmpty()) {
      c.next()
          .put(n)
          .put(k)
          .put(spatial)
          .put(PostOps.flags(ops))
          .put(b)
          .put(residual)
          .put(y)
          .execute(post);
    }
  }

  /**
   * dx = fresh where mask is positive, 0 elsewhere, or dx plus that.
   *
   * @param mask null: everywhere
   * @param fresh address of the gradient; may be dx
   */
  public void mask(
      LibraryContext c, long count, boolean accumulate, Tensor mask, long fresh, Tensor dx) {
    LibraryContext k = c.next();
    k.put(count).put(accumulate).put(mask);
    k.put(fresh, dx.n(), count, type).put(dx).execute(this.mask);
  }

  /**
   * A bit for each element of mask [n,c] (F32), 1 where it is positive, from the lowest bit of a
   * row's first byte on.
   *
   * @param words of 32 bits, of a row
   * @param to address of [n,words]
   */
  public void bits(LibraryContext c, long n, long columns, long words, Tensor mask, long to) {
    c.next().put(n).put(words).put(columns).put(mask).put(to).execute(bits);
  }
}
