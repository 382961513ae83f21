package dev.blindspot.bench.peer;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import java.util.ArrayList;
import java.util.List;

/** A library to compare with: a process for each of the settings that may be its best. */
public final class Peer implements AutoCloseable {
  /** Milliseconds in which threads of ours that wait for work fall asleep, and far more. */
  private static final long REST = 5;

  private final String name;
  private final List<PeerProcess> processes;

  private Peer(String name, List<PeerProcess> processes) {
    this.name = name;
    this.processes = processes;
  }

  /**
   * Starts it.
   *
   * @param name of {@link PeerLibrary}
   * @throws InvalidInputException if it is not known, or not there, with what brings it
   */
  public static Peer open(String name, int threads) {
    return open(name, PeerLibrary.of(name).settings(threads));
  }

  static Peer open(String name, List<PeerSettings> settings) {
    List<PeerProcess> started = new ArrayList<>();
    try {
      for (PeerSettings s : settings) {
        started.add(s.start());
      }
    } catch (RuntimeException e) {
      started.forEach(PeerProcess::close);
      throw e;
    }
    return new Peer(name, started);
  }

  /** "torch". */
  public String name() {
    return name;
  }

  /** Name and version as it says. */
  public String version() {
    return processes.get(0).peer();
  }

  /** A problem prepared in one way by one process. */
  public static final class Way {
    private final PeerProcess process;
    private final int variant;
    private final String variantName;

    private Way(PeerProcess process, int variant, String variantName) {
      this.process = process;
      this.variant = variant;
      this.variantName = variantName;
    }

    /** Layout and implementation. */
    public String implementation() {
      return variantName;
    }

    /** The settings of its process. */
    public String config() {
      return process.config();
    }

    /** Microseconds of one execution in a series; before and after, all threads rest. */
    public double micros(int count) {
      rest();
      double micros = process.micros(variant, count);
      process.awaitSleep();
      return micros;
    }

    /** The result of one execution, NCHW. */
    public double[] result() {
      return process.result(variant);
    }
  }

  private static void rest() {
    try {
      Thread.sleep(REST);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Prepares a problem; it replaces the one before.
   *
   * @return all ways, in no order
   * @throws UnsupportedException with the reason if the peer cannot do it
   */
  public List<Way> prepare(PeerProblem problem) {
    List<Way> ways = new ArrayList<>();
    for (PeerProcess p : processes) {
      List<String> variants = p.prepare(problem);
      for (int i = 0; i < variants.size(); i++) {
        ways.add(new Way(p, i, variants.get(i)));
      }
    }
    return ways;
  }

  @Override
  public void close() {
    processes.forEach(PeerProcess::close);
  }
}
