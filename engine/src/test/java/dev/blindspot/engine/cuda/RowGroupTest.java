package dev.blindspot.engine.cuda;

import static dev.blindspot.engine.ElementType.F32;
import static dev.blindspot.engine.ElementType.I32;
import static dev.blindspot.engine.ElementType.U8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.conformance.Rig;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.ActivationDesc;
import dev.blindspot.engine.primitives.ArgmaxDesc;
import dev.blindspot.engine.primitives.CompareDesc;
import dev.blindspot.engine.primitives.Comparison;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.ElementwiseDesc;
import dev.blindspot.engine.primitives.ElementwiseOp;
import dev.blindspot.engine.primitives.ElementwisePlan;
import dev.blindspot.engine.primitives.LbfgsDesc;
import dev.blindspot.engine.primitives.LbfgsHistory;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.LossDesc;
import dev.blindspot.engine.primitives.MarginDesc;
import dev.blindspot.engine.primitives.MaskDesc;
import dev.blindspot.engine.primitives.MaskOp;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.ProjectionDesc;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.RowReduceDesc;
import dev.blindspot.engine.primitives.RowwiseDesc;
import dev.blindspot.engine.primitives.RowwiseOp;
import dev.blindspot.engine.primitives.SelectDesc;
import dev.blindspot.engine.primitives.SignStepDesc;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Recorded row operations are launched together, and give the bits that each alone gives. */
class RowGroupTest {
  private Rig rig;
  private Backend backend;
  private Context ctx;

  /** What the steps use, with what it was before. */
  private final List<Tensor> tensors = new ArrayList<>();

  private final List<ByteBuffer> before = new ArrayList<>();

  @BeforeEach
  void open() {
    rig = CudaRig.open();
    backend = rig.backend();
    ctx = rig.context();
  }

  private Tensor of(ElementType type, long n, long length) {
    double[] v = new double[(int) (n * length)];
    for (int i = 0; i < v.length; i++) {
      int wave = Math.floorMod(i * 37 + tensors.size() * 11, 101) - 50;
      v[i] = type == U8 ? wave & 1 : type == I32 ? Math.floorMod(wave, 3) : wave / 64.0;
    }
    Tensor t = rig.of(type, v, n, length).device;
    tensors.add(t);
    before.add(content(t));
    return t;
  }

  private static ByteBuffer content(Tensor t) {
    int bytes = Math.toIntExact(t.size() * t.type().bytes());
    ByteBuffer b = ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    t.copyTo(b);
    return b.clear();
  }

  private List<ByteBuffer> contents() {
    ctx.synchronize();
    return tensors.stream().map(RowGroupTest::content).toList();
  }

  /** Runs the step as it is and recorded, which must give equal bits; returns the nodes. */
  private int nodes(Runnable step) {
    step.run();
    step.run();
    List<ByteBuffer> executed = contents();
    for (int i = 0; i < tensors.size(); i++) {
      tensors.get(i).copyFrom(before.get(i).duplicate().order(ByteOrder.nativeOrder()));
    }
    try (Program program = ctx.record(step)) {
      program.run();
      program.run();
      List<ByteBuffer> replayed = contents();
      for (int i = 0; i < executed.size(); i++) {
        assertEquals(executed.get(i), replayed.get(i), "tensor " + i);
      }
      return program.length();
    }
  }

  private ElementwisePlan elementwise(ElementwiseOp op, ElementType type, long n, long length) {
    return backend.plan(new ElementwiseDesc(op, type, n, length));
  }

