package dev.blindspot.bench.workbench;

import dev.blindspot.bench.peer.Peer;
import dev.blindspot.bench.workbench.BenchResult.Machine;
import dev.blindspot.bench.workbench.BenchResult.Row;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.UnsupportedException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** Measures problems on one backend. */
public final class Workbench {
  /** Operations of a check in double at most: the reference is exact, not fast. */
  private static final double CHECKED = 4e9;

  /** Seconds that each of the machine's limits takes at least: a disturbed one is too low. */
  private static final double LIMITS = 1;

  /** Rows of the products that show a GPU's limit. */
  private static final int GPU_SIDE = 8192;

  static final double STRICT = 1e-3;
  private static final double LOOSE = 0.05;

  private final Backend backend;
  private final Settings settings;
  private final Peer peer;
  private Machine machine;

  /**
   * How to measure.
   *
   * @param seconds of each measurement, about; 0 for a single execution
   * @param implementation only those whose name begins so; "" for all
   * @param errors true to compare with double arithmetic
   * @param layout of convolutions' pictures
   * @param cold true to empty the caches before each execution, which then is timed alone
   */
  public record Settings(
      double seconds,
      Precision precision,
      String implementation,
      boolean errors,
      Layout layout,
      boolean cold) {}

  /**
   * A workbench on a backend.
   *
   * @param backend stays the caller's
   * @param peer to compare with, the caller's too; may be null
   */
  public Workbench(Backend backend, Settings settings, Peer peer) {
    this.backend = backend;
    this.settings = settings;
    this.peer = peer;
  }

  /** Geometric means of the peer's time over ours by direction, and "all"; empty without a peer. */
  public static Map<String, Double> geometricMeans(List<Row> rows) {
    return PeerRun.geometricMeans(rows);
  }

  /** Measures what the machine reaches, once. */
  public Machine machine() {
    if (machine == null) {
      // A single execution only shows that all runs: it need not be long.
      boolean once = settings.seconds() == 0;
      int side = once ? 64 : gpu() ? GPU_SIDE : 1024;
      Problem product =
          MatmulProblem.parse(side + "x" + side + ":" + side + "x" + side, "the machine's peak");
      Shape copied = Shape.of(64, once ? 1 << 10 : 1 << 20);
      Problem copy = new RowProblem("relu", "", "", copied, ElementType.F32);
      double seconds = once ? 0 : Math.max(LIMITS, settings.seconds());
      double best = 0;
      try (Prepared p = product.prepare(backend, Pass.FWD_D, peakPrecision(), "")) {
        best = product.operations() / Sampling.of(p, null, seconds).min() / 1e3;
      }
      try (Prepared p = copy.prepare(backend, Pass.FWD_D, Precision.FP32, "")) {
        double gigabytes = copy.bytes(Pass.FWD_D) / Sampling.of(p, null, seconds).min() / 1e3;
        machine = new Machine(backend.name(), processor(), best, gigabytes);
      }
    }
    return machine;
  }

  private boolean gpu() {
    return backend.properties().containsKey("gpu");
  }

  /** Products in TF32 or BF16 have limits of their own on a GPU. */
  private Precision peakPrecision() {
    return gpu() ? settings.precision() : Precision.FP32;
  }

  private String processor() {
    if (gpu()) {
      return backend.properties().get("gpu");
    }
    try {
      return java.nio.file.Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(l -> l.startsWith("model name"))
          .map(l -> l.substring(l.indexOf(':') + 1).strip())
          .findFirst()
          .orElse(System.getProperty("os.arch"));
    } catch (java.io.IOException e) {
      return System.getProperty("os.arch");
    }
  }

  /** Shapes of a driver, as {@link Problems} reads them. */
  public int count(String driver, List<String> shapes, String batch, List<Pass> passes) {
    return plan(driver, shapes, batch, passes).size();
  }

  private record Item(Problem problem, Pass pass) {}

