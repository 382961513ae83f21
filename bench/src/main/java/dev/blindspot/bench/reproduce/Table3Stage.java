package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.bench.reproduce.PaperNetwork.Part;
import java.util.ArrayList;
import java.util.List;

/** Table 3: three networks, trained on disjoint halves. */
public final class Table3Stage implements Stage<Table3> {
  static final String PURPOSE = "test-images";

  @Override
  public String key() {
    return "table3";
  }

  @Override
  public String title() {
    return "Table 3: networks trained on disjoint halves";
  }

  @Override
  public Class<Table3> type() {
    return Table3.class;
  }

  @Override
  public Object paper() {
    return Paper.TABLE3;
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return scale == Scale.QUICK ? 25 : scale == Scale.FULL ? 500 : 700;
  }

  @Override
  public Table3 run(Reproduction r) {
    Samples samples = samples(r);
    List<Table3.Row> rows = new ArrayList<>();
    boolean found = true;
    boolean other = true;
    for (PaperNetwork n : r.networks().table3()) {
      TrainedNetwork t = r.trained(n);
      List<Double> errors = new ArrayList<>();
      for (Part part : List.of(Part.P1, Part.P2)) {
        errors.add(Table1Stage.error(r, t, r.part(part)));
      }
      errors.add(Table1Stage.error(r, t, r.test()));
      AttackResult a = r.attack(t, PURPOSE, samples);
      double[] rms =
          a.samples().stream()
              .filter(AttackResult.Sample::success)
              .mapToDouble(s -> s.distortion().rms())
              .toArray();
      rows.add(new Table3.Row(n.name(), n.part().name(), errors, Statistics.mean(rms), rms.length));
      found &= a.successRate() == 1;
      other &= errors.get(n.part() == Part.P1 ? 1 : 0) > errors.get(n.part() == Part.P1 ? 0 : 1);
    }
    return new Table3(
        r.part(Part.P1).size(),
        samples.count(),
        rows,
        List.of(
            new Claim("An adversarial example was found for every test image.", found),
            new Claim("Each network does worse on the half that it did not see.", other)));
  }

  /** The test images attacked, in tables 3 and 4. */
  static Samples samples(Reproduction r) {
    return r.samples(r.test(), r.scale().attackedTest());
  }

  @Override
  public void write(Table3 t, Section section) {
    List<List<String>> cells = new ArrayList<>();
    for (int i = 0; i < t.rows().size(); i++) {
      Table3.Row r = t.rows().get(i);
      Paper.Model p = Paper.TABLE3.get(i);
      List<String> line =
          new ArrayList<>(List.of(r.name() + " (trained on " + r.trainedOn() + ")"));
      for (int j = 0; j < 3; j++) {
        line.add(Section.percent(p.errors().get(j)));
        line.add(Section.percent(r.errors().get(j)));
      }
      line.add(Section.number(p.distortion()));
      line.add(Section.number(r.distortion()));
      cells.add(line);
    }
    section.table(
        "Halves of " + t.half() + " training images; " + t.attacked() + " test images attacked.",
        List.of(
            "Network",
            "Error on P1, paper",
            "ours",
            "P2, paper",
            "ours",
            "Test, paper",
            "ours",
            "Distortion, paper",
            "ours"),
        cells);
    section.claims(t.claims());
  }
}
