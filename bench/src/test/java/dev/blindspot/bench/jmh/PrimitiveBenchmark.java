package dev.blindspot.bench.jmh;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Every primitive at a moderate shape on one thread. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 2, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
public class PrimitiveBenchmark {
  @Param({
    "conv forward",
    "conv backward-data",
    "conv backward-weights",
    "linear forward",
    "linear backward-data",
    "linear backward-weights",
    "matmul",
    "max-pool forward",
    "max-pool backward",
    "average-pool forward",
    "relu forward",
    "relu backward",
    "sigmoid forward",
    "tanh forward",
    "softmax forward",
    "softmax backward",
    "bias forward",
    "batch norm forward",
    "batch norm backward",
    "local response norm forward",
    "contrast norm forward",
    "dropout forward",
    "cross-entropy",
    "margin",
    "argmax",
    "elementwise multiply",
    "elementwise exp",
    "l2 norms",
    "dot products",
    "rows scaled",
    "rows compared",
    "mask and",
    "rows selected",
    "rows counted",
    "rows gathered",
    "projection l1",
    "projection l2",
    "projection linf",
    "sign step",
    "sort",
    "concat",
    "cast",
    "reorder",
    "random uniform",
    "random normal"
  })
  private String primitive;

  private Backend backend;
  private PrimitiveCase prepared;

  @Setup
  public void prepare() {
    backend = Backends.create("cpu", BackendOptions.defaults().threads(1));
    prepared = PrimitiveCase.of(backend, primitive);
  }

  /** One execution. */
  @Benchmark
  public void execute() {
    prepared.execute();
  }

  @TearDown
  public void release() {
    prepared.close();
    backend.close();
  }
}
