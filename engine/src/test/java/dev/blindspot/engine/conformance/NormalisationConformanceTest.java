package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.primitives.ContrastNormDesc;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.primitives.PostOp;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NormalisationConformanceTest {
  private static final double EPS = Math.ulp(1f);
  private static final String ALL = "dev.blindspot.engine.conformance.Rig#all";

  @ParameterizedTest
  @MethodSource(ALL)
  void batchNormTrainingAndInference(Rig rig) {
    for (long[] s : new long[][] {{4, 3, 49}, {64, 10, 1}, {2, 1, 3}, {7, 5, 100}}) {
      long n = s[0];
      long c = s[1];
      Twin x = rig.normals(F32, 1, s);
      Twin dy = rig.normals(F32, 2, s);
      Twin gamma = rig.normals(F32, 3, c);
      Twin beta = rig.normals(F32, 4, c);
      Twin mean = rig.normals(F32, 5, c);
      double[] ones = new double[(int) c];
      Arrays.fill(ones, 1.5);
      Twin variance = rig.of(F32, ones, c);
      Twin y = rig.poisoned(F32, s);
      Twin trained = rig.poisoned(F32, s);
      Twin dx = rig.poisoned(F32, s);
      Twin dgamma = rig.poisoned(F32, c);
      Twin dbeta = rig.poisoned(F32, c);
      Twin dxTraining = rig.poisoned(F32, s);
      Twin dgammaTraining = rig.poisoned(F32, c);
      Twin dbetaTraining = rig.poisoned(F32, c);
      Twin savedMean = rig.poisoned(F32, c);
      Twin savedInverse = rig.poisoned(F32, c);
      rig.run(
          new BatchNormDesc(F32, n, (int) c, s[2], 1e-5),
          PlanOptions.all(),
          (p, ctx, o) -> {
            p.forwardInference(
                ctx, o.of(x), o.of(gamma), o.of(beta), o.of(mean), o.of(variance), o.of(y));
            p.backwardDataInference(ctx, o.of(dy), o.of(gamma), o.of(variance), o.of(dx));
            p.backwardWeightsInference(
                ctx, o.of(x), o.of(dy), o.of(mean), o.of(variance), o.of(dgamma), o.of(dbeta));
            p.forwardTraining(
                ctx,
                o.of(x),
                o.of(gamma),
                o.of(beta),
                0.1,
                o.of(mean),
                o.of(variance),
                o.of(savedMean),
                o.of(savedInverse),
                o.of(trained));
            p.backwardTraining(
                ctx,
                o.of(x),
                o.of(dy),
                o.of(gamma),
                o.of(savedMean),
                o.of(savedInverse),
                o.of(dxTraining),
                o.of(dgammaTraining),
                o.of(dbetaTraining));
          });
      double sums = 16 * EPS * n * s[2];
      y.assertClose("batch norm inference", 16 * EPS, 32 * EPS);
      dx.assertClose("batch norm inference backward", 16 * EPS, 16 * EPS);
      dgamma.assertClose("batch norm dgamma", 16 * EPS, sums);
      dbeta.assertClose("batch norm dbeta", 16 * EPS, sums);
      savedMean.assertClose("batch norm mean", 4 * EPS, 4 * EPS);
      savedInverse.assertClose("batch norm inverse deviation", 4 * EPS, 4 * EPS);
      mean.assertClose("batch norm running mean", 4 * EPS, 4 * EPS);
      variance.assertClose("batch norm running variance", 4 * EPS, 4 * EPS);
      // Saved statistics are rounded to F32; with few elements 1/deviation amplifies that.
      trained.assertClose("batch norm training", 32 * EPS, 64 * EPS);
      dxTraining.assertClose("batch norm training backward", 32 * EPS, 256 * EPS);
      dgammaTraining.assertClose("batch norm training dgamma", 32 * EPS, sums + 32 * EPS);
      dbetaTraining.assertClose("batch norm training dbeta", 32 * EPS, sums);
    }
  }

  /** Training with what follows in the same kernels. */
  @ParameterizedTest
  @MethodSource(ALL)
  void batchNormWithResidualAndRelu(Rig rig) {
    PostOp[][] posts = {{PostOp.RESIDUAL_ADD}, {PostOp.RELU}, {PostOp.RESIDUAL_ADD, PostOp.RELU}};
    for (PostOp[] post : posts) {
      long[] s = {6, 5, 70};
      Twin x = rig.normals(F32, 1, s);
      Twin dy = rig.normals(F32, 2, s);
      Twin residual = rig.normals(F32, 3, s);
      Twin gamma = rig.normals(F32, 4, 5);
      Twin beta = rig.normals(F32, 5, 5);
      Twin y = rig.poisoned(F32, s);
      Twin dx = rig.poisoned(F32, s);
      Twin[] c = new Twin[6];
      Arrays.setAll(c, i -> i < 2 ? rig.normals(F32, 6 + i, 5) : rig.poisoned(F32, 5));
      BatchNormDesc d = new BatchNormDesc(F32, 8, 5, 70, 1e-5).post(post);
      rig.run(
          d,
          PlanOptions.all(),
          (p, ctx, o) -> {
            p.forwardTraining(
                ctx,
                o.of(x),
                o.of(gamma),
                o.of(beta),
                0.1,
                o.of(c[0]),
                o.of(c[1]),
                o.of(c[2]),
                o.of(c[3]),
                o.of(residual),
                o.of(y));
            p.backwardTraining(
                ctx,
                o.of(x),
                o.of(y),
                o.of(dy),
                o.of(gamma),
                o.of(c[2]),
                o.of(c[3]),
                o.of(dx),
                o.of(c[4]),
                o.of(c[5]));
          });
      String name = d.post().toString();
      y.assertClose(name, 32 * EPS, 64 * EPS);
      dy.assertClose(name + " residual's gradient", 0, 0);
      dx.assertClose(name + " backward", 32 * EPS, 256 * EPS);
      c[4].assertClose(name + " dgamma", 32 * EPS, 16 * EPS * 420);
      c[5].assertClose(name + " dbeta", 32 * EPS, 16 * EPS * 420);
      boolean masked = d.post().contains(PostOp.RELU) && d.post().size() == 2;
      float[] counted = dy.device.toFloats();
      boolean zeros = IntStream.range(0, counted.length).anyMatch(i -> counted[i] == 0);
      assertEquals(masked, zeros, name);
    }
  }

  /** The running statistics know nothing of what follows in training. */
  @ParameterizedTest
  @MethodSource(ALL)
  void batchNormOfInferenceHasNoPostOperations(Rig rig) {
    BatchNormDesc d = new BatchNormDesc(F32, 2, 3, 4, 1e-5).post(PostOp.RELU);
    Tensor x = rig.normals(F32, 1, 2, 3, 4).device;
    Tensor c = rig.normals(F32, 2, 3).device;
    var plan = rig.backend().plan(d);
    InvalidInputException e =
        assertThrows(
            InvalidInputException.class,
            () -> plan.forwardInference(rig.context(), x, c, c, c, c, x));
    assertTrue(e.getMessage().contains("those of training"), e.getMessage());
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void localResponseNorm(Rig rig) {
    for (int size : new int[] {1, 2, 5, 9}) {
      long[] s = {3, 7, 70};
      Twin x = rig.normals(F32, 1, s);
      Twin dy = rig.normals(F32, 2, s);
      Twin y = rig.poisoned(F32, s);
      Twin dx = rig.poisoned(F32, s);
      rig.run(
          new LocalResponseNormDesc(F32, 3, 7, 70, size, 0.3, 0.75, 2),
          PlanOptions.all(),
          (plan, ctx, o) -> {
            plan.forward(ctx, o.of(x), o.of(y));
            plan.backwardData(ctx, o.of(x), o.of(dy), o.of(dx));
          });
      y.assertClose("local response norm", 4 * EPS, EPS);
      dx.assertClose("local response norm backward", 8 * EPS, 8 * EPS);
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void contrastNorm(Rig rig) {
    for (long length : new long[] {1, 9, 300}) {
      Twin x = rig.normals(F32, 1, 5, length);
      Twin dy = rig.normals(F32, 2, 5, length);
      Twin y = rig.poisoned(F32, 5, length);
      Twin dx = rig.poisoned(F32, 5, length);
      rig.run(
          new ContrastNormDesc(F32, 6, length, 0.5, 0.75),
          PlanOptions.all(),
          (plan, ctx, o) -> {
            plan.forward(ctx, o.of(x), o.of(y));
            plan.backwardData(ctx, o.of(x), o.of(dy), o.of(dx));
          });
      y.assertClose("contrast norm", 4 * EPS, EPS);
      dx.assertClose("contrast norm backward", 8 * EPS, 8 * EPS);
    }
  }
}