  /** Every kernel that can be of a group. */
  @ParameterizedTest
  @EnumSource(
      value = ElementType.class,
      names = {"F32", "F64"})
  void everyOperationOnRows(ElementType type) {
    int n = 5;
    int size = 300;
    Tensor x = of(type, n, size);
    Tensor g = of(type, n, size);
    Tensor y = of(type, n, size);
    Tensor kept = of(U8, n, size);
    Tensor a = of(type, n, 1);
    Tensor b = of(type, n, 1);
    Tensor rowMask = of(U8, n, 1);
    Tensor label = of(I32, n, 1);
    LbfgsHistory history =
        new LbfgsHistory(of(type, n, 4 * size), of(type, n, 4 * size), of(I32, n, 1));
    var add = elementwise(ElementwiseOp.ADD, type, n, size);
    var square = elementwise(ElementwiseOp.SQUARE, type, n, 1);
    var less = backend.plan(new CompareDesc(Comparison.LESS, type, n, size));
    var not = backend.plan(new MaskDesc(MaskOp.NOT, n, size));
    var select = backend.plan(new SelectDesc(type, n, size, true));
    var scale = backend.plan(new RowwiseDesc(RowwiseOp.SCALE, type, n, size));
    var norm = backend.plan(new RowReduceDesc(Reduction.L2, type, n, size));
    var argmax = backend.plan(new ArgmaxDesc(type, n, size));
    var sign = backend.plan(new SignStepDesc(type, n, size, -2, 2));
    var project = backend.plan(new ProjectionDesc(Norm.L2, type, n, size, -2, 2));
    var lbfgs = backend.plan(new LbfgsDesc(type, n, size, 4));
    int nodes =
        nodes(
            () -> {
              add.execute(ctx, x, g, y);
              less.execute(ctx, y, 0.25, kept);
              not.execute(ctx, kept, null, kept);
              norm.execute(ctx, y, null, a);
              square.execute(ctx, a, null, a);
              scale.execute(ctx, a, g, g);
              argmax.execute(ctx, g, label);
              lbfgs.update(ctx, rowMask, x, y, history);
              lbfgs.direction(ctx, g, kept, history, y);
              select.execute(ctx, rowMask, x, y, y);
              sign.execute(ctx, x, a, y, g, 0.125, y, b);
              project.execute(ctx, x, a, y, y);
            });
    assertEquals(1, nodes);
  }

  @Test
  void lossesAndMargins() {
    int n = 7;
    Tensor z = of(F32, n, 10);
    Tensor label = of(I32, n, 1);
    Tensor loss = of(F32, n, 1);
    Tensor margin = of(F32, n, 1);
    Tensor dz = of(F32, n, 10);
    var entropy = backend.plan(LossDesc.crossEntropy(F32, n, 10));
    var distance = backend.plan(new MarginDesc(F32, n, 10));
    var add = elementwise(ElementwiseOp.ADD, F32, n, 1);
    int nodes =
        nodes(
            () -> {
              entropy.execute(ctx, z, label, 1, loss, dz);
              distance.execute(ctx, dz, label, margin);
              add.execute(ctx, loss, margin, loss);
            });
    assertEquals(1, nodes);
  }

  /** Few long rows by tiles, and only what is element by element; the sum of each row is alone. */
  @ParameterizedTest
  @CsvSource({"2,5000,4", "3,400000,4", "5,4096,1"})
  void longRowsAreTakenByTiles(int n, int size, int expected) {
    Tensor x = of(F32, n, size);
    Tensor y = of(F32, n, size);
    Tensor m = of(U8, n, size);
    Tensor a = of(F32, n, 1);
    var add = elementwise(ElementwiseOp.ADD, F32, n, size);
    var greater = backend.plan(new CompareDesc(Comparison.GREATER, F32, n, size));
    var select = backend.plan(new SelectDesc(F32, n, size, false));
    var scale = backend.plan(new RowwiseDesc(RowwiseOp.SCALE, F32, n, size));
    var norm = backend.plan(new RowReduceDesc(Reduction.SUM, F32, n, size));
    int nodes =
        nodes(
            () -> {
              add.execute(ctx, x, y, y);
              greater.execute(ctx, y, 0.5, m);
              select.execute(ctx, m, x, y, y);
              norm.execute(ctx, y, null, a);
              scale.execute(ctx, a, x, x);
              add.execute(ctx, x, y, y);
            });
    assertEquals(expected, nodes);
  }

