package dev.blindspot.attacks.transfer;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.Distortion;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.training.Predictor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Compares networks on the same changed images: tables 2 and 4 of Szegedy et al. 2013.
 *
 * <p>An error is a predicted label that differs from the <em>true</em> label, as in the paper, not
 * from what the network says of the clean image: what a network gets wrong without any change
 * counts, too, so a column is to be read against {@link #cleanErrors()}. Rows of adversarial
 * examples count only those on which the attack succeeded, so the error of the network that they
 * were made for is 1 by construction.
 *
 * <p>Predictions are made on the backend, in batches. For one thread at a time.
 */
public final class Transfer implements AutoCloseable {
  private final List<NamedNetwork> networks;
  private final float[] images;
  private final int[] labels;
  private final int size;
  private final List<Predictor> predictors = new ArrayList<>();

  /**
   * Plans the networks.
   *
   * @param networks two or more that read the same samples and know the same classes, parameters on
   *     {@code backend}; all stay open while this is used
   * @param images clean ones [n,...] in [0,1], not copied: they must not change
   * @param labels true labels [n], not copied
   * @throws InvalidInputException if something does not fit
   */
  public Transfer(Backend backend, List<NamedNetwork> networks, float[] images, int[] labels) {
    this.networks = List.copyOf(networks);
    this.images = images;
    this.labels = labels;
    checkNetworks(backend, this.networks);
    NamedNetwork first = networks.get(0);
    size = Math.toIntExact(first.network().inputShape().size());
    checkImages(first.network().outputShape().size());
    try {
      for (NamedNetwork n : networks) {
        predictors.add(new Predictor(backend, n.network(), n.parameters(), labels.length));
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  /**
   * Fails if these networks cannot be compared; the constructor asks, too.
   *
   * @throws InvalidInputException if there are fewer than two, a name stands twice, parameters are
   *     not F32 on {@code backend}, or samples or numbers of classes differ
   */
  public static void checkNetworks(Backend backend, List<NamedNetwork> networks) {
    check(networks.size() >= 2, networks.size() + " network given; two or more are compared");
    Set<String> names = new HashSet<>();
    NamedNetwork first = networks.get(0);
    Network a = first.network();
    for (NamedNetwork n : networks) {
      Network b = n.network();
      check(names.add(n.name()), "network " + n.name() + " is given twice");
      check(
          n.parameters().backend() == backend && n.parameters().type() == ElementType.F32,
          "the parameters of " + n.name() + " must be F32, on backend " + backend.name());
      check(
          a.accepts(b.inputShape()) || b.accepts(a.inputShape()),
          differ(first, "takes samples " + a.inputShape(), n, "" + b.inputShape()));
      check(
          a.outputShape().size() == b.outputShape().size(),
          differ(
              first,
              "has " + a.outputShape().size() + " classes",
              n,
              b.outputShape().size() + ": labels would not mean the same"));
    }
  }

  private static String differ(NamedNetwork a, String what, NamedNetwork b, String other) {
    return "network " + a.name() + " " + what + ", " + b.name() + " " + other;
  }

  private void checkImages(long classes) {
    check(labels.length > 0, "there is no image");
    check(
        images.length == (long) size * labels.length,
        images.length + " values for " + labels.length + " images of " + size);
    for (int i = 0; i < labels.length; i++) {
      check(
          labels[i] >= 0 && labels[i] < classes,
          "label " + labels[i] + " of image " + i + " is outside 0.." + (classes - 1));
    }
    for (int i = 0; i < images.length; i++) {
      if (!(images[i] >= 0 && images[i] <= 1)) {
        throw new InvalidInputException(
            "Transfer: value "
                + i % size
                + " of image "
                + i / size
                + " is "
                + images[i]
                + ", outside [0,1]");
      }
    }
  }

  private static void check(boolean condition, String message) {
    if (!condition) {
      throw new InvalidInputException("Transfer: " + message);
    }
  }

  /** Each network's error on the clean images. */
  public List<Double> cleanErrors() {
    return row(images, everyImage()).errors();
  }

  /**
   * The matrix: row i are the adversarial examples made for network i, fed to every network.
   *
   * @param made one attack for each network on these images, in the order of the networks
   */
  public List<TransferRow> matrix(List<AttackResult> made) {
    check(
        made.size() == networks.size(),
        made.size() + " attacks for " + networks.size() + " networks");
    return made.stream().map(this::adversarial).toList();
  }

  /** The adversarial examples of one attack on these images; only its successes count. */
  public TransferRow adversarial(AttackResult made) {
    checkFits(made);
    return row(made.adversarials(), successes(made));
  }

  /**
   * The adversarial examples of one attack, each brought to the same distortion and clipped to
   * [0,1] ({@link Amplification}). Counts what {@link #adversarial} counts: examples that succeeded
   * before they were amplified. One that needed more than {@code rms} is made smaller, and need not
   * fool its own network any more.
   *
   * @param rms aimed at, in (0,1]; the row has what was reached
   */
  public TransferRow amplified(AttackResult made, double rms) {
    checkFits(made);
    return row(Amplification.toRms(images, made.adversarials(), size, rms), successes(made));
  }

  /**
   * The clean images with Gaussian noise of mean 0, clipped to [0,1]; all count. The same seed and
   * keys give the same bits on every machine.
   *
   * @param stddev 0 or more
   * @param samples what each image's random numbers are keyed by
   */
  public TransferRow noise(double stddev, int[] samples, long seed) {
    check(
        samples.length == labels.length,
        samples.length + " sample indices for " + labels.length + " images");
    return row(GaussianNoise.add(images, samples, stddev, seed), everyImage());
  }

  private void checkFits(AttackResult made) {
    check(
        made.adversarials().length == images.length && made.samples().size() == labels.length,
        "the attack has "
            + made.samples().size()
            + " examples of "
            + made.shape()
            + ", there are "
            + labels.length
            + " images of "
            + size
            + " values");
    for (int i = 0; i < labels.length; i++) {
      int label = made.samples().get(i).label();
      check(
          label == labels[i],
          "example " + i + " of the attack has label " + label + ", the image " + labels[i]);
    }
  }

  private static boolean[] successes(AttackResult made) {
    boolean[] counted = new boolean[made.samples().size()];
    for (int i = 0; i < counted.length; i++) {
      counted[i] = made.samples().get(i).success();
    }
    return counted;
  }

  private boolean[] everyImage() {
    boolean[] counted = new boolean[labels.length];
    Arrays.fill(counted, true);
    return counted;
  }

  private TransferRow row(float[] changed, boolean[] counted) {
    int n = 0;
    double distortion = 0;
    for (int i = 0; i < counted.length; i++) {
      if (counted[i]) {
        n++;
        distortion += Distortion.between(images, changed, i, size).rms();
      }
    }
    List<Double> errors = new ArrayList<>();
    for (Predictor p : predictors) {
      int[] answers = p.labels(changed, labels.length);
      int wrong = 0;
      for (int i = 0; i < answers.length; i++) {
        wrong += counted[i] && answers[i] != labels[i] ? 1 : 0;
      }
      errors.add((double) wrong / n);
    }
    return new TransferRow(n, distortion / n, errors);
  }

  @Override
  public void close() {
    predictors.forEach(Predictor::close);
  }
}
