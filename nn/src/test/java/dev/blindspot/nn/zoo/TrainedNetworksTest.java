package dev.blindspot.nn.zoo;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.training.Blobs;
import dev.blindspot.nn.training.Recipe;
import dev.blindspot.nn.training.TrainingListener;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainedNetworksTest {
  private static final DataSet DATA = Blobs.draw(200, 1);
  private static final Recipe RECIPE = Recipe.adam(3, 50, 5e-3, 1e-4);
  private static final Zoo.Entry ENTRY = new Zoo.Entry(Blobs.network(), RECIPE);
  private static Backend cpu;

  @TempDir Path dir;

  @BeforeAll
  static void open() {
    cpu = Backends.create("cpu", BackendOptions.defaults().threads(1));
  }

  @AfterAll
  static void close() {
    cpu.close();
  }

  /** What came out: where it lies, whether it was there, and its values. */
  private record Outcome(Path file, boolean cached, int steps, List<double[]> values) {}

  private Outcome get(Zoo.Entry e, DataSet data, Backend b, long seed, boolean retrain) {
    int[] steps = {0};
    try (TrainedNetworks.Trained t =
        TrainedNetworks.get(dir, e, data, b, seed, retrain, (s, n, l) -> steps[0]++)) {
      return new Outcome(t.file(), t.cached(), steps[0], values(t.parameters()));
    }
  }

  private Outcome get() {
    return get(ENTRY, DATA, cpu, 1, false);
  }

  private static List<double[]> values(Parameters p) {
    return p.specs().keySet().stream().map(p::values).toList();
  }

  private static void assertSame(Outcome a, Outcome b) {
    assertEquals(a.values().size(), b.values().size());
    for (int i = 0; i < a.values().size(); i++) {
      assertArrayEquals(a.values().get(i), b.values().get(i));
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> s = Files.list(dir)) {
      return s.toList();
    }
  }

  @Test
  void trainsOnceAndReadsThen() throws IOException {
    Outcome first = get();
    assertFalse(first.cached());
    assertEquals(12, first.steps());
    Outcome second = get();
    assertTrue(second.cached());
    assertEquals(0, second.steps());
    assertEquals(first.file(), second.file());
    assertSame(first, second);
    assertEquals(List.of(first.file()), files(), "no checkpoint stays");
  }

  @Test
  void everyPartOfTheKeyCounts() {
    List<Path> files = new ArrayList<>();
    files.add(get().file());
    files.add(get(ENTRY, DATA, cpu, 2, false).file());
    files.add(get(ENTRY, Blobs.draw(200, 2), cpu, 1, false).file());
    files.add(get(new Zoo.Entry(ENTRY.network(), RECIPE.epochs(2)), DATA, cpu, 1, false).file());
    Network other = Network.builder("blobs", Shape.of(1, 6, 6)).add("dense", Linear.of(4)).build();
    files.add(get(new Zoo.Entry(other, RECIPE), DATA, cpu, 1, false).file());
    try (Backend reference = Backends.create("reference")) {
      files.add(get(ENTRY, DATA, reference, 1, false).file());
    }
    assertEquals(files.size(), files.stream().distinct().count());
    assertTrue(
        get(ENTRY, Blobs.draw(200, 1), cpu, 1, false).cached(), "equal data, another object");
  }

  @Test
  void retrainIgnoresTheCache() {
    Outcome first = get();
    Outcome again = get(ENTRY, DATA, cpu, 1, true);
    assertFalse(again.cached());
    assertEquals(12, again.steps());
    assertSame(first, again);
  }

  /** What the package's logger is told while something runs. */
  private static List<String> warnings(Runnable what) {
    List<String> messages = new ArrayList<>();
    Handler handler =
        new Handler() {
          @Override
          public void publish(LogRecord r) {
            messages.add(r.getMessage());
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    Logger logger = Logger.getLogger("dev.blindspot.nn");
    logger.addHandler(handler);
    logger.setUseParentHandlers(false);
    try {
      what.run();
    } finally {
      logger.setUseParentHandlers(true);
      logger.removeHandler(handler);
    }
    return messages;
  }

  @Test
  void aDamagedFileIsReportedAndMadeAnew() throws IOException {
    Outcome first = get();
    byte[] bytes = Files.readAllBytes(first.file());
    bytes[bytes.length / 2] ^= 1;
    Files.write(first.file(), bytes);
    List<Outcome> again = new ArrayList<>();
    List<String> messages = warnings(() -> again.add(get()));
    assertEquals(1, messages.size(), messages.toString());
    assertTrue(messages.get(0).startsWith("cached network ignored: "), messages.get(0));
    assertTrue(messages.get(0).contains("checksum"), messages.get(0));
    assertFalse(again.get(0).cached());
    assertSame(first, again.get(0));
    assertTrue(get().cached(), "the file is whole again");
  }

  /** Thrown by a listener in place of a kill. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private void trainAndDie() {
    TrainingListener kill =
        (step, steps, loss) -> {
          if (step == 9) {
            throw new Killed();
          }
        };
    assertThrows(Killed.class, () -> TrainedNetworks.get(dir, ENTRY, DATA, cpu, 1, false, kill));
  }

  @Test
  void aKilledTrainingGoesOn() throws IOException {
    trainAndDie();
    Outcome resumed = get();
    assertEquals(4, resumed.steps(), "the third epoch only");
    assertEquals(List.of(resumed.file()), files());
    assertSame(get(ENTRY, DATA, cpu, 1, true), resumed);
  }

  @Test
  void retrainIgnoresAKilledTraining() {
    trainAndDie();
    assertEquals(12, get(ENTRY, DATA, cpu, 1, true).steps());
  }

  @Test
  void aDamagedCheckpointStartsAnew() throws IOException {
    trainAndDie();
    Files.write(files().get(0), new byte[100]);
    List<Outcome> again = new ArrayList<>();
    List<String> messages = warnings(() -> again.add(get()));
    assertEquals(1, messages.size(), messages.toString());
    assertTrue(messages.get(0).startsWith("training starts anew: "), messages.get(0));
    assertEquals(12, again.get(0).steps());
  }

  @Test
  void lbfgsIsCachedToo() throws IOException {
    Zoo.Entry e = new Zoo.Entry(ENTRY.network(), Recipe.lbfgs(5, 1e-3));
    Outcome first = get(e, DATA, cpu, 1, false);
    assertNotEquals(0, first.steps());
    assertTrue(get(e, DATA, cpu, 1, false).cached());
    assertEquals(List.of(first.file()), files());
  }

  @Test
  void threadsMayAskForTheSameAtOnce() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(3);
    try {
      List<Future<Outcome>> all = new ArrayList<>();
      for (int i = 0; i < 6; i++) {
        all.add(pool.submit(() -> get()));
      }
      Outcome wanted = all.get(0).get();
      for (Future<Outcome> f : all) {
        assertSame(wanted, f.get());
      }
      assertEquals(List.of(wanted.file()), files());
    } finally {
      pool.shutdown();
    }
  }

  @Test
  void aFolderThatCannotBeMadeIsOneSentence() throws IOException {
    Path file = Files.writeString(dir.resolve("file"), "x");
    InvalidInputException e =
        assertThrows(
            InvalidInputException.class,
            () ->
                TrainedNetworks.get(
                    file.resolve("models"), ENTRY, DATA, cpu, 1, false, (s, n, l) -> {}));
    assertTrue(e.getMessage().contains("cannot write the checkpoint"), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }
}
