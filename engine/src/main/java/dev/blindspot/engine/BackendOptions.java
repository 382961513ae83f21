package dev.blindspot.engine;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Settings of a backend. The system properties {@code blindspot.threads}, {@code
 * blindspot.deterministic}, {@code blindspot.isa}, {@code blindspot.verbose}, {@code
 * blindspot.tuning}, {@code blindspot.memory}, {@code blindspot.device} and {@code blindspot.debug}
 * are read here and nowhere else; they are only the defaults.
 *
 * @param threads worker threads of a context, the calling one included
 * @param deterministic use only implementations that declare every {@link Guarantee}
 * @param isa instruction-set level of our CPU kernels
 * @param verbose log each plan made: chosen implementation and reasons of the others
 * @param tuningFile where measured choices are kept; empty: no tuning
 * @param memoryLimit bytes that all arenas of the backend may hold together
 * @param device index of the GPU, where a backend has several
 * @param debug wait after each execution, so that a failing one is named; slow
 */
public record BackendOptions(
    int threads,
    boolean deterministic,
    Isa isa,
    boolean verbose,
    Optional<Path> tuningFile,
    long memoryLimit,
    int device,
    boolean debug) {

  public BackendOptions {
    if (threads < 1 || threads > 1024) {
      throw new InvalidInputException("threads must be between 1 and 1024, not " + threads);
    }
    if (device < 0) {
      throw new InvalidInputException("device index must not be negative: " + device);
    }
    if (memoryLimit < 1) {
      throw new InvalidInputException("memory limit must be positive, not " + memoryLimit);
    }
  }

  /** The defaults: all processors, best instruction set, no memory limit of our own. */
  public static BackendOptions defaults() {
    return new BackendOptions(
        Integer.getInteger("blindspot.threads", Runtime.getRuntime().availableProcessors()),
        Boolean.getBoolean("blindspot.deterministic"),
        isa(System.getProperty("blindspot.isa", "best")),
        Boolean.getBoolean("blindspot.verbose"),
        Optional.ofNullable(System.getProperty("blindspot.tuning")).map(Path::of),
        Long.getLong("blindspot.memory", Long.MAX_VALUE),
        Integer.getInteger("blindspot.device", 0),
        Boolean.getBoolean("blindspot.debug"));
  }

  private static Isa isa(String name) {
    try {
      return Isa.valueOf(name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      throw new InvalidInputException(
          "blindspot.isa is '" + name + "'; use best, scalar, avx2 or avx512", e);
    }
  }

  public BackendOptions threads(int t) {
    return new BackendOptions(
        t, deterministic, isa, verbose, tuningFile, memoryLimit, device, debug);
  }

  public BackendOptions deterministic(boolean d) {
    return new BackendOptions(threads, d, isa, verbose, tuningFile, memoryLimit, device, debug);
  }

  public BackendOptions isa(Isa i) {
    return new BackendOptions(
        threads, deterministic, i, verbose, tuningFile, memoryLimit, device, debug);
  }

  public BackendOptions memoryLimit(long bytes) {
    return new BackendOptions(
        threads, deterministic, isa, verbose, tuningFile, bytes, device, debug);
  }

  public BackendOptions device(int index) {
    return new BackendOptions(
        threads, deterministic, isa, verbose, tuningFile, memoryLimit, index, debug);
  }

  public BackendOptions debug(boolean wait) {
    return new BackendOptions(
        threads, deterministic, isa, verbose, tuningFile, memoryLimit, device, wait);
  }
}
