package dev.blindspot.engine.cuda.cudnn;

import dev.blindspot.engine.cuda.library.LibraryBackend;

/** The primitives that cuDNN executes. */
public final class CudnnPlans {
  private CudnnPlans() {}

  /**
   * Appends cuDNN's implementations to the backend's list. Our own kernels, where there are any,
   * are to be listed before: they keep every guarantee.
   */
  public static void register(LibraryBackend backend) {
    LegacyConv2d.register(backend);
    GraphConv2d.register(backend);
    CudnnPool2d.register(backend);
    CudnnActivation.register(backend);
    CudnnSoftmax.register(backend);
    CudnnLocalResponseNorm.register(backend);
    CudnnBatchNorm.register(backend);
  }
}
