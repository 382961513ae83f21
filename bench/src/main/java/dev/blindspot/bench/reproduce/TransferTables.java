package dev.blindspot.bench.reproduce;

import dev.blindspot.attacks.AttackResult;
import dev.blindspot.attacks.transfer.Transfer;
import java.util.ArrayList;
import java.util.List;

/** Makes and writes what tables 2 and 4 have in common. */
final class TransferTables {
  private static final String NOISE = "Gaussian noise";

  private TransferTables() {}

  /**
   * Feeds every network's adversarial examples to all.
   *
   * @param aims RMS distortion that each network's examples are amplified to
   * @param deviations of the noise
   */
  static TransferTable make(
      Reproduction r,
      List<TrainedNetwork> networks,
      List<AttackResult> made,
      Samples samples,
      List<Double> aims,
      List<Double> deviations) {
    List<TransferTable.Row> asFound = new ArrayList<>();
    List<TransferTable.Row> amplified = new ArrayList<>();
    List<TransferTable.Row> noise = new ArrayList<>();
    try (Transfer transfer =
        new Transfer(
            r.backend(),
            networks.stream().map(TrainedNetwork::named).toList(),
            samples.images(),
            samples.labels())) {
      for (int i = 0; i < made.size(); i++) {
        String name = networks.get(i).name();
        asFound.add(TransferTable.Row.of(name, null, transfer.adversarial(made.get(i))));
        amplified.add(
            TransferTable.Row.of(name, aims.get(i), transfer.amplified(made.get(i), aims.get(i))));
      }
      for (double d : deviations) {
        noise.add(TransferTable.Row.of(NOISE, d, transfer.noise(d, samples.index(), r.seed())));
      }
      List<String> names = networks.stream().map(TrainedNetwork::name).toList();
      return new TransferTable(
          names, samples.count(), transfer.cleanErrors(), asFound, amplified, noise, List.of());
    }
  }

  static TransferTable with(TransferTable t, List<Claim> claims) {
    return new TransferTable(
        t.models(), t.images(), t.clean(), t.asFound(), t.amplified(), t.noise(), claims);
  }

  /** A table with the paper's number behind ours, where it has one. */
  static void write(
      Section section,
      String caption,
      TransferTable t,
      List<TransferTable.Row> rows,
      List<Paper.Transfer> paper) {
    List<String> head = new ArrayList<>(List.of("Made for, fed to"));
    head.addAll(t.models());
    head.add("Distortion");
    List<List<String>> cells = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      TransferTable.Row row = rows.get(i);
      Paper.Transfer p = paper.get(i);
      String of = row.madeFor().equals(NOISE) ? " " + Section.number(row.aim()) : "";
      List<String> line = new ArrayList<>(List.of(row.madeFor() + of));
      for (int j = 0; j < row.errors().size(); j++) {
        line.add(
            pair(Section.percent(round(row.errors().get(j))), Section.percent(p.errors().get(j))));
      }
      line.add(pair(Section.number(row.distortion()), Section.number(p.distortion())));
      cells.add(line);
    }
    section.table(caption, head, cells);
  }

  private static String pair(String ours, String paper) {
    return ours + " (" + paper + ")";
  }

  private static double round(double share) {
    return Math.rint(1000 * share) / 1000;
  }

  static void clean(Section section, TransferTable t) {
    List<String> parts = new ArrayList<>();
    for (int i = 0; i < t.models().size(); i++) {
      parts.add(t.models().get(i) + " " + Section.percent(round(t.clean().get(i))));
    }
    section.text(
        "Errors on the same images without any change, which a column is to be read against: "
            + String.join(", ", parts)
            + ".");
  }
}
