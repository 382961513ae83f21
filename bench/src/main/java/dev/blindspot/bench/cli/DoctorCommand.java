package dev.blindspot.bench.cli;

import dev.blindspot.bench.Version;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.BackendProvider;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.CacheFolder;
import dev.blindspot.engine.Probe;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

/** Says what this machine has, which backends work, and why the others do not. */
@Command(
    name = "doctor",
    sortOptions = false,
    description = "Says what this machine has, which backends work here, and why others do not.")
final class DoctorCommand extends BlindspotCommand {

  /** A backend's part of the result. */
  record BackendState(
      String name,
      boolean available,
      String reason,
      String description,
      Map<String, String> properties) {}

  /** The result. */
  record Diagnosis(
      String format,
      String version,
      String command,
      String java,
      String platform,
      String processor,
      int cores,
      int threads,
      long memoryBytes,
      long heapBytes,
      String hugePages,
      List<String> instructionSets,
      List<BackendState> backends,
      String nvidia,
      String cache,
      long cacheBytes) {}

  @Override
  int execute() {
    openBackend().close(); // a device that was asked for and cannot be used is an error here too
    Path cache = CacheFolder.root();
    Diagnosis d =
        new Diagnosis(
            "blindspot-doctor-1",
            Version.program(),
            commandLine(),
            Machine.java(),
            Machine.platform(),
            Machine.processor(),
            Machine.cores(),
            threadCount(),
            Machine.memoryBytes(),
            Machine.heapBytes(),
            Machine.hugePages(),
            Machine.instructionSets(),
            backends(),
            Machine.nvidia(),
            cache.toString(),
            bytes(cache));
    print(d);
    writeJson(d);
    return CommandLineTool.DONE;
  }

  private List<BackendState> backends() {
    List<BackendState> states = new ArrayList<>();
    for (Map.Entry<BackendProvider, Probe> e : Backends.available().entrySet()) {
      states.add(state(e.getKey(), e.getValue()));
    }
    return states;
  }

  private BackendState state(BackendProvider provider, Probe probe) {
    if (!probe.available()) {
      return new BackendState(provider.name(), false, probe.reason(), "", Map.of());
    }
    try (Backend b = provider.create(BackendOptions.defaults().threads(threadCount()))) {
      return new BackendState(
          b.name(), true, probe.reason(), b.description(), new java.util.TreeMap<>(b.diagnosis()));
    } catch (BlindspotException e) {
      return new BackendState(provider.name(), false, e.getMessage(), "", Map.of());
    }
  }

  private void print(Diagnosis d) {
    print("Blindspot   " + d.version());
    print("Java        " + d.java() + ", heap up to " + gib(d.heapBytes()));
    print("Machine     " + d.platform() + ", " + d.processor());
    print(
        "            "
            + d.cores()
            + " processors ("
            + d.threads()
            + " used), "
            + gib(d.memoryBytes())
            + " memory, huge pages "
            + d.hugePages());
    print("Kernels     " + String.join(", ", d.instructionSets()));
    for (BackendState b : d.backends()) {
      print(
          String.format(
              Locale.ROOT,
              "%-11s %s%s",
              b.name(),
              b.available() ? "works: " : "cannot be used: ",
              b.available() ? b.description() : b.reason()));
      b.properties().forEach((k, v) -> print("            " + k + " = " + v));
    }
    print("NVIDIA      " + d.nvidia());
    print(
        "Cache       "
            + d.cache()
            + String.format(Locale.ROOT, ", %.1f MiB", d.cacheBytes() / 1048576.0));
  }

  private static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / 1073741824.0);
  }

  private static long bytes(Path folder) {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).mapToLong(f -> f.toFile().length()).sum();
    } catch (IOException | UncheckedIOException e) {
      throw new BlindspotException(folder + ": the cache cannot be read: " + e.getMessage(), e);
    }
  }
}
