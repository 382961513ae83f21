package dev.blindspot.bench.cli;

import dev.blindspot.attacks.Attack;
import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.calibration.UncertaintyCondition;
import dev.blindspot.attacks.transfer.GaussianNoise;
import dev.blindspot.bench.report.CalibrationResult;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.uncertainty.BayesByBackprop;
import dev.blindspot.nn.uncertainty.BayesOptions;
import dev.blindspot.nn.uncertainty.DeepEnsemble;
import dev.blindspot.nn.uncertainty.MonteCarloDropout;
import dev.blindspot.nn.uncertainty.Prediction;
import dev.blindspot.nn.uncertainty.PredictiveDistribution;
import dev.blindspot.nn.zoo.TrainedNetworks;
import dev.blindspot.nn.zoo.Zoo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Trains a predictive distribution and measures it on clean, noisy and adversarial images. */
record UncertaintyRun(
    BlindspotCommand command,
    Backend backend,
    DataSplit data,
    String model,
    Method method,
    int bins) {
  private static final int DRAWS = 30;
  private static final int MEMBERS = 5;
  private static final double DROPOUT = 0.2;

  /** Where the distribution comes from. */
  enum Method {
    /** Dropout behind each activation, at test time too. */
    DROPOUT,
    /** Networks of several seeds. */
    ENSEMBLE,
    /** A Gaussian over each weight. */
    BAYES
  }

  /** Fails if the model cannot be trained. */
  static void check(Method method, String model) {
    if (method != null && Models.isFile(model)) {
      throw new InvalidInputException(
          "--uncertainty trains networks of its own, so it needs a model of the zoo, not " + model);
    }
  }

  /**
   * Trains, then measures.
   *
   * @param samples test images
   * @param attacked how many of them are attacked
   * @param names of the attacks, for the table
   */
  CalibrationResult.Uncertainty measure(
      int[] samples,
      int attacked,
      List<Double> noise,
      List<Attack> attacks,
      Function<Attack, String> names) {
    return switch (method) {
      case DROPOUT -> {
        Zoo.Entry entry = entry();
        Network net = MonteCarloDropout.insert(entry.network(), DROPOUT);
        try (Parameters p = trained(new Zoo.Entry(net, entry.recipe()), command.seed);
            PredictiveDistribution d =
                new MonteCarloDropout(net, p, backend, DRAWS, command.seed)) {
          yield measure(
              d,
              net,
              p,
              "the same network without dropout",
              samples,
              attacked,
              noise,
              attacks,
              names);
        }
      }
      case ENSEMBLE -> {
        List<Parameters> members = new ArrayList<>();
        try {
          for (int i = 0; i < MEMBERS; i++) {
            members.add(trained(entry(), command.seed + i));
          }
          Network net = entry().network();
          try (PredictiveDistribution d = new DeepEnsemble(net, members, backend)) {
            yield measure(
                d,
                net,
                members.get(0),
                "its first member",
                samples,
                attacked,
                noise,
                attacks,
                names);
          }
        } finally {
          members.forEach(Parameters::close);
        }
      }
      case BAYES -> {
        Network net = entry().network();
        try (Parameters p = Parameters.initialize(net, backend, ElementType.F32, command.seed);
            BayesByBackprop d = bayes(net)) {
          d.copyMeans(p);
          yield measure(
              d,
              net,
              p,
              "the network of the mean weights",
              samples,
              attacked,
              noise,
              attacks,
              names);
        }
      }
    };
  }

  private Zoo.Entry entry() {
    DataSet train = data.train();
    return Zoo.get(model, train.sampleShape(), train.classes());
  }

  private Parameters trained(Zoo.Entry entry, long seed) {
    String name = entry.network().name() + ", seed " + seed;
    try (TrainingProgress progress = new TrainingProgress(command, name)) {
      return TrainedNetworks.get(entry, data.train(), backend, seed, false, progress).parameters();
    }
  }

  private BayesByBackprop bayes(Network net) {
    try (TrainingProgress progress = new TrainingProgress(command, net.name() + " by Bayes")) {
      BayesOptions options = BayesOptions.defaults().draws(DRAWS);
      return BayesByBackprop.train(net, backend, data.train(), options, command.seed, progress);
    }
  }

  private CalibrationResult.Uncertainty measure(
      PredictiveDistribution distribution,
      Network network,
      Parameters parameters,
      String attackedName,
      int[] samples,
      int attacked,
      List<Double> noise,
      List<Attack> attacks,
      Function<Attack, String> names) {
    DataSet test = data.test();
    Examples all = examples(test, samples);
    Prediction clean = distribution.predict(all.images(), all.count());
    List<UncertaintyCondition> rows = new ArrayList<>();
    rows.add(UncertaintyCondition.of("clean", clean, clean, all.labels(), bins));
    for (double stddev : noise) {
      float[] x = GaussianNoise.add(all.images(), all.index(), stddev, command.seed);
      Prediction p = distribution.predict(x, all.count());
      rows.add(UncertaintyCondition.of("noise " + stddev, p, clean, all.labels(), bins));
    }
    Subject subject = new Subject(distribution.description(), network, parameters, true, 0);
    Examples first = examples(test, Arrays.copyOf(samples, attacked));
    for (Attack attack : attacks) {
      AttackResult r = Attacks.find(attack, command, backend, subject, first, null);
      int[] found =
          IntStream.range(0, attacked).filter(i -> r.samples().get(i).success()).toArray();
      if (found.length > 0) {
        float[] x = new float[found.length * first.sampleSize()];
        for (int i = 0; i < found.length; i++) {
          System.arraycopy(
              r.adversarials(),
              found[i] * first.sampleSize(),
              x,
              i * first.sampleSize(),
              first.sampleSize());
        }
        int[] labels = IntStream.of(found).map(i -> first.labels()[i]).toArray();
        Prediction p = distribution.predict(x, found.length);
        rows.add(UncertaintyCondition.of(names.apply(attack), p, clean, labels, bins));
      }
    }
    return new CalibrationResult.Uncertainty(distribution.description(), attackedName, rows);
  }

  private static Examples examples(DataSet test, int[] samples) {
    float[] images = new float[samples.length * test.sampleSize()];
    test.read(samples, 0, samples.length, images, 0);
    return new Examples(samples, images, Arrays.stream(samples).map(test::label).toArray());
  }

  /** The result as text. */
  static List<String> lines(CalibrationResult.Uncertainty u) {
    List<String> lines = new ArrayList<>();
    String format = "%-13s %7s %10s %10s %10s %10s %10s";
    lines.add(u.method() + "; adversarial examples made for " + u.attacked() + ", successes only:");
    lines.add(
        String.format(
            Locale.ROOT,
            format,
            "images",
            "count",
            "accuracy",
            "ECE",
            "entropy",
            "information",
            "AUROC"));
    for (UncertaintyCondition c : u.conditions()) {
      lines.add(
          String.format(
              Locale.ROOT,
              format,
              c.name(),
              c.calibration().count(),
              percent(c.calibration().accuracy()),
              percent(c.calibration().expectedError()),
              String.format(Locale.ROOT, "%.4f", c.entropy()),
              String.format(Locale.ROOT, "%.4f", c.mutualInformation()),
              String.format(Locale.ROOT, "%.4f", c.entropyAuroc())));
    }
    return lines;
  }

  private static String percent(double part) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * part);
  }
}
