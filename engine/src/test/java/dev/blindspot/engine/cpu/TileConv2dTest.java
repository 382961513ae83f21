package dev.blindspot.engine.cpu;

import static dev.blindspot.engine.Direction.BACKWARD_DATA;
import static dev.blindspot.engine.Direction.FORWARD;
import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.cpu.TileProducts.Way;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Convolutions from bfloat16 parts, against the reference and float32. */
class TileConv2dTest {
  private static final String ALL = "dev.blindspot.engine.cpu.TileProducts#all";
  private static final PlanOptions PLAIN = PlanOptions.directions(FORWARD, BACKWARD_DATA);

  /** Stride, padding, dilation, groups, odd sizes, batch 1, few and many channels. */
  private static List<Conv2dDesc> shapes() {
    return List.of(
        Conv2dDesc.of(F32, 1, 1, 1, 1).filters(1, 1, 1),
        Conv2dDesc.of(F32, 2, 3, 7, 5).filters(4, 3, 3, 1),
        Conv2dDesc.of(F32, 5, 3, 9, 8).filters(5, 3, 2).stride(2, 3).pad(1, 0, 2, 1),
        Conv2dDesc.of(F32, 3, 4, 11, 10).filters(6, 3, 3, 2).dilation(2).groups(2),
        Conv2dDesc.of(F32, 2, 6, 6, 6).filters(6, 3, 3, 1).groups(6),
        Conv2dDesc.of(F32, 4, 67, 5, 5).filters(39, 1, 1),
        Conv2dDesc.of(F32, 3, 2, 13, 12).filters(3, 5, 4, 2).stride(3).dilation(2),
        Conv2dDesc.of(F32, 2, 34, 9, 18).filters(33, 3, 3, 1).stride(2),
        Conv2dDesc.of(F32, 2, 1, 4, 4).filters(2, 6, 6, 3).stride(4));
  }

  private static float[][] run(
      Backend backend, Conv2dDesc d, PlanOptions o, float[] x, float[] w, float[] dy) {
    return TileProducts.layer(backend, d, o, (int) d.n(), dy.length, x, w, dy);
  }

  private static int xSize(Conv2dDesc d) {
    return (int) d.n() * d.c() * d.h() * d.w();
  }

  private static int ySize(Conv2dDesc d) {
    return (int) d.n() * d.k() * d.p() * d.q();
  }

