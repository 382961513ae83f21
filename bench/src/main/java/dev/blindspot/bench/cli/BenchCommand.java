package dev.blindspot.bench.cli;

import dev.blindspot.bench.Version;
import dev.blindspot.bench.peer.Peer;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.bench.workbench.AttackBench;
import dev.blindspot.bench.workbench.BenchReport;
import dev.blindspot.bench.workbench.BenchResult;
import dev.blindspot.bench.workbench.Comparison;
import dev.blindspot.bench.workbench.Pass;
import dev.blindspot.bench.workbench.Problems;
import dev.blindspot.bench.workbench.Workbench;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Precision;
import dev.blindspot.nn.data.NearestName;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Times primitives at given shapes. */
@Command(
    name = "bench",
    sortOptions = false,
    description = {
      "Times primitives at shapes in benchdnn's grammar and prints its perf lines (medians in the"
          + " place of means); or compares two result files.",
      "",
      "  bench conv mb16ic64ih27oc192kh5ph2 --dir=FWD_D,BWD_D",
      "  bench matmul 8x4096:4096x4096",
      "  bench pool mb16ic64ih112kh2sh2",
      "  bench attack lenet resnet20 --batch 1,64 --attack pgd10",
      "  bench compare OLD.json NEW.json"
    })
final class BenchCommand extends BlindspotCommand {
  private static final String COMPARE = "compare";
  private static final String ATTACK = "attack";
  private static final List<String> ATTACKED = List.of("mlp100-100-10", "lenet", "resnet20");

  @Parameters(
      index = "0",
      paramLabel = "PRIMITIVE",
      description = "conv, matmul, pool, relu, sigmoid, tanh, softmax; or attack, compare.")
  private String driver;

