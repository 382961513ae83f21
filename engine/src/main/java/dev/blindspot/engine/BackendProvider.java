package dev.blindspot.engine;

/** Makes a backend; found through {@link java.util.ServiceLoader}. */
public interface BackendProvider {

  /** "reference", "cpu", "cuda". */
  String name();

  /** Never throws and touches no preset class outside a guard; carries the reason. */
  Probe probe();

  /**
   * @throws BlindspotException with the probe's reason if unavailable
   */
  Backend create(BackendOptions options);
}
