package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Audits of one network on cpu and on cuda, or its stand-in, find the same. */
class CudaAuditTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path folder;

  private JsonNode run(String command, String device, String... more) throws IOException {
    List<String> args = new ArrayList<>(List.of(command, "--device", device, "--json", "-"));
    if (command.equals("audit")) {
      args.addAll(List.of("--out", folder.resolve(device.replace(":", "")).toString()));
    }
    args.addAll(List.of(more));
    Cli.Run r = Cli.run(args.toArray(new String[0]));
    assertEquals(CommandLineTool.DONE, r.code(), r.err());
    return MAPPER.readTree(r.out());
  }

  private static void assumeCuda() {
    Assumptions.assumeTrue(
        "cuda".equals(System.getProperty("blindspot.test.backend")),
        "backend cuda is not wanted here");
  }

  @ParameterizedTest
  @ValueSource(strings = {"fc10", "fc100-100-10"})
  void auditsAgree(String model) throws IOException {
    assumeCuda();
    String net = folder.resolve("net.onnx").toString();
    run("train", "cpu", "--model", model, "--out", net);
    JsonNode cpu = run("audit", "cpu", "--model", net, "--examples", "12");
    JsonNode cuda = run("audit", "cuda:0", "--model", net, "--examples", "12");
    assertEquals("cuda", cuda.get("device").asText());
    assertEquals(cpu.get("clean").get("accuracy"), cuda.get("clean").get("accuracy"));
    JsonNode expected = cpu.get("attack");
    JsonNode attack = cuda.get("attack");
    assertEquals(expected.get("success_rate"), attack.get("success_rate"));
    double mean = expected.get("mean_distortion_rms").asDouble();
    assertEquals(mean, attack.get("mean_distortion_rms").asDouble(), 0.01 * mean);
    int near = 0;
    for (int i = 0; i < 12; i++) {
      JsonNode a = cpu.get("samples").get(i);
      JsonNode b = cuda.get("samples").get(i);
      assertEquals(a.get("index"), b.get("index"));
      double l2 = a.get("l2").asDouble();
      near += Math.abs(b.get("l2").asDouble() - l2) <= 0.05 * l2 ? 1 : 0;
      double radius = a.get("certified_l2").asDouble();
      assertEquals(radius, b.get("certified_l2").asDouble(), 1e-3 * radius);
      assertTrue(radius < b.get("l2").asDouble());
    }
    assertTrue(near >= 0.95 * 12, near + " of 12 distances are within 5 %");
  }

  @Test
  void doctorSaysWhatWasFound() throws IOException {
    assumeCuda();
    JsonNode doctor = run("doctor", "cuda");
    for (JsonNode b : doctor.get("backends")) {
      if (b.get("name").asText().equals("cuda")) {
        assertTrue(b.get("available").asBoolean(), b.toString());
        JsonNode found = b.get("properties");
        for (String key : List.of("gpu", "architecture", "cuda driver", "cudnn", "cublasLt")) {
          assertTrue(found.has(key), key + " is not in " + found);
        }
        assertTrue(found.has("path of libcudnn_graph.so.9"), found.toString());
        return;
      }
    }
    throw new AssertionError("doctor does not name backend cuda");
  }

  @Test
  void anUnknownDeviceIsBadUsage() {
    assumeCuda();
    Cli.Run r = Cli.run("audit", "--device", "cuda:7", "--out", folder.toString());
    assertEquals(CommandLineTool.BAD_INPUT, r.code());
    assertTrue(r.err().contains("there is no GPU 7"), r.err());
    assertEquals(1, r.err().lines().count(), r.err());
  }
}
