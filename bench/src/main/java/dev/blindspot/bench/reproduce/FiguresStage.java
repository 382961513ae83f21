package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.transfer.GaussianNoise;
import dev.blindspot.bench.report.Picture;
import dev.blindspot.bench.report.Pixels;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.training.Predictor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Figures 5 to 7: adversarial examples, what was changed, and noise for comparison. */
public final class FiguresStage implements Stage<Figures> {
  private static final int SHOWN = 4;
  private static final double DEVIATION = 1;

  /** What the paper's figure 7 says of noise. */
  private record PaperFigures(double noiseStandardDeviation, double noiseAccuracy) {}

  @Override
  public String key() {
    return "figures";
  }

  @Override
  public String title() {
    return "Figures 5 to 7: adversarial examples and noise";
  }

  @Override
  public Class<Figures> type() {
    return Figures.class;
  }

  @Override
  public Object paper() {
    return new PaperFigures(DEVIATION, 0.51);
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return 5;
  }

  @Override
  public Figures run(Reproduction r) {
    Samples samples = Table1Stage.samples(r);
    List<Figures.Row> rows = new ArrayList<>();
    List<Figures.Accuracy> accuracies = new ArrayList<>();
    float[] noisy = GaussianNoise.add(samples.images(), samples.index(), DEVIATION, r.seed());
    for (TrainedNetwork t : r.trained(r.networks().table1())) {
      rows.add(row(r, t, samples, r.attack(t, Table1Stage.PURPOSE, samples)));
      accuracies.add(new Figures.Accuracy(t.name(), accuracy(r, t, noisy, samples.labels())));
    }
    List<String> files = new ArrayList<>();
    List<String> captions = new ArrayList<>();
    for (int i = 0; i < Math.min(3 * SHOWN, samples.count()); i++) {
      float[] x = Arrays.copyOfRange(noisy, i * samples.size(), (i + 1) * samples.size());
      files.add(Images.write(r, "noise-" + i, x));
      captions.add("" + samples.labels()[i]);
    }
    boolean above = accuracies.stream().allMatch(a -> a.accuracy() > 0.1);
    return new Figures(
        rows,
        new Figures.Row("Gaussian noise, standard deviation 1", files, captions),
        accuracies,
        List.of(
            new Claim(
                "Noise of standard deviation 1, far larger than any adversarial change, leaves every"
                    + " network better than chance; adversarial examples leave it no right answer.",
                above)));
  }

  private static double accuracy(Reproduction r, TrainedNetwork t, float[] images, int[] labels) {
    try (Predictor p = new Predictor(r.backend(), t.network(), t.parameters(), labels.length)) {
      int[] answers = p.labels(images, labels.length);
      int right = 0;
      for (int i = 0; i < labels.length; i++) {
        right += answers[i] == labels[i] ? 1 : 0;
      }
      return (double) right / labels.length;
    }
  }

  /** Original, difference and adversarial of the first successes. */
  private static Figures.Row row(
      Reproduction r, TrainedNetwork t, Samples samples, AttackResult found) {
    List<String> files = new ArrayList<>();
    List<String> captions = new ArrayList<>();
    Shape s = r.test().sampleShape();
    int size = samples.size();
    for (int i = 0; i < samples.count() && files.size() < 3 * SHOWN; i++) {
      AttackResult.Sample a = found.samples().get(i);
      if (a.success()) {
        float[] x = Arrays.copyOfRange(samples.images(), i * size, (i + 1) * size);
        float[] y = Arrays.copyOfRange(found.adversarials(), i * size, (i + 1) * size);
        Picture p = new Picture(i, (int) s.dim(0), (int) s.dim(1), (int) s.dim(2), x, y);
        String name = t.of().file() + "-" + i;
        files.add(Images.write(r, name + "-original", x));
        files.add(Images.write(r, name + "-difference", Pixels.differencePng(p)));
        files.add(Images.write(r, name + "-adversarial", y));
        captions.addAll(List.of("" + a.label(), "10 ×", "" + a.adversarialLabel()));
      }
    }
    return new Figures.Row(t.name(), files, captions);
  }

  @Override
  public void write(Figures f, Section section) {
    section.text(
        "For each network the first images attacked: the original with its label, the difference"
            + " magnified ten times round mid-grey, the adversarial example with the label that the"
            + " network gives it.");
    f.pictures().forEach(row -> pictures(section, row));
    section.heading("Noise");
    section.text(
        "The paper reports 51 % accuracy under noise of standard deviation 1, of which people read"
            + " hardly anything.");
    pictures(section, f.noise());
    section.table(
        "Accuracy on the images attacked, with noise of standard deviation 1, clipped to [0,1].",
        List.of("Network", "Accuracy"),
        f.noiseAccuracy().stream()
            .map(a -> List.of(a.name(), Section.percent(a.accuracy())))
            .toList());
    section.claims(f.claims());
  }

  private static void pictures(Section section, Figures.Row row) {
    List<Section.Figure> figures = new ArrayList<>();
    for (int i = 0; i < row.files().size(); i++) {
      figures.add(new Section.Figure(row.files().get(i), row.captions().get(i)));
    }
    section.pictures(row.name(), figures);
  }
}
