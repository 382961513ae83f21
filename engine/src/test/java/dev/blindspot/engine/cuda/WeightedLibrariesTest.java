package dev.blindspot.engine.cuda;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Guarantee;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.conformance.Rig;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.WeightedPlan;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every listed implementation of convolutions and dense layers, in every precision it has. */
class WeightedLibrariesTest {
  private static final PostOp[] NONE = {};
  private static final PostOp[] ALL = {PostOp.BIAS, PostOp.RESIDUAL_ADD, PostOp.RELU};
  private Rig rig;

  @BeforeEach
  void open() {
    rig = CudaRig.open();
  }

  /** Stride, padding that differs, dilation, groups, odd sizes, batch 1, post-operations, mask. */
  private static List<Conv2dDesc> convolutions(ElementType type) {
    return List.of(
        Conv2dDesc.of(type, 1, 1, 1, 1).filters(1, 1, 1),
        Conv2dDesc.of(type, 3, 3, 7, 5).filters(4, 3, 3, 1).reluMask(true),
        Conv2dDesc.of(type, 4, 4, 9, 8)
            .filters(5, 3, 2)
            .stride(2, 3)
            .pad(1, 0, 2, 1)
            .post(PostOp.BIAS)
            .reluMask(true),
        Conv2dDesc.of(type, 3, 4, 8, 7).filters(6, 3, 3, 2).dilation(2).groups(2).post(ALL),
        Conv2dDesc.of(type, 4, 7, 5, 5).filters(9, 1, 1).post(ALL).reluMask(true),
        Conv2dDesc.of(type, 2, 4, 8, 7).filters(6, 5, 5, 2).post(PostOp.BIAS, PostOp.RELU),
        Conv2dDesc.of(type, 2, 2, 6, 6).filters(3, 3, 3, 1).post(PostOp.RELU));
  }

  @ParameterizedTest
  @CsvSource({
    "cudnn:legacy-conv,F32,FP32,NCHW",
    "cudnn:legacy-conv,F32,TF32,NCHW",
    "cudnn:legacy-conv,F64,FP32,NCHW",
    "cudnn:legacy-conv-fastest,F32,FP32,NCHW",
    "cudnn:legacy-conv-fastest,F32,TF32,NCHW",
    "cudnn:legacy-conv-fastest,F64,FP32,NCHW",
    "cudnn:graph-conv,F32,FP32,NCHW",
    "cudnn:graph-conv,F32,FP32,NHWC",
    "cudnn:graph-conv,F32,TF32,NCHW",
    "cudnn:graph-conv,F32,TF32,NHWC",
    "cudnn:graph-conv,F32,BF16,NCHW",
    "cudnn:graph-conv,F32,BF16,NHWC",
    "cudnn:graph-conv-unfused,F32,FP32,NCHW",
    "cudnn:graph-conv-unfused,F32,TF32,NHWC",
    "cudnn:graph-conv-unfused,F32,BF16,NHWC",
  })
  void convolutions(String name, ElementType type, Precision precision, Layout layout) {
    PlanOptions options = PlanOptions.all().implementation(name).precision(precision);
    List<String> refused = new ArrayList<>();
    int done = 0;
    for (Conv2dDesc bare : convolutions(type)) {
      Conv2dDesc d = bare.layouts(layout, layout);
      boolean exact;
      try (WeightedPlan plan = rig.backend().plan(d, options)) {
        exact = plan.guarantees(Direction.FORWARD).contains(Guarantee.INTEGER_EXACT);
        assertTrue(plan.implementation(Direction.FORWARD).startsWith(name));
      } catch (UnsupportedException e) {
        System.out.println("SKIPPED on " + rig + ": " + e.getMessage());
        refused.add(e.getMessage());
        continue;
      }
      for (boolean accumulate : new boolean[] {false, true}) {
        PlanOptions o = options.accumulate(accumulate);
        run(WeightedCheck.of(d, 0), o, d.n(), false);
        run(WeightedCheck.of(d, 0), o, (d.n() + 1) / 2, exact);
      }
      run(WeightedCheck.of(d, type.bytes()), options, d.n(), exact);
      done++;
    }
    Assumptions.assumeTrue(done > 0 || CudaRig.standIn(), refused::toString);
    assertTrue(done > 0, () -> "no convolution ran: " + refused);
  }