  @Parameters(
      index = "1..*",
      arity = "0..*",
      paramLabel = "SHAPE",
      description = "Shapes; networks of the zoo to attack; or the two files to compare.")
  private List<String> shapes = List.of();

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      split = ",",
      description = "FWD_B (with bias), FWD_D, BWD_D, BWD_W (default: all that there are).")
  private List<Pass> passes = List.of(Pass.FWD_D, Pass.BWD_D, Pass.BWD_W);

  @Option(
      names = "--dt",
      paramLabel = "TYPE",
      defaultValue = "f32",
      description = "Element type; f32 (default: ${DEFAULT-VALUE}).")
  private String type;

  @Option(
      names = "--batch",
      paramLabel = "FILE|NAME",
      description =
          "Shapes of a file, one a line, or a list of the program's: lenet, alexnet, vgg16, resnet50,"
              + " resnet20, mixed, first, deepbench, stress (conv), dense (matmul), networks (pool), sizes"
              + " (relu, sigmoid, tanh, softmax). Of bench attack: sizes of the batch.")
  private String batch;

  @Option(
      names = "--impl",
      paramLabel = "PREFIX",
      defaultValue = "",
      description = "Only implementations whose name begins so.")
  private String implementation;

  @Option(
      names = "--precision",
      paramLabel = "NAME",
      defaultValue = "FP32",
      description = "FP32, TF32, BF16 (default: ${DEFAULT-VALUE}).")
  private Precision precision;

  @Option(
      names = "--errors",
      description = "Also compare convolutions and products with double arithmetic (slow).")
  private boolean errors;

  @Option(
      names = "--peer",
      paramLabel = "NAME",
      description =
          "Also measure a peer in a process of its own, in turn with ours: torch, onednn,"
              + " onnxruntime, nd4j. Peers come"
              + " by: mvn -q -Ppeers -DskipTests -pl peers,peers-nd4j -am package")
  private String peerName;

  @Option(
      names = "--seconds",
      paramLabel = "S",
      defaultValue = "0.5",
      description =
          "Time to spend on each measurement, about; 0 executes once (default:"
              + " ${DEFAULT-VALUE}).")
  private double seconds;

  @Option(
      names = "--layout",
      paramLabel = "NAME",
      defaultValue = "NCHW",
      description = "Of convolutions' pictures: NCHW, NHWC (default: ${DEFAULT-VALUE}).")
  private Layout layout;

  @Option(
      names = "--cache",
      paramLabel = "STATE",
      description =
          "cold: the caches are emptied before each execution, which is timed alone; warm: executions"
              + " are timed in a row (default: cold on a GPU, else warm). Not of bench attack.")
  private String cache;

  @Option(
      names = "--report",
      paramLabel = "DIR",
      description = "Also write a page with the roofline, bench.html, to this folder.")
  private Path report;

  @Option(
      names = "--attack",
      paramLabel = "NAME",
      split = ",",
      description = "Of bench attack: pgd10, pgd40, fgsm, lbfgs (default: pgd10).")
  private List<String> attacks = List.of("pgd10");

  @Override
  int execute() {
    if (driver.equals(COMPARE)) {
      return compare();
    }
    check();
    try (Peer peer = peerName == null ? null : Peer.open(peerName, threadCount());
        Backend backend = openBackend()) {
      Workbench bench =
          new Workbench(
              backend,
              new Workbench.Settings(
                  seconds, precision, implementation, errors, layout, cold(backend)),
              peer);
      if (!driver.equals(ATTACK) && bench.count(driver, shapes, batch, passes) == 0) {
        throw new InvalidInputException(
            "bench "
                + driver
                + ": no shape given for "
                + passes
                + "; name one, or --batch FILE|NAME");
      }
      BenchResult.Machine m = bench.machine();
      say(
          String.format(
              Locale.ROOT,
              "%s, %d threads: products reach %.1f GFLOP/s, copies %.1f GB/s",
              m.processor(),
              threadCount(),
              m.gflops(),
              m.gigabytes()));
      if (peer != null) {
        say("beside " + peer.version() + " (ratio: its time over ours)");
      }
      print(PerfLine.HEADER);
      List<BenchResult.Row> rows =
          driver.equals(ATTACK) ? attacks(backend, peer, m) : primitives(bench, m);
      report(backend, peer, m, rows);
    }
    return CommandLineTool.DONE;
  }

  private void report(
      Backend backend, Peer peer, BenchResult.Machine m, List<BenchResult.Row> rows) {
    Map<String, String> versions = new TreeMap<>(backend.properties());
    versions.put("blindspot", Version.program());
    versions.put("java", System.getProperty("java.version"));
    if (peer != null) {
      versions.put(peer.name(), peer.version());
    }
    Map<String, Double> means = Workbench.geometricMeans(rows);
    means.forEach(
        (key, mean) ->
            print(String.format(Locale.ROOT, "geometric mean,%s,%s,%.3f", peerName, key, mean)));
    BenchResult result =
        new BenchResult(
            BenchResult.FORMAT,
            commandLine(),
            m,
            versions,
            threadCount(),
            cold(backend) ? "cold" : "warm",
            rows,
            peer == null ? null : means);
    writeJson(result);
    if (report != null) {
      BenchReport.write(report, result);
      say("Report: " + report.resolve("bench.html"));
    }
  }

  private List<BenchResult.Row> primitives(Workbench bench, BenchResult.Machine m) {
    int total = bench.count(driver, shapes, batch, passes);
    try (Progress progress = progress("Measuring", "problems", total)) {
      int[] done = {0};
      return bench.run(
          driver,
          shapes,
          batch,
          passes,
          (row, all) -> {
            print(PerfLine.of(row, m.device()));
            progress.update(++done[0], row.prb());
          });
    }
  }

  private List<BenchResult.Row> attacks(Backend backend, Peer peer, BenchResult.Machine m) {
    List<Integer> batches = batches();
    List<String> models = models();
    int total = models.size() * batches.size() * attacks.size();
    try (Progress progress = progress("Measuring", "attacks", total)) {
      int[] done = {0};
      return new AttackBench(backend, seconds, peer, m.gflops())
          .run(
              models,
              attacks,
              batches,
              (row, all) -> {
                print(PerfLine.of(row, m.device()));
                progress.update(++done[0], row.prb());
              });
    }
  }

  private List<String> models() {
    return shapes.isEmpty() ? ATTACKED : shapes;
  }

  /** Whether caches are emptied before each execution. */
  private boolean cold(Backend backend) {
    if (driver.equals(ATTACK)) {
      return false;
    }
    return cache == null ? backend.properties().containsKey("gpu") : cache.equals("cold");
  }

  private List<Integer> batches() {
    if (batch == null) {
      return List.of(1, 64);
    }
    try {
      return java.util.Arrays.stream(batch.split(",")).map(Integer::valueOf).toList();
    } catch (NumberFormatException e) {
      throw new InvalidInputException(
          "bench attack: --batch takes sizes such as 1,64, not '" + batch + "'", e);
    }
  }

  private void check() {
    if (report != null) {
      OutputFiles.checkFolder("--report", report);
    }
    if (!Problems.DRIVERS.contains(driver) && !driver.equals(ATTACK)) {
      List<String> known = new ArrayList<>(Problems.DRIVERS);
      known.add(ATTACK);
      known.add(COMPARE);
      throw new InvalidInputException(
          "bench '"
              + driver
              + "' is not known"
              + NearestName.suggestion(driver, known)
              + " There are "
              + known);
    }
    if (driver.equals(ATTACK)) {
      AttackBench.check(models(), attacks, batches());
    }
    if (layout == Layout.ANY) {
      throw new InvalidInputException("--layout " + layout + " is not one of NCHW, NHWC");
    }
    if (cache != null && !List.of("cold", "warm").contains(cache)) {
      throw new InvalidInputException("--cache '" + cache + "' is not known; there are cold, warm");
    }
    if (!type.equals("f32")) {
      throw new InvalidInputException("--dt '" + type + "' is not known; there is f32");
    }
    if (!(seconds >= 0 && seconds <= 3600)) {
      throw new InvalidInputException("--seconds must be between 0 and 3600, not " + seconds);
    }
  }

  private int compare() {
    if (shapes.size() != 2) {
      throw new InvalidInputException(
          "bench compare takes two files, OLD.json and NEW.json; " + shapes.size() + " given");
    }
    Comparison c = Comparison.of(Path.of(shapes.get(0)), Path.of(shapes.get(1)));
    print(
        String.format(
            Locale.ROOT, "%-7s %8s %12s %12s  %s", "", "new/old", "old us", "new us", "problem"));
    for (Comparison.Row r : c.rows()) {
      print(
          String.format(
              Locale.ROOT,
              "%-7s %8.3f %12.2f %12.2f  %s",
              r.verdict(),
              r.ratio(),
              r.oldUs(),
              r.newUs(),
              r.problem()
                  + (r.oldImpl().equals(r.newImpl())
                      ? ""
                      : " (" + r.oldImpl() + ", now " + r.newImpl() + ")")));
    }
    c.onlyOld().forEach(k -> print("only in the old run: " + k));
    c.onlyNew().forEach(k -> print("not measured in the old run, or not in the new: " + k));
    long slower = c.rows().stream().filter(r -> r.verdict().equals("slower")).count();
    print(slower + " of " + c.rows().size() + " got slower beyond the noise of both runs.");
    writeJson(c);
    return CommandLineTool.DONE;
  }
}
