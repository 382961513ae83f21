package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackResult;
import java.util.ArrayList;
import java.util.List;

/** Table 4: adversarial examples across networks that saw disjoint halves. */
public final class Table4Stage implements Stage<TransferTable> {
  private static final double AMPLIFIED = 0.1;

  /** The paper's numbers. */
  private record PaperTable(
      List<Paper.Transfer> rows, List<Paper.Transfer> amplified, List<Paper.Transfer> noise) {}

  @Override
  public String key() {
    return "table4";
  }

  @Override
  public String title() {
    return "Table 4: adversarial examples across training sets";
  }

  @Override
  public Class<TransferTable> type() {
    return TransferTable.class;
  }

  @Override
  public Object paper() {
    return new PaperTable(Paper.TABLE4, Paper.TABLE4_AMPLIFIED, Paper.TABLE4_NOISE);
  }

  @Override
  public double expectedSeconds(Scale scale) {
    return scale == Scale.QUICK ? 1 : 20;
  }

  @Override
  public TransferTable run(Reproduction r) {
    Samples samples = Table3Stage.samples(r);
    List<TrainedNetwork> networks = r.trained(r.networks().table3());
    List<AttackResult> made =
        networks.stream().map(n -> r.attack(n, Table3Stage.PURPOSE, samples)).toList();
    List<Double> aims = networks.stream().map(n -> AMPLIFIED).toList();
    TransferTable t = TransferTables.make(r, networks, made, samples, aims, List.of(0.06, 0.1));
    return TransferTables.with(t, claims(t));
  }

  static List<Claim> claims(TransferTable t) {
    TransferTable.Row noise = t.noise().get(1);
    boolean within = true;
    boolean across = true;
    for (int i = 0; i < 3; i++) {
      for (int j = 0; j < 3; j++) {
        boolean sameHalf = (i < 2) == (j < 2);
        boolean above =
            t.amplified().get(i).errors().get(j) - noise.errors().get(j) >= (sameHalf ? 0.1 : 0.05);
        within &= above || !sameHalf || i == j;
        across &= above || sameHalf;
      }
    }
    List<Claim> claims = new ArrayList<>();
    claims.add(
        new Claim(
            "Amplified to 0.1, what was made for a network of the same half does at least 10 points"
                + " more harm than noise of standard deviation 0.1.",
            within));
    claims.add(
        new Claim(
            "Amplified to 0.1, what was made for a network of the other half does at least 5 points"
                + " more harm than that noise.",
            across));
    return claims;
  }

  @Override
  public void write(TransferTable t, Section section) {
    section.text(
        "The first two networks saw one half of the training images, the third the other; test images"
            + " are changed. The paper prints its amplification as x + 0.1 (x' - x) / ||x' - x||_2,"
            + " which on these images would make the change smaller; here the root mean square"
            + " stands in the norm's place, which fits its text and numbers.");
    TransferTables.clean(section, t);
    TransferTables.write(section, "As found.", t, t.asFound(), Paper.TABLE4);
    TransferTables.write(section, "Amplified to 0.1.", t, t.amplified(), Paper.TABLE4_AMPLIFIED);
    TransferTables.write(
        section, "Gaussian noise, clipped to [0,1].", t, t.noise(), Paper.TABLE4_NOISE);
    section.claims(t.claims());
  }
}
