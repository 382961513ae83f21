package dev.blindspot.engine.conformance;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.ImplementationReport;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.Tuning;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.Distribution;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.RandomDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.spi.tuning.Tuner;
import dev.blindspot.engine.tuning.TuningChoice;
import dev.blindspot.engine.tuning.TuningFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Choices by measurement: made, kept, used again, and what becomes of files that are not right. */
class TuningTest {
  private static final Conv2dDesc DESC =
      Conv2dDesc.of(ElementType.F32, 2, 4, 9, 8)
          .filters(16, 3, 3, 1)
          .post(PostOp.BIAS, PostOp.RELU)
          .reluMask(true);
  private static final PlanOptions BOTH =
      PlanOptions.directions(Direction.FORWARD, Direction.BACKWARD_DATA);

  @TempDir private Path folder;
  private Path file;

  @BeforeEach
  void name() {
    file = folder.resolve("tuning.txt");
  }

  private Backend backend(Tuning tuning) {
    return Backends.create(Rig.name(), options(tuning));
  }

  private BackendOptions options(Tuning tuning) {
    return BackendOptions.defaults().threads(2).tuning(tuning).tuningFile(file);
  }

  /** y, then dx, of the same random tensors on any plan. */
  private static float[][] results(Backend b, Conv2dPlan plan) {
    try (Context ctx = b.newContext();
        TensorArena arena = b.arena(1 << 20)) {
      Tensor x = random(b, ctx, arena, 2, 4, 9, 8);
      Tensor w = random(b, ctx, arena, 16, 4, 3, 3);
      Tensor bias = random(b, ctx, arena, 1, 16);
      Tensor y = random(b, ctx, arena, 2, 16, 9, 8);
      Tensor dx = random(b, ctx, arena, 2, 4, 9, 8);
      try (PackedWeights p = plan.pack(ctx, w)) {
        plan.repack(ctx, w, p);
        plan.forward(ctx, x, p, bias, y);
        float[] forward = y.toFloats();
        plan.backwardData(ctx, y, p, x, dx);
        return new float[][] {forward, dx.toFloats()};
      }
    }
  }

  private static Tensor random(Backend b, Context ctx, TensorArena arena, long... dims) {
    Tensor t = arena.tensor(ElementType.F32, dims);
    RandomDesc d =
        new RandomDesc(Distribution.NORMAL, ElementType.F32, t.n(), t.size() / t.n(), 0, 1);
    b.plan(d, PlanOptions.forward()).execute(ctx, RandomKey.of(5, dims.length), t);
    return t;
  }

  private static void assertNear(float[][] expected, float[][] got) {
    for (int i = 0; i < expected.length; i++) {
      // sums of at most 144 products of numbers below 6
      assertArrayEquals(expected[i], got[i], 144 * 36 * Math.ulp(1f));
    }
  }

  @Test
  void measuredChoicesAreKeptAndUsedByTheNextBackend() {
    float[][] plain;
    try (Backend b = backend(Tuning.OFF)) {
      plain = results(b, b.plan(DESC, BOTH));
      assertEquals("none", b.properties().get("tuning"));
    }
    assertFalse(Files.exists(file));
    String forward;
    String identity;
    try (Backend b = backend(Tuning.MEASURE)) {
      Conv2dPlan plan = b.plan(DESC, BOTH);
      forward =
          plan.implementation(Direction.FORWARD) + plan.implementation(Direction.BACKWARD_DATA);
      assertNear(plain, results(b, plan));
      identity = b.properties().get("tuning");
      assertNotEquals("none", identity);
      plan.close();
    }
    List<TuningChoice> kept = TuningFile.read(file);
    List<String> questions = kept.stream().map(TuningChoice::question).toList();
    for (Direction d : BOTH.directions()) {
      assertTrue(
          questions.contains(Tuner.question(DESC, BOTH.only(Set.of(d)))), questions::toString);
    }
    for (TuningChoice c : kept) {
      assertTrue(c.seconds().containsKey(c.answer()) && c.seconds().size() > 1, c::toString);
    }
    try (Backend b = backend(Tuning.STORED)) {
      Conv2dPlan plan = b.plan(DESC, BOTH);
      assertEquals(
          forward,
          plan.implementation(Direction.FORWARD) + plan.implementation(Direction.BACKWARD_DATA));
      results(b, plan);
      assertEquals(identity, b.properties().get("tuning"));
    }
  }

