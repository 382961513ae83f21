package dev.blindspot.bench.reproduce;

import dev.blindspot.engine.Backend;
import dev.blindspot.nn.data.DataSplit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Runs stages one after another in a folder, and writes the results after each. */
public final class Reproducer {
  private final Backend backend;
  private final DataSplit data;
  private final Scale scale;
  private final long seed;
  private final Path folder;
  private final Path alexnet;
  private final Tasks tasks;
  private StageClock clock;

  /**
   * Opens the folder.
   *
   * @param folder made if needed; results of an earlier run with the same settings are kept
   * @param alexnet ONNX file for table 5; null for the geometry as initialised
   * @throws dev.blindspot.engine.InvalidInputException if it holds something else
   */
  public Reproducer(
      Backend backend,
      DataSplit data,
      Scale scale,
      long seed,
      int threads,
      Path folder,
      Path alexnet,
      Tasks tasks) {
    this.backend = backend;
    this.data = data;
    this.scale = scale;
    this.seed = seed;
    this.folder = folder;
    this.alexnet = alexnet;
    this.tasks = tasks;
    String content = data.train().checksum() + " " + data.test().checksum();
    RunFolder.open(
        folder,
        new RunFolder.Settings(
            scale,
            seed,
            threads,
            backend.properties().toString(),
            content,
            RunFolder.identity(alexnet)));
  }

  /**
   * Runs the stages that are not finished.
   *
   * @param wanted in their order
   * @param all stages that the report may show: those finished earlier stay in it
   * @param about facts for the report
   * @return the content of results.json
   */
  public Map<String, ?> run(List<Stage<?>> wanted, List<Stage<?>> all, About about) {
    // Damage is told before anything is made.
    all.forEach(s -> StageFile.read(folder, s));
    List<Stage<?>> open = new ArrayList<>();
    for (Stage<?> s : wanted) {
      if (StageFile.read(folder, s) == null) {
        open.add(s);
      } else {
        tasks.say(s.title() + ": kept from an earlier run");
      }
    }
    double done = 0;
    double expected = 0;
    try (Reproduction reproduction = reproduction()) {
      for (int i = 0; i < open.size(); i++) {
        Stage<?> s = open.get(i);
        tasks.say(
            (i + 1) + " of " + open.size() + ": " + s.title() + left(open, i, done, expected));
        done += finish(s, reproduction);
        expected += s.expectedSeconds(scale);
        new ResultFiles(folder, scale, seed, about).write(all);
      }
    }
    return new ResultFiles(folder, scale, seed, about).write(all);
  }

  private Reproduction reproduction() {
    return new Reproduction(backend, data, scale, seed, folder, alexnet, new Ticking());
  }

  /** The expectation for what is left, corrected by how long the finished stages really took. */
  private String left(List<Stage<?>> open, int next, double done, double expected) {
    double seconds =
        open.subList(next, open.size()).stream().mapToDouble(s -> s.expectedSeconds(scale)).sum();
    double speed = expected > 0 ? done / expected : 1;
    return String.format(Locale.ROOT, " (about %.0f min left in all)", seconds * speed / 60);
  }

  private <R> double finish(Stage<R> stage, Reproduction reproduction) {
    clock = new StageClock(folder, stage);
    R ours = stage.run(reproduction);
    double seconds = clock.seconds();
    StageFile.write(folder, stage, ours, seconds);
    tasks.say(String.format(Locale.ROOT, "%s: done in %.1f s", stage.title(), seconds));
    return seconds;
  }

  /** The tasks, which also move the stage's clock. */
  private final class Ticking implements Tasks {
    @Override
    public Task start(String name, String unit, long total) {
      Task task = tasks.start(name, unit, total);
      return new Task() {
        @Override
        public void update(long done, String detail) {
          clock.tick();
          task.update(done, detail);
        }

        @Override
        public void close() {
          task.close();
        }
      };
    }

    @Override
    public void say(String line) {
      tasks.say(line);
    }
  }
}
