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
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Isa;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LinearPlan;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

class CpuLinearTest {
  private static final int C = 3000;
  private static final int K = 301;

  private static Backend cpu(int threads) {
    return Backends.create("cpu", BackendOptions.defaults().threads(threads));
  }

  private static String prefix(Backend backend) {
    String isa = backend.properties().get("isa");
    Assumptions.assumeFalse(isa.equals("scalar"), "no products of few rows at level " + isa);
    return "cpu:" + isa + "-";
  }

  @Test
  void fewRowsAreListedFirstAndRefuseWithReasons() {
    Backend backend = cpu(1);
    String prefix = prefix(backend);
    LinearDesc few = LinearDesc.of(F32, 64, 20, 10);
    LinearDesc many = LinearDesc.of(F32, 65, 20, 10);
    assertEquals(prefix + "skinny-or-openblas", backend.plan(few).implementation(FORWARD));
    assertEquals(prefix + "openblas-gemm", backend.plan(many).implementation(FORWARD));
    assertTrue(
        backend.explain(many, PlanOptions.all()).get(1).reasonWhyNot().startsWith("65 rows"));
    LinearDesc inDouble = LinearDesc.of(F64, 1, 20, 10);
    assertEquals(prefix + "openblas-gemm", backend.plan(inDouble).implementation(FORWARD));
    MatMulDesc column = new MatMulDesc(F32, 5000, 1, 10, true, true);
    assertEquals(prefix + "skinny-or-openblas", backend.plan(column).implementation(FORWARD));
    MatMulDesc both = new MatMulDesc(F32, 5, 6, 7, true, true);
    assertEquals(prefix + "openblas-gemm", backend.plan(both).implementation(FORWARD));
    Backend scalar = Backends.create("cpu", BackendOptions.defaults().isa(Isa.SCALAR));
    assertEquals("cpu:scalar-openblas-gemm", scalar.plan(few).implementation(FORWARD));
  }

  @Test
  void constantWeightsOfMoreRowsArePacked() {
    Backend backend = cpu(1);
    String prefix = prefix(backend);
    PlanOptions constant = PlanOptions.directions(FORWARD, BACKWARD_DATA);
    LinearDesc five = LinearDesc.of(F32, 5, 20, 10);
    LinearDesc four = LinearDesc.of(F32, 4, 20, 10);
    assertEquals(prefix + "packed", backend.plan(five, constant).implementation(FORWARD));
    assertEquals(
        prefix + "skinny-or-openblas", backend.plan(four, constant).implementation(FORWARD));
    assertTrue(backend.explain(four, constant).get(0).reasonWhyNot().startsWith("4 rows"));
    assertTrue(
        backend.explain(five, PlanOptions.all()).get(0).reasonWhyNot().contains("gradients"));
    LinearDesc inDouble = LinearDesc.of(F64, 5, 20, 10);
    assertTrue(backend.explain(inDouble, constant).get(0).reasonWhyNot().contains("F32"));
    Backend scalar = Backends.create("cpu", BackendOptions.defaults().isa(Isa.SCALAR));
    assertEquals("cpu:scalar-openblas-gemm", scalar.plan(five, constant).implementation(FORWARD));
  }

  @Test
  void packedWeightsServePlansOfOtherBatchesOnly() {
    Backend backend = cpu(1);
    prefix(backend);
    PlanOptions constant = PlanOptions.directions(FORWARD, BACKWARD_DATA);
    try (TensorArena arena = backend.arena(1 << 16);
        Context ctx = backend.newContext()) {
      Tensor w = arena.tensor(F32, 10, 20).copyFrom(ones(200));
      Tensor x = arena.tensor(F32, 5, 20).copyFrom(ones(100));
      Tensor y = arena.tensor(F32, 5, 10);
      try (PackedWeights p = backend.plan(LinearDesc.of(F32, 70, 20, 10), constant).pack(ctx, w)) {
        backend.plan(LinearDesc.of(F32, 5, 20, 10), constant).forward(ctx, x, p, null, y);
        assertEquals(20, y.toFloats()[49]);
        LinearPlan forwardOnly = backend.plan(LinearDesc.of(F32, 5, 20, 10), PlanOptions.forward());
        assertThrows(InvalidInputException.class, () -> forwardOnly.forward(ctx, x, p, null, y));
      }
    }
  }

