package dev.blindspot.nn.zoo;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSets;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.training.Evaluation;
import dev.blindspot.nn.training.Trainer;
import dev.blindspot.nn.training.TrainingListener;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The recipes reach their accuracies; with two threads, as they were measured. */
@Tag("acceptance")
class RecipesTest {

  /** Test error in percent. */
  private static double error(DataSplit data, String model, long seed) {
    Zoo.Entry entry = Zoo.get(model, data.train().sampleShape(), data.train().classes());
    try (Backend cpu = Backends.create("cpu", BackendOptions.defaults().threads(2));
        Parameters p = Parameters.initialize(entry.network(), cpu, ElementType.F32, seed)) {
      long began = System.nanoTime();
      TrainingListener silent = TrainingListener.silent();
      new Trainer(entry.network(), p, cpu, entry.recipe(), seed, silent, null).run(data.train());
      double seconds = (System.nanoTime() - began) / 1e9;
      double error =
          100 * (1 - Evaluation.of(entry.network(), p, cpu, data.test(), 1000).accuracy());
      System.out.printf(
          Locale.ROOT,
          "%s %s seed %d: test error %.2f %%, trained in %.1f s%n",
          data.name(),
          model,
          seed,
          error,
          seconds);
      return error;
    }
  }

  @ParameterizedTest
  @CsvSource({
    "fc100-100-10, 1, 3",
    "fc100-100-10, 2, 3",
    "fc100-100-10, 3, 3",
    "mlp100-100-10, 1, 3",
    "mlp100-100-10, 2, 3",
    "mlp100-100-10, 3, 3",
    "fc200-200-10, 1, 3",
    "fc123-456-10, 1, 3",
    "lenet, 1, 2"
  })
  void learnsSyntheticDigits(String model, long seed, double most) {
    double error = error(DataSets.load("synthetic", null, 1), model, seed);
    assertTrue(error < most, model + " errs " + error + " %, at most " + most + " % wanted");
  }

  @ParameterizedTest
  @CsvSource({
    "fc10, 1, 7.8",
    "fc100-100-10, 1, 1.8",
    "fc100-100-10, 2, 1.8",
    "fc100-100-10, 3, 1.8",
    "fc200-200-10, 1, 1.8",
    "fc123-456-10, 1, 1.8",
    "mlp100-100-10, 1, 2.5",
    "lenet, 1, 1.2"
  })
  void learnsMnist(String model, long seed, double most) {
    assumeTrue(System.getenv("BLINDSPOT_DATA") != null, "BLINDSPOT_DATA is not set");
    double error = error(DataSets.load("mnist", null, 1), model, seed);
    assertTrue(error <= most, model + " errs " + error + " %, at most " + most + " % wanted");
  }
}
