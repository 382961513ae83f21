package dev.blindspot.engine.cuda;

import dev.blindspot.engine.InvalidInputException;
import java.nio.charset.StandardCharsets;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * A GPU.
 *
 * @param index as CUDA counts
 * @param major of the compute capability
 * @param processors streaming multiprocessors
 * @param memory bytes in all
 */
record CudaDevice(int index, String name, int major, int minor, int processors, long memory) {

  /** The oldest that CUDA 13 supports is Turing, 7.5. */
  private static final int OLDEST = 75;

  /**
   * The device, made this thread's current one.
   *
   * @throws InvalidInputException if there is none of this index, or it is too old
   */
  static CudaDevice open(int index) {
    int[] out = new int[1];
    CudaStatus.check(cudart.cudaGetDeviceCount(out), "counting GPUs");
    if (index >= out[0]) {
      throw new InvalidInputException(
          "Backend cuda: there is no GPU "
              + index
              + "; this machine has "
              + out[0]
              + " (0.."
              + (out[0] - 1)
              + "). Choose one with blindspot.device, or make it visible with CUDA_VISIBLE_DEVICES");
    }
    CudaStatus.check(cudart.cudaSetDevice(index), "choosing GPU " + index);
    int major = attribute(cudart.cudaDevAttrComputeCapabilityMajor, index);
    int minor = attribute(cudart.cudaDevAttrComputeCapabilityMinor, index);
    byte[] name = new byte[256];
    CudaStatus.checkDriver(cudart.cuDeviceGetName(name, name.length, index), "naming GPU " + index);
    String text = new String(name, StandardCharsets.UTF_8);
    text = text.substring(0, Math.max(0, text.indexOf('\0')));
    if (major * 10 + minor < OLDEST) {
      throw new InvalidInputException(
          "Backend cuda: GPU "
              + index
              + " ("
              + text
              + ") has compute capability "
              + major
              + "."
              + minor
              + "; CUDA 13 needs 7.5 or later");
    }
    int processors = attribute(cudart.cudaDevAttrMultiProcessorCount, index);
    return new CudaDevice(index, text, major, minor, processors, freeAndTotal()[1]);
  }

  private static int attribute(int which, int index) {
    int[] out = new int[1];
    CudaStatus.check(
        cudart.cudaDeviceGetAttribute(out, which, index),
        "attribute " + which + " of GPU " + index);
    return out[0];
  }

  /** Free and total bytes of this thread's current device. */
  static long[] freeAndTotal() {
    try (SizeTPointer free = new SizeTPointer(1);
        SizeTPointer total = new SizeTPointer(1)) {
      CudaStatus.check(cudart.cudaMemGetInfo(free, total), "asking for the device's memory");
      return new long[] {free.get(), total.get()};
    }
  }

  /** "sm_90": what kernels are compiled for. */
  String architecture() {
    return "sm_" + major + minor;
  }
}
