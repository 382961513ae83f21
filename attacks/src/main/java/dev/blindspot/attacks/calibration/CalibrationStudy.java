package dev.blindspot.attacks.calibration;

import dev.blindspot.attacks.Attack;
import dev.blindspot.attacks.AttackListener;
import dev.blindspot.attacks.AttackProblem;
import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.bounds.Logits;
import dev.blindspot.attacks.transfer.GaussianNoise;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.training.Predictor;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * One network's confidence on the same images: clean, noisy, attacked, moved. Labels are the true
 * ones throughout, so an attack that succeeds costs accuracy. Owns its plan; for one thread at a
 * time.
 */
public final class CalibrationStudy implements AutoCloseable, ProbabilityModel {
  private final Network network;
  private final Parameters parameters;
  private final Backend backend;
  private final float[] images;
  private final int[] labels;
  private final int[] samples;
  private final int bins;
  private final Predictor predictor;
  private TemperatureScaling scaling;

  /**
   * What the network says of one kind of images.
   *
   * @param name "clean", "noise 0.1", or what the caller named an attack
   * @param calibration of its softmax
   * @param scaled the same with a temperature; null without
   */
  public record Condition(String name, Calibration calibration, Calibration scaled) {}

  /**
   * Plans the network.
   *
   * @param parameters F32, on {@code backend}; they must stay open
   * @param images [n,...] in [0,1], not copied
   * @param labels true ones [n], not copied
   * @param samples what each image's random numbers are keyed by [n], not copied
   * @param bins of calibration curves
   */
  public CalibrationStudy(
      Network network,
      Parameters parameters,
      Backend backend,
      float[] images,
      int[] labels,
      int[] samples,
      int bins) {
    long size = network.inputShape().size();
    if (labels.length == 0
        || samples.length != labels.length
        || images.length != size * labels.length) {
      throw new InvalidInputException(
          "Calibration: "
              + images.length
              + " values, "
              + labels.length
              + " labels and "
              + samples.length
              + " keys do not make images of "
              + network.inputShape());
    }
    this.network = network;
    this.parameters = parameters;
    this.backend = backend;
    this.images = images;
    this.labels = labels;
    this.samples = samples;
    this.bins = bins;
    predictor = new Predictor(backend, Logits.of(network), parameters, labels.length);
  }

  /**
   * Fits a temperature; later conditions are measured with it, too.
   *
   * @param held images that the network was not trained on and that are not measured, [m,...]
   * @param heldLabels true ones [m]
   */
  public TemperatureScaling fitTemperature(float[] held, int[] heldLabels) {
    scaling = TemperatureScaling.fit(predictor.outputs(held, heldLabels.length), heldLabels);
    return scaling;
  }

  @Override
  public double[][] probabilities(float[] x, int n) {
    return Probabilities.softmax(predictor.outputs(x, n), n);
  }

  /** The images as they are. */
  public Condition clean() {
    return condition("clean", images);
  }

  /** With Gaussian noise of this standard deviation, clipped to [0,1]. */
  public Condition noise(double stddev, long seed) {
    return condition("noise " + stddev, GaussianNoise.add(images, samples, stddev, seed));
  }

  /**
   * The first images as an untargeted attack left them: the adversarial where it succeeded, its
   * last try where it did not, the clean image where that is already wrong.
   *
   * @param count of images, at most all
   */
  public Condition attacked(
      String name, Attack attack, int count, long seed, AttackListener listener) {
    int n = Math.min(count, labels.length);
    float[] first = Arrays.copyOf(images, images.length / labels.length * n);
    AttackProblem problem =
        AttackProblem.of(network, parameters, backend, first, Arrays.copyOf(labels, n))
            .samples(Arrays.copyOf(samples, n))
            .seed(seed);
    AttackResult result = attack.run(problem, listener);
    return condition(name, result.adversarials());
  }

  private Condition condition(String name, float[] x) {
    int n = x.length / (images.length / labels.length);
    return measure(name, x, Arrays.copyOf(labels, n));
  }

  /**
   * Any other images.
   *
   * @param x [m,...]
   * @param truth their true labels [m]
   */
  public Condition measure(String name, float[] x, int[] truth) {
    int n = truth.length;
    float[] logits = predictor.outputs(x, n);
    return new Condition(
        name,
        Calibration.of(Probabilities.softmax(logits, n), truth, bins),
        scaling == null
            ? null
            : Calibration.of(Probabilities.softmax(logits, n, scaling.temperature()), truth, bins));
  }

  /**
   * Accuracy and confidence under changes of the images.
   *
   * @param shape [c,h,w] of one image
   */
  public List<LocalGeneralization.Point> generalization(
      Shape shape, List<Transformation> changes, IntConsumer progress) {
    return LocalGeneralization.run(this, images, labels, shape, changes, progress);
  }

  @Override
  public void close() {
    predictor.close();
  }
}
