package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackListener;
import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.ProjectedGradientDescent;
import dev.blindspot.attacks.calibration.Calibration;
import dev.blindspot.attacks.calibration.CalibrationBin;
import dev.blindspot.attacks.calibration.CalibrationStudy;
import dev.blindspot.attacks.calibration.CalibrationStudy.Condition;
import dev.blindspot.attacks.calibration.TemperatureScaling;
import dev.blindspot.bench.report.Charts;
import dev.blindspot.engine.primitives.Norm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** From the companion articles: predictions come without confidence that can be believed. */
public final class CalibrationStage implements Stage<Confidence> {
  private static final int BINS = 10;
  private static final double[] NOISE = {0.1, 0.3};

  /** For the convolutional network, which Table 1 does not attack. */
  private static final double EPS = 0.1;

  private static final int STEPS = 40;
  private static final int ATTACKED = 100;

  @Override
  public String key() {
    return "calibration";
  }

  @Override
  public String title() {
    return "Confidence: calibration on clean, noisy and adversarial images";
  }

  @Override
  public Class<Confidence> type() {
    return Confidence.class;
  }

  /** The paper has no such numbers. */
  @Override
  public Object paper() {
    return null;
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return scale == Scale.QUICK ? 8 : 20;
  }

  @Override
  public Confidence run(Reproduction r) {
    int n = Math.min(r.scale() == Scale.QUICK ? 1000 : 5000, r.test().size() / 2);
    Samples all = r.samples(r.test(), 2 * n);
    Samples measured = all.part(0, n);
    Samples held = all.part(n, 2 * n);
    List<Confidence.Row> rows = new ArrayList<>();
    List<PaperNetwork> networks = new ArrayList<>(r.networks().table1());
    networks.add(r.networks().convolutional());
    try (Tasks.Task task = r.tasks().start("Measuring confidence", "networks", networks.size())) {
      for (int i = 0; i < networks.size(); i++) {
        rows.addAll(rows(r, r.trained(networks.get(i)), i < networks.size() - 1, measured, held));
        task.update(i + 1, networks.get(i).name());
      }
    }
    return new Confidence(n, n, BINS, rows, claims(rows));
  }

  /**
   * One network's rows.
   *
   * @param attacked true if Table 1 has adversarial examples for it
   */
  private static List<Confidence.Row> rows(
      Reproduction r, TrainedNetwork t, boolean attacked, Samples measured, Samples held) {
    List<Condition> conditions = new ArrayList<>();
    TemperatureScaling scaling;
    try (CalibrationStudy study =
        new CalibrationStudy(
            t.network(),
            t.parameters(),
            r.backend(),
            measured.images(),
            measured.labels(),
            measured.index(),
            BINS)) {
      scaling = study.fitTemperature(held.images(), held.labels());
      conditions.add(study.clean());
      for (double stddev : NOISE) {
        conditions.add(study.noise(stddev, r.seed()));
      }
      if (attacked) {
        Samples samples = Table1Stage.samples(r);
        AttackResult found = r.attack(t, Table1Stage.PURPOSE, samples);
        successes(study, samples, found).ifPresent(conditions::add);
      } else {
        ProjectedGradientDescent pgd = ProjectedGradientDescent.of(Norm.LINF, EPS, STEPS);
        conditions.add(study.attacked("adversarial", pgd, ATTACKED, r.seed(), AttackListener.NONE));
      }
    }
    return conditions.stream().map(c -> row(t, c, scaling)).toList();
  }

  /** The adversarial examples of Table 1 that reached their targets, if any did. */
  private static Optional<Condition> successes(
      CalibrationStudy study, Samples samples, AttackResult found) {
    int size = samples.size();
    int[] chosen =
        IntStream.range(0, samples.count()).filter(i -> found.samples().get(i).success()).toArray();
    if (chosen.length == 0) {
      return Optional.empty();
    }
    float[] x = new float[chosen.length * size];
    for (int i = 0; i < chosen.length; i++) {
      System.arraycopy(found.adversarials(), chosen[i] * size, x, i * size, size);
    }
    int[] labels = Arrays.stream(chosen).map(i -> samples.labels()[i]).toArray();
    return Optional.of(study.measure("adversarial", x, labels));
  }