  /** The last that supports it, which order alone would not take. */
  private static String last(Backend b, Direction direction) {
    List<ImplementationReport> all =
        b.explain(DESC, BOTH.only(Set.of(direction))).stream()
            .filter(ImplementationReport::supported)
            .toList();
    return all.get(all.size() - 1).name();
  }

  private void answer(String machine, Direction direction, String name) throws IOException {
    TuningFile.add(
        file,
        List.of(
            new TuningChoice(
                machine,
                Tuner.question(DESC, BOTH.only(Set.of(direction))),
                name,
                Map.of(name, 1e-6))));
  }

  /** What this backend's choices hold for: taken from a question of its own. */
  private String machine() throws IOException {
    try (Backend b = backend(Tuning.MEASURE)) {
      b.plan(DESC, BOTH.only(Set.of(Direction.FORWARD)));
    }
    String machine = TuningFile.read(file).get(0).machine();
    Files.delete(file);
    return machine;
  }

  @Test
  void directionsOfDifferentImplementationsMakeOnePlan() throws IOException {
    String machine = machine();
    float[][] plain;
    String name;
    try (Backend b = backend(Tuning.OFF)) {
      plain = results(b, b.plan(DESC, BOTH));
      name = last(b, Direction.FORWARD);
    }
    answer(machine, Direction.FORWARD, name);
    try (Backend b = backend(Tuning.STORED)) {
      Conv2dPlan plan = b.plan(DESC, BOTH);
      assertTrue(plan.implementation(Direction.FORWARD).startsWith(name));
      assertFalse(plan.implementation(Direction.BACKWARD_DATA).startsWith(name));
      assertNear(plain, results(b, plan));
      assertEquals(DESC, plan.desc());
      assertThrows(
          InvalidInputException.class, () -> plan.implementation(Direction.BACKWARD_WEIGHTS));
      plan.close();
    }
  }

  @Test
  void choicesOfOtherMachinesAndUnknownNamesAreNotUsed() throws IOException {
    String machine = machine();
    answer("another machine", Direction.FORWARD, "nothing known");
    answer(machine, Direction.BACKWARD_DATA, "nothing known either");
    String plain;
    try (Backend b = backend(Tuning.OFF)) {
      plain = b.plan(DESC, BOTH).implementation(Direction.BACKWARD_DATA);
    }
    try (Backend b = backend(Tuning.STORED)) {
      assertEquals(plain, b.plan(DESC, BOTH).implementation(Direction.BACKWARD_DATA));
    }
  }

  @Test
  void deterministicModeNeitherMeasuresNorReads() throws IOException {
    BackendOptions o = options(Tuning.MEASURE).deterministic(true);
    try (Backend b = Backends.create(Rig.name(), o)) {
      b.plan(DESC, BOTH.only(Set.of(Direction.FORWARD)));
      assertEquals("none", b.properties().get("tuning"));
    }
    assertFalse(Files.exists(file));
  }

  @Test
  void aFileOfSomethingElseIsIgnoredAndKept() throws IOException {
    Files.writeString(file, "my thesis\n");
    try (Backend b = backend(Tuning.MEASURE)) {
      b.plan(DESC, BOTH);
    }
    assertEquals("my thesis\n", Files.readString(file));
    assertThrows(InvalidInputException.class, () -> TuningFile.read(file));
  }

  @Test
  void aDamagedFileIsReportedIgnoredAndReplaced() throws IOException {
    answer("m", Direction.FORWARD, "a");
    String whole = Files.readString(file);
    for (String damaged :
        List.of(
            whole.substring(0, whole.length() - 8),
            whole.replace("1.0E-6", "fast"),
            whole.replace("\ta\t", "\t\t"),
            whole.replace("end 1", "end 7"))) {
      Files.writeString(file, damaged);
      InvalidInputException e =
          assertThrows(InvalidInputException.class, () -> TuningFile.read(file), damaged);
      assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
      try (Backend b = backend(Tuning.STORED)) {
        b.plan(DESC, BOTH);
      }
    }
    try (Backend b = backend(Tuning.MEASURE)) {
      b.plan(DESC, BOTH.only(Set.of(Direction.FORWARD)));
    }
    assertFalse(TuningFile.read(file).isEmpty());
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    Files.write(file, new byte[] {'b', (byte) 0xff, 0, 1});
    assertThrows(InvalidInputException.class, () -> TuningFile.read(file));
    assertEquals(List.of(), TuningFile.read(folder.resolve("missing")));
    assertThrows(InvalidInputException.class, () -> TuningFile.read(folder));
  }
}
