package dev.blindspot.engine.cuda;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.conformance.Rig;
import dev.blindspot.engine.conformance.Twin;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.primitives.BatchNormPlan;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.primitives.Pool2dDesc;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** cuDNN's layers, which are listed behind our own kernels. */
class CudnnLayersTest {
  private static final double EPS = Math.ulp(1f);
  private Rig rig;

  @BeforeEach
  void open() {
    rig = CudaRig.open();
  }

  private static PlanOptions all(String name, boolean accumulate) {
    return PlanOptions.all().implementation(name).accumulate(accumulate);
  }

  private static PlanOptions both(String name, boolean accumulate) {
    return PlanOptions.directions(Direction.FORWARD, Direction.BACKWARD_DATA)
        .implementation(name)
        .accumulate(accumulate);
  }

  private Twin gradient(boolean accumulate, long... dims) {
    return accumulate ? rig.integers(F32, 9, dims) : rig.poisoned(F32, dims);
  }

  /** Normal numbers have no ties, of which cuDNN promises nothing. */
  @ParameterizedTest
  @EnumSource(Pooling.class)
  void pooling(Pooling pooling) {
    Pool2dDesc[] descs = {
      Pool2dDesc.of(pooling, F32, 3, 2, 7, 6, 2, 2),
      new Pool2dDesc(pooling, F32, 2, 3, 9, 8, 3, 2, 2, 1, 1, 1, 1, 1),
      Pool2dDesc.of(pooling, F32, 1, 1, 5, 5, 5, 5)
    };
    for (Pool2dDesc d : descs) {
      for (boolean accumulate : new boolean[] {false, true}) {
        long n = (d.n() + 1) / 2;
        Twin x = rig.normals(F32, 1, n, d.c(), d.h(), d.w());
        Twin dy = rig.normals(F32, 2, n, d.c(), d.p(), d.q());
        Twin y = rig.poisoned(F32, n, d.c(), d.p(), d.q());
        Twin dx = gradient(accumulate, n, d.c(), d.h(), d.w());
        rig.run(
            d,
            both("cudnn:pool", accumulate),
            (plan, ctx, side) -> {
              plan.forward(ctx, side.of(x), side.of(y));
              plan.backwardData(ctx, side.of(x), side.of(y), side.of(dy), side.of(dx));
            });
        double terms = d.r() * d.s();
        y.assertClose(d.summary(), 0, pooling == Pooling.MAX ? 0 : 4 * EPS * terms);
        dx.assertClose(d.summary(), 0, 8 * EPS * (terms + 8));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = Activation.class,
      names = {"RELU", "SIGMOID", "TANH"})
  void activations(Activation activation) {
    ActivationDesc d = ActivationDesc.of(activation, F32, 5, 37);
    boolean relu = activation == Activation.RELU;
    for (boolean accumulate : new boolean[] {false, true}) {
      Twin x = rig.normals(F32, 1, 3, 37);
      Twin dy = rig.integers(F32, 2, 3, 37);
      Twin y = rig.poisoned(F32, 3, 37);
      Twin dx = gradient(accumulate, 3, 37);
      PlanOptions o =
          relu
              ? both("cudnn:relu", accumulate)
              : PlanOptions.forward().implementation("cudnn:relu");
      rig.run(
          d,
          o,
          (plan, ctx, side) -> {
            plan.forward(ctx, side.of(x), side.of(y));
            if (relu) {
              plan.backwardData(ctx, side.of(y), side.of(dy), side.of(dx));
            }
          });
      y.assertClose(d.summary(), relu ? 0 : 8 * EPS, 0);
      if (relu) {
        dx.assertExact(d.summary());
      }
    }
  }

  @Test
  void softmax() {
    for (boolean log : new boolean[] {false, true}) {
      SoftmaxDesc d = new SoftmaxDesc(F32, 6, 19, log);
      for (boolean accumulate : new boolean[] {false, true}) {
        Twin x = rig.normals(F32, 1, 4, 19);
        Twin dy = rig.normals(F32, 2, 4, 19);
        Twin y = rig.poisoned(F32, 4, 19);
        Twin dx = gradient(accumulate, 4, 19);
        rig.run(
            d,
            both("cudnn:softmax", accumulate),
            (plan, ctx, side) -> {
              plan.forward(ctx, side.of(x), side.of(y));
              plan.backwardData(ctx, side.of(y), side.of(dy), side.of(dx));
            });
        // Values up to 8 in magnitude, 19 terms, a few operations for each.
        y.assertClose(d.summary(), 0, 32 * EPS);
        dx.assertClose(d.summary(), 0, 19 * 16 * EPS);
      }
    }
  }

  @Test
  void localResponseNorm() {
    for (int size : new int[] {1, 4, 5}) {
      LocalResponseNormDesc d = new LocalResponseNormDesc(F32, 3, 7, 6, size, 0.3, 0.75, 1.5);
      for (boolean accumulate : new boolean[] {false, true}) {
        Twin x = rig.normals(F32, 1, 2, 7, 6);
        Twin dy = rig.normals(F32, 2, 2, 7, 6);
        Twin y = rig.poisoned(F32, 2, 7, 6);
        Twin dx = gradient(accumulate, 2, 7, 6);
        rig.run(
            d,
            both("cudnn:lrn", accumulate),
            (plan, ctx, side) -> {
              plan.forward(ctx, side.of(x), side.of(y));
              plan.backwardData(ctx, side.of(x), side.of(dy), side.of(dx));
            });
        y.assertClose(d.summary(), 0, 64 * EPS);
        dx.assertClose(d.summary(), 0, 128 * EPS);
      }
    }
  }

  /** What training reads and writes; 4 samples of [3,14]. */
  private final class Training {
    final Twin x = rig.normals(F32, 1, 4, 3, 14);
    final Twin gamma = rig.normals(F32, 2, 3);
    final Twin beta = rig.normals(F32, 3, 3);
    final Twin mean = rig.normals(F32, 4, 3);
    final Twin variance = rig.of(F32, new double[] {1, 0.5, 2}, 3);
    final Twin savedMean = rig.poisoned(F32, 3);
    final Twin savedDeviation = rig.poisoned(F32, 3);
    final Twin y = rig.poisoned(F32, 4, 3, 14);
    final Twin dy = rig.normals(F32, 5, 4, 3, 14);
    final Twin dx;
    final Twin dgamma;
    final Twin dbeta;

    Training(boolean accumulate) {
      dx = gradient(accumulate, 4, 3, 14);
      dgamma = gradient(accumulate, 3);
      dbeta = gradient(accumulate, 3);
    }

    void run(BatchNormPlan plan, Context ctx, Rig.Side on) {
      plan.forwardTraining(
          ctx,
          on.of(x),
          on.of(gamma),
          on.of(beta),
          0.1,
          on.of(mean),
          on.of(variance),
          on.of(savedMean),
          on.of(savedDeviation),
          on.of(y));
      plan.backwardTraining(
          ctx,
          on.of(x),
          on.of(dy),
          on.of(gamma),
          on.of(savedMean),
          on.of(savedDeviation),
          on.of(dx),
          on.of(dgamma),
          on.of(dbeta));
    }
  }

  @Test
  void batchNormTraining() {
    BatchNormDesc d = new BatchNormDesc(F32, 5, 3, 14, 1e-3);
    for (boolean accumulate : new boolean[] {false, true}) {
      Training t = new Training(accumulate);
      rig.run(d, all("cudnn:batch-norm", accumulate), t::run);
      for (Twin out : new Twin[] {t.mean, t.variance, t.savedMean, t.savedDeviation, t.y, t.dx}) {
        out.assertClose(d.summary(), 0, 256 * EPS);
      }
      // Sums of 56 terms of magnitude up to about 10.
      t.dgamma.assertClose(d.summary(), 0, 56 * 16 * EPS);
      t.dbeta.assertClose(d.summary(), 0, 56 * 16 * EPS);
    }
  }

  @Test
  void batchNormWithGivenStatistics() {
    BatchNormDesc d = new BatchNormDesc(F32, 5, 3, 14, 1e-3);
    Twin x = rig.normals(F32, 1, 4, 3, 14);
    Twin gamma = rig.normals(F32, 2, 3);
    Twin beta = rig.normals(F32, 3, 3);
    Twin mean = rig.normals(F32, 4, 3);
    Twin variance = rig.of(F32, new double[] {1, 0.5, 2}, 3);
    Twin y = rig.poisoned(F32, 4, 3, 14);
    Twin dy = rig.normals(F32, 5, 4, 3, 14);
    Twin dx = rig.poisoned(F32, 4, 3, 14);
    Twin dgamma = rig.poisoned(F32, 3);
    Twin dbeta = rig.poisoned(F32, 3);
    rig.run(
        d,
        all("cudnn:batch-norm", false),
        (plan, ctx, side) -> {
          plan.forwardInference(
              ctx,
              side.of(x),
              side.of(gamma),
              side.of(beta),
              side.of(mean),
              side.of(variance),
              side.of(y));
          plan.backwardDataInference(
              ctx, side.of(dy), side.of(gamma), side.of(variance), side.of(dx));
          plan.backwardWeightsInference(
              ctx,
              side.of(x),
              side.of(dy),
              side.of(mean),
              side.of(variance),
              side.of(dgamma),
              side.of(dbeta));
        });
    y.assertClose(d.summary(), 0, 64 * EPS);
    dx.assertClose(d.summary(), 0, 64 * EPS);
    dgamma.assertClose(d.summary(), 0, 56 * 16 * EPS);
    dbeta.assertClose(d.summary(), 0, 56 * 16 * EPS);
  }

  /** Ours come first: they keep everything. */
  @Test
  void cudnnIsListedBehindOurKernels() {
    Desc<?>[] descs = {
      Pool2dDesc.of(Pooling.MAX, F32, 1, 1, 4, 4, 2, 2),
      ActivationDesc.of(Activation.RELU, F32, 1, 4),
      new SoftmaxDesc(F32, 1, 4, false),
      new LocalResponseNormDesc(F32, 1, 4, 4, 3, 1, 0.5, 1),
      new BatchNormDesc(F32, 2, 2, 4, 1e-3)
    };
    for (Desc<?> d : descs) {
      var reports = rig.backend().explain(d, PlanOptions.all());
      assertTrue(reports.get(0).name().startsWith("cuda:"), d::summary);
      assertTrue(reports.get(1).name().startsWith("cudnn:"), d::summary);
      assertTrue(reports.get(1).supported(), () -> d.summary() + reports);
      try (var plan = rig.backend().plan(d)) {
        assertTrue(
            plan.guarantees(Direction.FORWARD).contains(Guarantee.NAN_PROPAGATES), d::summary);
      }
    }
  }

  @Test
  void whatCudnnCannotDoHasAReason() {
    refused(new Pool2dDesc(Pooling.MAX, F32, 1, 1, 4, 4, 2, 2, 1, 1, 0, 0, 1, 1), "both alike");
    refused(new ActivationDesc(Activation.LEAKY_RELU, F32, 1, 4, 0.5), "leaky");
    refused(ActivationDesc.of(Activation.TANH, F32, 1, 4), "may read x");
    refused(new LocalResponseNormDesc(F32, 1, 40, 4, 17, 1, 0.5, 1), "largest is 16");
    refused(new LocalResponseNormDesc(F32, 1, 4, 4, 3, 1, 0, 1), "at least");
    refused(new BatchNormDesc(F32, 4, 2, 1, 1e-3), "divides by 0");
  }

  private void refused(Desc<?> d, String reason) {
    String given = rig.backend().explain(d, PlanOptions.all()).get(1).reasonWhyNot();
    assertTrue(given.contains(reason), () -> d.summary() + ": " + given);
  }
}