  private static Confidence.Row row(TrainedNetwork t, Condition c, TemperatureScaling scaling) {
    Calibration plain = c.calibration();
    double nll = plain.negativeLogLikelihood();
    return new Confidence.Row(
        t.name(),
        c.name(),
        plain.count(),
        plain.accuracy(),
        plain.confidence(),
        plain.expectedError(),
        scaling.temperature(),
        c.scaled().expectedError(),
        Double.isFinite(nll) ? nll : null,
        plain.brierScore(),
        plain.equalWidth().stream().map(CalibrationStage::accuracy).collect(Collectors.toList()));
  }

  private static Double accuracy(CalibrationBin bin) {
    return bin.count() == 0 ? null : bin.accuracy();
  }

  static List<Claim> claims(List<Confidence.Row> rows) {
    double clean = 0;
    double adversarial = 1;
    for (Confidence.Row row : rows) {
      if (row.kind().equals("clean")) {
        clean = Math.max(clean, row.scaledError());
      } else if (row.kind().equals("adversarial")) {
        adversarial = Math.min(adversarial, row.scaledError());
      }
    }
    return List.of(
        new Claim(
            String.format(
                Locale.ROOT,
                "One temperature makes every network's confidence right on clean images: with it the"
                    + " ECE is at most 5 %% (largest: %.1f %%).",
                100 * clean),
            clean <= 0.05),
        new Claim(
            String.format(
                Locale.ROOT,
                "It does not on adversarial examples: with it every network's ECE on them is above"
                    + " 20 %% (least: %.1f %%).",
                100 * adversarial),
            adversarial > 0.2));
  }

  @Override
  public void write(Confidence c, Section section) {
    section.text(
        c.images()
            + " test images, clean and with Gaussian noise; adversarial examples are those of Table 1"
            + " that reached their targets (training images), for the convolutional network what PGD"
            + " left of "
            + ATTACKED
            + " test images (Linf "
            + EPS
            + "). Confidence is the softmax probability of the answer; ECE is the mean gap between"
            + " confidence and accuracy over "
            + c.bins()
            + " bins (Guo et al. 2017). T is fitted on "
            + c.held()
            + " other test images.");
    section.table(
        "Accuracy, mean confidence and calibration.",
        List.of(
            "Network",
            "Images",
            "Accuracy",
            "Confidence",
            "ECE",
            "T",
            "ECE with T",
            "NLL",
            "Brier"),
        c.rows().stream().map(CalibrationStage::cells).toList());
    for (String network : List.of("FC100-100-10", "LeNet")) {
      section.chart(chart(c, network));
    }
    section.claims(c.claims());
  }

  private static List<String> cells(Confidence.Row r) {
    return List.of(
        r.network(),
        r.kind() + " (" + r.count() + ")",
        Section.percent(r.accuracy()),
        Section.percent(r.confidence()),
        Section.percent(r.error()),
        Section.number(r.temperature()),
        Section.percent(r.scaledError()),
        Section.number(r.negativeLogLikelihood()),
        Section.number(r.brierScore()));
  }

  private static Charts.Line chart(Confidence c, String network) {
    List<Charts.Series> series = new ArrayList<>();
    for (Confidence.Row r : c.rows()) {
      // As many lines as there are colours.
      if (r.network().equals(network) && !r.kind().equals("noise " + NOISE[0])) {
        series.add(new Charts.Series(r.kind(), r.curve(), false));
      }
    }
    List<Double> ideal = IntStream.range(0, c.bins()).mapToObj(i -> (i + 0.5) / c.bins()).toList();
    series.add(new Charts.Series("right as often as sure", ideal, true));
    return new Charts.Line(
        "",
        "Reliability of " + network,
        network + ": confidence, middle of the bin",
        "accuracy",
        ideal.stream().map(v -> String.format(Locale.ROOT, "%.2f", v)).toList(),
        series,
        false);
  }
}
