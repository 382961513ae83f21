package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.bounds.BoundsOptions;
import dev.blindspot.attacks.bounds.PaperTable;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.onnx.OnnxModel;
import dev.blindspot.nn.zoo.Zoo;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Table 5: upper bounds of each layer, of AlexNet and of every network trained here. */
public final class Table5Stage implements Stage<Table5> {
  /** Multiply-adds for a layer's bound at quick scale. */
  private static final double QUICK_WORK = 5e8;

  @Override
  public String key() {
    return "table5";
  }

  @Override
  public String title() {
    return "Table 5: upper bounds of each layer";
  }

  @Override
  public Class<Table5> type() {
    return Table5.class;
  }

  @Override
  public Object paper() {
    return PaperTable.TABLE_5;
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return scale == Scale.QUICK ? 87 : 150;
  }

  @Override
  public Table5 run(Reproduction r) {
    BoundsOptions full = BoundsOptions.defaults().backend(r.backend());
    BoundsOptions options = r.scale() == Scale.QUICK ? full.work(QUICK_WORK) : full;
    List<Table5.Model> models = new ArrayList<>();
    List<TrainedNetwork> trained = r.trained(networks(r));
    try (Tasks.Task task = r.tasks().start("Bounding", "networks", 1L + trained.size())) {
      models.add(r.kept("table5-alexnet", Table5.Model.class, () -> alexnet(r, options)));
      task.update(models.size(), "");
      for (TrainedNetwork t : trained) {
        models.add(
            r.kept(
                "table5-" + t.of().file(),
                Table5.Model.class,
                () ->
                    model(
                        t.label(),
                        "trained here",
                        PaperTable.of(t.network(), t.parameters(), options))));
        task.update(models.size(), "");
      }
    }
    return new Table5(models, claims(models.get(0)));
  }

  /** Every network that the other tables and figures train. */
  private static List<PaperNetwork> networks(Reproduction r) {
    List<PaperNetwork> all = new ArrayList<>(r.networks().table1());
    all.addAll(r.networks().table3());
    all.add(r.networks().convolutional());
    return all;
  }

  /** The user's, else the geometry that the paper's table gives, as initialised. */
  static Table5.Model alexnet(Reproduction r, BoundsOptions options) {
    if (r.alexnet() != null) {
      OnnxModel m = OnnxModel.read(r.alexnet());
      try (Parameters p = m.parameters(r.backend(), ElementType.F32)) {
        return model("AlexNet", "" + r.alexnet(), PaperTable.of(m.network(), p, options));
      }
    }
    Network network = Zoo.get("alexnet", Shape.of(3, 227, 227), 1000).network();
    try (Parameters p = Parameters.initialize(network, r.backend(), ElementType.F32, r.seed())) {
      return model("AlexNet", "as initialised: untrained", PaperTable.of(network, p, options));
    }
  }

  static Table5.Model model(String name, String note, PaperTable table) {
    List<Table5.Row> rows = new ArrayList<>();
    for (PaperTable.Row row : table.rows()) {
      rows.add(
          new Table5.Row(
              row.bound().name(),
              row.bound().kind(),
              row.size(),
              row.stride(),
              finite(row.paper()),
              finite(row.printed()),
              row.note(),
              row.bound().lower(),
              finite(row.bound().upper()),
              row.bound().method()));
    }
    return new Table5.Model(
        name,
        note,
        rows,
        finite(table.paperProduct()),
        finite(table.printedProduct()),
        finite(table.bound().upper()));
  }

  private static Double finite(double v) {
    return Double.isFinite(v) ? v : null;
  }

  static List<Claim> claims(Table5.Model alexnet) {
    Table5.Row first = alexnet.rows().get(0);
    double pools =
        alexnet.rows().stream()
            .filter(row -> row.kind().equals("MaxPool"))
            .mapToDouble(Table5.Row::lower)
            .reduce(1, (a, b) -> a * b);
    return List.of(
        new Claim(
            String.format(
                Locale.ROOT,
                "The formula as printed is no upper bound: for the first layer of %s, of stride %d,"
                    + " it gives %s, and the layer really magnifies something %s times.",
                alexnet.name(),
                first.stride(),
                Section.number(first.printed()),
                Section.number(first.lower())),
            first.printed() != null && first.printed() < first.lower()),
        new Claim(
            String.format(
                Locale.ROOT,
                "Overlapping max-pools are not contractive: those of %s magnify by %s in all.",
                alexnet.name(),
                Section.number(pools)),
            pools > 1));
  }

  @Override
  public void write(Table5 t, Section section) {
    section.text(
        "The paper bounds each layer of a trained AlexNet, whose weights it does not give; its numbers"
            + " are for other weights of the same size and cannot be compared digit by digit. Its"
            + " formula for convolutions, equation (1), is evaluated as printed: it lacks the factor"
            + " of the stride and does not cover a period of frequencies; max-pools and contrast"
            + " normalisation count as contractive there. The last two columns are guaranteed: the"
            + " layer's Lipschitz constant lies between them.");
    section.claims(t.claims());
    Table5.Model first = t.models().get(0);
    List<List<String>> cells = new ArrayList<>();
    add(cells, first, "");
    section.table(first.name() + ", " + first.note() + ".", HEAD, cells);
    List<List<String>> others = new ArrayList<>();
    t.models().subList(1, t.models().size()).forEach(m -> add(others, m, m.name() + " "));
    section.table("Every network trained here.", HEAD, others);
  }

  private static final List<String> HEAD =
      List.of("Layer", "Size", "Stride", "Paper", "Formula as printed", "At least", "At most");

  private static void add(List<List<String>> cells, Table5.Model m, String prefix) {
    for (Table5.Row row : m.rows()) {
      cells.add(
          List.of(
              prefix + row.name() + " (" + row.kind() + ")",
              row.size(),
              row.stride() == 0 ? "" : "" + row.stride(),
              Section.number(row.paper()),
              Section.number(row.printed()),
              Section.number(row.lower()),
              bound(row.upper())));
    }
    cells.add(
        List.of(
            prefix + "product",
            "",
            "",
            Section.number(m.paperProduct()),
            Section.number(m.printedProduct()),
            "",
            bound(m.upper())));
  }

  private static String bound(Double v) {
    return v == null ? "unbounded" : Section.number(v);
  }
}
