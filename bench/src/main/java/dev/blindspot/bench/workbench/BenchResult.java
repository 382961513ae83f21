package dev.blindspot.bench.workbench;

import java.util.List;
import java.util.Map;

/**
 * What a run of the workbench measured: the content of its JSON file.
 *
 * @param format of the file
 * @param versions of program and libraries
 */
public record BenchResult(
    String format,
    String command,
    Machine machine,
    Map<String, String> versions,
    int threads,
    List<Row> results) {

  /** Value of {@link #format}. */
  public static final String FORMAT = "blindspot-bench-1";

  /**
   * What the machine reaches with this backend and these threads, measured before anything else on
   * random data.
   *
   * @param gflops best float32 matrix product; operations' shares are of it
   * @param gigabytes copied a second, read and written
   */
  public record Machine(String device, String processor, double gflops, double gigabytes) {}

  /**
   * One problem in one direction.
   *
   * @param prb shape as written
   * @param impl implementation; null if it was not executed
   * @param minUs best series, microseconds of an execution
   * @param medianUs median of the series
   * @param spreadUs half the distance of the quartiles
   * @param gflops by the median; null where memory is what counts
   * @param gigabytes moved a second by the median, each operand once
   * @param peakShare of the roofline: of what the machine reaches for this many operations a byte
   * @param maxError largest |difference| to the same in double, over the largest |value|; null if
   *     not asked for
   * @param normError norm of the difference over the norm; null alike
   * @param skipped why it was not executed; null if it was
   */
  public record Row(
      String driver,
      String prb,
      String name,
      String dir,
      String dt,
      String precision,
      String impl,
      Double minUs,
      Double medianUs,
      Double spreadUs,
      Double gflops,
      Double gigabytes,
      Double peakShare,
      Double maxError,
      Double normError,
      String skipped) {

    /** What is compared between two files. */
    String key() {
      return driver + " " + prb + " " + dir + " " + dt + " " + precision;
    }
  }
}
