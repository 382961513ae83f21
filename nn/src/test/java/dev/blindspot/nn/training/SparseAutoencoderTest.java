package dev.blindspot.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Linear;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SparseAutoencoderTest {
  private static final DataSet DATA = Blobs.draw(70, 3);
  private static final SparseAutoencoder SPARSE = new SparseAutoencoder(0.2, 0.5, 1e-3, 30, 32);
  private static Backend cpu;

  @TempDir Path dir;

  @BeforeAll
  static void open() {
    cpu = Backends.create("cpu");
  }

  @AfterAll
  static void close() {
    cpu.close();
  }

  private static Network network() {
    return Network.builder("coded", DATA.sampleShape())
        .add("code", Linear.of(5))
        .add("sigmoid", ActivationLayer.sigmoid())
        .add("top", Linear.of(3))
        .build();
  }

  private static double[] code(Parameters p) {
    return p.values(new Parameters.Key("code", "w"));
  }

  private static double[] trained(SparseAutoencoder s, Path checkpoint, TrainingListener l) {
    Network n = network();
    try (Parameters p = Parameters.initialize(n, cpu, ElementType.F32, 1)) {
      s.pretrain(n, p, cpu, DATA, 1, l, checkpoint);
      return code(p);
    }
  }

  /** Plain loops in double over all samples, as the formula reads. */
  private static double formula(SparseAutoencoder s, double[] v, int units) {
    int size = DATA.sampleSize();
    int w1 = 0;
    int b1 = units * size;
    int w2 = b1 + units;
    int b2 = w2 + units * size;
    double value = 0;
    double[] mean = new double[units];
    for (int i = 0; i < DATA.size(); i++) {
      float[] x = DATA.image(i);
      double[] a = new double[units];
      for (int j = 0; j < units; j++) {
        double z = v[b1 + j];
        for (int k = 0; k < size; k++) {
          z += v[w1 + j * size + k] * x[k];
        }
        a[j] = 1 / (1 + Math.exp(-z));
        mean[j] += a[j] / DATA.size();
      }
      for (int k = 0; k < size; k++) {
        double z = v[b2 + k];
        for (int j = 0; j < units; j++) {
          z += v[w2 + k * units + j] * a[j];
        }
        double y = 1 / (1 + Math.exp(-z));
        value += 0.5 * (y - x[k]) * (y - x[k]) / DATA.size();
      }
    }
    for (double q : mean) {
      double rho = s.rho();
      value += s.beta() * (rho * Math.log(rho / q) + (1 - rho) * Math.log((1 - rho) / (1 - q)));
    }
    for (int i = 0; i < units * size; i++) {
      value += 0.5 * s.lambda() * (v[w1 + i] * v[w1 + i] + v[w2 + i] * v[w2 + i]);
    }
    return value;
  }

  /**
   * Value and directional derivatives against the formula in double; the difference quotient's
   * error is of order h^2, that of sums in float about 1e-5 of their terms.
   */
  @ParameterizedTest
  @ValueSource(ints = {70, 32, 7})
  void objectiveIsTheFormulaWithItsGradient(int batch) {
    SparseAutoencoder s = new SparseAutoencoder(0.2, 0.5, 1e-3, 1, batch);
    Network n = network();
    Network autoencoder = SparseAutoencoder.autoencoder(n, DATA.sampleSize());
    try (Parameters p = Parameters.initialize(autoencoder, cpu, ElementType.F32, 7);
        DataSlices slices = DataSlices.of(cpu, DATA, n.inputShape(), batch)) {
      FlatParameters flat = new FlatParameters(autoencoder, p, Recipe.lbfgs(1, s.lambda()));
      try (SparseAutoencoderObjective f =
          new SparseAutoencoderObjective(s, autoencoder, p, flat, slices)) {
        double[] w = flat.gather();
        double[] g = new double[w.length];
        double value = f.value(w, g);
        assertEquals(formula(s, w, 5), value, 1e-5 * value);
        SplittableRandom random = new SplittableRandom(5);
        for (int trial = 0; trial < 5; trial++) {
          double[] d = random.doubles(w.length, -1, 1).toArray();
          double slope = 0;
          double[] above = w.clone();
          double[] below = w.clone();
          double h = 1e-4;
          for (int i = 0; i < w.length; i++) {
            slope += g[i] * d[i];
            above[i] += h * d[i];
            below[i] -= h * d[i];
          }
          double difference = (formula(s, above, 5) - formula(s, below, 5)) / (2 * h);
          assertEquals(difference, slope, 1e-4 * (1 + Math.abs(difference)));
        }
      }
    }
  }

  @Test
  void decreasesAndChangesOnlyTheFirstLayer() {
    Network n = network();
    List<Double> values = new ArrayList<>();
    try (Parameters p = Parameters.initialize(n, cpu, ElementType.F32, 1)) {
      double[] before = code(p);
      double[] top = p.values(new Parameters.Key("top", "w"));
      SPARSE.pretrain(n, p, cpu, DATA, 1, (i, all, v) -> values.add(v), null);
      assertTrue(Math.abs(before[0] - code(p)[0]) > 1e-4, "the code is learned");
      assertArrayEquals(top, p.values(new Parameters.Key("top", "w")));
    }
    assertEquals(30, values.size());
    for (int i = 1; i < values.size(); i++) {
      assertTrue(values.get(i) < values.get(i - 1));
    }
  }

  /** Thrown by a listener in place of a kill. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  @Test
  void goesOnAfterAKillInTheSameBits() {
    Path file = dir.resolve("autoencoder");
    TrainingListener kill =
        (i, all, v) -> {
          if (i == 15) {
            throw new Killed();
          }
        };
    assertThrows(Killed.class, () -> trained(SPARSE, file, kill));
    List<Long> steps = new ArrayList<>();
    double[] resumed = trained(SPARSE, file, (i, all, v) -> steps.add(i));
    assertEquals(11L, steps.get(0));
    assertArrayEquals(trained(SPARSE, null, TrainingListener.silent()), resumed);
    SparseAutoencoder other = new SparseAutoencoder(0.3, 0.5, 1e-3, 30, 32);
    assertThrows(
        DamagedCheckpointException.class,
        () -> trained(other, file, TrainingListener.silent()),
        "another training's checkpoint is refused");
  }

  @Test
  void topIsTrainedBehindTheCodeAndTheCodeStays() {
    Network n = network();
    try (Parameters p = Parameters.initialize(n, cpu, ElementType.F32, 1)) {
      SPARSE.pretrain(n, p, cpu, DATA, 1, TrainingListener.silent(), null);
      double[] code = code(p);
      double before = Evaluation.of(n, p, cpu, DATA, 50).accuracy();
      Trainer trainer =
          new Trainer(n, p, cpu, Recipe.lbfgs(60, 1e-6), 1, TrainingListener.silent(), null);
      trainer.runTop(DATA, 2);
      assertArrayEquals(code, code(p));
      double after = Evaluation.of(n, p, cpu, DATA, 50).accuracy();
      assertTrue(after > 0.95 && after > before, before + " to " + after);
      Trainer adam =
          new Trainer(n, p, cpu, Recipe.adam(1, 10, 1e-3, 0.0), 1, TrainingListener.silent(), null);
      assertThrows(InvalidInputException.class, () -> adam.runTop(DATA, 2));
    }
  }

  @Test
  void refusesWhatDoesNotBeginWithADenseSigmoidLayer() {
    Network n = Blobs.network();
    try (Parameters p = Parameters.initialize(n, cpu, ElementType.F32, 1)) {
      InvalidInputException e =
          assertThrows(
              InvalidInputException.class,
              () -> SPARSE.pretrain(n, p, cpu, DATA, 1, TrainingListener.silent(), null));
      assertTrue(e.getMessage().contains("dense layer and a sigmoid"), e.getMessage());
    }
    assertThrows(InvalidInputException.class, () -> new SparseAutoencoder(1, 1, 1, 1, 1));
    assertThrows(InvalidInputException.class, () -> new SparseAutoencoder(0.1, -1, 1, 1, 1));
  }
}
