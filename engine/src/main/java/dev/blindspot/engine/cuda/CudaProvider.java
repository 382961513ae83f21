package dev.blindspot.engine.cuda;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.BackendProvider;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Probe;

/** Provider of the cuda backend. */
public final class CudaProvider implements BackendProvider {
  private static Probe probe;

  @Override
  public String name() {
    return "cuda";
  }

  /** Looks once for each process: a second look would not find the first one's reason. */
  @Override
  public Probe probe() {
    synchronized (CudaProvider.class) {
      if (probe == null) {
        String reason;
        try {
          reason = CudaLibraries.reasonWhyNot();
        } catch (LinkageError e) {
          reason =
              "the CUDA preset is not on the class path ("
                  + e.getMessage()
                  + "); add org.bytedeco:cuda with the classifier linux-x86_64";
        }
        probe =
            reason == null
                ? new Probe(true, "NVIDIA's driver and libraries were found")
                : new Probe(false, reason);
      }
      return probe;
    }
  }

  @Override
  public Backend create(BackendOptions options) {
    Probe p = probe();
    if (!p.available()) {
      throw new InvalidInputException("Backend cuda is not available: " + p.reason());
    }
    return new CudaBackend(options);
  }
}
