package dev.blindspot.attacks.inspect;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Ranks held-out images by single units, &lt;phi(x), e_i&gt;, and by random directions, &lt;phi(x),
 * v&gt;, of a layer (Szegedy et al. 2013, section 3), and compares how pure the labels of the top
 * images are. v is normal and normalised: uniform on the sphere. Subtracting the mean of phi over
 * the images moves all values of a row by the same number and changes no rank.
 */
public final class UnitInspection {
  /** Separates the numbers of the test from others of the same seed. */
  private static final long TEST_STREAM = 0x7065726dL;

  private UnitInspection() {}

  /**
   * Inspects a layer. The images go through the network twice: to find the units that are constant,
   * then to rank. Same seed, threads and machine: same bits.
   *
   * @param parameters F32, on {@code backend}; only read
   * @param layer a node's name; a unit is an element of its flattened activation
   * @param images that the network was not trained on, with labels
   * @param progress told the number of images done, up to twice the number of images
   * @throws InvalidInputException if there is no such layer, it has no live unit or a value that is
   *     not finite, or there are fewer images than are to be shown
   */
  public static Inspection run(
      Network network,
      Parameters parameters,
      Backend backend,
      String layer,
      DataSet images,
      InspectionOptions options,
      IntConsumer progress) {
    HiddenLayers.check(network, layer);
    if (options.top() > images.size()) {
      throw new InvalidInputException(
          "Inspection: the top "
              + options.top()
              + " of "
              + images.size()
              + " images were asked for; take more images or a smaller top");
    }
    try (Activations phi = new Activations(network, parameters, backend, layer, images)) {
      checkHeap(phi.features(), options);
      int[] live = liveUnits(phi, progress);
      if (live.length == 0) {
        throw new InvalidInputException(
            "Inspection: all "
                + phi.features()
                + " units of layer "
                + layer
                + " are constant over the "
                + images.size()
                + " images; take another layer or more images");
      }
      int[] units = draw(live, options);
      double[][] directions = directions(phi.features(), options);
      Ranking[] rankings =
          rank(phi, units, directions, options.top(), i -> progress.accept(images.size() + i));
      List<TopImages> byUnit = new ArrayList<>();
      List<TopImages> byDirection = new ArrayList<>();
      int[] labels = images.labels();
      for (int i = 0; i < rankings.length; i++) {
        int j = i - units.length;
        (j < 0 ? byUnit : byDirection).add(rankings[i].top(j < 0 ? units[i] : j, labels));
      }
      return result(layer, phi.features(), live.length, images, byUnit, byDirection, options);
    }
  }

  private static Inspection result(
      String layer,
      int features,
      int live,
      DataSet images,
      List<TopImages> units,
      List<TopImages> directions,
      InspectionOptions options) {
    double[] a = units.stream().mapToDouble(TopImages::purity).toArray();
    double[] b = directions.stream().mapToDouble(TopImages::purity).toArray();
    return new Inspection(
        layer,
        features,
        features - live,
        images.size(),
        List.copyOf(units),
        List.copyOf(directions),
        Arrays.stream(a).average().orElseThrow(),
        Arrays.stream(b).average().orElseThrow(),
        options.permutations(),
        PermutationTest.pValue(a, b, options.permutations(), options.seed() ^ TEST_STREAM));
  }

  private static void checkHeap(int features, InspectionOptions o) {
    double bytes =
        8.0 * features * o.directions() + 60.0 * o.top() * ((double) o.units() + o.directions());
    long heap = Runtime.getRuntime().maxMemory();
    if (bytes > 0.5 * heap) {
      throw new InvalidInputException(
          "Inspection: "
              + o.units()
              + " units and "
              + o.directions()
              + " directions of "
              + features
              + " elements, "
              + o.top()
              + " images each, do not fit the Java heap of "
              + (heap >> 20)
              + " MiB; ask for fewer");
    }
  }

  /** Units that have two values or more, in ascending order. */
  private static int[] liveUnits(Activations phi, IntConsumer progress) {
    int features = phi.features();
    float[] first = new float[features];
    boolean[] live = new boolean[features];
    phi.forEach(
        (image, values, at) -> {
          if (image == 0) {
            System.arraycopy(values, at, first, 0, features);
          }
          for (int i = 0; i < features; i++) {
            live[i] |= values[at + i] != first[i];
          }
          progress.accept(image + 1);
        });
    return IntStream.range(0, features).filter(i -> live[i]).toArray();
  }

  /** The first of a seeded shuffle. */
  private static int[] draw(int[] live, InspectionOptions options) {
    return Arrays.stream(DataSet.shuffled(live.length, options.seed()))
        .limit(options.units())
        .map(i -> live[i])
        .toArray();
  }

  /** Independent of the number of directions and, by the specification of Random, of the JDK. */
  static double[][] directions(int features, InspectionOptions options) {
    Random random = new Random(options.seed());
    double[][] all = new double[options.directions()][features];
    for (double[] v : all) {
      double squares = 0;
      for (int i = 0; i < features; i++) {
        v[i] = random.nextGaussian();
        squares += v[i] * v[i];
      }
      double norm = Math.sqrt(squares);
      for (int i = 0; i < features; i++) {
        v[i] /= norm;
      }
    }
    return all;
  }

  /** The images ranked by these units, then by these directions. */
  static Ranking[] rank(
      Activations phi, int[] units, double[][] directions, int top, IntConsumer progress) {
    Ranking[] rankings = new Ranking[units.length + directions.length];
    Arrays.setAll(rankings, i -> new Ranking(top));
    phi.forEach(
        (image, values, at) -> {
          for (int i = 0; i < units.length; i++) {
            rankings[i].offer(image, values[at + units[i]]);
          }
          for (int i = 0; i < directions.length; i++) {
            rankings[units.length + i].offer(image, dot(directions[i], values, at));
          }
          progress.accept(image + 1);
        });
    return rankings;
  }

  private static double dot(double[] v, float[] phi, int at) {
    double sum = 0;
    for (int i = 0; i < v.length; i++) {
      sum += v[i] * phi[at + i];
    }
    return sum;
  }
}
