package dev.blindspot.attacks;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.SizeTPointer;

/** What a GPU says of its memory; only where backend cuda is the one under test. */
final class DeviceMemory {
  private DeviceMemory() {}

  /** Free bytes; 0 where the backend under test is another. */
  static long free() {
    if (!Problems.fast().equals("cuda")) {
      return 0;
    }
    try (SizeTPointer free = new SizeTPointer(1);
        SizeTPointer total = new SizeTPointer(1)) {
      assertEquals(0, cudart.cudaMemGetInfo(free, total));
      return free.get();
    }
  }
}
