package dev.blindspot.bench.workbench;

import dev.blindspot.bench.peer.Peer;
import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.workbench.BenchResult.PeerTimes;
import dev.blindspot.engine.UnsupportedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * One problem measured on a peer in turn with ours: its settings and layouts compete, the best
 * counts.
 */
final class PeerRun {
  /** Ways of this much over the quickest in a first look are not measured further. */
  private static final double HOPELESS = 1.3;

  private static final int LOOKS = 3;

  private final Peer peer;
  private final double seconds;

  PeerRun(Peer peer, double seconds) {
    this.peer = peer;
    this.seconds = seconds;
  }

  /** Our times and the peer's. */
  record Outcome(List<Sampling> ours, PeerTimes times) {}

  /**
   * What the peer's result is compared with.
   *
   * @param values our result
   * @param samples that it consists of, one behind the other; all but an eighth must agree
   * @param tolerance of the largest difference, of the largest value of a sample
   */
  record Expected(double[] values, int samples, double tolerance) {}

  /**
   * A problem small enough to be computed in double.
   *
   * @param values result in double
   */
  record Exact(PeerProblem problem, double[] values) {}

  /**
   * Measures both.
   *
   * @param ours our executions; the first are those that the peer's are compared with
   * @param exact null if errors are not asked for
   */
  Outcome measure(PeerProblem problem, List<Timed> ours, Expected expected, Exact exact) {
    List<Peer.Way> ways;
    try {
      ways = peer.prepare(problem);
    } catch (UnsupportedException e) {
      return new Outcome(
          Sampling.alternating(ours, seconds), PeerTimes.skipped(peer.name(), e.getMessage()));
    }
    List<Peer.Way> hopeful = seconds == 0 ? ways.subList(0, 1) : hopeful(ways);
    List<Timed> turns = new ArrayList<>(ours);
    hopeful.forEach(w -> turns.add(w::micros));
    List<Sampling> samplings = Sampling.alternating(turns, seconds);
    int best = ours.size();
    for (int i = best + 1; i < samplings.size(); i++) {
      best = samplings.get(i).median() < samplings.get(best).median() ? i : best;
    }
    Peer.Way way = hopeful.get(best - ours.size());
    double difference = Errors.ofMost(way.result(), expected.values(), expected.samples());
    Errors e = exact == null ? Errors.NONE : errors(exact, way.implementation());
    return new Outcome(
        samplings.subList(0, ours.size()),
        times(way, samplings.get(0), samplings.get(best), difference, expected.tolerance(), e));
  }

  private PeerTimes times(
      Peer.Way way, Sampling own, Sampling its, double difference, double tolerance, Errors e) {
    String differs =
        difference <= tolerance
            ? null
            : "its result differs from ours by " + difference + " of the largest value";
    return new PeerTimes(
        peer.name(),
        way.config(),
        way.implementation(),
        its.median(),
        its.spread(),
        differs == null ? (Double) (its.median() / own.median()) : null,
        difference,
        e.max(),
        e.norm(),
        differs);
  }

  /** Of the same implementation at the size that was computed in double. */
  private Errors errors(Exact exact, String implementation) {
    List<Peer.Way> ways = peer.prepare(exact.problem());
    Peer.Way way =
        ways.stream()
            .filter(w -> w.implementation().equals(implementation))
            .findFirst()
            .orElse(ways.get(0));
    return Errors.between(way.result(), exact.values());
  }

  private static List<Peer.Way> hopeful(List<Peer.Way> ways) {
    double[] looks = new double[ways.size()];
    int[] counts = new int[looks.length];
    for (int i = 0; i < looks.length; i++) {
      counts[i] = Sampling.count(ways.get(i)::micros);
      looks[i] = Double.POSITIVE_INFINITY;
    }
    for (int k = 0; k < LOOKS; k++) {
      for (int i = 0; i < looks.length; i++) {
        looks[i] = Math.min(looks[i], ways.get(i).micros(counts[i]));
      }
    }
    double best = Arrays.stream(looks).min().orElseThrow();
    List<Integer> order = new ArrayList<>();
    for (int i = 0; i < looks.length; i++) {
      if (looks[i] <= HOPELESS * best) {
        order.add(i);
      }
    }
    order.sort(Comparator.comparingDouble(i -> looks[i]));
    return order.stream().map(ways::get).toList();
  }

  /** Geometric means of the ratios by driver and direction, and of all; empty if there is none. */
  static Map<String, Double> geometricMeans(List<BenchResult.Row> rows) {
    Map<String, Double> means = new TreeMap<>();
    List<BenchResult.Row> measured =
        rows.stream().filter(r -> r.beside() != null && r.beside().peerRatio() != null).toList();
    measured.stream()
        .collect(Collectors.groupingBy(r -> r.driver() + " " + r.dir()))
        .forEach((key, group) -> means.put(key, mean(group)));
    if (!measured.isEmpty()) {
      means.put("all", mean(measured));
    }
    return means;
  }

  private static double mean(List<BenchResult.Row> rows) {
    return Math.exp(
        rows.stream().mapToDouble(r -> Math.log(r.beside().peerRatio())).average().orElseThrow());
  }
}
