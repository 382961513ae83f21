package dev.blindspot.bench.jmh;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
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

/** Making tensors and moving values in and out of them. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TensorBenchmark {
  /** Images of MNIST. */
  @Param({"1", "64"})
  private int batch;

  private Backend backend;
  private TensorArena arena;
  private Tensor tensor;
  private float[] values;

  @Setup
  public void prepare() {
    backend = Backends.create("cpu", BackendOptions.defaults().threads(1));
    arena = backend.arena(TensorArena.bytes(ElementType.F32, batch * 784L));
    tensor = arena.tensor(ElementType.F32, batch, 1, 28, 28);
    values = new float[batch * 784];
  }

  /** An arena with one tensor, made and closed. */
  @Benchmark
  public long arenaWithOneTensor() {
    try (TensorArena a = backend.arena(TensorArena.bytes(ElementType.F32, batch * 784L))) {
      return a.tensor(ElementType.F32, batch, 1, 28, 28).size();
    }
  }

  /** A view of the first sample. */
  @Benchmark
  public Tensor slice() {
    return tensor.slice(0, 1);
  }

  /** From a Java array. */
  @Benchmark
  public Tensor copyFrom() {
    return tensor.copyFrom(values);
  }

  /** To a new Java array. */
  @Benchmark
  public float[] toFloats() {
    return tensor.toFloats();
  }

  @TearDown
  public void release() {
    arena.close();
    backend.close();
  }
}