  private static int wSize(Conv2dDesc d) {
    return d.k() * (d.c() / d.groups()) * d.r() * d.s();
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void integersAreExact(Way way) {
    for (Conv2dDesc d : shapes()) {
      float[] x = TileProducts.integers(1, xSize(d));
      float[] w = TileProducts.integers(2, wSize(d));
      float[] dy = TileProducts.integers(3, ySize(d));
      float[][] want = run(TileProducts.REFERENCE, d, PLAIN, x, w, dy);
      float[][] got = run(way.backend(), d, way.options(FORWARD, BACKWARD_DATA), x, w, dy);
      assertArrayEquals(want[0], got[0], () -> d.summary() + " y");
      assertArrayEquals(want[1], got[1], () -> d.summary() + " dx");
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void normalsAreAsExactAsTheirParts(Way way) {
    for (Conv2dDesc d : shapes()) {
      float[] x = TileProducts.normals(1, xSize(d));
      float[] w = TileProducts.normals(2, wSize(d));
      float[] dy = TileProducts.normals(3, ySize(d));
      close(way, d, x, w, dy, 1);
    }
  }

  private static void close(Way way, Conv2dDesc d, float[] x, float[] w, float[] dy, double slack) {
    float[][] want = run(TileProducts.REFERENCE, d, PLAIN, x, w, dy);
    float[][] size =
        run(
            TileProducts.REFERENCE,
            d,
            PLAIN,
            TileProducts.magnitudes(x),
            TileProducts.magnitudes(w),
            TileProducts.magnitudes(dy));
    float[][] got = run(way.backend(), d, way.options(FORWARD, BACKWARD_DATA), x, w, dy);
    // A segment of taps and channels begins a tile of its own.
    double rows = 32.0 * d.r() * d.s();
    double forward = (double) d.c() / d.groups() * d.r() * d.s() + rows;
    double backward = (double) d.k() / d.groups() * d.r() * d.s() + rows;
    double f = slack * TileProducts.allowed(way.precision(), forward);
    double b = slack * TileProducts.allowed(way.precision(), backward);
    TileProducts.assertClose(d.summary() + " y", got[0], want[0], size[0], f);
    TileProducts.assertClose(d.summary() + " dx", got[1], want[1], size[1], b);
  }

  /** Everything scaled to the ends of float32's range, both operands. */
  @ParameterizedTest
  @MethodSource(ALL)
  void extremeNumbersAreAsInFloat32(Way way) {
    Conv2dDesc d = Conv2dDesc.of(F32, 2, 5, 8, 7).filters(6, 3, 3, 1).stride(2);
    double[][] scales = {{1e-38, 1}, {1e-38, 1e30}, {1e-20, 1e-17}, {3e37, 1e-20}, {1e-30, 1e35}};
    for (double[] scale : scales) {
      float[] x = TileProducts.normals(1, xSize(d));
      float[] w = TileProducts.normals(2, wSize(d));
      float[] dy = TileProducts.normals(3, ySize(d));
      close(way, d, scaled(x, scale[0]), scaled(w, scale[1]), scaled(dy, scale[0]), 1);
      close(way, d, scaled(x, scale[1]), scaled(w, scale[0]), scaled(dy, scale[1]), 1);
    }
  }

  private static float[] scaled(float[] v, double by) {
    float[] r = new float[v.length];
    for (int i = 0; i < v.length; i++) {
      r[i] = (float) (v[i] * by);
    }
    return r;
  }

  /** What reads NaN or infinity is as in float32; what does not is untouched by it. */
  @ParameterizedTest
  @MethodSource(ALL)
  void whatIsNotFiniteIsAsInFloat32(Way way) {
    Conv2dDesc d = Conv2dDesc.of(F32, 2, 3, 9, 8).filters(5, 3, 3, 1);
    for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      float[] x = TileProducts.integers(1, xSize(d));
      float[] w = TileProducts.integers(2, wSize(d));
      float[] dy = TileProducts.integers(3, ySize(d));
      x[100] = odd;
      dy[200] = -odd;
      float[][] want = run(TileProducts.REFERENCE, d, PLAIN, x, w, dy);
      float[][] got = run(way.backend(), d, way.options(FORWARD, BACKWARD_DATA), x, w, dy);
      assertArrayEquals(want[0], got[0], "y");
      assertArrayEquals(want[1], got[1], "dx");
      w[50] = odd;
      want = run(TileProducts.REFERENCE, d, PLAIN, x, w, dy);
      got = run(way.backend(), d, way.options(FORWARD, BACKWARD_DATA), x, w, dy);
      assertArrayEquals(want[0], got[0], "y");
      assertArrayEquals(want[1], got[1], "dx");
    }
  }

  /** Bias, residual, ReLU; mask and accumulation; a smaller batch than planned. */
  @ParameterizedTest
  @MethodSource(ALL)
  void doesWhatIsFusedToIt(Way way) {
    for (int stride = 1; stride <= 2; stride++) {
      Conv2dDesc d =
          Conv2dDesc.of(F32, 4, 3, 9, 10)
              .filters(35, 3, 3, 1)
              .stride(stride)
              .post(PostOp.BIAS, PostOp.RESIDUAL_ADD, PostOp.RELU)
              .reluMask(true);
      float[][] want = fused(TileProducts.REFERENCE, d, PLAIN.accumulate(true));
      float[][] got = fused(way.backend(), d, way.options(FORWARD, BACKWARD_DATA).accumulate(true));
      assertArrayEquals(want[0], got[0], "y");
      assertArrayEquals(want[1], got[1], "dx");
    }
  }

  private static float[][] fused(Backend backend, Conv2dDesc d, PlanOptions o) {
    long n = 3;
    int xs = (int) n * d.c() * d.h() * d.w();
    int ys = (int) n * d.k() * d.p() * d.q();
    try (TensorArena arena = backend.arena(1 << 20);
        Context ctx = backend.newContext();
        var plan = backend.plan(d, o)) {
      long[] x4 = {n, d.c(), d.h(), d.w()};
      long[] y4 = {n, d.k(), d.p(), d.q()};
      Tensor x = arena.tensor(F32, x4).copyFrom(TileProducts.integers(1, xs));
      Tensor w = arena.tensor(F32, wSize(d)).copyFrom(TileProducts.integers(2, wSize(d)));
      Tensor b = arena.tensor(F32, d.k()).copyFrom(TileProducts.integers(3, d.k()));
      Tensor r = arena.tensor(F32, y4).copyFrom(TileProducts.integers(4, ys));
      Tensor dy = arena.tensor(F32, y4).copyFrom(TileProducts.integers(5, ys));
      Tensor mask = arena.tensor(F32, x4).copyFrom(TileProducts.integers(6, xs));
      Tensor dx = arena.tensor(F32, x4).copyFrom(TileProducts.integers(7, xs));
      Tensor y = arena.tensor(F32, y4);
      try (PackedWeights p = plan.pack(ctx, w)) {
        plan.forward(ctx, x, p, b, r, y);
        plan.backwardData(ctx, dy, p, mask, dx);
        ctx.synchronize();
      }
      return new float[][] {y.toFloats(), dx.toFloats()};
    }
  }

  private static double error(float[] got, float[] want) {
    double error = 0;
    double size = 0;
    for (int i = 0; i < want.length; i++) {
      error += ((double) got[i] - want[i]) * ((double) got[i] - want[i]);
      size += (double) want[i] * want[i];
    }
    return Math.sqrt(error / size);
  }

  /** Normwise against the reference, which sums in double and rounds once. */
  @Test
  void errorsAreThoseOfFloat32() {
    Conv2dDesc d = Conv2dDesc.of(F32, 1, 64, 14, 14).filters(48, 3, 3, 1);
    float[] x = TileProducts.normals(1, xSize(d));
    float[] w = TileProducts.normals(2, wSize(d));
    float[] dy = TileProducts.normals(3, ySize(d));
    float[][] want = run(TileProducts.REFERENCE, d, PLAIN, x, w, dy);
    Backend cpu = Backends.create("cpu");
    String prefix = "cpu:" + cpu.properties().get("isa") + "-";
    PlanOptions blas = PLAIN.implementation(prefix + "im2col-openblas");
    float[][] float32 = run(cpu, d, blas, x, w, dy);
    for (Precision p : List.of(Precision.BF16X6, Precision.BF16X3, Precision.BF16)) {
      Way way = TileProducts.best(p, 2);
      float[][] got = run(way.backend(), d, way.options(FORWARD, BACKWARD_DATA), x, w, dy);
      for (int i = 0; i < 2; i++) {
        double error = error(got[i], want[i]);
        double plain = error(float32[i], want[i]);
        System.out.printf("%s %s: error %.2e, OpenBLAS %.2e%n", d.summary(), p, error, plain);
        double bound = p == Precision.BF16X6 ? 1.2 * plain : p == Precision.BF16X3 ? 6e-6 : 0x1p-8;
        assertTrue(error <= bound, p + " " + error);
      }
    }
  }

  @Test
  void theListSaysWhyNot() {
    Backend cpu = Backends.create("cpu");
    PlanOptions named = PLAIN.precision(Precision.BF16X6).implementation("cpu:emulated-amx");
    Conv2dDesc d = Conv2dDesc.of(F32, 1, 3, 8, 8).filters(4, 3, 3);
    assertEquals("cpu:emulated-amx-implicit-gemm", cpu.plan(d, named).implementation(FORWARD));
    String nhwc = reason(cpu, d.layouts(Layout.NHWC, Layout.NHWC), named);
    assertTrue(nhwc.startsWith("layout NHWC"), nhwc);
    Conv2dDesc wide = Conv2dDesc.of(F32, 1, 1, 50, 50).filters(1, 1, 1).stride(40);
    assertTrue(reason(cpu, wide, named).startsWith("stride 40x40"), reason(cpu, wide, named));
  }

  private static String reason(Backend cpu, Conv2dDesc d, PlanOptions o) {
    return cpu.explain(d, o).stream()
        .filter(r -> r.name().startsWith("cpu:emulated-amx"))
        .findFirst()
        .orElseThrow()
        .reasonWhyNot();
  }
}
