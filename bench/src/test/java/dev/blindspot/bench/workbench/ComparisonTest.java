package dev.blindspot.bench.workbench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.blindspot.bench.workbench.BenchResult.Machine;
import dev.blindspot.bench.workbench.BenchResult.Row;
import dev.blindspot.engine.InvalidInputException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ComparisonTest {

  private static Row row(String prb, Double micros, double spread) {
    return new Row(
        "conv",
        prb,
        "",
        "FWD_D",
        "f32",
        "FP32",
        "impl",
        micros,
        micros,
        spread,
        1.0,
        1.0,
        1.0,
        null,
        null,
        null,
        null,
        null,
        micros == null ? "unsupported" : null,
        null);
  }

  private static BenchResult run(Row... rows) {
    return new BenchResult(
        BenchResult.FORMAT,
        "",
        new Machine("cpu", "", 1, 1),
        Map.of(),
        1,
        "warm",
        List.of(rows),
        null);
  }

  @Test
  void onlyWhatExceedsBothRunsNoiseIsSlower() {
    BenchResult before =
        run(row("a", 10.0, 0.1), row("b", 10.0, 1), row("c", 10.0, 0.01), row("gone", 1.0, 0));
    BenchResult after =
        run(row("a", 12.0, 0.1), row("b", 12.0, 1), row("c", 9.0, 0.01), row("new", null, 0));
    Comparison c = Comparison.of(before, after);
    assertEquals(
        List.of("slower", "same", "faster"),
        c.rows().stream().map(Comparison.Row::verdict).toList());
    assertEquals(List.of("conv gone FWD_D f32 FP32"), c.onlyOld());
    assertEquals(List.of("conv new FWD_D f32 FP32"), c.onlyNew());
  }

  @Test
  void aSmallDifferenceIsNoiseHoweverSteadyTheRuns() {
    Comparison c = Comparison.of(run(row("a", 100.0, 0)), run(row("a", 102.0, 0)));
    assertEquals("same", c.rows().get(0).verdict());
  }

  @Test
  void runsWithNothingInCommonAreRefused() {
    assertThrows(
        InvalidInputException.class,
        () -> Comparison.of(run(row("a", 1.0, 0)), run(row("b", 1.0, 0))));
  }
}
