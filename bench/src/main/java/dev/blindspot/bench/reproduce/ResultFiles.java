package dev.blindspot.bench.reproduce;

import dev.blindspot.bench.report.Json;
import dev.blindspot.bench.report.OutputFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes results.json and report.html from the finished stages. */
final class ResultFiles {
  /** One stage in results.json. */
  private record Entry(Object paper, Object ours, long seed, String scale, double seconds) {}

  private final Path folder;
  private final Scale scale;
  private final long seed;
  private final About about;

  ResultFiles(Path folder, Scale scale, long seed, About about) {
    this.folder = folder;
    this.scale = scale;
    this.seed = seed;
    this.about = about;
  }

  /** The content of results.json. */
  Map<String, ?> write(List<Stage<?>> stages) {
    Map<String, Entry> results = new LinkedHashMap<>();
    List<Section> sections = new ArrayList<>();
    for (Stage<?> s : stages) {
      add(s, results, sections);
    }
    OutputFiles.write(folder.resolve("results.json"), Json.text(results) + "\n");
    OutputFiles.write(
        folder.resolve("report.html"), new ReproductionReport(about, scale, seed).page(sections));
    return results;
  }

  private <R> void add(Stage<R> stage, Map<String, Entry> results, List<Section> sections) {
    StageFile.Finished<R> f = StageFile.read(folder, stage);
    if (f != null) {
      results.put(
          stage.key(), new Entry(stage.paper(), f.ours(), seed, scale.toString(), f.seconds()));
      Section section = new Section(stage.key(), stage.title(), scale, f.seconds(), folder);
      stage.write(f.ours(), section);
      sections.add(section);
    }
  }
}
