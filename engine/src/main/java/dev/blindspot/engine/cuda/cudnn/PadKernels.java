package dev.blindspot.engine.cuda.cudnn;

import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.spi.kernels.KernelBackend;
import dev.blindspot.engine.spi.kernels.PostOps;

/** Our kernels (pad.cu) that pad x by hand and cut gradients out of padded ones. */
final class PadKernels {
  private final Conv2dDesc desc;
  private final long pad;
  private final long unpad;

  PadKernels(LibraryBackend backend, Conv2dDesc desc) {
    this.desc = desc;
    pad = backend.kernel("pad2d" + KernelBackend.suffix(desc.type()));
    unpad = backend.kernel("unpad2d" + KernelBackend.suffix(desc.type()));
  }

  /** Writes n padded images to an address. */
  void pad(LibraryContext c, long n, Tensor x, long to) {
    sizes(c, n).put(x).put(to).execute(pad);
    c.next();
  }

  /** dx from the gradient of padded images: masked unless mask is null, added if asked. */
  void cut(LibraryContext c, long n, long from, Tensor mask, boolean accumulate, Tensor dx) {
    sizes(c, n)
        .put(PostOps.gradientFlags(accumulate, mask != null))
        .put(from)
        .put(mask)
        .put(dx)
        .execute(unpad);
  }

  private LibraryContext sizes(LibraryContext c, long n) {
    c.next()
        .put(n * desc.c())
        .put((long) desc.h())
        .put((long) desc.w())
        .put((long) desc.h() + desc.padTop() + desc.padBottom())
        .put((long) desc.w() + desc.padLeft() + desc.padRight())
        .put((long) desc.padTop())
        .put((long) desc.padLeft());
    return c;
  }
}
