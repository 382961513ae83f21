package dev.blindspot.attacks.visualize;

import dev.blindspot.attacks.bounds.Logits;
import dev.blindspot.attacks.calibration.Probabilities;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.training.Predictor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;

/**
 * Climbs from noise or from an image to one that makes a layer's numbers large (activation
 * maximisation: Erhan et al. 2009), or a class's logit: "panda" becomes "gibbon" (Simonyan et al.
 * 2013). With octaves as DeepDream (Mordvintsev et al. 2015): first at a small size; what was
 * gained there, the detail, is enlarged and put onto the image at the next size.
 *
 * <p>At a smaller size the layers run as they are where they take it (convolutions, pools);
 * otherwise (dense layers) the image is enlarged for the network, and the gradient goes back
 * through the enlargement.
 */
public final class Visualizer {
  /** Separates these numbers from others of the same seed. */
  private static final long NOISE_STREAM = 0x6e6f697365L;

  private static final long JITTER_STREAM = 0x6a6974746572L;
  private static final int MAX_BATCH = 16;
  private static final int MIN_SIDE = 4;

  private final Network network;
  private final Parameters parameters;
  private final Backend backend;
  private final Shape shape;
  private final Objective objective;
  private final String node;
  private final VisualizationOptions options;
  private final int h;
  private final int w;

  private Visualizer(
      Network network,
      Parameters parameters,
      Backend backend,
      Shape shape,
      Objective objective,
      VisualizationOptions options) {
    this.network = network;
    this.parameters = parameters;
    this.backend = backend;
    this.shape = shape;
    this.objective = objective;
    this.options = options;
    node = objective.node(network);
    h = (int) shape.dim(1);
    w = (int) shape.dim(2);
  }

  /**
   * Makes one picture for each index of the objective. Each depends on the seed, the options and
   * its index alone. Same seed, threads and machine: same bits.
   *
   * @param parameters F32, on {@code backend}; only read
   * @param shape [c,h,w] of an image; the network reads as many values
   * @param start image in [0,1] to begin at; null for grey noise, uniform in [0.4,0.6]
   * @param progress told the number of gradients done, up to {@link #gradients}
   * @throws InvalidInputException if something does not fit, or a value of the network is not
   *     finite
   */
  public static List<Visualization> run(
      Network network,
      Parameters parameters,
      Backend backend,
      Shape shape,
      Objective objective,
      float[] start,
      VisualizationOptions options,
      IntConsumer progress) {
    check(network, shape, options);
    objective.check(network);
    double[] from =
        start == null ? noise((int) shape.size(), options.seed()) : checked(start, shape);
    Visualizer v = new Visualizer(network, parameters, backend, shape, objective, options);
    List<Integer> all = objective.indices();
    List<Visualization> made = new ArrayList<>();
    for (int i = 0; i < all.size(); i += MAX_BATCH) {
      List<Integer> part = all.subList(i, Math.min(all.size(), i + MAX_BATCH));
      int before = i * options.steps() * options.octaves();
      made.addAll(v.climb(part, from, done -> progress.accept(before + done)));
    }
    return made;
  }

  /** Number of gradients that a run takes. */
  public static int gradients(Objective objective, VisualizationOptions options) {
    return objective.indices().size() * options.steps() * options.octaves();
  }

  /**
   * Fails if images of this shape do not fit the network, or the options do not fit the images.
   *
   * @throws InvalidInputException as said
   */
  public static void check(Network network, Shape shape, VisualizationOptions options) {
    if (shape.rank() != 3 || shape.size() != network.inputShape().size()) {
      throw new InvalidInputException(
          "Visualisation: network "
              + network.name()
              + " takes "
              + network.inputShape()
              + ", not images "
              + shape
              + " (channels, height, width)");
    }
    long side = Math.min(shape.dim(1), shape.dim(2));
    double smallest = side / Math.pow(options.octaveScale(), options.octaves() - 1);
    if (options.octaves() > 1 && Math.round(smallest) < MIN_SIDE) {
      throw new InvalidInputException(
          "Visualisation: the smallest of "
              + options.octaves()
              + " octaves of "
              + shape
              + " would have "
              + Math.round(smallest)
              + " pixels; take fewer octaves or a smaller scale than "
              + options.octaveScale());
    }
    if (options.jitter() >= side) {
      throw new InvalidInputException(
          "Visualisation: a jitter of "
              + options.jitter()
              + " pixels is too much for images "
              + shape);
    }
  }

