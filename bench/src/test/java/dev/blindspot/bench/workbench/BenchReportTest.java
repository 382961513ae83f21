package dev.blindspot.bench.workbench;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.bench.workbench.BenchResult.Machine;
import dev.blindspot.bench.workbench.BenchResult.PeerTimes;
import dev.blindspot.bench.workbench.BenchResult.Row;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class BenchReportTest {

  private static Row row(String name, Double micros, Double gflops, PeerTimes beside) {
    return new Row(
        "conv",
        "ic1ih2",
        name,
        "BWD_D",
        "f32",
        "FP32",
        micros == null ? null : "cpu:kernel",
        micros,
        micros,
        micros == null ? null : 0.0,
        gflops,
        micros == null ? null : 5.0,
        micros == null ? null : 0.25,
        null,
        null,
        null,
        null,
        null,
        micros == null ? "no kernel has this" : null,
        beside);
  }

  private static BenchResult result(Map<String, Double> means, Row... rows) {
    return new BenchResult(
        BenchResult.FORMAT,
        "blindspot bench <conv>",
        new Machine("cpu", "A processor", 100, 10),
        Map.of("java", "17"),
        1,
        "warm",
        List.of(rows),
        means);
  }

  private static PeerTimes torch() {
    return new PeerTimes("torch", "OMP=1", "nchw", 30.0, 0.0, 3.0, 1e-7, null, null, null);
  }

  @Test
  void everythingStandsInOnePage() {
    String page =
        BenchReport.html(
            result(
                Map.of("all", 3.0),
                row("<first>", 10.0, 40.0, torch()),
                row("second", null, null, null)));
    assertFalse(Pattern.compile("\\{\\{[a-z]+}}").matcher(page).find(), "a place is empty");
    assertFalse(Pattern.compile("(?:src|href)=").matcher(page).find(), "it needs something else");
    assertTrue(page.contains("Chart.js v4"), "the chart library is in it");
    assertTrue(page.contains("&lt;first&gt;") && !page.contains("<first>"), "names are escaped");
    assertTrue(page.contains("1 problem measured, half of them at 25 % of the roofline or more"));
    assertTrue(page.contains("torch takes 3.00 times our time"));
    assertTrue(page.contains("id=\"roofline\"") && page.contains("id=\"ratios\""));
    assertTrue(page.contains("ic1ih2 BWD_D (no kernel has this)"));
    assertTrue(page.contains("torch: OMP=1"));
  }

  @Test
  void withoutAPeerOrOperationsThereIsNoChartOfThem() {
    String page = BenchReport.html(result(null, row("a", 10.0, null, null)));
    assertFalse(page.contains("id=\"roofline\"") || page.contains("id=\"ratios\""));
    assertFalse(page.contains("its median"));
  }

  @Test
  void aRunThatExecutedNothingHasAPageToo() {
    String page = BenchReport.html(result(null, row("a", null, null, null)));
    assertTrue(page.contains("0 problems measured."));
  }
}
