package dev.blindspot.bench.reproduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.bench.report.AdversarialTrainingResult.Variant;
import dev.blindspot.bench.report.Json;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stage of adversarial training on a few synthetic digits. */
class TrainingStageTest {
  @TempDir Path dir;

  private static final class Names implements Tasks {
    private final List<String> names = new ArrayList<>();

    @Override
    public Task start(String name, String unit, long total) {
      names.add(name);
      return new Task() {
        @Override
        public void update(long done, String detail) {}

        @Override
        public void close() {}
      };
    }

    @Override
    public void say(String line) {}
  }

  @Test
  void trainsEveryVariantOnceAndSaysWhatHolds() {
    DataSplit all = DataSets.load("synthetic", null, 1);
    DataSplit digits = new DataSplit(all.train().first(120), all.test().first(60));
    TrainingStage stage = new TrainingStage(3);
    try (Backend backend = Backends.create("cpu")) {
      Names first = new Names();
      Training t;
      try (Reproduction r = new Reproduction(backend, digits, Scale.QUICK, 4, dir, null, first)) {
        t = stage.run(r);
      }
      assertEquals(12, first.names.size(), first.names.toString());
      assertEquals("Training by weight-decay, 1 of 12", first.names.get(0));
      assertEquals(List.of(4L, 5L, 6L), t.seeds());
      assertEquals(120, t.poolSize(), "no more than there are images");
      assertEquals(
          List.of("weight-decay", "dropout", "input-pool", "layer-pools"),
          t.variants().stream().map(Variant::name).toList());
      Variant pools = t.variants().get(3);
      assertEquals(pools.standardErrorsBelowDecay() > 2, t.claims().get(0).holds());
      assertEquals(pools.meanError() < t.variants().get(2).meanError(), t.claims().get(1).holds());
      assertEquals(pools.meanError() <= 0.012, t.claims().get(2).holds());
      assertEquals(t, Json.parse(Json.text(t), Training.class));

      Names second = new Names();
      try (Reproduction r = new Reproduction(backend, digits, Scale.QUICK, 4, dir, null, second)) {
        assertEquals(t, stage.run(r));
      }
      assertEquals(List.of(), second.names, "nothing is trained again");

      Section section = new Section("training", stage.title(), Scale.QUICK, 1, dir);
      stage.write(t, section);
      for (String s : List.of("layer-pools", "1.20 %", "below decay by", "quick scale")) {
        assertTrue(section.html().contains(s), s + " in " + section.html());
      }
    }
  }
}
