package dev.blindspot.engine.spi.kernels;

/** The primitives that our own kernels execute. */
public final class KernelPlans {
  private KernelPlans() {}

  /** Appends one implementation of each to the backend's list. */
  public static void register(KernelBackend backend) {
    KernelActivation.register(backend);
    KernelPool2d.register(backend);
    KernelSoftmax.register(backend);
    KernelLoss.register(backend);
    KernelMargin.register(backend);
    KernelBatchNorm.register(backend);
    KernelLocalResponseNorm.register(backend);
    KernelContrastNorm.register(backend);
    KernelConcat.register(backend);
    KernelDropout.register(backend);
    KernelReorder.register(backend);
    KernelCast.register(backend);
    KernelBias.register(backend);
    KernelElementwise.register(backend);
    KernelRowwise.register(backend);
    KernelCompare.register(backend);
    KernelMask.register(backend);
    KernelCount.register(backend);
    KernelSelect.register(backend);
    KernelRowReduce.register(backend);
    KernelArgmax.register(backend);
    KernelIndex.register(backend);
    KernelSort.register(backend);
    KernelProjection.register(backend);
    KernelSignStep.register(backend);
    KernelRandom.register(backend);
    KernelLbfgs.register(backend);
  }

  /** Appends what a backend's kernels do with channels last, where it has them. */
  public static void registerChannelsLast(KernelBackend backend) {
    KernelPool2d.registerChannelsLast(backend);
  }
}