  /** Of another batch or alignment than planned a GPU's cuDNN may have no engine. */
  private void run(WeightedCheck check, PlanOptions o, long n, boolean integers) {
    try {
      check.run(rig.backend(), rig.context(), o, n, integers);
    } catch (UnsupportedException e) {
      if (CudaRig.standIn()) {
        throw e;
      }
      System.out.println("SKIPPED on " + rig + ": " + e.getMessage());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "cublaslt:linear,F32,FP32",
    "cublaslt:linear,F32,TF32",
    "cublaslt:linear,F32,BF16",
    "cublaslt:linear,F64,FP32",
    "cublaslt:linear-fused,F32,FP32",
    "cublaslt:linear-fused,F32,TF32",
    "cublaslt:linear-fused,F32,BF16",
    "cublaslt:linear-fused,F64,FP32",
  })
  void denseLayers(String name, ElementType type, Precision precision) {
    PlanOptions options = PlanOptions.all().implementation(name).precision(precision);
    boolean fused = name.endsWith("-fused");
    int[][] sizes = {{1, 1, 1}, {3, 33, 65}, {32, 100, 10}};
    PostOp[][] posts = {NONE, {PostOp.BIAS}, ALL, {PostOp.RELU}, {PostOp.BIAS, PostOp.RELU}};
    for (int[] s : sizes) {
      for (int p = fused ? 3 : 0; p < posts.length; p++) {
        LinearDesc d = LinearDesc.of(type, s[0], s[1], s[2]).post(posts[p]).reluMask(p % 2 == 0);
        for (boolean accumulate : new boolean[] {false, true}) {
          PlanOptions o = options.accumulate(accumulate);
          WeightedCheck check = WeightedCheck.of(d, 0);
          check.run(rig.backend(), rig.context(), o, d.n(), false);
          check.run(rig.backend(), rig.context(), o, (d.n() + 1) / 2, true);
        }
        WeightedCheck.of(d, type.bytes()).run(rig.backend(), rig.context(), options, d.n(), true);
      }
    }
  }

  /** Rows of the bit-mask of less than one leading dimension of 128, of just one, and of more. */
  @ParameterizedTest
  @EnumSource(
      value = Precision.class,
      names = {"FP32", "TF32", "BF16"})
  void denseLayersWithTheMaskInTheEpilogue(Precision precision) {
    PlanOptions o = PlanOptions.all().implementation("cublaslt:linear-drelu").precision(precision);
    int[][] sizes = {{1, 1, 1}, {3, 33, 65}, {5, 128, 7}, {32, 300, 10}};
    for (int[] s : sizes) {
      LinearDesc d = LinearDesc.of(F32, s[0], s[1], s[2]).post(PostOp.BIAS).reluMask(true);
      run(WeightedCheck.of(d, 0), o, d.n(), false);
      run(WeightedCheck.of(d, 0), o, (d.n() + 1) / 2, true);
      run(WeightedCheck.of(d, 4), o, d.n(), true);
    }
  }

  @Test
  void theMaskIsInTheEpilogueOnlyIfNamed() {
    LinearDesc d = LinearDesc.of(F32, 2, 3, 4).reluMask(true);
    PlanOptions gradient = PlanOptions.directions(Direction.BACKWARD_DATA);
    var reports = rig.backend().explain(d, gradient);
    assertEquals("cublaslt:linear-drelu", reports.get(2).name());
    assertEquals("", reports.get(2).reasonWhyNot());
    try (var plan = rig.backend().plan(d, gradient)) {
      assertEquals("cublaslt:linear", plan.implementation(Direction.BACKWARD_DATA));
    }
    assertTrue(reason(d, gradient.accumulate(true)).contains("accumulation"));
    assertTrue(reason(d.reluMask(false), gradient).contains("mask"));
    assertTrue(reason(d, PlanOptions.forward()).contains("mask"));
    LinearDesc wide = LinearDesc.of(F64, 2, 3, 4).reluMask(true);
    assertTrue(reason(wide, gradient).contains("F64"));
  }

  private String reason(LinearDesc d, PlanOptions o) {
    return rig.backend().explain(d, o).get(2).reasonWhyNot();
  }

  @Test
  void whatIsNotSupportedHasAReason() {
    Conv2dDesc d =
        Conv2dDesc.of(F64, 2, 3, 5, 5).filters(4, 3, 3).layouts(Layout.NHWC, Layout.NHWC);
    var reports = rig.backend().explain(d, PlanOptions.all());
    assertEquals(
        List.of(
            "cuda:conv-few-channels",
            "cudnn:legacy-conv",
            "cudnn:legacy-conv-fastest",
            "cudnn:padded-graph-conv",
            "cudnn:graph-conv",
            "cudnn:graph-conv-unfused"),
        reports.stream().map(r -> r.name()).toList());
    assertTrue(reports.get(0).reasonWhyNot().contains("F64"));
    assertTrue(reports.get(1).reasonWhyNot().contains("NHWC"));
    assertTrue(reports.get(4).reasonWhyNot().contains("F64"));
    Conv2dDesc split =
        Conv2dDesc.of(F32, 2, 3, 5, 5).filters(4, 3, 3).post(PostOp.RELU, PostOp.BIAS);
    rig.backend().explain(split, PlanOptions.all()).stream()
        .filter(r -> !r.name().equals("cudnn:padded-graph-conv")) // is for forward only
        .forEach(r -> assertTrue(r.reasonWhyNot().contains("order"), r::reasonWhyNot));
    LinearDesc l = LinearDesc.of(F32, 2, 3, 4).post(PostOp.BIAS);
    assertTrue(rig.backend().explain(l, PlanOptions.all()).get(1).reasonWhyNot().contains("ReLU"));
  }

