package dev.blindspot.bench.perf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AuditComparisonTest {
  @TempDir Path folder;

  private Path audit(String device, double mean, double... distances) throws IOException {
    StringBuilder s = new StringBuilder();
    for (int i = 0; i < distances.length; i++) {
      s.append(i == 0 ? "" : ",")
          .append("{\"index\":" + i)
          .append(",\"success\":" + (distances[i] > 0))
          .append(",\"l2\":" + (distances[i] > 0 ? distances[i] : "null"))
          .append("}");
    }
    String text =
        String.format(
            Locale.ROOT,
            "{\"format\":\"blindspot-audit-1\",\"device\":\"%s\","
                + "\"attack\":{\"mean_distortion_rms\":%s},\"samples\":[%s]}",
            device,
            mean,
            s);
    return Files.writeString(folder.resolve(device + mean + distances.length + ".json"), text);
  }

  @Test
  void agreesWithinTheTolerances() throws IOException {
    double[] ours = new double[40];
    double[] theirs = new double[40];
    for (int i = 0; i < 40; i++) {
      ours[i] = i == 7 ? 0 : 1 + i;
      theirs[i] = ours[i] * (i == 3 ? 1.2 : 1.04);
    }
    AuditComparison c = AuditComparison.of(audit("cpu", 1, ours), audit("cuda", 1.009, theirs));
    assertTrue(c.agree());
    assertEquals(40, c.sameSuccess());
    assertEquals(38 / 39.0, c.close(), 1e-12);
    assertEquals(0.009, c.meanDifference(), 1e-12);
  }

  @Test
  void refusesWhatDiffers() throws IOException {
    Path ours = audit("cpu", 1, 1, 2, 3);
    assertFalse(AuditComparison.of(ours, audit("a", 1.02, 1, 2, 3)).agree(), "means");
    assertFalse(AuditComparison.of(ours, audit("b", 1, 1, 0, 3)).agree(), "success");
    assertFalse(AuditComparison.of(ours, audit("c", 1, 1, 2.2, 3)).agree(), "distances");
    assertTrue(AuditComparison.of(ours, ours).agree());
  }

  @Test
  void writesTheResultAndFailsWhereTheyDiffer() throws IOException {
    Path out = folder.resolve("comparison.json");
    String[] args = {
      audit("cpu", 1, 1, 2).toString(), audit("cuda", 1, 1, 0).toString(), out.toString()
    };
    assertThrows(BlindspotException.class, () -> AuditComparison.main(args));
    assertTrue(Files.readString(out).contains("\"same_success\" : 1"), Files.readString(out));
  }

  @Test
  void refusesOtherFiles() throws IOException {
    Path ours = audit("cpu", 1, 1);
    Path other = Files.writeString(folder.resolve("other.json"), "{\"samples\":[1]}");
    assertThrows(InvalidInputException.class, () -> AuditComparison.of(ours, other));
    assertThrows(
        InvalidInputException.class, () -> AuditComparison.of(ours, folder.resolve("none.json")));
    Path more = audit("cuda", 1, 1, 2);
    assertThrows(InvalidInputException.class, () -> AuditComparison.of(ours, more));
  }
}