  /** Where two gradients come together behind a ReLU: the sum and its mask are one kernel. */
  @ParameterizedTest
  @CsvSource({"false", "true"})
  void aSumOfGradientsIsMaskedInTheSameKernel(boolean masked) {
    Conv2dDesc d = Conv2dDesc.of(F32, 2, 4, 6, 6).filters(4, 3, 3, 1).reluMask(masked);
    PlanOptions options =
        PlanOptions.directions(Direction.BACKWARD_DATA)
            .precision(Precision.TF32)
            .accumulate(true)
            .implementation("cudnn:graph-conv");
    var conv = backend.plan(d, options);
    var relu = backend.plan(ActivationDesc.of(Activation.RELU, F32, 2, 4 * 36));
    Tensor dy = of(F32, 2, 4 * 36);
    Tensor dx = of(F32, 2, 4 * 36);
    Tensor mask = of(F32, 2, 4 * 36);
    Tensor y = of(F32, 2, 4 * 36);
    try (PackedWeights w = conv.pack(ctx, of(F32, 4, 36))) {
      int nodes =
          nodes(
              () -> {
                conv.backwardData(ctx, dy, w, masked ? mask : null, dx);
                relu.backwardData(ctx, y, dx, dx);
              });
      assertEquals(2, nodes);
    }
  }

  /** A step of few long rows is two kernels of many blocks, and shorter rows are not its matter. */
  @ParameterizedTest
  @CsvSource({"2,9000,2,long-rows", "2,8000,1,sign-step", "600,9000,1,sign-step"})
  void aSignStepOfLongRowsIsShared(int n, int size, int expected, String name) {
    var plan = backend.plan(new SignStepDesc(F32, n, size, -2, 2));
    String chosen = plan.implementation(Direction.FORWARD);
    assertTrue(chosen.endsWith(name), chosen);
    Tensor x = of(F32, 2, size);
    Tensor g = of(F32, 2, size);
    Tensor y = of(F32, 2, size);
    Tensor radius = of(F32, 2, 1);
    Tensor largest = of(F32, 2, 1);
    int nodes = nodes(() -> plan.execute(ctx, x, radius, y, g, 0.125, y, largest));
    assertEquals(expected, nodes);
  }

  /** More rows than blocks are worth: numbers of a network's parameters, say. */
  @Test
  void manyShortRowsAreTakenByTiles() {
    int n = 20_000;
    Tensor x = of(F32, n, 1);
    Tensor y = of(F32, n, 1);
    var add = elementwise(ElementwiseOp.ADD, F32, n, 1);
    int nodes =
        nodes(
            () -> {
              add.execute(ctx, x, y, y);
              add.execute(ctx, x, y, x);
            });
    assertEquals(1, nodes);
  }

  /** A group of more calls than a launch has room for. */
  @Test
  void longGroupsAreSplit() {
    Tensor x = of(F32, 3, 40);
    Tensor y = of(F32, 3, 40);
    var add = elementwise(ElementwiseOp.MINIMUM, F32, 3, 40);
    int nodes =
        nodes(
            () -> {
              for (int i = 0; i < 150; i++) {
                add.execute(ctx, x, y, i % 2 == 0 ? y : x);
              }
            });
    assertEquals(3, nodes);
  }

  /** What a library computes is not overtaken. */
  @Test
  void aLibrarysCallKeepsItsPlace() {
    int n = 4;
    Tensor x = of(F32, n, 8);
    Tensor y = of(F32, n, 8);
    var add = elementwise(ElementwiseOp.ADD, F32, n, 8);
    var linear = backend.plan(LinearDesc.of(F32, n, 8, 8), PlanOptions.forward());
    try (PackedWeights w = linear.pack(ctx, of(F32, 8, 8))) {
      int nodes =
          nodes(
              () -> {
                add.execute(ctx, x, y, x);
                add.execute(ctx, x, y, y);
                linear.forward(ctx, x, w, null, null, y);
                add.execute(ctx, x, y, x);
                add.execute(ctx, x, x, x);
              });
      assertEquals(3, nodes);
    }
  }

  @Test
  void elementsOfOtherRowsAreWaitedFor() {
    Tensor x = of(F32, 6, 10);
    Tensor y = of(F32, 6, 10);
    var add = elementwise(ElementwiseOp.ADD, F32, 5, 10);
    Tensor first = y.slice(0, 5);
    Tensor second = y.slice(1, 6);
    int nodes =
        nodes(
            () -> {
              add.execute(ctx, x.slice(0, 5), first, first);
              add.execute(ctx, second, x.slice(1, 6), second);
            });
    assertEquals(2, nodes);
  }
}