  private List<Item> plan(String driver, List<String> shapes, String batch, List<Pass> passes) {
    List<Item> items = new ArrayList<>();
    for (Problem read : Problems.read(driver, shapes, batch)) {
      Problem p = read instanceof ConvProblem c ? c.layout(settings.layout()) : read;
      for (Pass pass : passes) {
        if (p.passes().contains(pass)) {
          items.add(new Item(p, pass));
        }
      }
    }
    return items;
  }

  /**
   * Measures all shapes in these directions; what no implementation supports is a row that says
   * why.
   *
   * @param heard told each row and how many there will be
   */
  public List<Row> run(
      String driver,
      List<String> shapes,
      String batch,
      List<Pass> passes,
      BiConsumer<Row, Integer> heard) {
    List<Item> items = plan(driver, shapes, batch, passes);
    machine();
    List<Row> rows = new ArrayList<>();
    for (Item i : items) {
      Row row;
      try {
        row = measure(i);
      } catch (UnsupportedException e) {
        row = skipped(i, e.getMessage());
      }
      rows.add(row);
      heard.accept(row, items.size());
    }
    return rows;
  }

  private Row measure(Item i) {
    double[] exact = settings.errors() ? Errors.exact(i.problem(), i.pass(), CHECKED) : null;
    Errors e = exact == null ? Errors.NONE : errors(i, exact);
    try (CacheFlush flush =
            settings.cold() ? new CacheFlush(backend, settings.seconds() == 0) : null;
        Prepared p =
            i.problem()
                .prepare(backend, i.pass(), settings.precision(), settings.implementation())) {
      p.run();
      if (peer == null) {
        return row(i, p.implementation(), Sampling.of(p, flush, settings.seconds()), e);
      }
      PeerRun.Exact single =
          exact == null
              ? null
              : new PeerRun.Exact(i.problem().single(ElementType.F32).forPeer(i.pass()), exact);
      PeerRun.Outcome o =
          new PeerRun(peer, settings.seconds())
              .measure(
                  i.problem().forPeer(i.pass()),
                  List.of(Sampling.of(p, flush)),
                  new PeerRun.Expected(p.result(), 1, tolerance()),
                  single);
      return row(i, p.implementation(), o.ours().get(0), e).with(o.times());
    }
  }

  /** Difference to a peer's result beyond which it did something else. */
  private double tolerance() {
    return switch (settings.precision()) {
      case FP32, BF16X6, BF16X3 -> STRICT;
      default -> LOOSE;
    };
  }

  private Row row(Item i, String implementation, Sampling s, Errors e) {
    double operations = i.problem().operations();
    double bytes = i.problem().bytes(i.pass());
    boolean counts = i.problem() instanceof ConvProblem || i.problem() instanceof MatmulProblem;
    double seconds = s.median() / 1e6;
    // The roofline (Williams, Waterman and Patterson 2009): compute or memory bounds the time.
    double least =
        Math.max(
            counts ? operations / (machine.gflops() * 1e9) : 0,
            bytes / (machine.gigabytes() * 1e9));
    return new Row(
        i.problem().driver(),
        i.problem().prb(),
        i.problem().name(),
        i.pass().name(),
        "f32",
        settings.precision().name(),
        implementation,
        s.min(),
        s.median(),
        s.spread(),
        counts ? (Double) (operations / seconds / 1e9) : null,
        bytes / seconds / 1e9,
        least / seconds,
        e.max(),
        e.norm(),
        null,
        null,
        null,
        null,
        null);
  }

  private Row skipped(Item i, String why) {
    return new Row(
        i.problem().driver(),
        i.problem().prb(),
        i.problem().name(),
        i.pass().name(),
        "f32",
        settings.precision().name(),
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        null,
        why,
        null);
  }

  private Errors errors(Item i, double[] exact) {
    Problem single = i.problem().single(ElementType.F32);
    try (Prepared p =
        single.prepare(backend, i.pass(), settings.precision(), settings.implementation())) {
      p.run();
      return Errors.between(p.result(), exact);
    }
  }
}
