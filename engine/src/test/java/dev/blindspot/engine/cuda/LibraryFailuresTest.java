package dev.blindspot.engine.cuda;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.NativeException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.conformance.Rig;
import dev.blindspot.engine.conformance.Twin;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.WeightedPlan;
import java.lang.management.ManagementFactory;
import org.bytedeco.cuda.global.cudart;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What plans of libraries promise where something fails, and that they keep what they promise. */
class LibraryFailuresTest {
  /** A limit of no device, which breaks the stand-in as a failed kernel would. */
  private static final int BREAK = 9000;

  private static final Conv2dDesc CONV =
      Conv2dDesc.of(F32, 2, 8, 5, 5).filters(8, 3, 3, 1).post(PostOp.BIAS, PostOp.RELU);
  private static final LinearDesc LINEAR =
      LinearDesc.of(F32, 2, 200, 8).post(PostOp.BIAS, PostOp.RELU);

  private Rig rig;

  @BeforeEach
  void open() {
    rig = CudaRig.open();
  }

  /** A layer that can be run again and again. */
  private static final class Layer implements AutoCloseable {
    private final TensorArena arena;
    private final WeightedPlan plan;
    private final PackedWeights p;
    private final Tensor x;
    private final Tensor b;
    private final Tensor y;

    Layer(Backend backend, Context ctx, Desc<? extends WeightedPlan> d, PlanOptions o) {
      arena = backend.arena(1 << 16);
      plan = backend.plan(d, o);
      boolean conv = d instanceof Conv2dDesc;
      Layout layout = d instanceof Conv2dDesc c ? c.xLayout() : Layout.NCHW;
      x = arena.tensor(F32, Shape.of(2, 8, 5, 5), layout);
      x.copyFrom(new float[400]);
      b = arena.tensor(F32, 8).copyFrom(new float[8]);
      y = conv ? arena.tensor(F32, Shape.of(2, 8, 5, 5), layout) : arena.tensor(F32, 2, 8);
      Tensor w = conv ? arena.tensor(F32, 8, 8, 3, 3) : arena.tensor(F32, 8, 200);
      p = plan.pack(ctx, w.copyFrom(new float[(int) w.size()]));
    }

    void forward(Context ctx) {
      plan.forward(ctx, x, p, b, y);
    }

    @Override
    public void close() {
      p.close();
      plan.close();
      arena.close();
    }
  }

  private static void assumeBreakable() {
    int status = cudart.cudaDeviceSetLimit(BREAK, 0);
    Assumptions.assumeTrue(status == 0, "only the stand-in breaks on demand");
  }

  private void failing(Desc<? extends WeightedPlan> d, String library, String status, String name) {
    assumeBreakable();
    Backend backend = Backends.create("cuda");
    Context ctx = backend.newContext();
    Layer layer = new Layer(backend, ctx, d, PlanOptions.forward());
    layer.forward(ctx);
    ctx.synchronize();
    cudart.cudaDeviceSetLimit(BREAK, cudart.cudaErrorIllegalAddress);
    try {
      NativeException e = assertThrows(NativeException.class, () -> layer.forward(ctx));
      assertEquals(library, e.library());
      assertEquals(status, e.status());
      assertTrue(e.getMessage().contains(d.summary()), e::getMessage);
      assertTrue(e.getMessage().contains(name), e::getMessage);
      String next = assertThrows(NativeException.class, () -> layer.forward(ctx)).getMessage();
      assertTrue(next.contains("cannot be used any more"), next);
    } finally {
      cudart.cudaDeviceSetLimit(BREAK, 0);
    }
    closeLost(layer.p);
    closeLost(layer.arena);
    closeLost(ctx);
    closeLost(layer.plan);
    closeLost(backend);
  }

  /** A lost device may refuse, with the reason. */
  private static void closeLost(AutoCloseable c) {
    try {
      c.close();
    } catch (Exception e) {
      assertTrue(e.getMessage().contains("cannot be used any more"), e::getMessage);
    }
  }

  @Test
  void aFailingConvolutionIsNamed() {
    failing(CONV, "cudnn", "CUDNN_STATUS_EXECUTION_FAILED", "forward (cudnn:legacy-conv)");
  }

  @Test
  void aFailingDenseLayerIsNamed() {
    failing(LINEAR, "cublaslt", "CUBLAS_STATUS_EXECUTION_FAILED", "(cublaslt:linear): forward");
  }

  @ParameterizedTest
  @ValueSource(strings = {"cudnn:legacy-conv", "cudnn:graph-conv", "cublaslt:linear"})
  void closedPlansAreNotExecuted(String name) {
    Desc<? extends WeightedPlan> d = name.startsWith("cudnn") ? CONV : LINEAR;
    PlanOptions o = PlanOptions.forward().implementation(name).precision(Precision.TF32);
    try (Layer layer = new Layer(rig.backend(), rig.context(), d, o)) {
      layer.forward(rig.context());
      layer.plan.close();
      String message =
          assertThrows(IllegalStateException.class, () -> layer.forward(rig.context()))
              .getMessage();
      assertTrue(message.contains("closed"), message);
    }
  }