  @Test
  void splitBfloatProductsAreRefusedByAll() {
    PlanOptions o = PlanOptions.all().precision(Precision.BF16X3);
    Conv2dDesc d = Conv2dDesc.of(F32, 2, 3, 5, 5).filters(4, 3, 3);
    String message =
        assertThrows(UnsupportedException.class, () -> rig.backend().plan(d, o)).getMessage();
    assertTrue(message.contains("not cudnn:graph-conv: cuDNN does not form products in BF16X3"));
    assertThrows(
        UnsupportedException.class, () -> rig.backend().plan(LinearDesc.of(F32, 2, 3, 4), o));
  }

  /** Integers are exact in either precision, so zeros may not change a bit. */
  @ParameterizedTest
  @CsvSource({"TF32,1", "TF32,3", "TF32,5", "BF16,3", "BF16,12"})
  void paddedChannelsChangeNothing(Precision precision, int channels) {
    Conv2dDesc d =
        Conv2dDesc.of(F32, 3, channels, 6, 5)
            .filters(8, 3, 3, 1)
            .post(PostOp.BIAS, PostOp.RELU)
            .layouts(Layout.NHWC, Layout.NHWC);
    PlanOptions o = PlanOptions.forward().precision(precision);
    try (WeightedPlan plan = rig.backend().plan(d, o)) {
      assertTrue(plan.implementation(Direction.FORWARD).startsWith("cudnn:padded-graph-conv"));
    }
    assertArrayEquals(
        forward(d, o.implementation("cudnn:graph-conv-unfused")),
        forward(d, o.implementation("cudnn:padded-graph-conv")));
    String reason =
        rig.backend().explain(d.channels(8), o).get(3).reasonWhyNot()
            + rig.backend()
                .explain(d, PlanOptions.all().precision(precision))
                .get(3)
                .reasonWhyNot();
    assertEquals("8 channels need no padding" + "only forward", reason);
  }

  /** y of two samples of the planned three. */
  private float[] forward(Conv2dDesc d, PlanOptions o) {
    try (WeightedPlan plan = rig.backend().plan(d, o);
        TensorArena arena = rig.backend().arena(1 << 16)) {
      Tensor x = integers(arena, Shape.of(2, d.c(), d.h(), d.w()), Layout.NHWC);
      Tensor w = integers(arena, Shape.of(d.k(), d.c(), d.r(), d.s()), Layout.NCHW);
      Tensor b = integers(arena, Shape.of(d.k()), Layout.NCHW);
      Tensor y = integers(arena, Shape.of(2, d.k(), d.p(), d.q()), Layout.NHWC);
      try (PackedWeights p = plan.pack(rig.context(), w)) {
        plan.forward(rig.context(), x, p, b, y);
        rig.context().synchronize();
        return y.toFloats();
      }
    }
  }

  private static Tensor integers(TensorArena arena, Shape shape, Layout layout) {
    float[] v = new float[(int) shape.size()];
    for (int i = 0; i < v.length; i++) {
      v[i] = i * 31 % 11 % 7 - 3;
    }
    return arena.tensor(F32, shape, layout).copyFrom(v);
  }

  @Test
  void fusedGraphsSaySo() {
    Conv2dDesc d =
        Conv2dDesc.of(F32, 2, 8, 6, 6)
            .filters(8, 3, 3, 1)
            .post(PostOp.BIAS, PostOp.RELU)
            .layouts(Layout.NHWC, Layout.NHWC);
    PlanOptions o =
        PlanOptions.directions(Direction.FORWARD)
            .implementation("cudnn:graph-conv")
            .precision(Precision.TF32);
    try (WeightedPlan plan = rig.backend().plan(d, o)) {
      String name = plan.implementation(Direction.FORWARD);
      assertTrue(
          name.equals("cudnn:graph-conv-bias-relu") || name.equals("cudnn:graph-conv"), name);
    }
  }
}
