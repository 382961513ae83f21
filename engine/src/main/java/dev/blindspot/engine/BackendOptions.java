package dev.blindspot.engine;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/**
 * Settings of a backend. The system properties {@code blindspot.threads}, {@code
 * blindspot.deterministic}, {@code blindspot.isa}, {@code blindspot.verbose}, {@code
 * blindspot.tune}, {@code blindspot.tuning}, {@code blindspot.memory}, {@code blindspot.device} and
 * {@code blindspot.debug} are read here and nowhere else; they are only the defaults.
 *
 * @param threads worker threads of a context, the calling one included
 * @param deterministic use only implementations that declare every {@link Guarantee}
 * @param isa instruction-set level of our CPU kernels
 * @param verbose log each plan made: chosen implementation and reasons of the others
 * @param tuning whether measured choices are used, and made
 * @param tuningFile where measured choices are kept; empty: "tuning.txt" in the cache folder
 * @param memoryLimit bytes that all arenas of the backend may hold together
 * @param device index of the GPU, where a backend has several
 * @param debug wait after each execution, so that a failing one is named; slow
 */
public record BackendOptions(
    int threads,
    boolean deterministic,
    Isa isa,
    boolean verbose,
    Tuning tuning,
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
        named(Isa.class, "blindspot.isa", "best"),
        Boolean.getBoolean("blindspot.verbose"),
        named(Tuning.class, "blindspot.tune", "stored"),
        Optional.ofNullable(System.getProperty("blindspot.tuning")).map(Path::of),
        Long.getLong("blindspot.memory", Long.MAX_VALUE),
        Integer.getInteger("blindspot.device", 0),
        Boolean.getBoolean("blindspot.debug"));
  }

  private static <E extends Enum<E>> E named(Class<E> type, String property, String byDefault) {
    String name = System.getProperty(property, byDefault);
    try {
      return Enum.valueOf(type, name.toUpperCase(Locale.ROOT));
    } catch (IllegalArgumentException e) {
      String known = Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT);
      throw new InvalidInputException(property + " is '" + name + "'; use one of " + known, e);
    }
  }

  public BackendOptions threads(int t) {
    return new BackendOptions(
        t, deterministic, isa, verbose, tuning, tuningFile, memoryLimit, device, debug);
  }

  public BackendOptions deterministic(boolean d) {
    return new BackendOptions(
        threads, d, isa, verbose, tuning, tuningFile, memoryLimit, device, debug);
  }

  public BackendOptions isa(Isa i) {
    return new BackendOptions(
        threads, deterministic, i, verbose, tuning, tuningFile, memoryLimit, device, debug);
  }

  public BackendOptions tuning(Tuning t) {
    return new BackendOptions(
        threads, deterministic, isa, verbose, t, tuningFile, memoryLimit, device, debug);
  }

  public BackendOptions tuningFile(Path file) {
    return new BackendOptions(
        threads,
        deterministic,
        isa,
        verbose,
        tuning,
        Optional.of(file),
        memoryLimit,
        device,
        debug);
  }

  public BackendOptions memoryLimit(long bytes) {
    return new BackendOptions(
        threads, deterministic, isa, verbose, tuning, tuningFile, bytes, device, debug);
  }

  public BackendOptions device(int index) {
    return new BackendOptions(
        threads, deterministic, isa, verbose, tuning, tuningFile, memoryLimit, index, debug);
  }

  public BackendOptions debug(boolean wait) {
    return new BackendOptions(
        threads, deterministic, isa, verbose, tuning, tuningFile, memoryLimit, device, wait);
  }
}
