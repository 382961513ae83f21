package dev.blindspot.bench.reproduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.blindspot.attacks.calibration.Transformation.Kind;
import dev.blindspot.bench.report.Json;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The companion articles' stages. */
class ArticleStagesTest {
  private static final Tasks SILENT =
      new Tasks() {
        @Override
        public Task start(String name, String unit, long total) {
          return new Task() {
            private long last;

            @Override
            public void update(long done, String detail) {
              assertTrue(done >= last && done <= total, name + ": " + done + " of " + total);
              last = done;
            }

            @Override
            public void close() {}
          };
        }

        @Override
        public void say(String line) {}
      };

  @TempDir Path dir;

  private static List<Generalization.Row> changes(double near, double far, double confidence) {
    List<Generalization.Row> rows = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      for (double s : GeneralizationStage.STRENGTHS.get(kind)) {
        boolean clean = s == kind.identity();
        boolean close = s == (kind == Kind.ROTATION ? 5 : 1);
        double accuracy = clean ? 0.95 : close ? near : far;
        String name = kind.name().toLowerCase(Locale.ROOT);
        rows.add(new Generalization.Row("net", name, s, accuracy, confidence));
      }
    }
    return rows;
  }

  @Test
  void generalizationIsLocalIfItFailsFarAway() {
    assertEquals(List.of(true, true), holds(GeneralizationStage.claims(changes(0.9, 0.3, 0.8))));
    assertEquals(List.of(false, true), holds(GeneralizationStage.claims(changes(0.8, 0.3, 0.8))));
    assertEquals(List.of(true, false), holds(GeneralizationStage.claims(changes(0.9, 0.75, 0.8))));
  }

  private static Confidence.Row row(String kind, double scaledError) {
    List<Double> curve = new ArrayList<>(Collections.nCopies(10, 0.5));
    curve.set(0, null);
    return new Confidence.Row(
        "LeNet", kind, 50, 0.9, 0.95, 0.05, 1.5, scaledError, null, 0.1, curve);
  }

  private static List<Confidence.Row> rows(double clean, double adversarial) {
    return List.of(row("clean", clean), row("noise 0.3", 0.1), row("adversarial", adversarial));
  }

  @Test
  void confidenceIsRepairedWhereTheTemperatureIsFittedOnly() {
    assertEquals(List.of(true, true), holds(CalibrationStage.claims(rows(0.03, 0.4))));
    assertEquals(List.of(false, true), holds(CalibrationStage.claims(rows(0.07, 0.4))));
    assertEquals(List.of(true, false), holds(CalibrationStage.claims(rows(0.03, 0.1))));
  }

  private static List<Boolean> holds(List<Claim> claims) {
    return claims.stream().map(Claim::holds).toList();
  }

  @Test
  void resultsAreReadBackAndWritten() {
    List<Confidence.Row> rows = rows(0.03, 0.4);
    Confidence c = new Confidence(50, 50, 10, rows, CalibrationStage.claims(rows));
    assertEquals(c, Json.parse(Json.text(c), Confidence.class));
    List<Generalization.Row> moved = changes(0.9, 0.3, 0.8);
    Generalization g = new Generalization(50, moved, GeneralizationStage.claims(moved));
    assertEquals(g, Json.parse(Json.text(g), Generalization.class));
    Section section = new Section("key", "Title", Scale.QUICK, 1, dir);
    new CalibrationStage().write(c, section);
    new GeneralizationStage().write(g, section);
    String html = section.html();
    assertTrue(html.contains("ECE with T") && html.contains("rotation 30"), html);
    assertTrue(html.contains("90 % / 80 %") || html.contains("30 % / 80 %"), html);
    assertEquals(6, section.charts().size());
    assertEquals(0.05, section.charts().get(1).series().get(3).values().get(0), 1e-15);
    assertNull(section.charts().get(1).series().get(0).values().get(0), "an empty bin");
  }

  @Test
  @Tag("acceptance")
  void resultsAndReportHoldWhatWasMeasured() throws Exception {
    List<Stage<?>> stages =
        List.of(new VisualizationStage(), new GeneralizationStage(), new CalibrationStage());
    DataSplit all = DataSets.load("synthetic", null, 1);
    DataSplit digits = new DataSplit(all.train().first(120), all.test().first(60));
    try (Backend cpu = Backends.create("cpu")) {
      new Reproducer(cpu, digits, Scale.QUICK, 1, 1, dir, null, SILENT)
          .run(stages, stages, new About("reproduce", "test", "cpu", 1, "digits"));
    }
    JsonNode results = new ObjectMapper().readTree(Files.readString(dir.resolve("results.json")));
    checkPictures(results.get("visualization").get("ours"));
    checkChanges(results.get("generalization").get("ours"));
    checkConfidence(results.get("calibration").get("ours"));
    String page = Files.readString(dir.resolve("report.html"));
    for (String word :
        List.of("id=\"visualization\"", "Accuracy / mean confidence", "ECE with T")) {
      assertTrue(page.contains(word), word);
    }
    assertEquals(6, page.split("<canvas", -1).length - 1);
    assertFalse(page.contains("<td>NaN"), "a number that is none");
  }

  private void checkPictures(JsonNode v) {
    assertEquals("LeNet", v.get("network").asText());
    assertEquals(10, v.get("sought").asInt());
    assertEquals(9, v.get("aimed").asInt());
    assertTrue(v.get("change").asDouble() > 0);
    Set<String> files = new HashSet<>();
    for (JsonNode row : v.get("rows")) {
      assertEquals(row.get("files").size(), row.get("captions").size());
      row.get("files").forEach(f -> assertTrue(files.add(f.asText()), f.asText()));
    }
    assertEquals(10 + 10 + 12 + 12 + 12, files.size());
    files.forEach(f -> assertTrue(Files.exists(dir.resolve(f)), f));
  }

  private static void checkChanges(JsonNode g) {
    assertEquals(60, g.get("images").asInt());
    assertEquals(4 * (6 + 7 + 7 + 6), g.get("rows").size());
    // What changes nothing gives one accuracy for a network.
    for (JsonNode a : g.get("rows")) {
      for (JsonNode b : g.get("rows")) {
        if (a.get("network").equals(b.get("network")) && unchanged(a) && unchanged(b)) {
          assertEquals(a.get("accuracy").asDouble(), b.get("accuracy").asDouble(), 1e-12);
        }
      }
    }
  }

  private static boolean unchanged(JsonNode row) {
    return row.get("strength").asDouble() == (row.get("change").asText().equals("scale") ? 1 : 0);
  }

  private static void checkConfidence(JsonNode c) {
    assertEquals(30, c.get("images").asInt());
    assertEquals(30, c.get("held").asInt());
    Set<String> networks = new HashSet<>();
    for (JsonNode row : c.get("rows")) {
      networks.add(row.get("network").asText());
      assertTrue(row.get("temperature").asDouble() > 0);
      assertEquals(10, row.get("curve").size());
      // The adversarial examples of Table 1 are those that succeeded; PGD's are all it left.
      if (row.get("kind").asText().equals("adversarial")
          && !row.get("network").asText().equals("LeNet")) {
        assertEquals(0, row.get("accuracy").asDouble());
        assertEquals(row.get("confidence").asDouble(), row.get("error").asDouble(), 1e-12);
      }
    }
    assertEquals(7, networks.size());
  }
}
