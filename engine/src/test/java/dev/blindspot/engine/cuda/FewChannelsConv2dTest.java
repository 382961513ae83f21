package dev.blindspot.engine.cuda;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.F64;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.conformance.Rig;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.Conv2dPlan;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.WeightedPlan;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The first layer's input gradient by our own kernel. */
class FewChannelsConv2dTest {
  private static final String NAME = "cuda:conv-few-channels";
  private Rig rig;

  @BeforeEach
  void open() {
    rig = CudaRig.open();
  }

  /** Several tiles, phases without taps or of different numbers, borders, filters left over. */
  private static List<Conv2dDesc> descs() {
    return List.of(
        Conv2dDesc.of(F32, 1, 1, 1, 1).filters(1, 1, 1),
        Conv2dDesc.of(F32, 2, 1, 14, 14).filters(6, 5, 5, 2).post(PostOp.BIAS),
        Conv2dDesc.of(F32, 2, 3, 10, 34).filters(21, 3, 3, 1).reluMask(true),
        Conv2dDesc.of(F32, 1, 3, 19, 18).filters(5, 11, 11, 2).stride(4),
        Conv2dDesc.of(F32, 1, 3, 18, 67).filters(3, 7, 7, 3).stride(2).reluMask(true),
        Conv2dDesc.of(F32, 1, 4, 13, 12).filters(7, 3, 2).stride(2, 3).pad(1, 0, 2, 1),
        Conv2dDesc.of(F32, 3, 2, 9, 10).filters(4, 1, 1).stride(3),
        Conv2dDesc.of(F32, 1, 2, 8, 9).filters(3, 2, 2, 1).stride(4, 5),
        Conv2dDesc.of(F32, 1, 1, 9, 8).filters(2, 15, 15, 7));
  }

  @ParameterizedTest
  @MethodSource("descs")
  void gradientsAreTheReferences(Conv2dDesc d) {
    for (boolean accumulate : new boolean[] {false, true}) {
      PlanOptions o = PlanOptions.all().accumulate(accumulate);
      try (WeightedPlan plan = rig.backend().plan(d, o)) {
        assertEquals(NAME, plan.implementation(Direction.BACKWARD_DATA));
        assertTrue(plan.implementation(Direction.FORWARD).startsWith("cudnn:"));
      }
      WeightedCheck.of(d, 0).run(rig.backend(), rig.context(), o, d.n(), false);
      WeightedCheck.of(d, 4).run(rig.backend(), rig.context(), o, (d.n() + 1) / 2, true);
    }
    Conv2dDesc last = d.layouts(Layout.NHWC, Layout.NHWC);
    WeightedCheck.of(last, 0).run(rig.backend(), rig.context(), PlanOptions.all(), d.n(), true);
  }

  /** dy and dx in different layouts: the same sums, so the same bits. */
  @Test
  void layoutsOfBothSidesAreIndependent() {
    Conv2dDesc d = Conv2dDesc.of(F32, 2, 3, 10, 34).filters(9, 3, 3, 1);
    float[] expected = gradient(d);
    for (Layout x : new Layout[] {Layout.NCHW, Layout.NHWC}) {
      for (Layout y : new Layout[] {Layout.NCHW, Layout.NHWC}) {
        assertArrayEquals(expected, gradient(d.layouts(x, y)), x + " " + y);
      }
    }
  }

  /** dx in the order n c h w. */
  private float[] gradient(Conv2dDesc d) {
    PlanOptions o = PlanOptions.directions(Direction.BACKWARD_DATA).implementation(NAME);
    try (TensorArena arena = rig.backend().arena(1 << 20);
        Conv2dPlan plan = rig.backend().plan(d, o)) {
      Tensor w = arena.tensor(F32, d.k(), d.c(), d.r(), d.s()).copyFrom(values(d.k() * d.c() * 9));
      Tensor dy = arena.tensor(F32, Shape.of(2, 9, 10, 34), d.yLayout());
      dy.copyFrom(ordered(values((int) dy.size()), 9, 340, d.yLayout() == Layout.NHWC));
      Tensor dx = arena.tensor(F32, Shape.of(2, 3, 10, 34), d.xLayout());
      try (PackedWeights p = plan.pack(rig.context(), w)) {
        plan.backwardData(rig.context(), dy, p, dx);
      }
      rig.context().synchronize();
      boolean last = d.xLayout() == Layout.NHWC;
      return last ? ordered(dx.toFloats(), 340, 3, true) : dx.toFloats();
    }
  }

  private static float[] values(int count) {
    float[] v = new float[count];
    for (int i = 0; i < count; i++) {
      v[i] = (float) Math.sin(i * 0.7 + 1);
    }
    return v;
  }

  /** Each of two images [rows,columns] transposed, if asked. */
  private static float[] ordered(float[] v, int rows, int columns, boolean transposed) {
    if (!transposed) {
      return v;
    }
    float[] t = new float[v.length];
    for (int i = 0; i < v.length; i++) {
      int image = i / (rows * columns);
      int row = i % (rows * columns) / columns;
      t[image * rows * columns + i % columns * rows + row] = v[i];
    }
    return t;
  }

  @Test
  void whatTheKernelIsNotForHasAReason() {
    Conv2dDesc d = Conv2dDesc.of(F32, 2, 3, 40, 40).filters(8, 3, 3, 1);
    PlanOptions o = PlanOptions.directions(Direction.BACKWARD_DATA);
    assertEquals("", reason(d, o));
    assertTrue(reason(d, PlanOptions.forward()).contains("only backward-data"));
    assertTrue(reason(d, PlanOptions.all().implementation(NAME)).contains("no other"));
    assertTrue(reason(Conv2dDesc.of(F32, 2, 5, 9, 9).filters(8, 3, 3), o).contains("5 input"));
    assertTrue(reason(d.dilation(2), o).contains("dilation"));
    assertTrue(reason(d.filters(8, 40, 40), o).contains("shared memory"));
    assertTrue(reason(Conv2dDesc.of(F64, 2, 3, 9, 9).filters(8, 3, 3), o).contains("F64"));
    assertEquals("", reason(d.filters(8, 40, 40).stride(4), o), "taps of a phase count");
  }

  private String reason(Conv2dDesc d, PlanOptions o) {
    return rig.backend().explain(d, o).get(0).reasonWhyNot();
  }
}
