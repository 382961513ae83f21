package dev.blindspot.engine.cuda;

import dev.blindspot.engine.conformance.Rig;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.Assumptions;

/** The CUDA backend beside the reference, where a GPU or its stand-in is wanted. */
final class CudaRig {
  private CudaRig() {}

  /** The rig; without one the test is skipped with the reason. */
  static Rig open() {
    Rig rig = Rig.all().filter(r -> r.toString().equals("cuda")).findFirst().orElse(null);
    Assumptions.assumeTrue(rig != null, "backend cuda is not available, or not wanted");
    return rig;
  }

  /** Whether the stand-in is used: it answers an attribute that no device has. */
  static boolean standIn() {
    return cudart.cudaDeviceGetAttribute(new int[1], 9000, 0) == 0;
  }
}
