package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.NetworkBound;
import dev.blindspot.attacks.bounds.NetworkBounds;
import dev.blindspot.attacks.instability.Instability;
import dev.blindspot.attacks.instability.InstabilityResult;
import dev.blindspot.attacks.instability.LayerInstability;
import dev.blindspot.bench.report.Charts;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Section 4.3 in pictures: how given perturbations grow from layer to layer. */
public final class InstabilityStage implements Stage<InstabilityFigure> {
  private static final String PURPOSE = "instability";

  /** Of float32 activations, relative to the bound. */
  private static final double ROUNDING = 1e-3;

  @Override
  public String key() {
    return "instability";
  }

  @Override
  public String title() {
    return "Section 4.3: instability over the layers";
  }

  @Override
  public Class<InstabilityFigure> type() {
    return InstabilityFigure.class;
  }

  /** The paper bounds the growth and does not measure it. */
  @Override
  public Object paper() {
    return null;
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return scale == Scale.QUICK ? 13 : 160;
  }

  @Override
  public InstabilityFigure run(Reproduction r) {
    Samples samples = Table1Stage.samples(r);
    List<InstabilityFigure.Measured> networks = new ArrayList<>();
    for (TrainedNetwork t : r.trained(r.networks().table1())) {
      add(networks, r, t, samples, r.attack(t, Table1Stage.PURPOSE, samples));
    }
    Samples test = Table3Stage.samples(r);
    for (TrainedNetwork t : r.trained(r.networks().table3())) {
      add(networks, r, t, test, r.attack(t, Table3Stage.PURPOSE, test));
    }
    TrainedNetwork convolutional = r.trained(r.networks().convolutional());
    Samples few = r.samples(r.training(), r.scale() == Scale.QUICK ? 40 : 500);
    add(networks, r, convolutional, few, r.attack(convolutional, PURPOSE, few));
    return new InstabilityFigure(networks, claims(networks));
  }

  /** Nothing can be followed where nothing was found. */
  private static void add(
      List<InstabilityFigure.Measured> networks,
      Reproduction r,
      TrainedNetwork t,
      Samples samples,
      AttackResult found) {
    int[] chosen =
        IntStream.range(0, samples.count())
            .filter(i -> found.samples().get(i).success())
            .filter(i -> found.samples().get(i).distortion().l2() > 0)
            .toArray();
    if (chosen.length > 0) {
      networks.add(
          r.kept(
              "instability-" + t.of().file(),
              InstabilityFigure.Measured.class,
              () -> measure(r, t, samples, found, chosen)));
    }
  }

  private static InstabilityFigure.Measured measure(
      Reproduction r, TrainedNetwork t, Samples samples, AttackResult found, int[] chosen) {
    BoundsOptions options = BoundsOptions.defaults().backend(r.backend());
    NetworkBound bound = NetworkBounds.of(t.network(), t.parameters(), options);
    try (Tasks.Task task =
        r.tasks().start("Following " + t.label(), "samples, twice", 2L * chosen.length)) {
      InstabilityResult i =
          Instability.measure(
              t.network(),
              t.parameters(),
              r.backend(),
              bound,
              rows(samples.images(), chosen, samples.size()),
              rows(found.adversarials(), chosen, samples.size()),
              IntStream.of(chosen).map(k -> samples.index()[k]).toArray(),
              r.seed(),
              done -> task.update(done, ""));
      return new InstabilityFigure.Measured(
          t.label(),
          i.samples(),
          i.norms(),
          i.layers().stream().map(InstabilityStage::row).toList());
    }
  }

  private static InstabilityFigure.Row row(LayerInstability l) {
    return new InstabilityFigure.Row(
        l.bound().name(),
        l.bound().kind(),
        l.bound().lower(),
        finite(l.bound().upper()),
        finite(l.product()),
        l.adversarial().soFar(),
        l.noise().soFar());
  }

  private static Double finite(double v) {
    return Double.isFinite(v) ? v : null;
  }

  private static float[] rows(float[] all, int[] chosen, int size) {
    float[] rows = new float[chosen.length * size];
    for (int i = 0; i < chosen.length; i++) {
      System.arraycopy(all, chosen[i] * size, rows, i * size, size);
    }
    return rows;
  }

  static List<Claim> claims(List<InstabilityFigure.Measured> networks) {
    boolean below = true;
    boolean above = true;
    for (InstabilityFigure.Measured m : networks) {
      for (InstabilityFigure.Row row : m.rows()) {
        double most = Math.max(row.adversarial().max(), row.noise().max());
        below &= row.product() == null || most <= row.product() * (1 + ROUNDING);
      }
      InstabilityFigure.Row output = m.rows().get(m.rows().size() - 1);
      above &= output.adversarial().mean() > output.noise().mean();
    }
    return List.of(
        new Claim(
            "Behind no layer of any network has a perturbation grown more than the product of the"
                + " upper bounds so far (up to a part in 1,000 for float32 rounding).",
            below),
        new Claim(
            "For every network adversarial perturbations grow more on their way to the output than"
                + " Gaussian noise of the same size.",
            above));
  }

  @Override
  public void write(InstabilityFigure f, Section section) {
    section.text(
        "Behind each layer: the L2 norm of the change there, divided by that of the change of the"
            + " image, for the adversarial perturbations found and for Gaussian noise of exactly the"
            + " same norms, not clipped. No perturbation of any image can rise above the product of"
            + " the layers' upper bounds.");
    section.claims(f.claims());
    for (InstabilityFigure.Measured m : f.networks()) {
      section.heading(m.name());
      section.chart(chart(m));
      section.table(
          m.images() + " images, perturbations of mean norm " + Section.number(m.norms().mean()),
          List.of(
              "Behind",
              "At least",
              "At most",
              "Product so far",
              "Adversarial, mean",
              "median",
              "largest",
              "Noise, mean",
              "largest"),
          m.rows().stream().map(InstabilityStage::cells).toList());
    }
  }

  private static List<String> cells(InstabilityFigure.Row row) {
    return List.of(
        row.name() + " (" + row.kind() + ")",
        Section.number(row.lower()),
        Section.number(row.upper()),
        Section.number(row.product()),
        Section.number(row.adversarial().mean()),
        Section.number(row.adversarial().median()),
        Section.number(row.adversarial().max()),
        Section.number(row.noise().mean()),
        Section.number(row.noise().max()));
  }

  private static Charts.Line chart(InstabilityFigure.Measured m) {
    List<InstabilityFigure.Row> rows = m.rows();
    List<String> labels =
        Stream.concat(Stream.of("input"), rows.stream().map(InstabilityFigure.Row::name)).toList();
    List<Double> bounds = new ArrayList<>(Arrays.asList(1.0));
    List<Double> adversarial = new ArrayList<>(Arrays.asList(1.0));
    List<Double> noise = new ArrayList<>(Arrays.asList(1.0));
    for (InstabilityFigure.Row row : rows) {
      bounds.add(row.product());
      adversarial.add(positive(row.adversarial().mean()));
      noise.add(positive(row.noise().mean()));
    }
    return new Charts.Line(
        "",
        "Growth of perturbations over the layers of " + m.name(),
        "behind",
        "growth so far, L2",
        labels,
        List.of(
            new Charts.Series("adversarial, mean", adversarial, false),
            new Charts.Series("product of the upper bounds", bounds, true),
            new Charts.Series("Gaussian noise, mean", noise, false)),
        true);
  }

  /** The axis is logarithmic. */
  private static Double positive(double v) {
    return v > 0 ? v : null;
  }
}
