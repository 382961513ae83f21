package dev.blindspot.bench.workbench;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.List;
import java.util.Map;

/**
 * What a run of the workbench measured: the content of its JSON file.
 *
 * @param format of the file
 * @param versions of program and libraries
 * @param cache "cold" if the caches were emptied before each execution, which was timed alone;
 *     "warm" if executions were timed in a row
 * @param peerGeometricMeans of the peer's time over ours, by driver and direction, and "all"; null
 *     without a peer
 */
public record BenchResult(
    String format,
    String command,
    Machine machine,
    Map<String, String> versions,
    int threads,
    String cache,
    List<Row> results,
    Map<String, Double> peerGeometricMeans) {

  /** Value of {@link #format}. */
  public static final String FORMAT = "blindspot-bench-1";

  /**
   * What the machine reaches with this backend and these threads, measured before anything else on
   * random data.
   *
   * @param gflops best matrix product, on a GPU in the run's precision, else of float32;
   *     operations' shares are of it
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
   * @param samplesPerSecond gradients of an attack, each of one sample; else null
   * @param overhead an attack's time over that of its bare forward and backward passes; else null
   * @param preparingUs of an attack: planning the network and loading the samples, which its times
   *     leave out; else null
   * @param skipped why it was not executed; null if it was
   * @param beside times of a peer, whose fields stand among the others; null without one
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
      Double samplesPerSecond,
      Double overhead,
      Double preparingUs,
      String skipped,
      @JsonUnwrapped PeerTimes beside) {

    public Row {
      // A file without these fields was measured without a peer.
      beside = beside == null || beside.peer() == null ? null : beside;
    }

    /** The same, measured beside a peer. */
    Row with(PeerTimes times) {
      return new Row(
          driver,
          prb,
          name,
          dir,
          dt,
          precision,
          impl,
          minUs,
          medianUs,
          spreadUs,
          gflops,
          gigabytes,
          peakShare,
          maxError,
          normError,
          samplesPerSecond,
          overhead,
          preparingUs,
          skipped,
          times);
    }

    /** What is compared between two files. */
    String key() {
      return driver + " " + prb + " " + dir + " " + dt + " " + precision;
    }
  }

  /**
   * A peer's times, taken in turn with ours.
   *
   * @param peer name
   * @param peerConfig settings of its process
   * @param peerImpl layout and implementation, the best of those it has
   * @param peerMedianUs median of its series; null if it was not measured
   * @param peerSpreadUs half the distance of the quartiles
   * @param peerRatio its median over ours
   * @param peerDifference largest |difference| of the results over the largest |value|
   * @param peerMaxError as ours; null if not asked for
   * @param peerNormError as ours
   * @param peerSkipped why it was not measured, or does not count; null if it does
   */
  public record PeerTimes(
      String peer,
      String peerConfig,
      String peerImpl,
      Double peerMedianUs,
      Double peerSpreadUs,
      Double peerRatio,
      Double peerDifference,
      Double peerMaxError,
      Double peerNormError,
      String peerSkipped) {

    static PeerTimes skipped(String peer, String why) {
      return new PeerTimes(peer, null, null, null, null, null, null, null, null, why);
    }
  }
}
