package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.visualize.Objective;
import dev.blindspot.attacks.visualize.Visualization;
import dev.blindspot.attacks.visualize.VisualizationOptions;
import dev.blindspot.attacks.visualize.VisualizationOptions.Optimizer;
import dev.blindspot.attacks.visualize.VisualizationOptions.Parameterization;
import dev.blindspot.attacks.visualize.Visualizer;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Linear;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * From the companion articles: filters, classes and DeepDream by ascent in the input, and one image
 * turned into every other class, as panda into gibbon.
 */
public final class VisualizationStage implements Stage<Visualizations> {
  private static final int UNITS = 12;
  private static final int DREAMS = 6;

  /** Steps from a test image; each changes a pixel by this much on average. */
  private static final int TURNING_STEPS = 50;

  private static final double TURNING_STEP = 0.008;

  @Override
  public String key() {
    return "visualization";
  }

  @Override
  public String title() {
    return "Visualisation: what the network looks for";
  }

  @Override
  public Class<Visualizations> type() {
    return Visualizations.class;
  }

  /** The paper has no such pictures. */
  @Override
  public Object paper() {
    return null;
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return scale == Scale.QUICK ? 6 : 15;
  }

  @Override
  public Visualizations run(Reproduction r) {
    TrainedNetwork t = r.trained(r.networks().convolutional());
    int steps = r.scale() == Scale.QUICK ? 48 : 128;
    VisualizationOptions slow =
        VisualizationOptions.defaults()
            .parameterization(Parameterization.FOURIER)
            .jitter(1)
            .totalVariation(5)
            .octaves(3, 1.4)
            .steps(steps)
            .seed(r.seed());
    Samples samples = r.samples(r.test(), DREAMS);
    float[] image = Arrays.copyOf(samples.images(), samples.size());
    int label = samples.labels()[0];
    int[] classes = IntStream.range(0, r.test().classes()).toArray();
    List<Visualization> sought = climb(r, t, Objective.classes(classes), null, slow);
    List<Visualization> turned =
        climb(
            r,
            t,
            Objective.classes(IntStream.of(classes).filter(c -> c != label).toArray()),
            image,
            VisualizationOptions.defaults()
                .optimizer(Optimizer.NORMALIZED, TURNING_STEP)
                .steps(TURNING_STEPS)
                .seed(r.seed()));
    List<Visualizations.Row> rows = new ArrayList<>();
    rows.add(
        row(
            r,
            "class",
            "Each class's logit, from grey noise, with what the network says",
            sought,
            null));
    rows.add(row(r, "turned", "One test image, turned into every other class", turned, image));
    String layer = last(t.network(), Conv2d.class);
    rows.add(filters(r, t, layer, slow.octaves(1, 1.4).totalVariation(20)));
    rows.add(units(r, t, last(t.network(), Linear.class), slow));
    rows.add(dreams(r, t, layer, samples));
    return result(t, rows, sought, turned);
  }

  /** The last layer of this kind before the one that gives the logits. */
  private static String last(Network network, Class<? extends Layer> kind) {
    List<Network.Node> nodes = network.nodes();
    return nodes.subList(0, nodes.size() - 1).stream()
        .filter(n -> kind.isInstance(n.layer()))
        .reduce((first, second) -> second)
        .orElseThrow()
        .name();
  }

  private static List<Visualization> climb(
      Reproduction r, TrainedNetwork t, Objective o, float[] start, VisualizationOptions options) {
    try (Tasks.Task task =
        r.tasks().start("Climbing", "gradients", Visualizer.gradients(o, options))) {
      return Visualizer.run(
          t.network(),
          t.parameters(),
          r.backend(),
          r.test().sampleShape(),
          o,
          start,
          options,
          done -> task.update(done, ""));
    }
  }

  /** The unit in the middle of each of the first channels: the mean of a plane has no detail. */
  private static Visualizations.Row filters(
      Reproduction r, TrainedNetwork t, String layer, VisualizationOptions options) {
    Shape s = t.network().node(layer).outputShape();
    int plane = (int) (s.dim(1) * s.dim(2));
    int middle = (int) (s.dim(1) / 2 * s.dim(2) + s.dim(2) / 2);
    int count = (int) Math.min(UNITS, s.dim(0));
    int[] units = IntStream.range(0, count).map(i -> i * plane + middle).toArray();
    return row(
        r,
        "filter",
        "The middle of each of the first " + count + " channels of layer " + layer,
        climb(r, t, Objective.units(layer, units), null, options),
        null);
  }

