package dev.blindspot.engine.cpu;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Isa;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.WeightedPlan;
import dev.blindspot.kernels.Kernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;

/**
 * What the tests of products from bfloat16 parts share: implementations to test (the emulation at
 * each level of this machine, and the processor's AMX where it is there), data, and bounds of
 * errors.
 */
final class TileProducts {
  static final Backend REFERENCE = Backends.create("reference");

  private TileProducts() {}

  /** How a product is executed. */
  record Way(Backend backend, String implementation, Precision precision) {

    PlanOptions options(Direction first, Direction... rest) {
      return PlanOptions.directions(first, rest)
          .precision(precision)
          .implementation(implementation);
    }

    @Override
    public String toString() {
      return precision + " by " + implementation + ", " + backend.properties().get("isa");
    }
  }

  /** Every level and precision, three threads. */
  static Stream<Arguments> all() {
    List<Arguments> ways = new ArrayList<>();
    for (Precision p : List.of(Precision.BF16X6, Precision.BF16X3, Precision.BF16)) {
      for (Isa isa : List.of(Isa.SCALAR, Isa.AVX2, Isa.AVX512)) {
        if (isa.ordinal() - Isa.SCALAR.ordinal() > Kernels.bestLevel()) {
          continue;
        }
        Backend b = Backends.create("cpu", BackendOptions.defaults().threads(3).isa(isa));
        ways.add(Arguments.of(new Way(b, "cpu:emulated-amx", p)));
        if (isa == Isa.AVX512 && TileKernels.reasonWithoutAmx().isEmpty()) {
          ways.add(Arguments.of(new Way(b, "cpu:amx", p)));
        }
      }
    }
    return ways.stream();
  }

  /** The best way to form products so here. */
  static Way best(Precision p, int threads) {
    Backend b = Backends.create("cpu", BackendOptions.defaults().threads(threads));
    return new Way(b, amx(b) ? "cpu:amx" : "cpu:emulated-amx", p);
  }

  private static boolean amx(Backend b) {
    return b.properties().get("isa").equals("avx512") && TileKernels.reasonWithoutAmx().isEmpty();
  }

  /**
   * Greatest error of a sum of `length` products relative to the sum of their magnitudes: parts
   * that are left out (a part is at most 2^-8 of what it is taken from), and the roundings between
   * a product and its result: 16 in a tile, one for each product of parts and tile, one for each
   * block.
   */
  static double allowed(Precision p, double length) {
    double left =
        switch (p) {
          case BF16X6 -> 0x1.02p-23;
          case BF16X3 -> 0x3.02p-16;
          default -> 0x2.02p-8;
        };
    int products = p == Precision.BF16X6 ? 6 : p == Precision.BF16X3 ? 3 : 1;
    double roundings = 24 + products * Math.ceil(length / 32) + length / 512;
    return left + roundings * 0x1p-24 * 1.01;
  }

  static float[] integers(long seed, int size) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] v = new float[size];
    for (int i = 0; i < size; i++) {
      v[i] = random.nextInt(-4, 5);
    }
    return v;
  }

  static float[] normals(long seed, int size) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] v = new float[size];
    for (int i = 0; i < size; i++) {
      v[i] = (float) random.nextGaussian();
    }
    return v;
  }

  static float[] magnitudes(float[] v) {
    float[] m = new float[v.length];
    for (int i = 0; i < v.length; i++) {
      m[i] = Math.abs(v[i]);
    }
    return m;
  }

  /** a b, of a [m,k] and b [k,n] or their transposes. */
  static float[] matmul(Backend backend, MatMulDesc d, PlanOptions o, float[] a, float[] b) {
    try (TensorArena arena = backend.arena(4L * (a.length + b.length + d.m() * d.n()) + 192);
        Context ctx = backend.newContext()) {
      Tensor c = arena.tensor(F32, d.m(), d.n());
      float[] poison = new float[d.m() * d.n()];
      Arrays.fill(poison, Float.NaN);
      c.copyFrom(poison);
      Tensor ta = arena.tensor(F32, a.length).copyFrom(a);
      Tensor tb = arena.tensor(F32, b.length).copyFrom(b);
      backend.plan(d, o).execute(ctx, 1, ta, tb, 0, c);
      return c.toFloats();
    }
  }

  /** y and dx of a layer without post-operations. */
  static float[][] layer(
      Backend backend,
      Desc<? extends WeightedPlan> d,
      PlanOptions o,
      int n,
      int ySize,
      float[] x,
      float[] w,
      float[] dy) {
    try (TensorArena arena =
            backend.arena(4L * (2L * x.length + w.length + dy.length + ySize) + 512);
        Context ctx = backend.newContext()) {
      Tensor tx = arena.tensor(F32, n, x.length / n).copyFrom(x);
      Tensor tw = arena.tensor(F32, w.length).copyFrom(w);
      Tensor tdy = arena.tensor(F32, n, ySize / n).copyFrom(dy);
      Tensor y = arena.tensor(F32, n, ySize / n);
      Tensor dx = arena.tensor(F32, n, x.length / n);
      WeightedPlan plan = backend.plan(d, o);
      try (PackedWeights p = plan.pack(ctx, tw)) {
        plan.forward(ctx, tx, p, null, y);
        plan.backwardData(ctx, tdy, p, dx);
        ctx.synchronize();
        return new float[][] {y.toFloats(), dx.toFloats()};
      }
    }
  }

  /** Element by element, within `allowed` of `size`; what is not finite must be the same. */
  static void assertClose(String what, float[] got, float[] want, float[] size, double allowed) {
    for (int i = 0; i < want.length; i++) {
      double bound = allowed * size[i] + Float.MIN_VALUE;
      boolean close = Math.abs((double) got[i] - want[i]) <= bound;
      if (!close && Float.compare(got[i], want[i]) != 0) {
        assertEquals(want[i], got[i], bound, what + ", element " + i);
      }
    }
  }
}
