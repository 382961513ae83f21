package dev.blindspot.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How exact Winograd's convolution is, and when it is chosen. */
class WinogradTest {
  private static Backend cpu;
  private static Backend reference;

  @BeforeAll
  static void open() {
    cpu = Backends.create("cpu", BackendOptions.defaults().threads(2));
    reference = Backends.create("reference", BackendOptions.defaults());
  }

  @AfterAll
  static void close() {
    cpu.close();
    reference.close();
  }

  /** Against sums of doubles, in norm: at most twice the direct convolution's error. */
  @ParameterizedTest
  @CsvSource({
    "16,3,1", "64,3,1", "300,3,1", "3,7,2", "3,11,4", "64,3,2", "32,5,1", "20,12,1", "40,2,1"
  })
  void errorsAreOfTheDirectConvolutionsSize(int channels, int taps, int stride) {
    List<Direction> both = List.of(Direction.FORWARD, Direction.BACKWARD_DATA);
    for (Direction direction : stride > 2 ? both.subList(0, 1) : both) {
      Conv2dDesc d = convolution(ElementType.F32, channels, taps, stride);
      Conv2dDesc exact = convolution(ElementType.F64, channels, taps, stride);
      double[] expected = execute(reference, exact, direction, "");
      double direct = distance(execute(cpu, d, direction, name("direct")), expected);
      double winograd = distance(execute(cpu, d, direction, name("winograd")), expected);
      assertTrue(
          winograd > 0 && winograd < 2 * direct, direction + ": " + winograd + ", " + direct);
    }
  }

  /** Sums over many channels are cut: their error grows far less than with the terms' number. */
  @Test
  void longSumsAreHardlyLessExact() {
    double few = error(64);
    double many = error(512);
    assertTrue(many < 1.7 * few, many + " of 512 channels, " + few + " of 64");
  }

  /** Relative, in norm. */
  private static double error(int channels) {
    Conv2dDesc exact = convolution(ElementType.F64, channels, 3, 1);
    double[] expected = execute(reference, exact, Direction.FORWARD, "");
    Conv2dDesc d = convolution(ElementType.F32, channels, 3, 1);
    double[] zeros = new double[expected.length];
    return distance(execute(cpu, d, Direction.FORWARD, name("winograd")), expected)
        / distance(zeros, expected);
  }

  private static Conv2dDesc convolution(ElementType type, int channels, int taps, int stride) {
    return Conv2dDesc.of(type, 1, channels, 19, 21)
        .filters(20, taps, taps, taps / 2)
        .stride(stride);
  }

  /** Bounds of errors cover it. */
  @Test
  void boundedErrorsAllowIt() {
    Conv2dDesc d = Conv2dDesc.of(ElementType.F32, 4, 64, 32, 32).filters(64, 3, 3, 1);
    PlanOptions both = PlanOptions.directions(Direction.FORWARD, Direction.BACKWARD_DATA);
    for (PlanOptions o : List.of(both, both.boundedErrors(true))) {
      try (Conv2dPlan plan = cpu.plan(d, o)) {
        assertEquals(name("winograd"), plan.implementation(Direction.FORWARD));
        assertEquals(name("winograd"), plan.implementation(Direction.BACKWARD_DATA));
      }
    }
  }

  private static String name(String scheme) {
    return "cpu:" + cpu.properties().get("isa") + "-" + scheme;
  }

  private static double[] execute(Backend backend, Conv2dDesc d, Direction direction, String name) {
    boolean forward = direction == Direction.FORWARD;
    ElementType type = d.type();
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(1 << 22);
        Conv2dPlan plan = backend.plan(d, PlanOptions.directions(direction).implementation(name))) {
      Tensor x = arena.tensor(type, d.n(), d.c(), d.h(), d.w());
      Tensor y = arena.tensor(type, d.n(), d.k(), d.p(), d.q());
      Tensor w = arena.tensor(type, d.k(), d.c(), d.r(), d.s());
      try (PackedWeights p = plan.pack(ctx, fill(w, 1))) {
        if (forward) {
          plan.forward(ctx, fill(x, 2), p, null, null, y);
        } else {
          plan.backwardData(ctx, fill(y, 3), p, null, x);
        }
        return values(forward ? y : x);
      }
    }
  }

  /** Numbers of -1 to 1 that floats hold exactly. */
  private static Tensor fill(Tensor t, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] values = random.doubles(t.size()).map(u -> (float) (2 * u - 1)).toArray();
    if (t.type() == ElementType.F64) {
      return t.copyFrom(values);
    }
    float[] floats = new float[values.length];
    for (int i = 0; i < floats.length; i++) {
      floats[i] = (float) values[i];
    }
    return t.copyFrom(floats);
  }

  private static double[] values(Tensor t) {
    if (t.type() == ElementType.F64) {
      return t.toDoubles();
    }
    float[] floats = t.toFloats();
    return IntStream.range(0, floats.length).mapToDouble(i -> floats[i]).toArray();
  }

  private static double distance(double[] a, double[] b) {
    double square = 0;
    for (int i = 0; i < a.length; i++) {
      square += (a[i] - b[i]) * (a[i] - b[i]);
    }
    return Math.sqrt(square);
  }
}
