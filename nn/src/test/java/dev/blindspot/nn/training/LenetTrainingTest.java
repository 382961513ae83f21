package dev.blindspot.nn.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.TestBackends;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.zoo.Zoo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The zoo's lenet, on pictures of 6 x 6, learns as much on every backend as on the reference. */
class LenetTrainingTest {
  private static final DataSet TRAIN = Blobs.draw(60, 1);
  private static final DataSet TEST = Blobs.draw(60, 2);

  static java.util.stream.Stream<String> backends() {
    return TestBackends.names();
  }

  private static double accuracy(String name) {
    Network lenet = Zoo.get("lenet", TRAIN.sampleShape(), 3).network();
    try (Backend backend = Backends.create(name);
        Parameters p = Parameters.initialize(lenet, backend, ElementType.F32, 3)) {
      Recipe recipe = Recipe.adam(2, 10, 1e-3, 1e-5);
      new Trainer(lenet, p, backend, recipe, 3, TrainingListener.silent(), null).run(TRAIN);
      return Evaluation.of(lenet, p, backend, TEST, 30).accuracy();
    }
  }

  @ParameterizedTest
  @MethodSource("backends")
  void reachesTheReferencesAccuracy(String backend) {
    double wanted = accuracy("reference");
    assertTrue(wanted > 0.9, () -> "the reference reaches " + wanted);
    assertEquals(wanted, accuracy(backend), 0.035, "2 of 60 pictures");
  }
}
