package dev.blindspot.bench.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Both sides of the protocol, the other one in a process of its own. */
class PeerTest {
  private static PeerProblem problem(String driver, int n, int length) {
    return new PeerProblem(driver, "FWD_D", Map.of("n", n, "length", length), null);
  }

  @Test
  void everySettingAndVariantIsAWayToMeasure() {
    try (Peer peer = FakePeer.open(List.of(Map.of("B", "2", "A", "1"), Map.of("A", "3")))) {
      assertEquals("fake 1", peer.version());
      List<Peer.Way> ways = peer.prepare(problem("sigmoid", 2, 3));
      assertEquals(
          List.of("A=1 B=2 ordinary", "A=1 B=2 other", "A=3 ordinary", "A=3 other"),
          ways.stream().map(w -> w.config() + " " + w.implementation()).toList());
      assertTrue(ways.get(0).micros(10) > 0);
      double[] twice = ways.get(2).result();
      float[] drawn = RandomData.uniform(0, 6);
      assertEquals(6, twice.length);
      for (int i = 0; i < drawn.length; i++) {
        assertEquals(2 * drawn[i], twice[i]);
      }
    }
  }

  /** Threads of some libraries spin for long after their work. */
  @Test
  void itsThreadsSleepBeforeOthersAreMeasured(@TempDir Path folder) {
    Assumptions.assumeTrue(Files.isDirectory(Path.of("/proc/self/task")), "no /proc here");
    Path file = folder.resolve("done");
    try (Peer peer = FakePeer.open(List.of(Map.of("REST_FILE", file.toString())))) {
      peer.prepare(problem("restless", 1, 1)).get(0).micros(1);
      assertTrue(Files.exists(file), "a thread of the peer's was still at work");
    }
  }

  @Test
  void aLargeResultArrivesWhole() {
    int n = (1 << 17) + 3;
    try (Peer peer = FakePeer.open(List.of(Map.of()))) {
      double[] values = peer.prepare(problem("sigmoid", 1, n)).get(1).result();
      float[] drawn = RandomData.uniform(0, n);
      assertEquals(n, values.length);
      assertEquals(3 * drawn[n - 1], values[n - 1]);
    }
  }

  @Test
  void whatAPeerCannotDoIsAReasonAndItGoesOn() {
    try (Peer peer = FakePeer.open(List.of(Map.of()))) {
      UnsupportedException e =
          assertThrows(UnsupportedException.class, () -> peer.prepare(problem("softmax", 1, 1)));
      assertEquals("fake has no softmax", e.getMessage());
      Peer.Way broken = peer.prepare(problem("tanh", 1, 1)).get(0);
      String m = assertThrows(BlindspotException.class, () -> broken.micros(1)).getMessage();
      assertTrue(m.contains("fake 1 failed") && m.contains("tanh broke"), m);
      assertEquals(2, peer.prepare(problem("relu", 1, 1)).size());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "dies, ended with code 1; its last words",
    "old, speaks blindspot-peer-0",
    "mute, did not answer in 1 s"
  })
  void aBadProcessSaysWhatIsWrong(String behaviour, String part) {
    List<String> command = FakePeer.command(behaviour);
    String m =
        assertThrows(
                BlindspotException.class, () -> new PeerProcess(command, Map.of(), "", 1).close())
            .getMessage();
    assertTrue(m.contains(part), m);
  }

  @Test
  void aMissingPeerSaysWhatBringsIt() {
    String before = System.getProperty(PeerLibrary.HOME);
    System.setProperty(PeerLibrary.HOME, "no-such-folder");
    try {
      String m =
          assertThrows(InvalidInputException.class, () -> Peer.open("torch", 1)).getMessage();
      assertTrue(m.contains("-Ppeers"), m);
    } finally {
      if (before == null) {
        System.clearProperty(PeerLibrary.HOME);
      } else {
        System.setProperty(PeerLibrary.HOME, before);
      }
    }
    String m = assertThrows(InvalidInputException.class, () -> Peer.open("torhc", 1)).getMessage();
    assertTrue(m.contains("did you mean") && m.contains("torch"), m);
  }
}
