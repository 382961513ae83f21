package dev.blindspot.bench.cli;

import dev.blindspot.bench.workbench.BenchResult;
import java.util.Locale;

/** Rows of the workbench as benchdnn's perf lines, with medians in the place of means. */
final class PerfLine {
  static final String HEADER =
      "perf,engine,impl,name,prb,Gops,-time ms,-Gflops,0time ms,0Gflops,GB/s,roofline";

  private PerfLine() {}

  /** The line of a row measured on a device. */
  static String of(BenchResult.Row r, String engine) {
    String prb = "--" + r.driver() + " --dir=" + r.dir() + " " + r.prb();
    if (r.skipped() != null) {
      return "skipped," + engine + ",,\"" + r.name() + "\"," + prb + ": " + r.skipped();
    }
    double scale = r.gflops() == null ? 0 : r.gflops() * r.medianUs() / r.minUs();
    return String.format(
        Locale.ROOT,
        "perf,%s,%s,\"%s\",%s,%.6g,%.6g,%.4g,%.6g,%.4g,%.4g,%.3f%s%s",
        engine,
        r.impl(),
        r.name(),
        prb,
        r.gflops() == null ? 0 : r.gflops() * r.medianUs() / 1e6,
        r.minUs() / 1e3,
        scale,
        r.medianUs() / 1e3,
        r.gflops() == null ? 0 : r.gflops(),
        r.gigabytes() == null ? 0 : r.gigabytes(),
        r.peakShare(),
        r.normError() == null
            ? ""
            : String.format(Locale.ROOT, ",error %.2e,%.2e", r.maxError(), r.normError()),
        (r.overhead() == null ? "" : attack(r)) + (r.beside() == null ? "" : of(r.beside())));
  }

  private static String of(BenchResult.PeerTimes p) {
    if (p.peerRatio() == null) {
      return "," + p.peer() + ",skipped: " + p.peerSkipped();
    }
    return String.format(
        Locale.ROOT,
        ",%s,\"%s\",%.6g,ratio %.3f%s",
        p.peer(),
        p.peerImpl(),
        p.peerMedianUs() / 1e3,
        p.peerRatio(),
        p.peerNormError() == null
            ? ""
            : String.format(Locale.ROOT, ",error %.2e,%.2e", p.peerMaxError(), p.peerNormError()));
  }

  private static String attack(BenchResult.Row r) {
    return String.format(
        Locale.ROOT,
        ",%.4g gradients/s,overhead %.3f%s",
        r.samplesPerSecond(),
        r.overhead(),
        r.preparingUs() == null
            ? ""
            : String.format(Locale.ROOT, ",preparing ms %.4g", r.preparingUs() / 1e3));
  }
}