  private static double[] checked(float[] start, Shape shape) {
    if (start.length != shape.size()) {
      throw new InvalidInputException(
          "Visualisation: the start image has " + start.length + " values, not those of " + shape);
    }
    double[] x = new double[start.length];
    for (int i = 0; i < x.length; i++) {
      x[i] = start[i];
      if (!(x[i] >= 0 && x[i] <= 1)) {
        throw new InvalidInputException(
            "Visualisation: value " + i + " of the start image is " + x[i] + ", outside [0,1]");
      }
    }
    return x;
  }

  private static double[] noise(int size, long seed) {
    SplittableRandom random = new SplittableRandom(seed ^ NOISE_STREAM);
    double[] x = new double[size];
    for (int i = 0; i < size; i++) {
      x[i] = (float) (0.4 + 0.2 * random.nextDouble());
    }
    return x;
  }

  private List<Visualization> climb(List<Integer> indices, double[] start, IntConsumer progress) {
    List<Ascent> ascents = new ArrayList<>();
    for (int i = 0; i < indices.size(); i++) {
      ascents.add(new Ascent(start, shape, options));
    }
    SplittableRandom jitter = new SplittableRandom(options.seed() ^ JITTER_STREAM);
    for (int o = options.octaves() - 1, done = 0; o >= 0; o--) {
      double scale = Math.pow(options.octaveScale(), o);
      int height = (int) Math.round(h / scale);
      int width = (int) Math.round(w / scale);
      ascents.forEach(a -> a.begin(height, width));
      try (Octave octave = octave(height, width, indices)) {
        for (int step = 0; step < options.steps(); step++) {
          octave.step(ascents, shift(jitter), shift(jitter));
          done += indices.size();
          progress.accept(done);
        }
      }
    }
    return results(indices, ascents, start);
  }

  private int shift(SplittableRandom random) {
    return options.jitter() == 0 ? 0 : random.nextInt(-options.jitter(), options.jitter() + 1);
  }

  private Octave octave(int height, int width, List<Integer> indices) {
    Network own = null;
    if (network.inputShape().equals(shape)) {
      Shape small = Shape.of(shape.dim(0), height, width);
      own = Subnetwork.upTo(network, node, small).orElse(null);
    }
    boolean enlarged = own == null && (height != h || width != w);
    return new Octave(
        new LayerGradient(
            own != null ? own : Subnetwork.upTo(network, node),
            parameters,
            backend,
            objective,
            indices),
        height,
        width,
        enlarged ? new Resampling(height, width, h, w) : null);
  }

  private List<Visualization> results(List<Integer> indices, List<Ascent> ascents, double[] start) {
    int n = indices.size();
    int size = start.length;
    float[] images = new float[(n + 1) * size]; // the last one is the start
    float[] starts = new float[n * size];
    for (int i = 0; i <= n; i++) {
      double[] x = i < n ? ascents.get(i).image() : start;
      for (int j = 0; j < size; j++) {
        images[i * size + j] = (float) x[j];
        if (i < n) {
          starts[i * size + j] = (float) start[j];
        }
      }
    }
    double[] before;
    double[] after;
    try (LayerGradient whole =
        new LayerGradient(
            Subnetwork.upTo(network, node), parameters, backend, objective, indices)) {
      before = whole.values(starts);
      after = whole.values(Arrays.copyOf(images, n * size));
    }
    int[] labels = new int[n + 1];
    double[] probabilities = new double[n + 1];
    answers(images, labels, probabilities);
    float[] begin = Arrays.copyOf(starts, size);
    List<Visualization> made = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      made.add(
          new Visualization(
              indices.get(i),
              begin,
              Arrays.copyOfRange(images, i * size, (i + 1) * size),
              before[i],
              after[i],
              List.copyOf(ascents.get(i).path()),
              labels[n],
              probabilities[n],
              labels[i],
              probabilities[i],
              ascents.get(i).zeroGradients()));
    }
    return made;
  }

  /** The network's labels of images [n,...] and their probabilities. */
  private void answers(float[] images, int[] labels, double[] probabilities) {
    try (Predictor p = new Predictor(backend, Logits.of(network), parameters, labels.length)) {
      double[][] all = Probabilities.softmax(p.outputs(images, labels.length), labels.length);
      for (int i = 0; i < labels.length; i++) {
        labels[i] = Probabilities.label(all[i]);
        probabilities[i] = all[i][labels[i]];
      }
    }
  }
}
