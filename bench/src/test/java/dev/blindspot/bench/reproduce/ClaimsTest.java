package dev.blindspot.bench.reproduce;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The claims say what the numbers say: true of the paper's own tables, false when one is moved. */
class ClaimsTest {

  private static List<TransferTable.Row> rows(List<Paper.Transfer> paper) {
    List<TransferTable.Row> rows = new ArrayList<>();
    for (Paper.Transfer p : paper) {
      rows.add(
          new TransferTable.Row(
              p.madeFor(), p.distortion(), p.distortion(), 100, new ArrayList<>(p.errors())));
    }
    return rows;
  }

  private static TransferTable table(
      List<Paper.Transfer> asFound, List<Paper.Transfer> amplified, List<Paper.Transfer> noise) {
    List<String> names = asFound.stream().map(Paper.Transfer::madeFor).toList();
    return new TransferTable(
        names, 100, List.of(), rows(asFound), rows(amplified), rows(noise), List.of());
  }

  private static List<Boolean> holds(List<Claim> claims) {
    return claims.stream().map(Claim::holds).toList();
  }

  @Test
  void table2HoldsForThePaperAndFailsWithoutOneTransfer() {
    TransferTable t = table(Paper.TABLE2, Paper.TABLE2, Paper.TABLE2_NOISE);
    assertEquals(List.of(true, true), holds(Table2Stage.claims(t)));
    t.amplified().get(1).errors().set(0, 0.06);
    List<Claim> moved = Table2Stage.claims(t);
    assertEquals(List.of(true, false), holds(moved));
    assertEquals(true, moved.get(1).text().contains("not: FC10(10^-2) to FC10(10^-4)"));
    t.asFound().get(3).errors().set(3, 0.99);
    assertEquals(List.of(false, false), holds(Table2Stage.claims(t)));
  }

  @Test
  void table4HoldsForThePaperAndFailsWhereNoiseDoesAsMuch() {
    TransferTable t = table(Paper.TABLE4, Paper.TABLE4_AMPLIFIED, Paper.TABLE4_NOISE);
    assertEquals(List.of(true, true), holds(Table4Stage.claims(t)));
    t.amplified().get(0).errors().set(1, 0.12);
    assertEquals(List.of(false, true), holds(Table4Stage.claims(t)));
    t.amplified().get(2).errors().set(0, 0.07);
    assertEquals(List.of(false, false), holds(Table4Stage.claims(t)));
  }

  @Test
  void standardErrorIsTheTextbooks() {
    assertEquals(2.5, Statistics.mean(new double[] {1, 2, 3, 4}));
    assertEquals(
        Math.sqrt(5.0 / 3 / 4), Statistics.standardError(new double[] {1, 2, 3, 4}), 1e-15);
    assertNull(Statistics.standardError(new double[] {1}));
    assertNull(Statistics.mean(new double[0]));
  }
}
