package dev.blindspot.bench.workbench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.bench.peer.FakePeer;
import dev.blindspot.bench.peer.Peer;
import dev.blindspot.bench.report.Json;
import dev.blindspot.bench.workbench.BenchResult.PeerTimes;
import dev.blindspot.bench.workbench.BenchResult.Row;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PeerRunTest {

  private static List<Row> run(String driver) {
    try (Peer peer = FakePeer.open(List.of(Map.of("K", "v")));
        Backend backend = Backends.create("reference")) {
      Workbench bench =
          new Workbench(
              backend,
              new Workbench.Settings(0, Precision.FP32, "", true, Layout.NCHW, true),
              peer);
      return bench.run(driver, List.of("2x5"), null, List.of(Pass.FWD_D), (row, n) -> {});
    }
  }

  @Test
  void aPeerIsMeasuredBesideOurs() {
    Row row = run("relu").get(0);
    PeerTimes p = row.beside();
    assertEquals(
        List.of("fake", "K=v", "ordinary"), List.of(p.peer(), p.peerConfig(), p.peerImpl()));
    assertEquals(p.peerMedianUs() / row.medianUs(), p.peerRatio());
    assertEquals(0, p.peerDifference());
    assertEquals(0, p.peerMaxError());
    assertNull(p.peerSkipped());
  }

  @Test
  void aPeerThatDoesSomethingElseDoesNotCount() {
    PeerTimes p = run("sigmoid").get(0).beside();
    assertNull(p.peerRatio());
    assertTrue(p.peerSkipped().contains("differs from ours"), p.peerSkipped());
  }

  @Test
  void whatThePeerCannotDoIsMeasuredWithoutIt() {
    Row row = run("softmax").get(0);
    assertTrue(row.medianUs() > 0);
    assertEquals("fake has no softmax", row.beside().peerSkipped());
  }

  private static Row row(String driver, String dir, Double ratio) {
    PeerTimes p = new PeerTimes("torch", "", "", 1.0, 0.0, ratio, 0.0, null, null, null);
    return new Row(
        driver, "s", "", dir, "f32", "FP32", "i", 1.0, 1.0, 0.0, null, 1.0, 1.0, null, null, null,
        null, null, null, p);
  }

  @Test
  void meansAreGeometricByDirection() {
    List<Row> rows = new ArrayList<>();
    rows.add(row("conv", "FWD_D", 2.0));
    rows.add(row("conv", "FWD_D", 8.0));
    rows.add(row("conv", "BWD_D", 0.5));
    rows.add(row("pool", "FWD_D", null));
    Map<String, Double> means = Workbench.geometricMeans(rows);
    assertEquals(4, means.get("conv FWD_D"), 1e-12);
    assertEquals(0.5, means.get("conv BWD_D"), 1e-12);
    assertEquals(2, means.get("all"), 1e-12);
    assertEquals(3, means.size());
    assertTrue(Workbench.geometricMeans(List.of()).isEmpty());
  }

  @Test
  void thePeersFieldsStandAmongTheOthersAndAreReadAgain() {
    String text = Json.line(row("conv", "FWD_D", 2.0));
    assertTrue(text.contains("\"peer_ratio\":2.0") && text.contains("\"peer\":\"torch\""), text);
    assertEquals(2, Json.parse(text, Row.class).beside().peerRatio());
    text = Json.line(row("conv", "FWD_D", 2.0).with(null));
    assertFalse(text.contains("peer"), text);
    assertNull(Json.parse(text, Row.class).beside());
  }

  @Test
  void seriesTakeTurns() {
    StringBuilder order = new StringBuilder();
    List<Timed> two =
        List.of(
            n -> {
              order.append('a');
              return 5000;
            },
            n -> {
              order.append('b');
              return 7000;
            });
    List<Sampling> s = Sampling.alternating(two, 0.1);
    assertTrue(order.toString().endsWith("abababab"), order.toString());
    assertEquals(5000, s.get(0).median());
    assertEquals(7000, s.get(1).min());
  }
}
