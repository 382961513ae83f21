package dev.blindspot.bench.perf;

import static dev.blindspot.engine.ElementType.F32;

import dev.blindspot.bench.Version;
import dev.blindspot.bench.report.Json;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ActivationPlan;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.MatMulPlan;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * What it costs to have a GPU do next to nothing: a launch of a kernel of ours from Java, a call of
 * cublasLt from Java (launch.c makes the same one in a C loop), a node of a replayed graph. Each is
 * the wall-clock time of many in a row, up to the last one's end, divided by their number; the
 * median of several series. Prints a table and writes JSON:
 *
 * <pre>LaunchBenchmarks --device cuda --out launch.json [--quick]</pre>
 */
public final class LaunchBenchmarks {
  private static final String FORMAT = "blindspot-launch-1";

  /** Side of the product; launch.c has the same. */
  private static final int SIDE = 64;

  private static final int CALLS = 2000;
  private static final int NODES = 500;
  private static final int SERIES = 9;

  /** What is written; times in microseconds. */
  record Report(
      String format,
      String program,
      String device,
      Map<String, String> versions,
      double kernelMicros,
      double matmulMicros,
      String matmulImplementation,
      double nodeMicros,
      double replayMicros) {}

  private final Backend backend;
  private final int calls;
  private final int nodes;
  private final int series;

  LaunchBenchmarks(Backend backend, boolean quick) {
    this.backend = backend;
    calls = quick ? 3 : CALLS;
    nodes = quick ? 5 : NODES;
    series = quick ? 1 : SERIES;
  }

  /** Measures, prints and writes. */
  public static void main(String[] args) {
    Map<String, String> options =
        Arguments.parse("LaunchBenchmarks", args, List.of("device", "out"));
    try (Backend backend = Backends.create(options.getOrDefault("device", "cuda"))) {
      Report r = new LaunchBenchmarks(backend, options.containsKey("quick")).run();
      System.out.printf(
          Locale.ROOT,
          "%s%na launch of our kernel %.2f us, a call of %s %.2f us, a node of a replay %.2f us (%.2f"
              + " us beside)%n",
          backend.description(),
          r.kernelMicros,
          r.matmulImplementation,
          r.matmulMicros,
          r.nodeMicros,
          r.replayMicros);
      OutputFiles.write(Path.of(options.getOrDefault("out", "launch.json")), Json.text(r) + "\n");
    }
  }

  Report run() {
    MatMulDesc product = new MatMulDesc(F32, SIDE, SIDE, SIDE, false, false);
    ActivationDesc relu = ActivationDesc.of(Activation.RELU, F32, 1, SIDE);
    long size = (long) SIDE * SIDE;
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(5 * TensorArena.bytes(F32, size));
        MatMulPlan matmul = backend.plan(product, PlanOptions.forward());
        ActivationPlan kernel = backend.plan(relu, PlanOptions.forward())) {
      Tensor a = zeros(arena, SIDE, SIDE);
      Tensor b = zeros(arena, SIDE, SIDE);
      Tensor c = zeros(arena, SIDE, SIDE);
      Tensor x = zeros(arena, 1, SIDE);
      Tensor y = zeros(arena, 1, SIDE);
      Runnable launch = () -> kernel.forward(ctx, x, y);
      double ofKernel = micros(ctx, launch, calls);
      double ofMatmul = micros(ctx, () -> matmul.execute(ctx, 1, a, b, 0, c), calls);
      double one = replay(ctx, launch, 1);
      double many = replay(ctx, launch, nodes);
      double node = (many - one) / (nodes - 1);
      return new Report(
          FORMAT,
          Version.program(),
          backend.name(),
          new TreeMap<>(backend.properties()),
          ofKernel,
          ofMatmul,
          matmul.implementation(Direction.FORWARD),
          node,
          one - node);
    }
  }

  private static Tensor zeros(TensorArena arena, long rows, long columns) {
    return arena.tensor(F32, rows, columns).copyFrom(new float[(int) (rows * columns)]);
  }

  /** A replay of a program of so many launches, one replay after another. */
  private double replay(Context ctx, Runnable launch, int count) {
    Runnable all =
        () -> {
          for (int i = 0; i < count; i++) {
            launch.run();
          }
        };
    try (Program program = ctx.record(all)) {
      if (program.length() != count) {
        throw new IllegalStateException(
            count + " launches are a program of " + program.length() + " nodes");
      }
      return micros(ctx, program::run, Math.max(1, calls / count));
    }
  }

  private double micros(Context ctx, Runnable execution, int count) {
    series(ctx, execution, count); // loads and compiles
    double[] times = new double[series];
    Arrays.setAll(times, i -> series(ctx, execution, count));
    Arrays.sort(times);
    return times[series / 2];
  }

  private static double series(Context ctx, Runnable execution, int count) {
    ctx.synchronize();
    long start = System.nanoTime();
    for (int i = 0; i < count; i++) {
      execution.run();
    }
    ctx.synchronize();
    return (System.nanoTime() - start) * 1e-3 / count;
  }
}
