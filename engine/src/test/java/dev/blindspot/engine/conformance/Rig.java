package dev.blindspot.engine.conformance;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Isa;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A backend under test beside the reference. Use as {@code @MethodSource} with {@link #all}: the
 * reference itself, cpu at each instruction-set level of this machine, and cuda. What is missing is
 * printed with its reason. The property {@code blindspot.test.backend} names the only one wanted.
 *
 * <pre>
 * &#64;ParameterizedTest
 * &#64;MethodSource("dev.blindspot.engine.conformance.Rig#all")
 * void relu(Rig rig) {
 *   ActivationDesc desc = ActivationDesc.of(RELU, F32, 3, 17);
 *   Twin x = rig.integers(F32, 1, 3, 17);          // small integers, seed 1
 *   Twin y = rig.poisoned(F32, 3, 17);             // NaN everywhere
 *   rig.run(desc, PlanOptions.forward(), (plan, ctx, side) -> plan.forward(ctx, side.of(x), side.of(y)));
 *   y.assertExact("relu");
 * }
 * </pre>
 */
public final class Rig {
  private static final List<Rig> RIGS = new ArrayList<>();
  private static final List<TensorArena> ARENAS = new ArrayList<>();
  private static final Backend REFERENCE = Backends.create("reference");
  private static final Context REFERENCE_CONTEXT = REFERENCE.newContext();

  private final String name;
  private final Backend backend;
  private final Context context;

  private Rig(String name, Backend backend) {
    this.name = name;
    this.backend = backend;
    this.context = backend.newContext();
  }

  /** Which of the two tensors of a twin an execution uses. */
  public interface Side {
    dev.blindspot.engine.Tensor of(Twin t);
  }

  /** An execution, done once on each side. */
  public interface Execution<P extends Plan> {
    void run(P plan, Context ctx, Side side);
  }

  /**
   * All backends and levels that this machine has; three threads so that work is split. Called at
   * the start of each test, it closes the tensors of those before.
   */
  public static synchronized Stream<Rig> all() {
    ARENAS.forEach(TensorArena::close);
    ARENAS.clear();
    if (RIGS.isEmpty()) {
      add("reference", () -> REFERENCE);
      for (Isa isa : new Isa[] {Isa.SCALAR, Isa.AVX2, Isa.AVX512}) {
        add(
            "cpu:" + isa,
            () -> Backends.create("cpu", BackendOptions.defaults().threads(3).isa(isa)));
      }
      add("cuda", () -> Backends.create("cuda"));
    }
    return RIGS.stream();
  }

  private static void add(String name, Supplier<Backend> backend) {
    String wanted = System.getProperty("blindspot.test.backend", "");
    if (!name.startsWith(wanted)) {
      return;
    }
    try {
      RIGS.add(new Rig(name, backend.get()));
    } catch (BlindspotException e) {
      if (!wanted.isEmpty()) {
        throw e; // what is asked for must be there
      }
      System.out.println("SKIPPED conformance of " + name + ": " + e.getMessage());
    }
  }

  /** The backend that a test of one runs on: cpu, or the only one wanted. */
  public static String name() {
    return System.getProperty("blindspot.test.backend", "cpu");
  }

  /** For tests of backends by name: reference and cpu, or the only one wanted. */
  public static Stream<String> names() {
    return Stream.of("reference", "cpu", "cuda")
        .filter(n -> n.startsWith(System.getProperty("blindspot.test.backend", "")))
        .filter(n -> !n.equals("cuda") || name().equals(n));
  }

  public Backend backend() {
    return backend;
  }

  public Context context() {
    return context;
  }

  /**
   * The property {@code blindspot.test.precision}: how the backend forms products, FP32 if unset.
   */
  private static Precision precision() {
    return Precision.valueOf(System.getProperty("blindspot.test.precision", "FP32"));
  }

  /** Relative error of a product of two F32 numbers, with the errors of rounding both. */
  public double productError() {
    return switch (name.equals("reference") ? Precision.FP32 : precision()) {
      case TF32 -> 0x1p-10;
      case BF16 -> 0x1p-7;
      default -> Math.ulp(1f);
    };
  }

  /** In the precision asked for; what has no products in it (F64) in FP32, with the reason. */
  private <P extends Plan> P plan(Desc<P> desc, PlanOptions options) {
    if (precision() != Precision.FP32 && backend != REFERENCE) {
      try {
        return backend.plan(desc, options.precision(precision()));
      } catch (UnsupportedException e) {
        System.out.println("SKIPPED " + precision() + " on " + name + ": " + e.getMessage());
      }
    }
    return backend.plan(desc, options);
  }

  /** Plans on both sides and runs both; a desc that the backend refuses skips with its reason. */
  public <P extends Plan> P run(Desc<P> desc, PlanOptions options, Execution<P> execution) {
    P plan;
    try {
      plan = plan(desc, options);
    } catch (UnsupportedException e) {
      System.out.println("SKIPPED on " + name + ": " + e.getMessage());
      Assumptions.abort(e.getMessage());
      throw e;
    }
    execution.run(plan, context, t -> t.device);
    context.synchronize();
    execution.run(
        REFERENCE.plan(desc, options.implementation("")), REFERENCE_CONTEXT, t -> t.reference);
    return plan;
  }

  /** A twin holding these values. */
  public Twin of(ElementType type, double[] values, long... dims) {
    return make(type, Layout.NCHW, dims).fill(values);
  }

  /** A twin of integers -4..4, which products and sums keep exact in F32. */
  public Twin integers(ElementType type, long seed, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    return of(type, random.ints(size(dims), -4, 5).asDoubleStream().toArray(), dims);
  }

  /** A twin of integers 0..bound-1: labels, indices, masks. */
  public Twin indices(ElementType type, long seed, int bound, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    return of(type, random.ints(size(dims), 0, bound).asDoubleStream().toArray(), dims);
  }

  /** A twin of normal numbers, rounded to F32 so that both sides start from the same values. */
  public Twin normals(ElementType type, long seed, long... dims) {
    SplittableRandom random = new SplittableRandom(seed);
    double[] v = new double[size(dims)];
    Arrays.setAll(v, i -> (float) random.nextGaussian());
    return of(type, v, dims);
  }

  /** A twin to be overwritten: NaN, or 165 in integer types. */
  public Twin poisoned(ElementType type, long... dims) {
    return poisoned(type, Layout.NCHW, dims);
  }

  /** A twin to be overwritten, in a layout. */
  public Twin poisoned(ElementType type, Layout layout, long... dims) {
    double[] v = new double[size(dims)];
    Arrays.fill(v, type.isFloating() ? Double.NaN : 165);
    Twin t = make(type, layout, dims);
    return type == ElementType.BF16 ? t : t.fill(v);
  }

  /** A twin in a layout with values in memory order. */
  public Twin of(ElementType type, Layout layout, double[] values, long... dims) {
    return make(type, layout, dims).fill(values);
  }

  private Twin make(ElementType type, Layout layout, long... dims) {
    long bytes = Twin.arenaBytes(type, size(dims));
    TensorArena device = backend.arena(bytes);
    TensorArena reference = REFERENCE.arena(bytes);
    ARENAS.add(device);
    ARENAS.add(reference);
    return new Twin(device, reference, type, layout, dims);
  }

  private static int size(long... dims) {
    return Math.toIntExact(Shape.of(dims).size());
  }

  @Override
  public String toString() {
    return name;
  }
}
