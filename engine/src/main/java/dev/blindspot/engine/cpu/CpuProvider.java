package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.BackendProvider;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Probe;
import dev.blindspot.kernels.Kernels;
import dev.blindspot.kernels.OpenBlas;

/** Provider of the cpu backend. */
public final class CpuProvider implements BackendProvider {
  private static final String[] LEVELS = {"scalar", "AVX2", "AVX-512"};
  private static Probe probe;

  @Override
  public String name() {
    return "cpu";
  }

  @Override
  public Probe probe() {
    synchronized (CpuProvider.class) {
      if (probe == null) {
        probe = look();
      }
      return probe;
    }
  }

  private static Probe look() {
    String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    if (!platform.equals("Linux amd64")) {
      return new Probe(
          false, "kernels are built for Linux amd64 only, this is " + platform + "; use reference");
    }
    try {
      int level = Kernels.bestLevel();
      String blas = OpenBlas.open();
      return blas == null
          ? new Probe(true, LEVELS[level] + ", " + Kernels.blasConfig())
          : new Probe(false, "OpenBLAS cannot be opened: " + blas);
    } catch (LinkageError e) {
      return new Probe(
          false,
          "the native library cannot be loaded ("
              + e
              + "); build it with native/build.sh, which needs g++");
    }
  }

  @Override
  public Backend create(BackendOptions options) {
    Probe p = probe();
    if (!p.available()) {
      throw new InvalidInputException("Backend cpu is not available: " + p.reason());
    }
    return new CpuBackend(options);
  }
}
