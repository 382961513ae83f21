package dev.blindspot.attacks.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.training.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingComparisonTest {
  private static final DataSet TEST = DataSets.load("synthetic", null, 1).test().first(200);
  private static Backend backend;

  @TempDir Path folder;

  @BeforeAll
  static void open() {
    backend = Digits.backend();
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static VariantSettings settings(TrainingVariant v) {
    return new VariantSettings(
        Digits.RECIPE,
        0.1,
        0.2,
        AdversarialTrainingOptions.defaults().pool(40, 10).gradients(12).share(20, 0.2));
  }

  /** Hears nothing but what has ended. */
  private static final class Ended implements TrainingComparison.Listener {
    private final List<String> runs = new ArrayList<>();
    private final List<List<Double>> values = new ArrayList<>();

    @Override
    public AdversarialTrainingListener begin(TrainingVariant v, long seed, int run, int all) {
      assertEquals(runs.size(), run);
      return AdversarialTrainingListener.silent();
    }

    @Override
    public void end(TrainingVariant v, long seed, VariantTrainer.Trained t, double error) {
      runs.add(v.label() + " " + seed);
      Parameters p = t.parameters();
      List<Double> all = new ArrayList<>();
      p.specs().keySet().forEach(k -> Arrays.stream(p.values(k)).forEach(all::add));
      values.add(all);
    }
  }

  private List<TrainingComparison.Result> compare(Ended heard, boolean retrain) {
    VariantTrainer trainer = new VariantTrainer(Digits.NETWORK, Digits.DATA, backend, folder);
    return new TrainingComparison(Digits.NETWORK, backend, trainer, Digits.DATA, TEST)
        .run(
            List.of(TrainingVariant.values()),
            TrainingComparisonTest::settings,
            List.of(1L, 2L),
            retrain,
            heard);
  }

  @Test
  void everyVariantIsTrainedFromEverySeedAndKept() throws IOException {
    Ended first = new Ended();
    List<TrainingComparison.Result> results = compare(first, false);
    assertEquals(8, first.runs.size());
    assertEquals("weight-decay 1", first.runs.get(0));
    assertEquals("layer-pools 2", first.runs.get(7));
    assertEquals(8, new HashSet<>(first.values).size(), "no two trainings are alike");
    for (TrainingComparison.Result r : results) {
      assertEquals(0, r.cached());
      assertEquals(2, r.errors().errors().size());
      assertTrue(r.errors().mean() >= 0 && r.errors().mean() < 0.9, r.toString());
      assertTrue(r.seconds().stream().allMatch(s -> s > 0));
    }
    try (var files = Files.list(folder)) {
      assertTrue(files.allMatch(f -> f.toString().endsWith(".bin")), "no checkpoint is left");
    }
    Ended second = new Ended();
    List<TrainingComparison.Result> again = compare(second, false);
    assertEquals(first.values, second.values);
    assertTrue(again.stream().allMatch(r -> r.cached() == 2));
    for (int i = 0; i < results.size(); i++) {
      assertEquals(results.get(i).errors(), again.get(i).errors());
      assertEquals(results.get(i).seconds(), again.get(i).seconds());
    }
    Ended third = new Ended();
    assertTrue(compare(third, true).stream().allMatch(r -> r.cached() == 0));
    assertEquals(first.values, third.values, "equal seeds give equal bits");
  }

  @Test
  void otherSettingsAreAnotherTraining() throws IOException {
    VariantTrainer trainer = new VariantTrainer(Digits.NETWORK, Digits.DATA, backend, folder);
    for (VariantSettings s :
        List.of(
            settings(null),
            settings(null).epochs(2),
            settings(null).pools(pools().replacement(AdversarialPool.Replacement.OLDEST)))) {
      for (TrainingVariant v : List.of(TrainingVariant.WEIGHT_DECAY, TrainingVariant.INPUT_POOL)) {
        trainer.train(v, s, 1, false, AdversarialTrainingListener.silent()).close();
      }
    }
    try (var files = Files.list(folder)) {
      assertEquals(2 + 3, files.count(), "pools count only where there are some");
    }
  }

  private static AdversarialTrainingOptions pools() {
    return settings(null).pools();
  }

  @Test
  void aDamagedFileIsRefusedAndKept() throws IOException {
    VariantTrainer trainer = new VariantTrainer(Digits.NETWORK, Digits.DATA, backend, folder);
    VariantSettings s = settings(null).epochs(1);
    AdversarialTrainingListener silent = AdversarialTrainingListener.silent();
    trainer.train(TrainingVariant.WEIGHT_DECAY, s, 1, false, silent).close();
    Path file;
    try (var files = Files.list(folder)) {
      file = files.findFirst().orElseThrow();
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    InvalidInputException e =
        assertThrows(
            InvalidInputException.class,
            () -> trainer.train(TrainingVariant.WEIGHT_DECAY, s, 1, false, silent));
    assertTrue(e.getMessage().contains("Delete it to train afresh"), e.getMessage());
    assertEquals(bytes.length, Files.size(file));
    try (VariantTrainer.Trained t =
        trainer.train(TrainingVariant.WEIGHT_DECAY, s, 1, true, silent)) {
      assertFalse(t.cached());
    }
  }

  @Test
  void meanAndStandardErrorOfSeeds() {
    TestErrors a = new TestErrors(List.of(0.016, 0.017, 0.018));
    assertEquals(0.017, a.mean(), 1e-15);
    assertEquals(0.001 / Math.sqrt(3), a.standardError(), 1e-15);
    TestErrors b = new TestErrors(List.of(0.012, 0.012, 0.015));
    assertEquals(0.001, b.standardError(), 1e-15);
    double difference = Math.sqrt(1e-6 / 3 + 1e-6);
    assertEquals(0.004 / difference, b.standardErrorsBelow(a), 1e-9);
    assertEquals(-0.004 / difference, a.standardErrorsBelow(b), 1e-9);
    TestErrors one = new TestErrors(List.of(0.012));
    assertTrue(Double.isNaN(one.standardError()));
    assertTrue(Double.isNaN(one.standardErrorsBelow(a)));
  }

  @Test
  void defaultsAreThePapersWhereItSays() {
    for (TrainingVariant v : TrainingVariant.values()) {
      VariantSettings s = VariantSettings.defaults(v);
      assertEquals(0, s.recipe().shift(), "the paper does not move images");
      assertEquals(2000, s.pools().capacity());
      assertEquals(200, s.pools().replaced());
      assertEquals(30, s.pools().gradients());
      for (TrainingVariant w : TrainingVariant.values()) {
        assertEquals(
            VariantSettings.defaults(v).recipe().epochs(),
            VariantSettings.defaults(w).recipe().epochs());
      }
    }
    assertNotEquals(
        settings(null).describe(TrainingVariant.DROPOUT),
        settings(null).describe(TrainingVariant.WEIGHT_DECAY));
    Recipe r = Digits.RECIPE;
    AdversarialTrainingOptions p = AdversarialTrainingOptions.defaults();
    assertThrows(InvalidInputException.class, () -> new VariantSettings(r, 1, 0, p));
    assertThrows(InvalidInputException.class, () -> new VariantSettings(r, 0, -0.1, p));
  }
}
