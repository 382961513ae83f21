package dev.blindspot.attacks.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.NetworkOptions;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.NetworkPlan;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.training.DamagedCheckpointException;
import dev.blindspot.nn.training.Recipe;
import dev.blindspot.nn.training.Trainer;
import dev.blindspot.nn.training.TrainingListener;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdversarialTrainingTest {
  private static final Network NET = Digits.NETWORK;
  private static final AdversarialTrainingOptions OPTIONS =
      AdversarialTrainingOptions.defaults().pool(60, 20).gradients(14).share(25, 0.5);
  private static Backend backend;

  @TempDir Path dir;

  @BeforeAll
  static void open() {
    backend = Digits.backend();
  }

  @AfterAll
  static void close() {
    backend.close();
  }

  private static List<Long> bits(Parameters p) {
    List<Long> bits = new ArrayList<>();
    for (Parameters.Key k : p.specs().keySet()) {
      Arrays.stream(p.values(k)).forEach(v -> bits.add(Double.doubleToRawLongBits(v)));
    }
    return bits;
  }

  private static List<Long> train(
      AdversarialTrainingOptions o, long seed, Path checkpoint, AdversarialTrainingListener l) {
    return train(Digits.RECIPE, o, seed, checkpoint, l);
  }

  private static List<Long> train(
      Recipe recipe,
      AdversarialTrainingOptions o,
      long seed,
      Path checkpoint,
      AdversarialTrainingListener l) {
    try (Parameters p = Parameters.initialize(NET, backend, ElementType.F32, 1)) {
      new AdversarialTraining(NET, p, backend, recipe, o, seed, l, checkpoint).run(Digits.DATA);
      return bits(p);
    }
  }

  private static List<Long> train(AdversarialTrainingOptions o, long seed) {
    return train(o, seed, null, AdversarialTrainingListener.silent());
  }

  @Test
  void equalSeedsGiveEqualBits() {
    List<Long> first = train(OPTIONS, 1);
    assertEquals(first, train(OPTIONS, 1));
    assertNotEquals(first, train(OPTIONS, 2));
    assertNotEquals(first, train(OPTIONS.forLayers("input"), 1));
    assertNotEquals(first, train(OPTIONS.share(25, 1), 1));
  }

  @Test
  void withEmptyPoolsItIsTheOrdinaryTraining() {
    try (Parameters p = Parameters.initialize(NET, backend, ElementType.F32, 1)) {
      new Trainer(NET, p, backend, Digits.RECIPE, 1, TrainingListener.silent(), null)
          .run(Digits.DATA);
      assertEquals(bits(p), train(OPTIONS.firstEpoch(3), 1));
      assertNotEquals(bits(p), train(OPTIONS.firstEpoch(2), 1));
    }
  }

  @Test
  void poolsAreFilledThenRenewedBeforeEachEpoch() {
    Map<String, List<Integer>> made = new LinkedHashMap<>();
    List<Integer> sizes = new ArrayList<>();
    List<Integer> epochs = new ArrayList<>();
    AdversarialTrainingListener heard =
        new AdversarialTrainingListener() {
          @Override
          public void step(long step, long steps, double loss) {}

          @Override
          public void renewed(int epoch, LayerAdversary.Found found, int size) {
            made.computeIfAbsent(found.layer(), k -> new ArrayList<>()).add(found.labels().length);
            sizes.add(size);
            epochs.add(epoch);
            assertTrue(found.mostGradients() <= 14, found.toString());
          }
        };
    // After six epochs nearly every digit has an adversarial example within 14 gradients.
    train(Digits.RECIPE.epochs(8), OPTIONS.firstEpoch(6), 1, null, heard);
    assertEquals(List.of(6, 6, 6, 7, 7, 7), epochs);
    assertEquals(List.of("input", "sigmoid1", "sigmoid2"), List.copyOf(made.keySet()));
    List<Integer> filled = new ArrayList<>();
    for (List<Integer> m : made.values()) {
      assertEquals(2, m.size());
      assertTrue(m.get(0) >= 54 && m.get(0) <= 60, "all of the pool at first: " + m);
      assertTrue(m.get(1) >= 18 && m.get(1) <= 20, "then what is replaced: " + m);
      filled.add(m.get(0));
    }
    assertEquals(filled, sizes.subList(0, 3));
    for (int i = 0; i < 3; i++) {
      assertTrue(sizes.get(i + 3) >= filled.get(i) && sizes.get(i + 3) <= 60, sizes.toString());
    }
  }

  private record ParameterGradients(Map<Parameters.Key, float[]> values) {
    static ParameterGradients of(NetworkPlan plan, Parameters p) {
      Map<Parameters.Key, float[]> v = new LinkedHashMap<>();
      p.specs()
          .keySet()
          .forEach(k -> v.put(k, plan.parameterGradient(k.node(), k.name()).toFloats()));
      return new ParameterGradients(v);
    }
  }

  /** Gradients before and after a pool adds its own. */
  private static ParameterGradients[] added(String layer, AdversarialPool pool, Parameters p) {
    int n = 20;
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(4L * n * (Digits.DATA.sampleSize() + 10) + 256);
        NetworkPlan plan = NET.plan(backend, p, n, NetworkOptions.of(Gradients.PARAMETERS));
        PooledLayer pooled =
            new PooledLayer(pool, PoolLayers.above(NET, layer), p, backend, OPTIONS, 1)) {
      Tensor x = arena.tensor(ElementType.F32, NET.inputShape().batched(n), Layout.NCHW);
      Tensor dz = arena.tensor(ElementType.F32, n, 10);
      float[] d = new float[n * 10];
      for (int i = 0; i < d.length; i++) {
        d[i] = i % 7 - 3;
      }
      Digits.DATA.copyTo(0, n, x);
      plan.forward(ctx, x);
      plan.backward(ctx, dz.copyFrom(d));
      ParameterGradients before = ParameterGradients.of(plan, p);
      pooled.addGradients(ctx, plan, 4);
      ctx.synchronize();
      return new ParameterGradients[] {before, ParameterGradients.of(plan, p)};
    }
  }

  private static AdversarialPool pool(String layer, Parameters p) {
    LayerAdversary.Found f =
        new LayerAdversary(NET, p, backend, layer, 14, true).generate(Digits.DATA, 30, 3);
    int width = f.examples().length / f.labels().length;
    AdversarialPool pool =
        new AdversarialPool(layer, width, 60, AdversarialPool.Replacement.RANDOM, 1);
    pool.add(f.examples(), f.labels());
    return pool;
  }

  @ParameterizedTest
  @ValueSource(strings = {"input", "sigmoid1", "sigmoid2"})
  void aPoolTrainsTheLayersAboveItAndNoOther(String layer) {
    List<String> above = PoolLayers.above(NET, layer).nodes().stream().map(n -> n.name()).toList();
    try (Parameters p = Digits.trained(backend)) {
      ParameterGradients[] g = added(layer, pool(layer, p), p);
      for (Parameters.Key k : p.specs().keySet()) {
        float[] before = g[0].values().get(k);
        float[] after = g[1].values().get(k);
        if (above.contains(k.node())) {
          assertTrue(!Arrays.equals(before, after), k + " is above " + layer);
        } else {
          assertArrayEquals(before, after, k + " is below " + layer);
        }
      }
    }
  }

  @Test
  void addedAreTheGradientsOfTheWeightedMeanCrossEntropy() {
    try (Parameters p = Digits.trained(backend)) {
      AdversarialPool pool = pool("sigmoid2", p);
      ParameterGradients[] g = added("sigmoid2", pool, p);
      float[] x = new float[25 * 12];
      int[] y = new int[25];
      pool.draw(4, x, y);
      double[] w = p.values(new Parameters.Key("fc3", "w"));
      double[] b = p.values(new Parameters.Key("fc3", "b"));
      double[] expected = new double[10];
      for (int i = 0; i < 25; i++) {
        double[] e = new double[10];
        double sum = 0;
        for (int c = 0; c < 10; c++) {
          double z = b[c];
          for (int j = 0; j < 12; j++) {
            z += w[c * 12 + j] * x[i * 12 + j];
          }
          e[c] = Math.exp(z);
          sum += e[c];
        }
        for (int c = 0; c < 10; c++) {
          expected[c] += 0.5 / 25 * (e[c] / sum - (c == y[i] ? 1 : 0));
        }
      }
      Parameters.Key bias = new Parameters.Key("fc3", "b");
      for (int c = 0; c < 10; c++) {
        double found = (double) g[1].values().get(bias)[c] - g[0].values().get(bias)[c];
        assertEquals(expected[c], found, 1e-5);
      }
    }
  }

  /** Thrown by a listener in place of a kill. */
  private static final class Killed extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private static AdversarialTrainingListener killAt(long at) {
    return new AdversarialTrainingListener() {
      @Override
      public void step(long step, long steps, double loss) {
        if (step == at) {
          throw new Killed();
        }
      }

      @Override
      public void renewed(int epoch, LayerAdversary.Found found, int size) {}
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"OLDEST", "RANDOM"})
  void aResumedTrainingEndsInTheSameBits(AdversarialPool.Replacement replacement) {
    AdversarialTrainingOptions o = OPTIONS.replacement(replacement);
    Path file = dir.resolve(replacement + ".bin");
    assertThrows(Killed.class, () -> train(o, 1, file, killAt(30)));
    assertEquals(train(o, 1), train(o, 1, file, AdversarialTrainingListener.silent()));
  }

  @Test
  void anotherTrainingsCheckpointIsRefused() {
    Path file = dir.resolve("c.bin");
    assertThrows(Killed.class, () -> train(OPTIONS, 1, file, killAt(30)));
    assertThrows(
        DamagedCheckpointException.class,
        () -> train(OPTIONS.gradients(13), 1, file, AdversarialTrainingListener.silent()));
  }

  private static void refused(String words, Runnable work) {
    InvalidInputException e = assertThrows(InvalidInputException.class, work::run);
    assertTrue(e.getMessage().contains(words), e.getMessage());
  }

  @Test
  void badInputIsRefused() {
    AdversarialTrainingOptions d = AdversarialTrainingOptions.defaults();
    refused("pools of 2000 examples from 600 samples", () -> train(d, 1));
    refused("layer fc1 does not lie in [0,1]", () -> train(OPTIONS.forLayers("input", "fc1"), 1));
    refused("name one layer twice", () -> d.forLayers("input", "input"));
    refused("replaced 3001", () -> d.pool(3000, 3001));
    refused("capacity 0", () -> d.pool(0, 0));
    refused("gradients 11", () -> d.gradients(11));
    refused("batch 0", () -> d.share(0, 1));
    refused("weight NaN", () -> d.share(10, Double.NaN));
    refused("firstEpoch -1", () -> d.firstEpoch(-1));
    Recipe lbfgs = Recipe.lbfgs(3, 0.0);
    try (Parameters p = Parameters.initialize(NET, backend, ElementType.F32, 1)) {
      AdversarialTraining t =
          new AdversarialTraining(
              NET, p, backend, lbfgs, OPTIONS, 1, AdversarialTrainingListener.silent(), null);
      Exception e = assertThrows(RuntimeException.class, () -> t.run(Digits.DATA));
      assertTrue(e.getMessage().contains("use SGD or Adam"), e.getMessage());
    }
  }
}
