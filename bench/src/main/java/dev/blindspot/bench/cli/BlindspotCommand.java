package dev.blindspot.bench.cli;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.BackendProvider;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Probe;
import dev.blindspot.nn.data.NearestName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What all commands share: options, console, backend. */
abstract class BlindspotCommand implements Callable<Integer> {
  private static final String AUTO = "auto";

  /** Set before the command runs. */
  Console console;

  @Spec private CommandSpec spec;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = AUTO,
      description =
          "auto (cpu where it can be used, else reference, and says so), cpu, reference, cuda, or"
              + " cuda:N for the N-th GPU.")
  private String device;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads to compute with (default: all processors).")
  private Integer threads;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of everything random (default: ${DEFAULT-VALUE}).")
  long seed;

  @Option(names = "--quiet", description = "Print only results and errors.")
  boolean quiet;

  @Option(
      names = "--json",
      paramLabel = "FILE|-",
      description = "Also write the result as JSON to FILE, or to the standard output with -.")
  String json;

  @Option(
      names = "--verbose",
      description = "Print stack traces of failures (also: BLINDSPOT_DEBUG=1).")
  private boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  boolean verbose() {
    return verbose || System.getenv("BLINDSPOT_DEBUG") != null;
  }

  /** Checks what can be checked without work, so that bad input costs nothing. */
  @Override
  public final Integer call() {
    if (threads != null && (threads < 1 || threads > 1024)) {
      throw new InvalidInputException("--threads must be between 1 and 1024, not " + threads);
    }
    JsonOutput.check(json);
    return execute();
  }

  /** Does the command's work; returns the exit code. */
  abstract int execute();

  /** The command line as it was typed, for result files. */
  final String commandLine() {
    List<String> words = new ArrayList<>(List.of("blindspot"));
    spec.commandLine()
        .getParent()
        .getParseResult()
        .originalArgs()
        .forEach(a -> words.add(quote(a)));
    return String.join(" ", words);
  }

  private static String quote(String word) {
    return word.matches("[\\w@%+=:,./-]+") ? word : "'" + word.replace("'", "'\\''") + "'";
  }

  /** Threads to compute with. */
  final int threadCount() {
    return threads == null ? BackendOptions.defaults().threads() : threads;
  }

  /**
   * The backend asked for; the caller closes it.
   *
   * @throws InvalidInputException with the reason if it cannot be used here
   */
  final Backend openBackend() {
    return openBackend(BackendOptions.defaults());
  }

  /** As {@link #openBackend()} with other defaults. */
  final Backend openBackend(BackendOptions defaults) {
    List<BackendProvider> providers = Backends.providers();
    String name = device.toLowerCase(java.util.Locale.ROOT);
    BackendOptions options = defaults.threads(threadCount());
    if (name.matches("cuda:[0-9]{1,4}")) {
      options = options.device(Integer.parseInt(name.substring(5)));
      name = "cuda";
    }
    if (name.equals(AUTO)) {
      name = choose(providers);
    }
    for (BackendProvider p : providers) {
      if (p.name().equals(name)) {
        Probe probe = p.probe();
        if (!probe.available()) {
          throw new InvalidInputException(
              "--device " + name + " cannot be used: " + probe.reason());
        }
        return p.create(options);
      }
    }
    List<String> names = providers.stream().map(BackendProvider::name).toList();
    throw new InvalidInputException(
        "--device '" + device + "' is not known" + NearestName.suggestion(name, names));
  }

  private String choose(List<BackendProvider> providers) {
    String reason = "it is not on the class path";
    for (BackendProvider p : providers) {
      if (p.name().equals("cpu")) {
        Probe probe = p.probe();
        if (probe.available()) {
          return "cpu";
        }
        reason = probe.reason();
      }
    }
    say("The cpu device cannot be used (" + reason + "); using reference, which is slow.");
    return "reference";
  }

  /** Tells the user something that is not a result. */
  final void say(String line) {
    if (!quiet) {
      console.err().println(line);
    }
  }

  /** Prints a result for people, unless the JSON result takes the standard output. */
  final void print(String line) {
    if (!"-".equals(json)) {
      console.out().println(line);
    }
  }

  /** Writes the result as JSON where {@code --json} asks for it. */
  final void writeJson(Object result) {
    if (json != null) {
      JsonOutput.write(json, result, console.out());
    }
  }

  /** Progress on the console, as {@code --quiet} and the terminal allow. */
  final Progress progress(String task, String unit, long total) {
    return Progress.start(console, quiet, task, unit, total);
  }

  /** A path option that must name a readable folder. */
  static Path existingFolder(String option, Path folder) {
    if (folder != null && !java.nio.file.Files.isDirectory(folder)) {
      throw new InvalidInputException(option + " " + folder + ": no such folder");
    }
    return folder;
  }
}
