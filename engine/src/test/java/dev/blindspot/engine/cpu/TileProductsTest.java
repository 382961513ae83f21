package dev.blindspot.engine.cpu;

import static dev.blindspot.engine.Direction.BACKWARD_DATA;
import static dev.blindspot.engine.Direction.FORWARD;
import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ImplementationReport;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.cpu.TileProducts.Way;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Matrix products and dense layers from bfloat16 parts, against the reference and OpenBLAS. */
class TileProductsTest {
  private static final String ALL = "dev.blindspot.engine.cpu.TileProducts#all";

  @ParameterizedTest
  @MethodSource(ALL)
  void productsOfIntegersAreExact(Way way) {
    int[][] sizes = {{1, 1, 1}, {33, 70, 65}, {3, 40, 700}, {270, 33, 31}};
    for (int[] s : sizes) {
      for (int t = 0; t < 4; t++) {
        MatMulDesc d = new MatMulDesc(F32, s[0], s[1], s[2], t % 2 == 1, t / 2 == 1);
        float[] a = TileProducts.integers(1, s[0] * s[2]);
        float[] b = TileProducts.integers(2, s[2] * s[1]);
        assertArrayEquals(
            TileProducts.matmul(TileProducts.REFERENCE, d, PlanOptions.forward(), a, b),
            TileProducts.matmul(way.backend(), d, way.options(FORWARD), a, b),
            d.summary());
      }
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void layersOfNormalsAreAsExactAsTheirParts(Way way) {
    int[][] sizes = {{1, 784, 100}, {67, 33, 130}, {5, 600, 65}};
    for (int[] s : sizes) {
      LinearDesc d = LinearDesc.of(F32, s[0], s[1], s[2]);
      float[] x = TileProducts.normals(1, s[0] * s[1]);
      float[] w = TileProducts.normals(2, s[2] * s[1]);
      float[] dy = TileProducts.normals(3, s[0] * s[2]);
      float[][] got = layer(way.backend(), d, way.options(FORWARD, BACKWARD_DATA), x, w, dy);
      PlanOptions plain = PlanOptions.directions(FORWARD, BACKWARD_DATA);
      float[][] want = layer(TileProducts.REFERENCE, d, plain, x, w, dy);
      float[][] size =
          layer(
              TileProducts.REFERENCE,
              d,
              plain,
              TileProducts.magnitudes(x),
              TileProducts.magnitudes(w),
              TileProducts.magnitudes(dy));
      double forward = TileProducts.allowed(way.precision(), s[1]);
      double backward = TileProducts.allowed(way.precision(), s[2]);
      TileProducts.assertClose(d.summary() + " y", got[0], want[0], size[0], forward);
      TileProducts.assertClose(d.summary() + " dx", got[1], want[1], size[1], backward);
    }
  }

  private static float[][] layer(
      Backend backend, LinearDesc d, PlanOptions o, float[] x, float[] w, float[] dy) {
    return TileProducts.layer(backend, d, o, (int) d.n(), dy.length, x, w, dy);
  }

  /** Bias, residual, ReLU; mask and accumulation; updated weights; a smaller batch than planned. */
  @ParameterizedTest
  @MethodSource(ALL)
  void layersDoWhatIsFusedToThem(Way way) {
    LinearDesc d =
        LinearDesc.of(F32, 9, 600, 40)
            .post(PostOp.BIAS, PostOp.RESIDUAL_ADD, PostOp.RELU)
            .reluMask(true);
    PlanOptions fused = way.options(FORWARD, BACKWARD_DATA).accumulate(true);
    float[][] want =
        fused(
            TileProducts.REFERENCE,
            d,
            PlanOptions.directions(FORWARD, BACKWARD_DATA).accumulate(true));
    float[][] got = fused(way.backend(), d, fused);
    assertArrayEquals(want[0], got[0], "y");
    assertArrayEquals(want[1], got[1], "dx");
  }

  private static float[][] fused(Backend backend, LinearDesc d, PlanOptions o) {
    int n = 7;
    try (TensorArena arena = backend.arena(1 << 20);
        Context ctx = backend.newContext();
        var plan = backend.plan(d, o)) {
      Tensor w = arena.tensor(F32, d.k(), d.c()).copyFrom(TileProducts.normals(1, d.k() * d.c()));
      Tensor x = arena.tensor(F32, n, d.c()).copyFrom(TileProducts.integers(2, n * d.c()));
      Tensor b = arena.tensor(F32, d.k()).copyFrom(TileProducts.integers(3, d.k()));
      Tensor r = arena.tensor(F32, n, d.k()).copyFrom(TileProducts.integers(4, n * d.k()));
      Tensor dy = arena.tensor(F32, n, d.k()).copyFrom(TileProducts.integers(5, n * d.k()));
      Tensor mask = arena.tensor(F32, n, d.c()).copyFrom(TileProducts.integers(6, n * d.c()));
      Tensor dx = arena.tensor(F32, n, d.c()).copyFrom(TileProducts.integers(7, n * d.c()));
      Tensor y = arena.tensor(F32, n, d.k());
      try (PackedWeights p = plan.pack(ctx, w)) {
        w.copyFrom(TileProducts.integers(8, d.k() * d.c()));
        plan.repack(ctx, w, p);
        plan.forward(ctx, x, p, b, r, y);
        plan.backwardData(ctx, dy, p, mask, dx);
        ctx.synchronize();
      }
      return new float[][] {y.toFloats(), dx.toFloats()};
    }
  }

  /** Frobenius norm of the error against sums in double, relative to the product's. */
  private static double error(float[] got, double[] want) {
    double error = 0;
    double size = 0;
    for (int i = 0; i < want.length; i++) {
      error += (got[i] - want[i]) * (got[i] - want[i]);
      size += want[i] * want[i];
    }
    return Math.sqrt(error / size);
  }

  private static double[] exact(MatMulDesc d, float[] a, float[] b) {
    double[] c = new double[d.m() * d.n()];
    for (int i = 0; i < d.m(); i++) {
      for (int l = 0; l < d.k(); l++) {
        double v = a[i * d.k() + l];
        for (int j = 0; j < d.n(); j++) {
          c[i * d.n() + j] += v * b[l * d.n() + j];
        }
      }
    }
    return c;
  }

  /** The errors that are promised: BF16X6 1.2 times OpenBLAS's, BF16X3 6e-6, BF16 its rounding. */
  @Test
  void errorsAreThoseOfFloat32() {
    int[][] sizes = {{96, 96, 256}, {64, 96, 512}, {64, 64, 1000}, {32, 64, 2048}, {32, 32, 8192}};
    for (int[] s : sizes) {
      MatMulDesc d = new MatMulDesc(F32, s[0], s[1], s[2], false, false);
      for (boolean uniform : new boolean[] {false, true}) {
        DoubleUnaryOperator form = uniform ? v -> Math.tanh(v) : v -> v;
        float[] a = mapped(TileProducts.normals(1, s[0] * s[2]), form);
        float[] b = mapped(TileProducts.normals(2, s[2] * s[1]), form);
        double[] want = exact(d, a, b);
        Backend cpu = Backends.create("cpu");
        PlanOptions blas =
            PlanOptions.forward()
                .implementation("cpu:" + cpu.properties().get("isa") + "-openblas");
        double float32 = error(TileProducts.matmul(cpu, d, blas, a, b), want);
        double[] errors = new double[3];
        int i = 0;
        for (Precision p : new Precision[] {Precision.BF16X6, Precision.BF16X3, Precision.BF16}) {
          Way way = TileProducts.best(p, 2);
          errors[i++] =
              error(TileProducts.matmul(way.backend(), d, way.options(FORWARD), a, b), want);
        }
        System.out.printf(
            "%s: errors OpenBLAS %.2e BF16X6 %.2e BF16X3 %.2e BF16 %.2e%n",
            d.summary(), float32, errors[0], errors[1], errors[2]);
        assertTrue(errors[0] <= 1.2 * float32, d.summary() + " BF16X6 " + errors[0]);
        assertTrue(errors[1] <= 6e-6, d.summary() + " BF16X3 " + errors[1]);
        assertTrue(errors[2] <= 0x1p-8, d.summary() + " BF16 " + errors[2]);
      }
    }
  }

  private static float[] mapped(float[] v, DoubleUnaryOperator form) {
    float[] r = new float[v.length];
    for (int i = 0; i < v.length; i++) {
      r[i] = (float) form.applyAsDouble(v[i]);
    }
    return r;
  }

  /**
   * Numbers near the ends of float32's range, in rows and columns of ordinary ones. What is below
   * 2^-128 of the greatest of its row and column may be lost.
   */
  @ParameterizedTest
  @MethodSource(ALL)
  void extremeNumbersAreAsInFloat32(Way way) {
    int m = 37;
    int n = 35;
    int k = 70;
    MatMulDesc d = new MatMulDesc(F32, m, n, k, false, false);
    double[][] scales = {
      {1e-38, 1}, {1e-38, 1e30}, {1e-44, 1e38}, {2e37, 1}, {3e38, 1e-38}, {1, 1}
    };
    float[] odd = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN, 0, 1e-42f, 3e38f};
    for (double[] scale : scales) {
      for (int o = 0; o < odd.length; o++) {
        float[] a = scaled(TileProducts.normals(1, m * k), scale[0]);
        float[] b = scaled(TileProducts.normals(2, k * n), scale[1]);
        a[3 * k + 5] = odd[o];
        b[7 * n + 4] = odd[(o + 2) % odd.length];
        b[5 * n + 9] = 0; // times infinity
        float[] got = TileProducts.matmul(way.backend(), d, way.options(FORWARD), a, b);
        PlanOptions plain = PlanOptions.forward();
        float[] want = TileProducts.matmul(TileProducts.REFERENCE, d, plain, a, b);
        double[] size = exact(d, TileProducts.magnitudes(a), TileProducts.magnitudes(b));
        double allowed = TileProducts.allowed(way.precision(), k);
        for (int i = 0; i < want.length; i++) {
          double lost = greatest(a, i / n * k, 1, k) * greatest(b, i % n, n, k) * 0x1p-128 * k;
          double bound = allowed * size[i] + lost + Float.MIN_VALUE;
          if (Float.isFinite(want[i]) && Math.abs(want[i]) + bound < Float.MAX_VALUE
              || Float.isNaN(want[i])
              || Double.isInfinite(size[i])) {
            boolean close =
                Float.isFinite(want[i])
                    ? Math.abs((double) got[i] - want[i]) <= bound
                    : Float.compare(got[i], want[i]) == 0;
            assertTrue(
                close,
                () -> way + " scales " + scale[0] + ", " + scale[1] + ": " + bound + " exceeded");
          }
        }
      }
    }
  }

  /** Greatest finite magnitude of count numbers. */
  private static double greatest(float[] v, int from, int step, int count) {
    double most = 0;
    for (int i = 0; i < count; i++) {
      float one = Math.abs(v[from + i * step]);
      most = Float.isFinite(one) ? Math.max(most, one) : most;
    }
    return most;
  }

  private static float[] scaled(float[] v, double by) {
    float[] r = new float[v.length];
    for (int i = 0; i < v.length; i++) {
      r[i] = (float) Math.max(-3.4e38, Math.min(3.4e38, v[i] * by));
    }
    return r;
  }

  @ParameterizedTest
  @EnumSource(names = {"BF16X6", "BF16X3", "BF16"})
  void bitsDoNotDependOnThreads(Precision precision) {
    MatMulDesc d = new MatMulDesc(F32, 75, 70, 600, false, true);
    float[] a = TileProducts.normals(1, 75 * 600);
    float[] b = TileProducts.normals(2, 70 * 600);
    Way one = TileProducts.best(precision, 1);
    Way four = TileProducts.best(precision, 4);
    assertArrayEquals(
        TileProducts.matmul(one.backend(), d, one.options(FORWARD), a, b),
        TileProducts.matmul(four.backend(), d, four.options(FORWARD), a, b));
  }

  @Test
  void theListSaysWhyNot() {
    Backend cpu = Backends.create("cpu");
    PlanOptions split = PlanOptions.forward().precision(Precision.BF16X6);
    MatMulDesc d = new MatMulDesc(F32, 5, 6, 7, false, false);
    assertTrue(reason(cpu, d, split, "cpu:emulated-amx").startsWith("emulation, for tests"));
    assertTrue(
        reason(cpu, d, PlanOptions.forward(), "cpu:amx").contains("BF16X6, BF16X3 and BF16, not"));
    MatMulDesc inDouble = new MatMulDesc(F64, 5, 6, 7, false, false);
    PlanOptions named = split.implementation("cpu:emulated-amx");
    assertTrue(reason(cpu, inDouble, named, "cpu:emulated-amx").startsWith("element type F64"));
    assertTrue(
        reason(cpu, d, named.boundedErrors(true), "cpu:emulated-amx")
            .startsWith("float32's error"));
    LinearDesc layer = LinearDesc.of(F32, 5, 6, 7);
    PlanOptions weights = PlanOptions.all().precision(Precision.BF16X3);
    assertThrows(UnsupportedException.class, () -> cpu.plan(layer, weights));
    String amx = TileKernels.reasonWithoutAmx();
    assertEquals(amx.isEmpty(), cpu.diagnosis().get("amx").startsWith("there"));
    if (!amx.isEmpty()) {
      String message =
          assertThrows(UnsupportedException.class, () -> cpu.plan(d, split)).getMessage();
      assertTrue(message.contains(amx), message);
    }
    assertEquals("cpu:emulated-amx-gemm", cpu.plan(d, named).implementation(FORWARD));
  }

  private static String reason(Backend cpu, MatMulDesc d, PlanOptions o, String implementation) {
    return cpu.explain(d, o).stream()
        .filter(r -> r.name().startsWith(implementation))
        .map(ImplementationReport::reasonWhyNot)
        .findFirst()
        .orElseThrow();
  }

  /** Weights of another precision are refused. */
  @Test
  void weightsBelongToTheirPrecision() {
    Way six = TileProducts.best(Precision.BF16X6, 1);
    Way three = TileProducts.best(Precision.BF16X3, 1);
    LinearDesc d = LinearDesc.of(F32, 2, 3, 4);
    try (TensorArena arena = six.backend().arena(1 << 12);
        Context ctx = six.backend().newContext()) {
      Tensor w = arena.tensor(F32, 4, 3).copyFrom(new float[12]);
      Tensor x = arena.tensor(F32, 2, 3).copyFrom(new float[6]);
      Tensor y = arena.tensor(F32, 2, 4);
      var plan = six.backend().plan(d, six.options(FORWARD));
      try (PackedWeights p = six.backend().plan(d, three.options(FORWARD)).pack(ctx, w)) {
        assertThrows(InvalidInputException.class, () -> plan.forward(ctx, x, p, null, y));
      }
    }
  }
}
