package dev.blindspot.bench.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Made-up audits for tests of the report. */
final class SampleAudits {
  private SampleAudits() {}

  static AuditResult audit(int count, String name) {
    SplittableRandom random = new SplittableRandom(1);
    List<AuditResult.Sample> samples = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      boolean success = i % 17 != 5;
      boolean open = i % 29 == 7;
      double l2 = 0.4 + 1.2 * random.nextDouble() * random.nextDouble();
      double certified = l2 / (3 + 6 * random.nextDouble());
      samples.add(
          new AuditResult.Sample(
              3 * i,
              i % 10,
              i % 10,
              null,
              success ? (i + 3) % 10 : null,
              success,
              success ? l2 : Double.NaN,
              success ? l2 / 5 : Double.NaN,
              success ? l2 / 28 : Double.NaN,
              open ? 0 : certified,
              certified * 1.05,
              open ? "the margin is within the rounding error" : null,
              400 + random.nextInt(300),
              success ? "converged" : "budget"));
    }
    return new AuditResult(
        AuditResult.FORMAT,
        "0.1.0",
        "blindspot audit --examples " + count,
        "cpu",
        "FP32",
        2,
        1,
        Map.of("linear1", "cpu:openblas"),
        new AuditResult.Model(name, 89610, 6),
        new AuditResult.Data("synthetic", count),
        new AuditResult.Clean(0.9785),
        new AuditResult.Attack("L-BFGS", "L2", false, 0.94, 0.0312, 0.87, 512.25),
        new AuditResult.Bounds(
            "Lipschitz constant of the real-valued network, L2 norm to L2 norm"
                + "; certified_l2: no input changes the float program"
                + "; certified_l2_real: no input changes the real-valued network",
            List.of(
                new AuditResult.LayerRow("linear1", "Linear", 5.9, 6.4, "Gram iteration"),
                new AuditResult.LayerRow("sigmoid1", "Sigmoid", 0.25, 0.25, "largest derivative"),
                new AuditResult.LayerRow("linear2", "Linear", 8.1, 8.1001, "LAPACK"),
                new AuditResult.LayerRow("block", "Residual", 0, 3, "sum over the branches"),
                new AuditResult.LayerRow(
                    "bad", "Linear", 0, Double.POSITIVE_INFINITY, "not certified: NaN")),
            Double.POSITIVE_INFINITY),
        samples,
        new AuditResult.Seconds(12.5, 3.25, 0.5, 17));
  }

  static List<Picture> pictures(int count, int channels) {
    SplittableRandom random = new SplittableRandom(2);
    List<Picture> list = new ArrayList<>();
    for (int k = 0; k < count; k++) {
      float[] x = new float[channels * 28 * 28];
      float[] y = new float[x.length];
      for (int i = 0; i < x.length; i++) {
        int col = i % 28;
        x[i] = Math.abs(col - 14) < 3 ? 0.9f : 0;
        y[i] = (float) Math.min(1, Math.max(0, x[i] + 0.06 * (random.nextDouble() - 0.5)));
      }
      list.add(new Picture(k, channels, 28, 28, x, y));
    }
    return list;
  }
}
