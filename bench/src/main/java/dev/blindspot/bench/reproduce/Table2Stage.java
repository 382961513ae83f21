package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackResult;
import java.util.ArrayList;
import java.util.List;

/** Table 2: adversarial examples of six networks, fed to all of them. */
public final class Table2Stage implements Stage<TransferTable> {

  /** The paper's numbers. */
  private record PaperTable(List<Paper.Transfer> rows, List<Paper.Transfer> noise) {}

  @Override
  public String key() {
    return "table2";
  }

  @Override
  public String title() {
    return "Table 2: adversarial examples across networks";
  }

  @Override
  public Class<TransferTable> type() {
    return TransferTable.class;
  }

  @Override
  public Object paper() {
    return new PaperTable(Paper.TABLE2, Paper.TABLE2_NOISE);
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return scale == Scale.QUICK ? 1 : scale == Scale.FULL ? 30 : 300;
  }

  @Override
  public TransferTable run(Reproduction r) {
    Samples samples = Table1Stage.samples(r);
    List<TrainedNetwork> networks = r.trained(r.networks().table1());
    List<AttackResult> made =
        networks.stream().map(n -> r.attack(n, Table1Stage.PURPOSE, samples)).toList();
    List<Double> aims = Paper.TABLE2.stream().map(Paper.Transfer::distortion).toList();
    TransferTable t = TransferTables.make(r, networks, made, samples, aims, List.of(0.1, 0.3));
    return TransferTables.with(t, claims(t));
  }

  static List<Claim> claims(TransferTable t) {
    boolean diagonal = true;
    for (int i = 0; i < t.models().size(); i++) {
      diagonal &= t.asFound().get(i).errors().get(i) == 1;
    }
    List<Claim> claims = new ArrayList<>();
    claims.add(new Claim("Every network is wrong on all examples made for it.", diagonal));
    List<String> missing = new ArrayList<>();
    int compared = 0;
    for (int i = 0; i < t.models().size(); i++) {
      int noise = Paper.TABLE2.get(i).distortion() <= 0.1 ? 0 : 1;
      for (int j = 0; j < t.models().size(); j++) {
        double paper =
            Paper.TABLE2.get(i).errors().get(j) - Paper.TABLE2_NOISE.get(noise).errors().get(j);
        if (i != j && paper > 0.05) {
          compared++;
          double ours = t.amplified().get(i).errors().get(j) - t.noise().get(noise).errors().get(j);
          if (!(ours > 0.05)) {
            missing.add(t.models().get(i) + " to " + t.models().get(j));
          }
        }
      }
    }
    claims.add(
        new Claim(
            "At the paper's distortion, each of its "
                + compared
                + " errors off the diagonal that exceeds noise of the next larger standard deviation"
                + " by over 5 points does so here"
                + (missing.isEmpty() ? "." : "; not: " + String.join(", ", missing) + "."),
            missing.isEmpty()));
    return claims;
  }

  @Override
  public void write(TransferTable t, Section section) {
    section.text(
        "A row: what was made for one network; a column: the network that it is fed to. An error is"
            + " a label that is not the true one. The paper's numbers are in brackets. Our examples"
            + " are smaller, and smaller ones fool other networks less: so the second table brings"
            + " them to the paper's average distortion, x + s (x' - x) / RMS(x' - x), clipped to"
            + " [0,1].");
    TransferTables.clean(section, t);
    TransferTables.write(section, "As found.", t, t.asFound(), Paper.TABLE2);
    TransferTables.write(section, "At the paper's distortion.", t, t.amplified(), Paper.TABLE2);
    TransferTables.write(
        section, "Gaussian noise, clipped to [0,1].", t, t.noise(), Paper.TABLE2_NOISE);
    section.claims(t.claims());
  }
}