  @Test
  void tensorsBeyond31BitsAreRefused() {
    Conv2dDesc d = Conv2dDesc.of(F32, 1 << 20, 64, 64, 64).filters(4, 3, 3);
    var reports = rig.backend().explain(d, PlanOptions.forward());
    assertTrue(reports.get(1).reasonWhyNot().contains("2^31"), () -> reports.toString());
  }

  /** Nothing is measured then, and what may differ from run to run is refused. */
  @Test
  void deterministicModeTakesWhatKeepsEverything() {
    BackendOptions options = BackendOptions.defaults().deterministic(true);
    try (Backend backend = Backends.create("cuda", options);
        Context ctx = backend.newContext();
        Layer conv = new Layer(backend, ctx, CONV, PlanOptions.forward());
        Layer linear = new Layer(backend, ctx, LINEAR, PlanOptions.forward())) {
      String chosen = conv.plan.implementation(Direction.FORWARD);
      assertTrue(chosen.matches("cudnn:legacy-conv-(implicit.*|gemm|direct)"), chosen);
      assertEquals("cublaslt:linear", linear.plan.implementation(Direction.FORWARD));
      conv.forward(ctx);
      linear.forward(ctx);
      ctx.synchronize();
      var reports = backend.explain(CONV, PlanOptions.forward());
      assertTrue(reports.get(2).reasonWhyNot().contains("DETERMINISTIC"), reports::toString);
      assertTrue(reports.get(4).reasonWhyNot().contains("NAN_PROPAGATES"), reports::toString);
      Conv2dDesc last = CONV.layouts(Layout.NHWC, Layout.NHWC);
      PlanOptions half = PlanOptions.forward().precision(Precision.BF16);
      try (WeightedPlan plan = backend.plan(last, half)) {
        assertEquals("cudnn:graph-conv-unfused", plan.implementation(Direction.FORWARD));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cudnn:legacy-conv", "cudnn:graph-conv-unfused", "cublaslt:linear"})
  void nanIsHandedOn(String name) {
    double[] values = new double[400];
    values[7] = Double.NaN;
    values[100] = Double.POSITIVE_INFINITY;
    Twin x = rig.of(F32, values, 2, 8, 5, 5);
    boolean conv = name.startsWith("cudnn");
    Twin w = conv ? rig.integers(F32, 2, 8, 8, 3, 3) : rig.integers(F32, 2, 8, 200);
    Twin b = rig.integers(F32, 3, 8);
    Twin y = conv ? rig.poisoned(F32, 2, 8, 5, 5) : rig.poisoned(F32, 2, 8);
    Twin dx = rig.poisoned(F32, 2, 8, 5, 5);
    Twin dy = conv ? rig.integers(F32, 4, 2, 8, 5, 5) : rig.integers(F32, 4, 2, 8);
    Desc<? extends WeightedPlan> d = conv ? CONV.reluMask(true) : LINEAR.reluMask(true);
    rig.run(
        d,
        PlanOptions.directions(Direction.FORWARD, Direction.BACKWARD_DATA).implementation(name),
        (plan, ctx, side) -> {
          try (PackedWeights p = plan.pack(ctx, side.of(w))) {
            plan.forward(ctx, side.of(x), p, side.of(b), side.of(y));
            plan.backwardData(ctx, side.of(dy), p, side.of(x), side.of(dx));
          }
        });
    y.assertExact(name);
    dx.assertExact(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cudnn:legacy-conv-fastest", "cudnn:graph-conv", "cublaslt:linear-fused"})
  void executionsAllocateNothing(String name) {
    PlanOptions o = PlanOptions.forward().implementation(name);
    Conv2dDesc conv = name.contains("graph") ? CONV.layouts(Layout.NHWC, Layout.NHWC) : CONV;
    Desc<? extends WeightedPlan> d = name.startsWith("cudnn") ? conv : LINEAR;
    try (Layer layer = new Layer(rig.backend(), rig.context(), d, o.precision(Precision.TF32))) {
      assertEquals(0, steadyBytes(() -> layer.forward(rig.context())));
    }
  }

  private long steadyBytes(Runnable step) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long id = Thread.currentThread().getId();
    long allocated = -1;
    for (int round = 0; round < 200 && allocated != 0; round++) {
      long before = threads.getThreadAllocatedBytes(id);
      for (int i = 0; i < 20; i++) {
        step.run();
      }
      allocated = threads.getThreadAllocatedBytes(id) - before;
      rig.context().synchronize();
    }
    return allocated;
  }
}
