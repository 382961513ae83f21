package dev.blindspot.bench.jmh;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ActivationPlan;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Host overhead of executing a plan: shapes so tiny that the arithmetic takes some nanoseconds. A
 * program of one execution and one of sixteen tell the replay's share and a native execution's.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PlanExecutionBenchmark {
  private static final int MANY = 16;

  private Backend backend;
  private Context context;
  private TensorArena arena;
  private ActivationPlan relu;
  private LinearPlan linear;
  private Conv2dPlan conv;
  private PackedWeights linearWeights;
  private PackedWeights convWeights;
  private Tensor row;
  private Tensor out;
  private Tensor image;
  private Tensor convolved;
  private Program one;
  private Program many;

  @Setup
  public void prepare() {
    backend = Backends.create("cpu", BackendOptions.defaults().threads(1));
    context = backend.newContext();
    arena = backend.arena(1 << 16);
    relu = backend.plan(ActivationDesc.of(Activation.RELU, ElementType.F32, 1, 4));
    linear = backend.plan(LinearDesc.of(ElementType.F32, 1, 4, 4), PlanOptions.forward());
    conv =
        backend.plan(
            Conv2dDesc.of(ElementType.F32, 1, 1, 3, 3).filters(1, 3, 3, 0), PlanOptions.forward());
    row = arena.tensor(ElementType.F32, 1, 4).copyFrom(new float[] {1, -2, 3, -4});
    out = arena.tensor(ElementType.F32, 1, 4);
    image = arena.tensor(ElementType.F32, 1, 1, 3, 3).copyFrom(new float[9]);
    convolved = arena.tensor(ElementType.F32, 1, 1, 1, 1);
    linearWeights =
        linear.pack(context, arena.tensor(ElementType.F32, 4, 4).copyFrom(new float[16]));
    convWeights =
        conv.pack(context, arena.tensor(ElementType.F32, 1, 1, 3, 3).copyFrom(new float[9]));
    one = context.record(this::relu);
    many =
        context.record(
            () -> {
              for (int i = 0; i < MANY; i++) {
                relu();
              }
            });
  }

  /** One execution of ReLU on four values. */
  @Benchmark
  public void relu() {
    relu.forward(context, row, out);
  }

  /** A dense layer from four values to four. */
  @Benchmark
  public void linear() {
    linear.forward(context, row, linearWeights, null, out);
  }

  /** A convolution of one 3 x 3 window. */
  @Benchmark
  public void conv() {
    conv.forward(context, image, convWeights, null, convolved);
  }

  /** A recorded program of one execution. */
  @Benchmark
  public void programOfOne() {
    one.run();
  }

  /** A recorded program of sixteen executions. */
  @Benchmark
  public void programOfSixteen() {
    many.run();
  }

  @TearDown
  public void release() {
    one.close();
    many.close();
    linearWeights.close();
    convWeights.close();
    arena.close();
    context.close();
    backend.close();
  }
}
