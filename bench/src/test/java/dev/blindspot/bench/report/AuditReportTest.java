package dev.blindspot.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.blindspot.engine.BlindspotException;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditReportTest {
  @TempDir Path folder;

  private static List<String> keys(JsonNode node) {
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void jsonHasExactlyTheDocumentedKeys() throws IOException {
    AuditReport.write(folder, SampleAudits.audit(20, "m"), List.of());
    JsonNode j = new ObjectMapper().readTree(folder.resolve("audit.json").toFile());
    assertEquals(
        List.of(
            "format",
            "version",
            "command",
            "device",
            "precision",
            "threads",
            "seed",
            "implementations",
            "model",
            "data",
            "clean",
            "attack",
            "bounds",
            "samples",
            "seconds"),
        keys(j));
    assertEquals(List.of("name", "parameters", "layers"), keys(j.get("model")));
    assertEquals(List.of("name", "examples"), keys(j.get("data")));
    assertEquals(List.of("accuracy"), keys(j.get("clean")));
    assertEquals(
        List.of(
            "name",
            "norm",
            "targeted",
            "success_rate",
            "mean_distortion_rms",
            "median_l2",
            "gradient_evaluations_per_sample"),
        keys(j.get("attack")));
    assertEquals(List.of("statement", "layers", "network_upper"), keys(j.get("bounds")));
    assertEquals(
        List.of("name", "kind", "lower", "upper", "method"),
        keys(j.get("bounds").get("layers").get(0)));
    assertEquals(
        List.of(
            "index",
            "label",
            "predicted",
            "target",
            "adversarial_label",
            "success",
            "l2",
            "linf",
            "rms",
            "certified_l2",
            "certified_l2_real",
            "not_certified_because",
            "evaluations",
            "stopped_because"),
        keys(j.get("samples").get(0)));
    assertEquals(List.of("train", "attack", "bounds", "total"), keys(j.get("seconds")));
    assertTrue(j.get("bounds").get("network_upper").isNull(), "infinity is null");
    assertEquals(0.0312, j.get("attack").get("mean_distortion_rms").asDouble());
  }

  @Test
  void reportNeedsNothingElse() {
    String page = AuditReport.html(SampleAudits.audit(20, "m"), SampleAudits.pictures(2, 1));
    assertFalse(Pattern.compile("\\{\\{[a-z]+}}").matcher(page).find(), "every part is filled in");
    assertTrue(page.contains("Chart.js v4"), "the chart library is in it");
    Matcher source =
        Pattern.compile("<(?:script|link|img)[^>]*(?:src|href)=\"([^\"]*)\"").matcher(page);
    int pictures = 0;
    while (source.find()) {
      assertTrue(source.group(1).startsWith("data:image/png;base64,"), source.group(1));
      pictures++;
    }
    assertEquals(6, pictures);
    assertFalse(page.contains("sourceMappingURL"));
  }

  @Test
  void bothCertificatesSayWhatTheyAreAbout() {
    String page = AuditReport.html(SampleAudits.audit(20, "m"), List.of());
    assertTrue(page.contains("<td>float32 program</td><td>19 of 20</td>"));
    assertTrue(page.contains("<td>real-valued network</td><td>20 of 20</td>"));
    assertTrue(page.contains("<td>No input changes the float program.</td>"));
    assertTrue(page.contains("<td>No input changes the real-valued network.</td>"));
    assertTrue(page.contains("1 image, because the margin is within the rounding error."));
  }

  @Test
  void namesAreEscaped() {
    String evil = "</script><script>alert(1)</script>&{{title}}";
    String page = AuditReport.html(SampleAudits.audit(3, evil), List.of());
    assertFalse(page.contains("<script>alert"));
    assertTrue(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&amp;{{title}}"));
  }

  @Test
  void differenceIsTenTimesMagnifiedRoundMidGrey() throws IOException {
    Picture p =
        new Picture(
            0, 1, 1, 4, new float[] {0, 0.5f, 1, 0.5f}, new float[] {0, 0.52f, 0.5f, 0.48f});
    assertEquals(List.of(128, 179, 0, 77), levels(Pixels.difference(p)));
    assertEquals(List.of(0, 128, 255, 128), levels(Pixels.image(p, p.original())));
  }

  private static List<Integer> levels(String uri) throws IOException {
    byte[] png = Base64.getDecoder().decode(uri.substring(uri.indexOf(',') + 1));
    BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
    List<Integer> levels = new ArrayList<>();
    for (int x = 0; x < image.getWidth(); x++) {
      levels.add(image.getRaster().getSample(x, 0, 0));
    }
    return levels;
  }

  @Test
  void medianIsTheMiddle() {
    assertEquals(2, AuditSummary.median(new double[] {3, 1, 2}));
    assertEquals(2.5, AuditSummary.median(new double[] {4, 1, 2, 3}));
    assertTrue(Double.isNaN(AuditSummary.median(new double[0])));
  }

  @Test
  void numbersAreShort() {
    assertEquals("0.0312", Html.number(0.0312));
    assertEquals("12.3", Html.number(12.345));
    assertEquals("1.20e-05", Html.number(0.000012));
    assertEquals("–", Html.number(Double.NaN));
    assertEquals("100 %", Html.percent(1));
    assertEquals("97.85 %", Html.percent(0.9785));
    assertEquals("0 %", Html.percent(0));
  }

  @Test
  void failedWriteLeavesTheOlderFile() throws IOException {
    Path file = folder.resolve("audit.json");
    OutputFiles.write(file, "first");
    OutputFiles.write(file, "second");
    assertEquals("second", Files.readString(file));
    Path taken = Files.createDirectories(folder.resolve("taken/inside"));
    Assertions.assertThrows(
        BlindspotException.class, () -> OutputFiles.write(taken.getParent(), "x"));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(2, files.count(), "nothing is left beside");
    }
  }
}
