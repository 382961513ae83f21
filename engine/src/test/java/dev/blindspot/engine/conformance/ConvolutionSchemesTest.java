package dev.blindspot.engine.conformance;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ImplementationReport;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every scheme of the cpu backend's convolution by its name, whether or not it would be chosen, on
 * shapes that reach each of its branches and on random ones: integers, compared exactly.
 */
class ConvolutionSchemesTest {
  private static final List<String> SCHEMES =
      List.of(
          "direct-rows",
          "direct-channels",
          "direct-few-channels",
          "direct-pointwise",
          "winograd",
          "im2col-openblas",
          "direct",
          "fastest-by-estimate");
  private static final int RANDOM_SHAPES = 25;
  private static int executed;

  @BeforeAll
  static void none() {
    executed = 0;
  }

  @AfterAll
  static void someWereExecuted() {
    assertTrue(executed == 0 || executed > 100, "executed only " + executed);
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void chosenShapes(Rig rig) {
    onlyCpu(rig);
    chosen().forEach(d -> everyScheme(rig, d));
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.engine.conformance.Rig#all")
  void randomShapes(Rig rig) {
    onlyCpu(rig);
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < RANDOM_SHAPES; i++) {
      everyScheme(rig, random(random));
    }
  }

  private static void onlyCpu(Rig rig) {
    Assumptions.assumeTrue(rig.backend().name().equals("cpu"), "schemes are the cpu backend's");
  }

  private static List<Conv2dDesc> chosen() {
    return List.of(
        Conv2dDesc.of(F32, 2, 1, 28, 28).filters(32, 5, 5, 2),
        Conv2dDesc.of(F32, 2, 3, 19, 21).filters(20, 7, 7, 3).stride(2),
        Conv2dDesc.of(F32, 1, 3, 33, 30).filters(7, 11, 11, 2).stride(4),
        Conv2dDesc.of(F32, 1, 4, 32, 32).filters(6, 3, 3, 1), // planes of whole pages
        Conv2dDesc.of(F32, 2, 400, 4, 5).filters(33, 3, 3, 1), // chunks of channels
        Conv2dDesc.of(F32, 1, 34, 4, 5).filters(401, 3, 3, 1).stride(2),
        Conv2dDesc.of(F32, 1, 64, 50, 49).filters(5, 3, 3, 1), // bands of rows
        Conv2dDesc.of(F32, 2, 70, 40, 41).filters(18, 1, 1), // bands of columns
        Conv2dDesc.of(F32, 5, 37, 1, 1).filters(65, 1, 1),
        Conv2dDesc.of(F32, 1, 8, 9, 9).filters(12, 1, 1).stride(2), // phases without a tap
        Conv2dDesc.of(F32, 1, 12, 17, 16).filters(12, 3, 3, 1).groups(12),
        Conv2dDesc.of(F32, 2, 6, 11, 12).filters(8, 3, 2, 2).stride(3, 1).groups(2),
        Conv2dDesc.of(F32, 2, 5, 14, 13).filters(17, 3, 3, 4).dilation(3),
        Conv2dDesc.of(F32, 1, 2, 3, 4).filters(3, 2, 2, 9), // windows wholly in the padding
        Conv2dDesc.of(F32, 1, 2, 12, 12).filters(3, 5, 5, 2).stride(5).dilation(2),
        Conv2dDesc.of(F32, 3, 18, 7, 37).filters(20, 3, 3).pad(0, 1, 2, 1), // rows of 2x2 outputs
        Conv2dDesc.of(F32, 2, 6, 3, 1).filters(14, 3, 3, 2).groups(2),
        Conv2dDesc.of(F32, 1, 5, 6, 9).filters(4, 3, 3, 3)); // backward cuts the margin off
  }

  private static Conv2dDesc random(SplittableRandom random) {
    int groups = random.nextInt(4) == 0 ? 1 + random.nextInt(3) : 1;
    int channels = groups * (1 + random.nextInt(random.nextInt(3) == 0 ? 40 : 5));
    int filters = groups * (1 + random.nextInt(random.nextInt(3) == 0 ? 40 : 9));
    int r = 1 + random.nextInt(5);
    int s = 1 + random.nextInt(5);
    int dilation = 1 + random.nextInt(3) / 2;
    int height = 1 + dilation * (r - 1) + random.nextInt(14);
    int width = 1 + dilation * (s - 1) + random.nextInt(40);
    return Conv2dDesc.of(F32, 1 + random.nextInt(4), channels, height, width)
        .filters(filters, r, s)
        .pad(random.nextInt(r), random.nextInt(s), random.nextInt(r), random.nextInt(s))
        .stride(1 + random.nextInt(3), 1 + random.nextInt(4))
        .dilation(dilation)
        .groups(groups);
  }

  private static void everyScheme(Rig rig, Conv2dDesc plain) {
    List<PostOp> post = plain.k() % 2 == 0 ? List.of(PostOp.BIAS, PostOp.RELU) : List.of();
    Conv2dDesc d = plain.post(post.toArray(PostOp[]::new)).reluMask(plain.c() % 2 == 1);
    for (String scheme : SCHEMES) {
      boolean accumulate = (d.h() + scheme.length()) % 3 == 0;
      run(rig, d, scheme, PlanOptions.forward());
      run(rig, d, scheme, PlanOptions.directions(Direction.BACKWARD_DATA).accumulate(accumulate));
    }
    boolean add = d.w() % 2 == 0;
    weights(rig, d, PlanOptions.directions(Direction.BACKWARD_WEIGHTS).accumulate(add));
    PostOp[] all = {PostOp.BIAS, PostOp.RESIDUAL_ADD, PostOp.RELU};
    run(rig, plain.post(all), "direct", PlanOptions.directions(Direction.FORWARD));
    run(rig, plain.post(all), "direct-rows", PlanOptions.directions(Direction.FORWARD));
  }

  private static void weights(Rig rig, Conv2dDesc d, PlanOptions options) {
    long[] shape = {d.k(), d.c() / d.groups(), d.r(), d.s()};
    for (long n : d.n() == 1 ? new long[] {1} : new long[] {d.n(), 1}) {
      Twin x = rig.integers(F32, 1, n, d.c(), d.h(), d.w());
      Twin dy = rig.integers(F32, 5, n, d.k(), d.p(), d.q());
      Twin dw = options.accumulate() ? rig.integers(F32, 6, shape) : rig.poisoned(F32, shape);
      rig.run(
          d,
          options,
          (plan, ctx, side) -> plan.backwardWeights(ctx, side.of(x), side.of(dy), side.of(dw)));
      dw.assertExact(d.summary() + " BACKWARD_WEIGHTS");
    }
  }

  private static void run(Rig rig, Conv2dDesc d, String scheme, PlanOptions options) {
    String level = rig.backend().properties().get("isa");
    PlanOptions o = options.implementation("cpu:" + level + "-" + scheme);
    List<ImplementationReport> reports = new ArrayList<>(rig.backend().explain(d, o));
    if (reports.stream().noneMatch(r -> r.reasonWhyNot().isEmpty())) {
      return; // few channels only
    }
    executed++;
    String what = d.summary() + " " + options.directions() + " " + scheme;
    boolean forward = options.directions().contains(Direction.FORWARD);
    Twin w = rig.integers(F32, 2, d.k(), d.c() / d.groups(), d.r(), d.s());
    for (long n : d.n() == 1 ? new long[] {1} : new long[] {d.n(), 1}) {
      Twin x = rig.integers(F32, 1, n, d.c(), d.h(), d.w());
      Twin b = rig.integers(F32, 3, d.k());
      Twin residual = rig.integers(F32, 4, n, d.k(), d.p(), d.q());
      Twin y =
          forward
              ? rig.poisoned(F32, n, d.k(), d.p(), d.q())
              : rig.integers(F32, 5, n, d.k(), d.p(), d.q());
      Twin dx =
          o.accumulate()
              ? rig.integers(F32, 6, n, d.c(), d.h(), d.w())
              : rig.poisoned(F32, n, d.c(), d.h(), d.w());
      rig.run(
          d,
          o,
          (plan, ctx, side) -> {
            try (PackedWeights p = plan.pack(ctx, side.of(w))) {
              if (forward) {
                plan.forward(ctx, side.of(x), p, side.of(b), side.of(residual), side.of(y));
              } else {
                plan.backwardData(
                    ctx, side.of(y), p, d.reluMask() ? side.of(x) : null, side.of(dx));
              }
            }
          });
      (forward ? y : dx).assertExact(what);
    }
  }
}
