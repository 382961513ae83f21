package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static dev.blindspot.engine.ElementType.I32;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.BatchNormDesc;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.ConcatDesc;
import dev.blindspot.engine.primitives.ContrastNormDesc;
import dev.blindspot.engine.primitives.DropoutDesc;
import dev.blindspot.engine.primitives.LocalResponseNormDesc;
import dev.blindspot.engine.primitives.RandomKey;
import dev.blindspot.engine.primitives.SoftmaxDesc;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Gradients that are added to what the output holds. */
class AccumulateConformanceTest {
  private static final String ALL = "dev.blindspot.engine.conformance.Rig#all";
  private static final double EPS = Math.ulp(1f);
  private static final PlanOptions ADDING = PlanOptions.all().accumulate(true);

  @ParameterizedTest
  @MethodSource(ALL)
  void activations(Rig rig) {
    for (Activation a : Activation.values()) {
      Twin y = rig.normals(F32, 1, 5, 77);
      Twin dy = rig.normals(F32, 2, 5, 77);
      Twin dx = rig.integers(F32, 3, 5, 77);
      double slope = a == Activation.LEAKY_RELU ? 0.25 : 0;
      rig.run(
          new ActivationDesc(a, F32, 6, 77, slope),
          ADDING,
          (p, ctx, o) -> p.backwardData(ctx, o.of(y), o.of(dy), o.of(dx)));
      dx.assertClose(a.toString(), 8 * EPS, 64 * EPS);
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void softmax(Rig rig) {
    for (boolean log : new boolean[] {false, true}) {
      Twin y = rig.normals(F32, 1, 5, 30);
      Twin dy = rig.normals(F32, 2, 5, 30);
      Twin dx = rig.integers(F32, 3, 5, 30);
      rig.run(
          new SoftmaxDesc(F32, 6, 30, log),
          ADDING,
          (p, ctx, o) -> p.backwardData(ctx, o.of(y), o.of(dy), o.of(dx)));
      dx.assertClose("softmax, log " + log, 16 * EPS, 64 * EPS * Math.sqrt(30));
    }
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void norms(Rig rig) {
    Twin x = rig.normals(F32, 1, 3, 7, 20);
    Twin dy = rig.normals(F32, 2, 3, 7, 20);
    Twin byWindows = rig.integers(F32, 3, 3, 7, 20);
    Twin byRows = rig.integers(F32, 4, 3, 7, 20);
    rig.run(
        new LocalResponseNormDesc(F32, 3, 7, 20, 5, 0.3, 0.75, 2),
        ADDING,
        (p, ctx, o) -> p.backwardData(ctx, o.of(x), o.of(dy), o.of(byWindows)));
    rig.run(
        new ContrastNormDesc(F32, 3, 140, 0.5, 0.75),
        ADDING,
        (p, ctx, o) -> p.backwardData(ctx, o.of(x), o.of(dy), o.of(byRows)));
    byWindows.assertClose("local response norm", 8 * EPS, 8 * EPS);
    byRows.assertClose("contrast norm", 8 * EPS, 8 * EPS);
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void batchNorm(Rig rig) {
    Twin x = rig.normals(F32, 1, 4, 3, 25);
    Twin dy = rig.normals(F32, 2, 4, 3, 25);
    Twin gamma = rig.normals(F32, 3, 3);
    Twin mean = rig.normals(F32, 4, 3);
    Twin spread = rig.of(F32, new double[] {1.5, 0.5, 1}, 3);
    Twin dx = rig.integers(F32, 5, 4, 3, 25);
    Twin dgamma = rig.integers(F32, 6, 3);
    Twin dbeta = rig.integers(F32, 7, 3);
    Twin dxTraining = rig.integers(F32, 8, 4, 3, 25);
    Twin dgammaTraining = rig.integers(F32, 9, 3);
    Twin dbetaTraining = rig.integers(F32, 10, 3);
    rig.run(
        new BatchNormDesc(F32, 4, 3, 25, 1e-5),
        ADDING,
        (p, ctx, o) -> {
          p.backwardDataInference(ctx, o.of(dy), o.of(gamma), o.of(spread), o.of(dx));
          p.backwardWeightsInference(
              ctx, o.of(x), o.of(dy), o.of(mean), o.of(spread), o.of(dgamma), o.of(dbeta));
          p.backwardTraining(
              ctx,
              o.of(x),
              o.of(dy),
              o.of(gamma),
              o.of(mean),
              o.of(spread),
              o.of(dxTraining),
              o.of(dgammaTraining),
              o.of(dbetaTraining));
        });
    double sums = 16 * EPS * 100;
    dx.assertClose("inference dx", 16 * EPS, 16 * EPS);
    dgamma.assertClose("inference dgamma", 16 * EPS, sums);
    dbeta.assertClose("inference dbeta", 16 * EPS, sums);
    dxTraining.assertClose("training dx", 32 * EPS, 256 * EPS);
    dgammaTraining.assertClose("training dgamma", 32 * EPS, sums);
    dbetaTraining.assertClose("training dbeta", 32 * EPS, sums);
  }

  @ParameterizedTest
  @MethodSource(ALL)
  void sumsAndMovesOfIntegersAreExact(Rig rig) {
    for (ElementType type : new ElementType[] {F32, F64}) {
      Twin dy = rig.integers(type, 1, 5, 3, 49);
      Twin db = rig.integers(type, 2, 3);
      rig.run(
          new BiasDesc(type, 5, 3, 49),
          ADDING,
          (p, ctx, o) -> p.backwardWeights(ctx, o.of(dy), o.of(db)));
      db.assertExact("bias " + type);
      Twin whole = rig.integers(type, 3, 4, 12);
      Twin left = rig.integers(type, 4, 4, 3);
      Twin right = rig.integers(type, 5, 4, 9);
      rig.run(
          new ConcatDesc(type, 4, List.of(3L, 9L)),
          ADDING,
          (p, ctx, o) -> p.backwardData(ctx, o.of(whole), List.of(o.of(left), o.of(right))));
      left.assertExact("left part " + type);
      right.assertExact("right part " + type);
    }
    Twin dy = rig.integers(F32, 6, 6, 37);
    Twin samples = rig.indices(I32, 7, 1000, 6);
    Twin dx = rig.integers(F32, 8, 6, 37);
    rig.run(
        new DropoutDesc(F32, 6, 37, 0.5),
        ADDING,
        (p, ctx, o) -> {
          RandomKey key = new RandomKey(99, 4, o.of(samples), null);
          p.backwardData(ctx, key, o.of(dy), o.of(dx));
        });
    dx.assertExact("dropout");
  }
}
