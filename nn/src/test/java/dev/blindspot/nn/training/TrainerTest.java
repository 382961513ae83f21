package dev.blindspot.nn.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.layers.Linear;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class TrainerTest {
  private static final DataSet DATA = Blobs.draw(330, 1);
  private static final Network NETWORK = Blobs.network();
  private static final TrainingListener SILENT = TrainingListener.silent();
  private static Backend cpu;

  @TempDir Path dir;

  @BeforeAll
  static void open() {
    cpu = Backends.create("cpu", BackendOptions.defaults().threads(2));
  }

  @AfterAll
  static void close() {
    cpu.close();
  }

  static Stream<Recipe> recipes() {
    return Stream.of(
        Recipe.adam(4, 50, 5e-3, 1e-4, 1e-3),
        Recipe.sgd(4, 50, 0.05, 1e-4).shift(1),
        Recipe.lbfgs(24, 1e-3));
  }

  /** All values of all parameters, bit by bit. */
  private static List<Long> bits(Parameters p) {
    List<Long> bits = new ArrayList<>();
    for (Parameters.Key k : p.specs().keySet()) {
      Arrays.stream(p.values(k)).forEach(v -> bits.add(Double.doubleToRawLongBits(v)));
    }
    return bits;
  }

  private static List<Long> train(Recipe r, long seed, Path checkpoint, TrainingListener l) {
    try (Parameters p = Parameters.initialize(NETWORK, cpu, ElementType.F32, seed)) {
      new Trainer(NETWORK, p, cpu, r, seed, l, checkpoint).run(DATA);
      return bits(p);
    }
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void equalSeedsGiveEqualBits(Recipe r) {
    List<Long> first = train(r, 1, null, SILENT);
    assertEquals(first, train(r, 1, null, SILENT));
    assertNotEquals(first, train(r, 2, null, SILENT));
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void learns(Recipe r) {
    try (Parameters p = Parameters.initialize(NETWORK, cpu, ElementType.F32, 1)) {
      new Trainer(NETWORK, p, cpu, r.epochs(15), 1, SILENT, null).run(DATA);
      double accuracy = Evaluation.of(NETWORK, p, cpu, Blobs.draw(300, 2), 128).accuracy();
      assertTrue(accuracy > 0.97, r + " reaches " + accuracy);
    }
  }

  /** Thrown by a listener in place of a kill. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  @ParameterizedTest
  @MethodSource("recipes")
  void aResumedTrainingEndsInTheSameBits(Recipe r) {
    Path file = dir.resolve("c.bin");
    TrainingListener kill =
        (step, steps, loss) -> {
          if (step == steps / 2 + 1) {
            throw new Killed();
          }
        };
    assertThrows(Killed.class, () -> train(r, 1, file, kill));
    List<Long> steps = new ArrayList<>();
    List<Long> resumed = train(r, 1, file, (step, all, loss) -> steps.add(step));
    assertEquals(train(r, 1, null, SILENT), resumed);
    long kept = r.method() == Recipe.Method.LBFGS ? 10 : 12;
    assertEquals(
        kept + 1, steps.get(0), "goes on after two epochs of six steps, or ten iterations");
  }

  /** Killed at any step, with a checkpoint after each, it loses that step at most. */
  @ParameterizedTest
  @ValueSource(longs = {1, 5, 6, 7, 13, 24})
  void aTrainingKilledWithinAnEpochGoesOnThere(long at) {
    Recipe r = Recipe.adam(4, 50, 5e-3, 1e-4, 1e-3).shift(1);
    Path file = dir.resolve("c.bin");
    List<Long> steps = new ArrayList<>();
    List<List<Long>> ends = new ArrayList<>();
    for (long kill : new long[] {at, 0}) {
      steps.clear();
      try (Parameters p = Parameters.initialize(NETWORK, cpu, ElementType.F32, 1)) {
        TrainingListener l =
            (step, all, loss) -> {
              steps.add(step);
              if (step == kill) {
                throw new Killed();
              }
            };
        new Trainer(NETWORK, p, cpu, r, 1, l, file).savingEvery(0).run(DATA);
        ends.add(bits(p));
      } catch (Killed e) {
        assertEquals(at, steps.get(steps.size() - 1));
      }
    }
    assertEquals(train(r, 1, null, SILENT), ends.get(0));
    if (at < 24) {
      assertEquals(at + 1, steps.get(0), "the step before the kill was kept");
    }
  }

  @Test
  void aFinishedTrainingIsNotRepeated() {
    Path file = dir.resolve("c.bin");
    Recipe r = Recipe.adam(2, 50, 5e-3, 0.0);
    List<Long> first = train(r, 1, file, SILENT);
    List<Long> steps = new ArrayList<>();
    assertEquals(first, train(r, 1, file, (step, all, loss) -> steps.add(step)));
    assertTrue(steps.isEmpty());
  }

  @Test
  void aDamagedCheckpointIsRefusedAndKept() throws IOException {
    Path file = dir.resolve("c.bin");
    Recipe r = Recipe.adam(2, 50, 5e-3, 0.0);
    train(r, 1, file, SILENT);
    byte[] whole = Files.readAllBytes(file);
    byte[] cut = Arrays.copyOf(whole, whole.length / 2);
    Files.write(file, cut);
    try (Parameters p = Parameters.initialize(NETWORK, cpu, ElementType.F32, 1)) {
      List<Long> before = bits(p);
      InvalidInputException e =
          assertThrows(
              InvalidInputException.class,
              () -> new Trainer(NETWORK, p, cpu, r, 1, SILENT, file).run(DATA));
      assertTrue(e.getMessage().contains("checksum: the content was changed or cut off"));
      assertTrue(e.getMessage().contains(file.toString()), e.getMessage());
      assertEquals(before, bits(p), "parameters as they were");
      assertEquals(cut.length, Files.size(file), "file as it was");
    }
  }

  @Test
  void anotherTrainingsCheckpointIsRefused() {
    Path file = dir.resolve("c.bin");
    Recipe r = Recipe.adam(1, 50, 5e-3, 0.0);
    train(r, 1, file, SILENT);
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> train(r, 2, file, SILENT));
    assertTrue(e.getMessage().contains("it belongs to another training"), e.getMessage());
  }

  @Test
  void refusesDataThatDoesNotFit() {
    Network wrong = Network.builder("wrong", Shape.of(35)).add(Linear.of(3)).build();
    Network few = Network.builder("few", Shape.of(36)).add(Linear.of(2)).build();
    for (Network n : List.of(wrong, few)) {
      try (Parameters p = Parameters.initialize(n, cpu, ElementType.F32, 1)) {
        Trainer t = new Trainer(n, p, cpu, Recipe.adam(1, 10, 1e-3, 0.0), 1, SILENT, null);
        InvalidInputException e = assertThrows(InvalidInputException.class, () -> t.run(DATA));
        assertTrue(e.getMessage().contains("the data set blobs has samples"), e.getMessage());
      }
    }
  }

  @Test
  void aDivergedTrainingSaysSo() {
    Recipe r = Recipe.sgd(10, 50, 1e30, 0.0);
    BlindspotException e =
        assertThrows(BlindspotException.class, () -> train(r, 1, dir.resolve("c.bin"), SILENT));
    assertTrue(e.getMessage().contains("Lower the learning rate"), e.getMessage());
  }

  @Test
  void aRecipeChecksItsNumbers() {
    assertThrows(InvalidInputException.class, () -> Recipe.adam(0, 10, 1e-3, 0.0));
    assertThrows(InvalidInputException.class, () -> Recipe.adam(1, 0, 1e-3, 0.0));
    assertThrows(InvalidInputException.class, () -> Recipe.adam(1, 1, Double.NaN, 0.0));
    assertThrows(InvalidInputException.class, () -> Recipe.adam(1, 1, 1e-3, -1.0));
    assertThrows(InvalidInputException.class, () -> Recipe.adam(1, 1, 1e-3));
    assertThrows(InvalidInputException.class, () -> Recipe.adam(1, 1, 1e-3, 0.0).shift(-1));
    assertThrows(InvalidInputException.class, () -> Recipe.lbfgs(1, 0.0).shift(1));
    assertFalse(Recipe.adam(1, 1, 1e-3, 0.0).decay().isEmpty());
  }

  /** Pulls the biases of the last layer down by a force that grows with each epoch. */
  private static final class Pull implements ObjectiveTerm {
    private final List<Integer> epochs = new ArrayList<>();
    private double force;

    @Override
    public String identity() {
      return "pull";
    }

    @Override
    public void beginEpoch(int epoch) {
      epochs.add(epoch);
      force += 0.1;
    }

    @Override
    public void addGradients(Context ctx, NetworkPlan plan, long step) {
      Tensor g = plan.parameterGradient("dense", "b");
      float[] v = g.toFloats();
      for (int i = 0; i < v.length; i++) {
        v[i] += (float) force;
      }
      g.copyFrom(v);
    }

    @Override
    public void parametersChanged(Context ctx) {}

    @Override
    public List<double[]> state() {
      return List.of(new double[] {force});
    }

    @Override
    public void restore(List<double[]> state) {
      if (state.size() != 1) {
        throw new InvalidInputException("not the state of a pull");
      }
      force = state.get(0)[0];
    }
  }

  private static List<Long> pulled(Recipe r, ObjectiveTerm term, Path file, TrainingListener l) {
    try (Parameters p = Parameters.initialize(NETWORK, cpu, ElementType.F32, 1)) {
      new Trainer(NETWORK, p, cpu, r, 1, l, file, term).run(DATA);
      return bits(p);
    }
  }

  @Test
  void aFurtherTermTakesPartAndResumes() {
    Recipe r = Recipe.adam(4, 50, 5e-3, 1e-4);
    Pull whole = new Pull();
    List<Long> expected = pulled(r, whole, null, SILENT);
    assertEquals(List.of(0, 1, 2, 3), whole.epochs);
    assertNotEquals(expected, train(r, 1, null, SILENT));
    Path file = dir.resolve("c.bin");
    TrainingListener kill =
        (step, steps, loss) -> {
          if (step == steps / 2 + 1) {
            throw new Killed();
          }
        };
    assertThrows(Killed.class, () -> pulled(r, new Pull(), file, kill));
    DamagedCheckpointException e =
        assertThrows(DamagedCheckpointException.class, () -> train(r, 1, file, SILENT));
    assertTrue(e.getMessage().contains("another training"), e.getMessage());
    Pull rest = new Pull();
    assertEquals(expected, pulled(r, rest, file, SILENT));
    assertEquals(List.of(2, 3), rest.epochs);
  }

  @Test
  void lbfgsRefusesAFurtherTerm() {
    UnsupportedException e =
        assertThrows(
            UnsupportedException.class,
            () -> pulled(Recipe.lbfgs(3, 0.0), new Pull(), null, SILENT));
    assertTrue(e.getMessage().contains("use SGD or Adam"), e.getMessage());
  }
}
