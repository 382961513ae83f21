package dev.blindspot.bench.report;

import dev.blindspot.bench.report.AuditResult.Sample;
import java.util.Arrays;
import java.util.function.ToDoubleFunction;

/**
 * The headline numbers of an audit.
 *
 * @param succeeded number of samples with an adversarial
 * @param medianFound over these
 * @param medianCertified over all samples, 0 where nothing is certified
 * @param medianReal the same of the real-valued network
 * @param medianRatio found over certified, of samples that have both
 * @param certified number of samples with a certificate
 * @param real number of samples with a certificate of the real-valued network
 */
record AuditSummary(
    int succeeded,
    double medianFound,
    double medianCertified,
    double medianReal,
    double medianRatio,
    int certified,
    int real) {

  static AuditSummary of(AuditResult r) {
    return new AuditSummary(
        (int) r.samples().stream().filter(Sample::success).count(),
        median(values(r, s -> s.success() ? s.l2() : 0)),
        median(r.samples().stream().mapToDouble(Sample::certifiedL2).toArray()),
        median(r.samples().stream().mapToDouble(Sample::certifiedL2Real).toArray()),
        median(values(r, s -> s.success() ? s.l2() / s.certifiedL2() : 0)),
        values(r, Sample::certifiedL2).length,
        values(r, Sample::certifiedL2Real).length);
  }

  /** One sentence in plain words. */
  String sentence(AuditResult r) {
    String what =
        r.attack().targeted() ? "answer with a label drawn at random" : "give another answer";
    String found =
        succeeded == 0
            ? "For none of the "
                + Html.count(r.samples().size())
                + " attacked images was a change found that makes "
                + r.model().name()
                + " "
                + what
            : "For "
                + Html.count(succeeded)
                + " of "
                + Html.count(r.samples().size())
                + " images that "
                + r.model().name()
                + " classifies correctly, a change of the pixels makes it "
                + what
                + ": half of the changes found are shorter than "
                + Html.number(medianFound)
                + " (L2 norm)";
    String no = "; for half of the images it is certain that no change shorter than ";
    String kept =
        medianCertified > 0
            ? no + Html.number(medianCertified) + " can do so."
            : medianReal > 0
                ? no
                    + Html.number(medianReal)
                    + " can do so in exact arithmetic, but not under float32 rounding."
                : certified + real == 0
                    ? "; no radius could be certified."
                    : "; a radius could be certified for less than half of the images.";
    return found + kept;
  }

  /** The positive, finite values. */
  private static double[] values(AuditResult r, ToDoubleFunction<Sample> of) {
    return r.samples().stream()
        .mapToDouble(of)
        .filter(v -> v > 0 && v < Double.POSITIVE_INFINITY)
        .toArray();
  }

  /** Mean of the middle two; NaN of nothing. */
  static double median(double[] values) {
    double[] v = values.clone();
    Arrays.sort(v);
    int n = v.length;
    return n == 0 ? Double.NaN : (v[(n - 1) / 2] + v[n / 2]) / 2;
  }
}
