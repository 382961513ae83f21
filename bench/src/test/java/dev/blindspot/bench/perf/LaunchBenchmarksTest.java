package dev.blindspot.bench.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.InvalidInputException;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class LaunchBenchmarksTest {

  /** Every number is there; what it is on a GPU is for a GPU to say. */
  @Test
  void measuresLaunchesCallsAndNodes() {
    Assumptions.assumeTrue(
        System.getProperty("os.arch").equals("amd64"), "there is no cpu backend on this machine");
    try (Backend backend = Backends.create("cpu")) {
      LaunchBenchmarks.Report r = new LaunchBenchmarks(backend, true).run();
      assertEquals("cpu", r.device());
      assertTrue(r.kernelMicros() > 0 && r.matmulMicros() > 0, r.toString());
      assertTrue(
          Double.isFinite(r.nodeMicros()) && Double.isFinite(r.replayMicros()), r.toString());
    }
  }

  @Test
  void refusesWhatItDoesNotKnow() {
    String[] args = {"--out"};
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> LaunchBenchmarks.main(args));
    assertEquals("LaunchBenchmarks: --out needs a value", e.getMessage());
  }
}
