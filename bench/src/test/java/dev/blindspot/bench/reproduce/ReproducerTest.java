package dev.blindspot.bench.reproduce;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.blindspot.attacks.AttackResult;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs, kills, damages and resumes reproductions on a few synthetic digits. */
class ReproducerTest {
  private static final About ABOUT = new About("reproduce", "test", "cpu", 1, "digits");
  private static Backend cpu;
  private static DataSplit digits;

  @TempDir Path dir;

  @BeforeAll
  static void open() {
    cpu = Backends.create("cpu");
    DataSplit all = DataSets.load("synthetic", null, 1);
    digits = new DataSplit(all.train().first(120), all.test().first(60));
  }

  @AfterAll
  static void close() {
    cpu.close();
  }

  /** Thrown by a task in place of a kill. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  /** Names of the tasks begun; dies at the n-th update. */
  private static final class Watch implements Tasks {
    final List<String> tasks = new ArrayList<>();
    final List<String> lines = new ArrayList<>();
    int left = Integer.MAX_VALUE;

    @Override
    public Task start(String name, String unit, long total) {
      tasks.add(name);
      return new Task() {
        @Override
        public void update(long done, String detail) {
          if (--left == 0) {
            throw new Killed();
          }
        }

        @Override
        public void close() {}
      };
    }

    @Override
    public void say(String line) {
      lines.add(line);
    }
  }

  /** One network, trained and attacked. */
  private record Numbers(double error, List<Double> distortions) {}

  private static final class Small implements Stage<Numbers> {
    final String key;

    Small(String key) {
      this.key = key;
    }

    @Override
    public String key() {
      return key;
    }

    @Override
    public String title() {
      return "Stage " + key;
    }

    @Override
    public Class<Numbers> type() {
      return Numbers.class;
    }

    @Override
    public Object paper() {
      return Map.of("error", 0.5);
    }

    @Override
    public double expectedSeconds(Scale scale) {
      return 60;
    }

    @Override
    public Numbers run(Reproduction r) {
      TrainedNetwork t = r.trained(r.networks().table1().get(0));
      AttackResult found = r.attack(t, "test", r.samples(r.test(), 5));
      return new Numbers(
          Table1Stage.error(r, t, r.test()),
          found.samples().stream().map(s -> s.distortion().rms()).toList());
    }

    @Override
    public void write(Numbers ours, Section section) {
      section.text("error <" + ours.error() + ">").table("caption", List.of("a"), List.of());
    }
  }

  private static final List<Stage<?>> STAGES = List.of(new Small("first"), new Small("second"));

  private void run(Path folder, Tasks tasks, long seed) {
    new Reproducer(cpu, digits, Scale.QUICK, seed, 1, folder, null, tasks)
        .run(STAGES, STAGES, ABOUT);
  }

  /** Results without the seconds. */
  private static Map<String, String> results(Path folder) throws IOException {
    JsonNode all = new ObjectMapper().readTree(folder.resolve("results.json").toFile());
    Map<String, String> found = new TreeMap<>();
    all.fieldNames()
        .forEachRemaining(
            key -> {
              JsonNode e = all.get(key);
              assertEquals("quick", e.get("scale").asText());
              assertEquals(1, e.get("seed").asLong());
              assertTrue(e.get("seconds").asDouble() > 0);
              assertEquals(0.5, e.get("paper").get("error").asDouble());
              found.put(key, e.get("ours").toString());
            });
    return found;
  }

