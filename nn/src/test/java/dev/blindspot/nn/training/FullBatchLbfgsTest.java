package dev.blindspot.nn.training;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.layers.Linear;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Softmax regression of two classes on one pixel, x = 0 for class 0 and x = 1 for class 1, equally
 * often. With w = w1 - w0 the mean cross-entropy and lambda/2 (w0^2 + w1^2) are least where w1 =
 * -w0 = w / 2, b1 - b0 = -w / 2 and 1 / (1 + exp(w / 2)) = lambda w.
 */
class FullBatchLbfgsTest {
  private static final Network NETWORK =
      Network.builder("line", Shape.of(1, 1, 1)).add("dense", Linear.of(2)).build();

  private static DataSet data(int n) {
    byte[][] pixels = new byte[n][1];
    int[] labels = new int[n];
    for (int i = 0; i < n; i++) {
      labels[i] = i % 2;
      pixels[i][0] = (byte) (255 * labels[i]);
    }
    return new DataSet("line", Shape.of(1, 1, 1), 2, pixels, labels);
  }

  /** The root of 1 / (1 + exp(w / 2)) = lambda w, by bisection. */
  private static double slope(double lambda) {
    double low = 0;
    double high = 1 / lambda;
    for (int i = 0; i < 200; i++) {
      double w = (low + high) / 2;
      if (1 / (1 + Math.exp(w / 2)) > lambda * w) {
        low = w;
      } else {
        high = w;
      }
    }
    return low;
  }

  /** Any batch, whole slices or not, gives the one minimum. */
  @ParameterizedTest
  @CsvSource({"reference,10,0.1", "cpu,10,0.1", "cpu,4,0.1", "cpu,1000,0.01", "cpu,3,0.001"})
  void findsTheRegularisedMinimum(String name, int batch, double lambda) {
    Recipe recipe = new Recipe(Recipe.Method.LBFGS, 100, batch, 1, 0, List.of(lambda), 0);
    try (Backend backend = Backends.create(name);
        Parameters p = Parameters.initialize(NETWORK, backend, ElementType.F32, 5)) {
      new Trainer(NETWORK, p, backend, recipe, 1, TrainingListener.silent(), null).run(data(10));
      double[] w = p.values(new Parameters.Key("dense", "w"));
      double[] b = p.values(new Parameters.Key("dense", "b"));
      double wanted = slope(lambda);
      assertEquals(wanted / 2, w[1], 1e-3 * wanted);
      assertEquals(-wanted / 2, w[0], 1e-3 * wanted);
      assertEquals(-wanted / 2, b[1] - b[0], 1e-3 * wanted);
    }
  }
}