  private static Visualizations.Row units(
      Reproduction r, TrainedNetwork t, String layer, VisualizationOptions options) {
    int count = (int) Math.min(UNITS, t.network().node(layer).outputShape().size());
    return row(
        r,
        "unit",
        "The first " + count + " units of layer " + layer,
        climb(r, t, Objective.units(layer, IntStream.range(0, count).toArray()), null, options),
        null);
  }

  private static Visualizations.Row dreams(
      Reproduction r, TrainedNetwork t, String layer, Samples samples) {
    List<String> files = new ArrayList<>();
    List<String> captions = new ArrayList<>();
    VisualizationOptions options =
        VisualizationOptions.deepDream().octaves(3, 1.4).jitter(1).seed(r.seed());
    for (int i = 0; i < samples.count(); i++) {
      float[] x =
          Arrays.copyOfRange(samples.images(), i * samples.size(), (i + 1) * samples.size());
      Visualization v = climb(r, t, Objective.dream(layer), x, options).get(0);
      files.add(write(r, "dream-" + i + "-start", x));
      captions.add("" + samples.labels()[i]);
      files.add(write(r, "dream-" + i, v.image()));
      captions.add("" + v.label());
    }
    return new Visualizations.Row(
        "DeepDream: test images and what the mean square of layer " + layer + " makes of them",
        files,
        captions);
  }

  private static Visualizations.Row row(
      Reproduction r, String name, String kind, List<Visualization> made, float[] start) {
    List<String> files = new ArrayList<>();
    List<String> captions = new ArrayList<>();
    if (start != null) {
      files.add(write(r, name + "-start", start));
      captions.add("" + made.get(0).startLabel());
    }
    for (Visualization v : made) {
      files.add(write(r, name + "-" + v.index(), v.image()));
      captions.add(caption(name, v));
    }
    return new Visualizations.Row(kind, files, captions);
  }

  private static String caption(String name, Visualization v) {
    if (name.equals("filter") || name.equals("unit")) {
      return "";
    }
    String answer = String.format(Locale.ROOT, "%d, %.0f %%", v.label(), 100 * v.probability());
    return v.label() == v.index() ? answer : "not " + v.index() + " but " + answer;
  }

  private static String write(Reproduction r, String name, float[] x) {
    return Images.write(r, "visualization-" + name, x);
  }

  private static int hits(List<Visualization> made) {
    return (int) made.stream().filter(v -> v.label() == v.index()).count();
  }

  private static double change(Visualization v) {
    double squares = 0;
    for (int i = 0; i < v.image().length; i++) {
      double d = (double) v.image()[i] - v.start()[i];
      squares += d * d;
    }
    return Math.sqrt(squares / v.image().length);
  }

  private static Visualizations result(
      TrainedNetwork t,
      List<Visualizations.Row> rows,
      List<Visualization> sought,
      List<Visualization> turned) {
    double change = turned.stream().mapToDouble(VisualizationStage::change).average().orElseThrow();
    return new Visualizations(
        t.name(),
        rows,
        hits(sought),
        sought.size(),
        hits(turned),
        turned.size(),
        change,
        List.of(
            new Claim(
                "Ascent from noise finds a picture of every class.", hits(sought) == sought.size()),
            new Claim(
                String.format(
                    Locale.ROOT,
                    "%d gradients turn one image into every other class (%d of %d reached, mean RMS"
                        + " change %.3f).",
                    TURNING_STEPS,
                    hits(turned),
                    turned.size(),
                    change),
                hits(turned) == turned.size())));
  }

  @Override
  public void write(Visualizations v, Section section) {
    section.text(
        "Gradient ascent in the input of "
            + v.network()
            + ". From grey noise: Fourier coefficients, jitter, a penalty on the total variation, three"
            + " octaves. From a test image: plain normalised gradient steps on the pixels, as panda"
            + " becomes gibbon. DeepDream: the mean square of a whole layer, in octaves.");
    for (Visualizations.Row row : v.rows()) {
      List<Section.Figure> figures = new ArrayList<>();
      for (int i = 0; i < row.files().size(); i++) {
        figures.add(new Section.Figure(row.files().get(i), row.captions().get(i)));
      }
      section.pictures(row.kind(), figures);
    }
    section.claims(v.claims());
  }
}
