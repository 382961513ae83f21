package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Whole audits of a small network, from the command line to the files. */
class AuditTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir Path folder;

  /** The JSON of an audit of fc10 on the synthetic digits. */
  private JsonNode audit(String... more) throws IOException {
    return auditOf("fc10", more);
  }

  private JsonNode auditOf(String model, String... more) throws IOException {
    List<String> args = new ArrayList<>(List.of("audit", "--model", model, "--json", "-"));
    args.addAll(List.of("--out", folder.resolve("out").toString()));
    args.addAll(List.of(more));
    Cli.Run r = Cli.run(args.toArray(new String[0]));
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    return MAPPER.readTree(r.out());
  }

  private static List<String> keys(JsonNode node) {
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void everyDistanceIsBracketedAndTheRowsMultiply() throws IOException {
    JsonNode audit = audit("--examples", "20");
    assertEquals("blindspot-audit-1", audit.get("format").asText());
    assertEquals(20, audit.get("samples").size());
    assertEquals(1, audit.get("attack").get("success_rate").asDouble());
    assertTrue(audit.get("attack").get("gradient_evaluations_per_sample").asDouble() >= 1);
    for (JsonNode s : audit.get("samples")) {
      double certified = s.get("certified_l2").asDouble();
      double l2 = s.get("l2").asDouble();
      assertTrue(0 < certified && certified < l2, s.toString());
      assertTrue(certified <= s.get("certified_l2_real").asDouble(), s.toString());
      assertEquals(l2 / 28, s.get("rms").asDouble(), 1e-9 * l2);
      assertTrue(s.get("linf").asDouble() <= l2);
      assertEquals(s.get("label"), s.get("predicted"));
      assertNotEquals(s.get("label"), s.get("adversarial_label"));
      assertTrue(s.get("target").isNull());
    }
    double product = 1;
    for (JsonNode layer : audit.get("bounds").get("layers")) {
      assertTrue(layer.get("lower").asDouble() <= layer.get("upper").asDouble());
      product *= layer.get("upper").asDouble();
    }
    assertEquals(product, audit.get("bounds").get("network_upper").asDouble(), 1e-12 * product);

    assertEquals(audit, MAPPER.readTree(folder.resolve("out/audit.json").toFile()));
    String page = Files.readString(folder.resolve("out/report.html"));
    assertEquals(3 * 20, page.split("src=\"data:image/png", -1).length - 1);
  }

  @Test
  void targetedAttackReachesTheLabelsDrawn() throws IOException {
    JsonNode audit = audit("--examples", "10", "--targeted");
    assertTrue(audit.get("attack").get("targeted").asBoolean());
    assertEquals(1, audit.get("attack").get("success_rate").asDouble());
    for (JsonNode s : audit.get("samples")) {
      assertNotEquals(s.get("label"), s.get("target"));
      assertEquals(s.get("target"), s.get("adversarial_label"));
    }
  }

  @Test
  void sameSeedGivesTheSameResultButForTheTime() throws IOException {
    String[] args = {"--examples", "6", "--threads", "2"};
    JsonNode first = audit(args);
    ((ObjectNode) first).remove("seconds");
    JsonNode second = audit(args);
    assertEquals(List.of("train", "attack", "bounds", "total"), keys(second.get("seconds")));
    ((ObjectNode) second).remove("seconds");
    assertEquals(first, second);
  }

  @Test
  void networkInAFileIsAuditedLikeTheOneOfTheZooOnEveryDevice() throws IOException {
    String file = folder.resolve("net.onnx").toString();
    assertEquals(0, Cli.run("train", "--model", "fc10", "--out", file, "--quiet").code());
    JsonNode zoo = audit("--examples", "2");
    JsonNode onnx = auditOf(file, "--examples", "2");
    JsonNode reference = auditOf(file, "--examples", "2", "--device", "reference");
    assertEquals(file, onnx.get("model").get("name").asText());
    assertEquals("reference", reference.get("device").asText());
    for (int i = 0; i < 2; i++) {
      double l2 = zoo.get("samples").get(i).get("l2").asDouble();
      for (JsonNode other : List.of(onnx, reference)) {
        JsonNode s = other.get("samples").get(i);
        assertEquals(zoo.get("samples").get(i).get("index"), s.get("index"));
        assertEquals(l2, s.get("l2").asDouble(), 1e-3 * l2);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "lbfgs,,L2",
    "pgd,linf,LINF",
    "pgd,l2,L2",
    "pgd,l1,L1",
    "fgsm,linf,LINF",
    "fgsm,l2,L2",
    "fgsm,l1,L1"
  })
  void attackCommandListsEverySample(String attack, String norm, String written)
      throws IOException {
    List<String> args =
        new ArrayList<>(List.of("attack", "--attack", attack, "--model", "fc10", "--json", "-"));
    args.addAll(List.of("--examples", "5"));
    double eps = written.equals("LINF") ? 0.3 : written.equals("L2") ? 3 : 40;
    if (norm != null) {
      args.addAll(List.of("--norm", norm, "--eps", "" + eps));
    }
    Cli.Run r = Cli.run(args.toArray(new String[0]));
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    JsonNode j = MAPPER.readTree(r.out());
    assertEquals(written, j.get("norm").asText());
    assertTrue(j.get("attack").asText().startsWith(attack + "("));
    assertEquals(1, j.get("success_rate").asDouble(), j.toString());
    assertEquals(5, j.get("samples").size());
    for (JsonNode s : j.get("samples")) {
      assertTrue(s.get("linf").asDouble() <= (written.equals("LINF") ? eps + 1e-6 : 1));
      assertNotEquals(s.get("label"), s.get("adversarial_label"));
    }
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(0, files.count(), "it writes no file that was not asked for");
    }
  }
}
