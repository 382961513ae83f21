package dev.blindspot.attacks;

import java.util.Arrays;
import org.bytedeco.cuda.global.cudart;

/** What the stand-in for a GPU was asked for so far: a real one does not count. */
record DeviceCalls(int streamWaits, int eventWaits, int transfers, int submissions, int graphs) {
  /** Attributes that only the stand-in answers. */
  private static final int FIRST = 9001;

  /** Whether there is a stand-in to ask. */
  static boolean counted() {
    return Problems.fast().equals("cuda")
        && cudart.cudaDeviceGetAttribute(new int[1], FIRST, 0) == 0;
  }

  static DeviceCalls now() {
    int[] n = new int[5];
    Arrays.setAll(n, DeviceCalls::attribute);
    return new DeviceCalls(n[0], n[1], n[2], n[3], n[4]);
  }

  private static int attribute(int i) {
    int[] value = new int[1];
    cudart.cudaDeviceGetAttribute(value, FIRST + i, 0);
    return value[0];
  }

  DeviceCalls since(DeviceCalls before) {
    return new DeviceCalls(
        streamWaits - before.streamWaits,
        eventWaits - before.eventWaits,
        transfers - before.transfers,
        submissions - before.submissions,
        graphs - before.graphs);
  }
}
