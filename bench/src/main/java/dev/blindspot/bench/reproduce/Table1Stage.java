package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.StopReason;
import dev.blindspot.nn.data.DataSet;
import dev.blindspot.nn.training.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Table 1: errors and minimum distortions of six networks. */
public final class Table1Stage implements Stage<Table1> {
  /** Largest differences of the test errors from the paper's, for its six networks. */
  private static final double[] TOLERANCE = {0.003, 0.003, 0.02, 0.004, 0.004, 0.004};

  static final String PURPOSE = "training-images";

  @Override
  public String key() {
    return "table1";
  }

  @Override
  public String title() {
    return "Table 1: errors and average minimum distortion";
  }

  @Override
  public Class<Table1> type() {
    return Table1.class;
  }

  @Override
  public Object paper() {
    return Paper.TABLE1;
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return switch (scale) {
      case QUICK -> 100;
      case FULL -> 2000;
      case PAPER -> 8000;
    };
  }

  @Override
  public Table1 run(Reproduction r) {
    Samples samples = samples(r);
    List<Table1.Row> rows = new ArrayList<>();
    for (PaperNetwork n : r.networks().table1()) {
      TrainedNetwork t = r.trained(n);
      double trainError = error(r, t, r.training());
      double testError = error(r, t, r.test());
      AttackResult found = r.attack(t, PURPOSE, samples);
      rows.add(row(n, trainError, testError, found));
      r.tasks().say("  " + sentence(rows.get(rows.size() - 1)));
    }
    return new Table1(r.training().size(), samples.count(), rows, claims(rows, samples.count()));
  }

  /** The training images attacked, in tables 1 and 2. */
  static Samples samples(Reproduction r) {
    return r.samples(r.training(), r.scale().attackedTraining());
  }

  static double error(Reproduction r, TrainedNetwork t, DataSet data) {
    Evaluation e = Evaluation.of(t.network(), t.parameters(), r.backend(), data, 1000);
    return (double) (data.size() - e.correct()) / data.size();
  }

  private static Table1.Row row(
      PaperNetwork n, double trainError, double testError, AttackResult found) {
    int trivial =
        (int) found.samples().stream().filter(s -> s.stop() == StopReason.ALREADY_WRONG).count();
    double[] rms =
        found.samples().stream()
            .filter(AttackResult.Sample::success)
            .mapToDouble(s -> s.distortion().rms())
            .toArray();
    return new Table1.Row(
        n.name(),
        n.description(),
        trainError,
        testError,
        Statistics.mean(rms),
        Statistics.standardError(rms),
        rms.length,
        trivial);
  }

  private static String sentence(Table1.Row row) {
    return String.format(
        Locale.ROOT,
        "%s: training error %s, test error %s, distortion %s",
        row.name(),
        Section.percent(row.trainError()),
        Section.percent(row.testError()),
        Section.number(row.distortion()));
  }

  private static List<Claim> claims(List<Table1.Row> rows, int attacked) {
    List<Claim> claims = new ArrayList<>();
    claims.add(
        new Claim(
            "For every network an adversarial example was found for every image.",
            rows.stream().allMatch(r -> r.succeeded() + r.trivial() == attacked)));
    boolean errors = true;
    boolean distortions = true;
    for (int i = 0; i < rows.size(); i++) {
      Paper.Model p = Paper.TABLE1.get(i);
      errors &= Math.abs(rows.get(i).testError() - p.errors().get(1)) <= TOLERANCE[i];
      distortions &= distortion(rows, i) <= p.distortion();
    }
    claims.add(
        new Claim(
            "Test errors within 0.3, 0.3 and 2.0 points of the paper's for the softmax rows, 0.4"
                + " for the others.",
            errors));
    claims.add(new Claim("Each distortion is at most the paper's.", distortions));
    double first =
        Math.max(distortion(rows, 0), Math.max(distortion(rows, 3), distortion(rows, 4)));
    claims.add(
        new Claim(
            "Distortions are ordered as in the paper: FC10(10^-4), FC100 and FC200 below"
                + " FC10(10^-2), it below FC10(1), AE400 above FC100.",
            first < distortion(rows, 1)
                && distortion(rows, 1) < distortion(rows, 2)
                && distortion(rows, 5) > distortion(rows, 3)));
    return claims;
  }

  /** Not a number, so that no claim holds, where nothing was found. */
  private static double distortion(List<Table1.Row> rows, int i) {
    Double d = rows.get(i).distortion();
    return d == null ? Double.NaN : d;
  }

  @Override
  public void write(Table1 t, Section section) {
    section.text(
        "Each image is changed as little as the attack can so that the network gives a random wrong"
            + " label; distortion is sqrt(mean((x' - x)^2)) over the pixels. A distortion below the"
            + " paper's means that our minimiser is stronger.");
    List<List<String>> cells = new ArrayList<>();
    for (int i = 0; i < t.rows().size(); i++) {
      Table1.Row r = t.rows().get(i);
      Paper.Model p = Paper.TABLE1.get(i);
      cells.add(
          List.of(
              r.name() + " (" + r.description() + ")",
              Section.percent(p.errors().get(0)),
              Section.percent(r.trainError()),
              Section.percent(p.errors().get(1)),
              Section.percent(r.testError()),
              Section.number(p.distortion()),
              mean(r),
              r.succeeded() + " of " + (t.attacked() - r.trivial())));
    }
    section.table(
        t.trainingImages() + " training images, " + t.attacked() + " of them attacked.",
        List.of(
            "Network",
            "Train error, paper",
            "ours",
            "Test error, paper",
            "ours",
            "Distortion, paper",
            "ours, ± standard error",
            "found"),
        cells);
    section.claims(t.claims());
  }

  private static String mean(Table1.Row r) {
    return r.standardError() == null
        ? Section.number(r.distortion())
        : String.format(Locale.ROOT, "%.4f ± %.4f", r.distortion(), r.standardError());
  }
}
