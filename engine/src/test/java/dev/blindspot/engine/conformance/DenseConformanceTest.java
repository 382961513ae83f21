package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.Direction.BACKWARD_DATA;
import static dev.blindspot.engine.Direction.FORWARD;
import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.BiasDesc;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.SingularValuesDesc;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DenseConformanceTest {
  private static final PostOp[] NONE = {};
  private static final PostOp[] ALL = {PostOp.BIAS, PostOp.RESIDUAL_ADD, PostOp.RELU};

  /** Stride, padding, dilation, groups, odd sizes, batch 1, post-operations. */
  private static List<Conv2dDesc> convolutions(ElementType type) {
    return List.of(
        Conv2dDesc.of(type, 1, 1, 1, 1).filters(1, 1, 1),
        Conv2dDesc.of(type, 2, 3, 7, 5).filters(4, 3, 3, 1),
        Conv2dDesc.of(type, 5, 3, 9, 8).filters(5, 3, 2).stride(2, 3).pad(1, 0, 2, 1),
        Conv2dDesc.of(type, 3, 4, 11, 10).filters(6, 3, 3, 2).dilation(2).groups(2),
        Conv2dDesc.of(type, 2, 6, 6, 6).filters(6, 3, 3, 1).groups(6),
        Conv2dDesc.of(type, 4, 7, 5, 5).filters(9, 1, 1).post(ALL),
        Conv2dDesc.of(type, 3, 2, 13, 12)
            .filters(3, 5, 4, 2)
            .stride(3)
            .dilation(2)
            .post(PostOp.BIAS),
        Conv2dDesc.of(type, 1, 8, 28, 28).filters(16, 5, 5, 2).post(PostOp.BIAS, PostOp.RELU),
        Conv2dDesc.of(type, 2, 1, 4, 4).filters(2, 6, 6, 3).stride(4).post(PostOp.RESIDUAL_ADD));
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void convolutionOfIntegersIsExact(Rig rig) {
    for (Conv2dDesc d : convolutions(F32)) {
      for (boolean extra : new boolean[] {false, true}) {
        conv(rig, d.reluMask(extra), extra, 0);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void convolutionInDouble(Rig rig) {
    for (Conv2dDesc d : convolutions(F64)) {
      conv(rig, d, false, 0);
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void convolutionOfNormals(Rig rig) {
    for (Conv2dDesc d : convolutions(F32)) {
      conv(rig, d, false, rig.productError());
    }
  }

  /** eps 0: integers and exact; else normals, error gamma_n times the sum of magnitudes. */
  private static void conv(Rig rig, Conv2dDesc d, boolean accumulate, double eps) {
    ElementType type = d.type();
    long n = d.n();
    long[] xs = {n, d.c(), d.h(), d.w()};
    long[] ys = {n, d.k(), d.p(), d.q()};
    long[] ws = {d.k(), d.c() / d.groups(), d.r(), d.s()};
    Twin x = data(rig, eps, type, 1, xs);
    Twin w = data(rig, eps, type, 2, ws);
    Twin b = data(rig, eps, type, 3, d.k());
    Twin residual = data(rig, eps, type, 4, ys);
    Twin dy = data(rig, eps, type, 5, ys);
    Twin mask = data(rig, eps, type, 6, xs);
    Twin y = rig.poisoned(type, ys);
    Twin dx = accumulate ? rig.integers(type, 7, xs) : rig.poisoned(type, xs);
    Twin dw = accumulate ? rig.integers(type, 8, ws) : rig.poisoned(type, ws);
    rig.run(
        d,
        PlanOptions.all().accumulate(accumulate),
        (plan, ctx, side) -> {
          try (PackedWeights p = plan.pack(ctx, side.of(w))) {
            plan.forward(ctx, side.of(x), p, side.of(b), side.of(residual), side.of(y));
            plan.backwardData(ctx, side.of(dy), p, side.of(mask), side.of(dx));
            plan.backwardWeights(ctx, side.of(x), side.of(dy), side.of(dw));
          }
        });
    // Terms are at most about 3 * 3 in magnitude on average 1; gamma_n with n terms of each sum.
    double forward = (double) d.c() / d.groups() * d.r() * d.s();
    double data = (double) d.k() / d.groups() * d.r() * d.s();
    double weights = (double) n * d.p() * d.q();
    y.assertClose(d.summary() + " forward", 0, eps * forward * 4);
    dx.assertClose(d.summary() + " backward-data", 0, eps * data * 4);
    dw.assertClose(d.summary() + " backward-weights", 0, eps * weights * 4);
  }

  private static Twin data(Rig rig, double eps, ElementType type, long seed, long... dims) {
    return eps == 0 ? rig.integers(type, seed, dims) : rig.normals(type, seed, dims);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void linearOfIntegersIsExact(Rig rig) {
    int[][] sizes = {
      {1, 1, 1},
      {1, 784, 100},
      {64, 100, 10},
      {7, 33, 65},
      {200, 50, 40},
      {2, 700, 530},
      {13, 513, 640}
    };
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (int[] s : sizes) {
        for (boolean extra : new boolean[] {false, true}) {
          LinearDesc d =
              LinearDesc.of(type, s[0] + 3, s[1], s[2]).post(extra ? ALL : NONE).reluMask(extra);
          linear(rig, d, s[0], extra, true);
        }
      }
    }
  }

  /** Products with constant weights, which implementations may pack for each direction. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void linearOfConstantWeightsIsExact(Rig rig) {
    int[][] sizes = {{2, 33, 65}, {7, 784, 100}, {64, 100, 10}, {30, 385, 31}, {229, 40, 70}};
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (int[] s : sizes) {
        for (boolean extra : new boolean[] {false, true}) {
          LinearDesc d =
              LinearDesc.of(type, s[0] + 3, s[1], s[2]).post(extra ? ALL : NONE).reluMask(extra);
          linear(rig, d, s[0], extra, false);
        }
      }
    }
  }

  /** gradient: of the weights too. */
  private static void linear(Rig rig, LinearDesc d, long n, boolean accumulate, boolean gradient) {
    ElementType type = d.type();
    Twin x = rig.integers(type, 1, n, d.c());
    Twin w = rig.integers(type, 2, d.k(), d.c());
    Twin b = rig.integers(type, 3, d.k());
    Twin residual = rig.integers(type, 4, n, d.k());
    Twin dy = rig.integers(type, 5, n, d.k());
    Twin mask = rig.integers(type, 6, n, d.c());
    Twin y = rig.poisoned(type, n, d.k());
    Twin dx = accumulate ? rig.integers(type, 7, n, d.c()) : rig.poisoned(type, n, d.c());
    Twin dw = accumulate ? rig.integers(type, 8, d.k(), d.c()) : rig.poisoned(type, d.k(), d.c());
    PlanOptions options =
        gradient ? PlanOptions.all() : PlanOptions.directions(FORWARD, BACKWARD_DATA);
    rig.run(
        d,
        options.accumulate(accumulate),
        (plan, ctx, side) -> {
          try (PackedWeights p = plan.pack(ctx, side.of(w))) {
            plan.forward(ctx, side.of(x), p, side.of(b), side.of(residual), side.of(y));
            plan.backwardData(ctx, side.of(dy), p, side.of(mask), side.of(dx));
            if (gradient) {
              plan.backwardWeights(ctx, side.of(x), side.of(dy), side.of(dw));
              assertEquals(w.device.size() * type.bytes(), p.bytes(), 63);
            }
            plan.repack(ctx, side.of(w), p);
          }
        });
    y.assertExact(d.summary() + " forward");
    dx.assertExact(d.summary() + " backward-data");
    if (gradient) {
      dw.assertExact(d.summary() + " backward-weights");
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void matrixProductsOfIntegersAreExact(Rig rig) {
    int[][] sizes = {
      {1, 1, 1}, {3, 5, 7}, {64, 33, 17}, {130, 70, 90}, {9, 600, 520}, {300, 1, 70}
    };
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (int[] s : sizes) {
        for (int transposed = 0; transposed < 4; transposed++) {
          MatMulDesc d =
              new MatMulDesc(type, s[0], s[1], s[2], (transposed & 1) != 0, (transposed & 2) != 0);
          Twin a = rig.integers(type, 1, s[0], s[2]);
          Twin b = rig.integers(type, 2, s[2], s[1]);
          Twin fresh = rig.poisoned(type, s[0], s[1]);
          Twin added = rig.integers(type, 3, s[0], s[1]);
          rig.run(
              d,
              PlanOptions.forward(),
              (plan, ctx, side) -> {
                plan.execute(ctx, 2, side.of(a), side.of(b), 0, side.of(fresh));
                plan.execute(ctx, -1, side.of(a), side.of(b), 3, side.of(added));
              });
          fresh.assertExact(d.summary());
          added.assertExact(d.summary());
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void biasOfIntegersIsExact(Rig rig) {
    long[][] sizes = {{1, 1, 1}, {5, 3, 49}, {64, 100, 1}, {3, 17, 1}, {2, 32, 784}};
    for (ElementType type : new ElementType[] {F32, F64}) {
      for (long[] s : sizes) {
        BiasDesc d = new BiasDesc(type, s[0] + 1, (int) s[1], s[2]);
        Twin x = rig.integers(type, 1, s);
        Twin b = rig.integers(type, 2, s[1]);
        Twin y = rig.poisoned(type, s);
        Twin db = rig.poisoned(type, s[1]);
        rig.run(
            d,
            PlanOptions.all(),
            (plan, ctx, side) -> {
              plan.forward(ctx, side.of(x), side.of(b), side.of(y));
              plan.backwardWeights(ctx, side.of(x), side.of(db));
            });
        y.assertExact(d.summary());
        db.assertExact(d.summary());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void singularValuesAgree(Rig rig) {
    int[][] sizes = {{1, 1}, {2, 2}, {5, 9}, {30, 12}, {64, 64}};
    for (ElementType type : new ElementType[] {F32, F64}) {
      double eps = type == F32 ? Math.ulp(1f) : Math.ulp(1.0);
      for (int[] s : sizes) {
        SingularValuesDesc d = new SingularValuesDesc(type, s[0], s[1]);
        Twin a = rig.normals(type, 9, s[0], s[1]);
        Twin values = rig.poisoned(type, Math.min(s[0], s[1]));
        rig.run(
            d,
            PlanOptions.forward(),
            (plan, ctx, side) -> plan.execute(ctx, side.of(a), side.of(values)));
        // Both are backward stable: a few eps of the largest value, with a factor of the size.
        double largest = values.referenceValues()[0];
        values.assertClose(d.summary(), 0, 4 * eps * largest * Math.max(s[0], s[1]));
      }
    }
  }

  /** Equal rows, rows of zeros, one number: values that are zero must come out as about zero. */
  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void singularValuesOfDeficientMatrices(Rig rig) {
    int[][] sizes = {{1, 7}, {6, 6}, {9, 20}, {33, 12}};
    for (ElementType type : new ElementType[] {F32, F64}) {
      double eps = type == F32 ? Math.ulp(1f) : Math.ulp(1.0);
      for (int[] s : sizes) {
        for (int rank = 0; rank < 3; rank++) {
          double[] product = new double[s[0] * s[1]];
          for (int i = 0; i < product.length; i++) {
            int row = i / s[1];
            int column = i % s[1];
            product[i] = rank == 0 ? 0 : (row % 3 - 1) * (column % 5) + (rank - 1) * (row % 4);
          }
          Twin a = rig.of(type, product, s[0], s[1]);
          Twin values = rig.poisoned(type, Math.min(s[0], s[1]));
          SingularValuesDesc d = new SingularValuesDesc(type, s[0], s[1]);
          rig.run(
              d,
              PlanOptions.forward(),
              (plan, ctx, side) -> plan.execute(ctx, side.of(a), side.of(values)));
          double largest = values.referenceValues()[0];
          double tolerance = 4 * eps * largest * Math.max(s[0], s[1]);
          values.assertClose(d.summary() + " of rank " + rank, 0, tolerance);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void singularValuesNearTheEndsOfTheRange(Rig rig) {
    for (double scale : new double[] {1e-300, 1e300}) {
      double[] product = new double[7 * 5];
      for (int i = 0; i < product.length; i++) {
        product[i] = scale * Math.sin(i + 1);
      }
      Twin a = rig.of(F64, product, 7, 5);
      Twin values = rig.poisoned(F64, 5);
      rig.run(
          new SingularValuesDesc(F64, 7, 5),
          PlanOptions.forward(),
          (plan, ctx, side) -> plan.execute(ctx, side.of(a), side.of(values)));
      values.assertClose("scaled by " + scale, 0, 28 * Math.ulp(1.0) * values.referenceValues()[0]);
    }
  }
}