  private static Map<Path, List<Byte>> files(Path folder) throws IOException {
    Map<Path, List<Byte>> all = new TreeMap<>();
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path p : walk.filter(Files::isRegularFile).toList()) {
        List<Byte> bytes = new ArrayList<>();
        for (byte b : Files.readAllBytes(p)) {
          bytes.add(b);
        }
        all.put(p, bytes);
      }
    }
    return all;
  }

  @Test
  void writesResultsAndAPageAndTrainsANetworkOnce() throws IOException {
    Watch watch = new Watch();
    run(dir, watch, 1);
    assertEquals(List.of("first", "second"), List.copyOf(results(dir).keySet()));
    long trainings = watch.tasks.stream().filter(t -> t.startsWith("Training")).count();
    assertEquals(1, trainings, watch.tasks.toString());
    assertTrue(watch.lines.get(0).contains("1 of 2: Stage first (about 2 min left"));
    String page = Files.readString(dir.resolve("report.html"));
    assertTrue(page.contains("error &lt;0."), "text is escaped");
    assertTrue(page.contains("quick scale"), "every table says that it is quick");
    Watch again = new Watch();
    run(dir, again, 1);
    assertEquals(List.of(), again.tasks, "all is kept");
  }

  /** Killed at any update, a run goes on and ends in the same numbers. */
  @Test
  void aKilledRunEndsInTheSameResults() throws IOException {
    Path whole = dir.resolve("whole");
    run(whole, new Watch(), 1);
    for (int at : new int[] {1, 15, 40, 151}) {
      Path folder = dir.resolve("killed-" + at);
      Watch kill = new Watch();
      kill.left = at;
      assertThrows(Killed.class, () -> run(folder, kill, 1));
      Watch watch = new Watch();
      run(folder, watch, 1);
      assertEquals(results(whole), results(folder), "killed at " + at);
    }
  }

  @Test
  void otherSettingsAreRefusedAndNothingChanges() throws IOException {
    run(dir, new Watch(), 1);
    Map<Path, List<Byte>> before = files(dir);
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> run(dir, new Watch(), 2));
    assertTrue(e.getMessage().contains("--seed 1, not 2"), e.getMessage());
    assertTrue(e.getMessage().contains("another --out"), e.getMessage());
    assertEquals(before, files(dir));
  }

  @Test
  void aFolderOfOtherFilesIsRefused() throws IOException {
    Files.writeString(dir.resolve("thesis.txt"), "mine");
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> run(dir, new Watch(), 1));
    assertTrue(e.getMessage().contains("holds other files"), e.getMessage());
    assertEquals("mine", Files.readString(dir.resolve("thesis.txt")));
    assertEquals(1, files(dir).size());
  }

  /** Any byte of any kept file changed: the run names the file and the way out. */
  @Test
  void damagedFilesAreRefusedAndNothingIsOverwritten() throws IOException {
    run(dir, new Watch(), 1);
    for (String name :
        List.of(
            "stages/first.json",
            "networks/fc10-1e-4.bin",
            "attacks/fc10-1e-4-test-0.bin",
            "reproduction.json")) {
      Path file = dir.resolve(name);
      byte[] good = Files.readAllBytes(file);
      // So that network and attack are asked for.
      Path second = dir.resolve("stages/second.json");
      byte[] stage = Files.readAllBytes(second);
      Files.delete(second);
      byte[] bad = good.clone();
      bad[bad.length / 2] ^= 0x15;
      Files.write(file, bad);
      InvalidInputException e =
          assertThrows(InvalidInputException.class, () -> run(dir, new Watch(), 1), name);
      assertTrue(e.getMessage().startsWith("Resume: "), e.getMessage());
      assertTrue(e.getMessage().contains("Nothing was overwritten"), e.getMessage());
      assertArrayEquals(bad, Files.readAllBytes(file), name);
      assertFalse(Files.exists(second));
      Files.write(file, good);
      Files.write(second, stage);
    }
    run(dir, new Watch(), 1);
  }

  @Test
  void partsOfTheTrainingImagesAreDisjointHalves() {
    try (Reproduction r = new Reproduction(cpu, digits, Scale.QUICK, 1, dir, null, new Watch())) {
      assertEquals(120, r.part(PaperNetwork.Part.ALL).size());
      assertEquals(60, r.part(PaperNetwork.Part.P1).size());
      List<String> all = new ArrayList<>();
      for (PaperNetwork.Part p : List.of(PaperNetwork.Part.P1, PaperNetwork.Part.P2)) {
        for (int i = 0; i < 60; i++) {
          all.add(Arrays.toString(r.part(p).image(i)));
        }
      }
      assertEquals(120, all.stream().distinct().count());
      Samples s = r.samples(r.test(), 1000);
      assertEquals(60, s.count());
      for (int i = 0; i < 60; i++) {
        assertTrue(s.targets()[i] != s.labels()[i] && s.targets()[i] >= 0 && s.targets()[i] < 10);
      }
    }
  }

  @Test
  void partsOfAStageAreMadeOnce() throws IOException {
    int[] made = {0};
    try (Reproduction r = new Reproduction(cpu, digits, Scale.QUICK, 1, dir, null, new Watch())) {
      for (int i = 0; i < 2; i++) {
        Numbers n =
            r.kept("part", Numbers.class, () -> new Numbers(++made[0], Arrays.asList(0.5, null)));
        assertEquals(new Numbers(1, Arrays.asList(0.5, null)), n);
      }
      Path file = dir.resolve("stages/parts/part.json");
      Files.writeString(file, Files.readString(file).replace("1.0", "2.0"));
      InvalidInputException e =
          assertThrows(
              InvalidInputException.class, () -> r.kept("part", Numbers.class, () -> null));
      assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
    }
    assertEquals(1, made[0]);
  }
}