  private static float[] ones(int count) {
    float[] v = new float[count];
    Arrays.fill(v, 1);
    return v;
  }

  /** Largest errors of y and dx against sums in double. */
  private static double[] errors(int threads, String name, int n, float[][] results) {
    Backend backend = cpu(threads);
    SplittableRandom random = new SplittableRandom(n);
    float[] x = normals(random, n * C);
    float[] w = normals(random, K * C);
    float[] dy = normals(random, n * K);
    try (TensorArena arena = backend.arena(1 << 25);
        Context ctx = backend.newContext()) {
      Tensor ty = arena.tensor(F32, n, K);
      Tensor tdx = arena.tensor(F32, n, C);
      var plan =
          backend.plan(
              LinearDesc.of(F32, n, C, K),
              PlanOptions.directions(FORWARD, BACKWARD_DATA)
                  .implementation(prefix(backend) + name));
      try (PackedWeights p = plan.pack(ctx, arena.tensor(F32, K, C).copyFrom(w))) {
        plan.forward(ctx, arena.tensor(F32, n, C).copyFrom(x), p, null, null, ty);
        plan.backwardData(ctx, arena.tensor(F32, n, K).copyFrom(dy), p, null, tdx);
      }
      results[0] = ty.toFloats();
      results[1] = tdx.toFloats();
    }
    double[] most = new double[2];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < K; k++) {
        double sum = 0;
        for (int c = 0; c < C; c++) {
          sum += (double) x[i * C + c] * w[k * C + c];
        }
        most[0] = Math.max(most[0], Math.abs(sum - results[0][i * K + k]));
      }
      for (int c = 0; c < C; c++) {
        double sum = 0;
        for (int k = 0; k < K; k++) {
          sum += (double) dy[i * K + k] * w[k * C + c];
        }
        most[1] = Math.max(most[1], Math.abs(sum - results[1][i * C + c]));
      }
    }
    return most;
  }

  private static float[] normals(SplittableRandom random, int count) {
    float[] v = new float[count];
    for (int i = 0; i < count; i++) {
      v[i] = (float) random.nextGaussian();
    }
    return v;
  }

  @Test
  void errorsAreAtMostTwiceOpenBlas() {
    for (int n : new int[] {1, 2, 3, 8, 12}) {
      double[] ours = errors(1, "skinny", n, new float[2][]);
      double[] peer = errors(1, "openblas", n, new float[2][]);
      assertTrue(ours[0] <= 2 * peer[0], n + " rows forward: " + ours[0] + ", OpenBLAS " + peer[0]);
      assertTrue(ours[1] <= 2 * peer[1], n + " rows back: " + ours[1] + ", OpenBLAS " + peer[1]);
    }
    for (int n : new int[] {5, 64, 120}) {
      double[] ours = errors(1, "packed", n, new float[2][]);
      double[] peer = errors(1, "openblas", n, new float[2][]);
      assertTrue(ours[0] <= 1.3 * peer[0], n + " forward: " + ours[0] + ", OpenBLAS " + peer[0]);
      assertTrue(ours[1] <= 1.3 * peer[1], n + " back: " + ours[1] + ", OpenBLAS " + peer[1]);
    }
  }

  @Test
  void bitsDoNotDependOnTheNumberOfThreads() {
    for (int n : new int[] {1, 2, 8, 12, 120}) {
      String name = n < 12 ? "skinny" : "packed";
      float[][] one = new float[2][];
      float[][] three = new float[2][];
      errors(1, name, n, one);
      errors(3, name, n, three);
      assertArrayEquals(one[0], three[0], n + " rows forward");
      assertArrayEquals(one[1], three[1], n + " rows back");
    }
  }
}
