package dev.blindspot.engine.spi.tuning;

import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.CacheFolder;
import dev.blindspot.engine.Checksum;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Tuning;
import dev.blindspot.engine.tuning.TuningChoice;
import dev.blindspot.engine.tuning.TuningFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * A backend's choices: those of the file for this machine, and those measured since. A file that
 * cannot be read is reported once and does as if it were empty.
 */
public final class TuningStore {
  /** What a backend says of itself that no choice depends on. */
  private static final Set<String> IRRELEVANT = Set.of("java", "deterministic", "memory", "tuning");

  private final Tuning tuning;
  private final Path file;
  private final String machine;
  private final Map<String, String> used = new TreeMap<>();
  private final ThreadLocal<Boolean> trying = ThreadLocal.withInitial(() -> false);
  private Map<String, String> answers;
  private boolean keeps = true;

  /**
   * @param properties of the backend: device, versions, settings
   */
  public TuningStore(BackendOptions options, Map<String, String> properties) {
    tuning = options.deterministic() ? Tuning.OFF : options.tuning();
    file = file(options);
    StringBuilder text = new StringBuilder();
    new TreeMap<>(properties)
        .forEach(
            (name, value) -> {
              if (!IRRELEVANT.contains(name)) {
                text.append(text.isEmpty() ? "" : "; ").append(name).append('=');
                text.append(value.replaceAll("\\p{Cntrl}", " ").strip());
              }
            });
    machine = text.toString();
  }

  /** Where choices are kept by these options. */
  public static Path file(BackendOptions options) {
    return options.tuningFile().orElseGet(() -> CacheFolder.root().resolve("tuning.txt"));
  }

  /** What the choices hold for. */
  public String machine() {
    return machine;
  }

  /** Whether any question can have an answer: one is known, or they are measured. */
  public synchronized boolean answers() {
    return tuning != Tuning.OFF && (measures() || !known().isEmpty());
  }

  /** Whether what is not known is to be measured. */
  public boolean measures() {
    return tuning == Tuning.MEASURE || tuning == Tuning.AGAIN;
  }

  /** The answer to a question, if it is known. */
  public synchronized Optional<String> find(String question) {
    if (tuning == Tuning.OFF) {
      return Optional.empty();
    }
    String answer = known().get(question);
    if (answer != null && !trying.get()) {
      used.put(question, answer);
    }
    return Optional.ofNullable(answer);
  }

  /** Runs a trial: what it looks up is not used by that. */
  <T> T trial(Supplier<T> work) {
    boolean within = trying.get();
    trying.set(true);
    try {
      return work.get();
    } finally {
      trying.set(within);
    }
  }

  private Map<String, String> known() {
    if (answers == null) {
      answers = load();
    }
    return answers;
  }

  private Map<String, String> load() {
    Map<String, String> found = new HashMap<>();
    try {
      List<TuningChoice> all = tuning == Tuning.AGAIN ? List.of() : TuningFile.read(file);
      for (TuningChoice c : all) {
        if (c.machine().equals(machine)) {
          found.put(c.question(), c.answer());
        }
      }
    } catch (InvalidInputException e) {
      warn("No choices are taken from it: {0}", e);
    }
    return found;
  }

  /** Keeps a measured answer; one that cannot be written holds for this process and is reported. */
  public synchronized void keep(String question, String answer, Map<String, Double> seconds) {
    answers.put(question, answer);
    if (keeps) {
      try {
        TuningFile.add(file, List.of(new TuningChoice(machine, question, answer, seconds)));
      } catch (IOException | InvalidInputException e) {
        keeps = false;
        warn("Choices of this process are not kept: {0}", e);
      }
    }
  }

  /** The logger is made only here: a first one takes 10 ms. */
  private static void warn(String format, Exception e) {
    System.getLogger("dev.blindspot.engine")
        .log(System.Logger.Level.WARNING, format, e.getMessage());
  }

  /** Which choices were used so far, in short: a part of what decides a result's bits. */
  public synchronized String identity() {
    if (used.isEmpty()) {
      return "none";
    }
    return used.size() + " choices, " + Checksum.sha256(used.toString()).substring(0, 16);
  }
}
