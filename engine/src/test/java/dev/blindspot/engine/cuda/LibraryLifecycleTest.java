package dev.blindspot.engine.cuda;

import static dev.blindspot.engine.ElementType.F32;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.AllocationException;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.Tuning;
import dev.blindspot.engine.conformance.Rig;
import dev.blindspot.engine.primitives.Conv2dDesc;
import dev.blindspot.engine.primitives.LinearDesc;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.PackedWeights;
import dev.blindspot.engine.primitives.PostOp;
import dev.blindspot.engine.primitives.WeightedPlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.SizeTPointer;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What plans of libraries hold, give back, share and record. */
class LibraryLifecycleTest {
  private static final Conv2dDesc CONV =
      Conv2dDesc.of(F32, 4, 8, 6, 6).filters(8, 3, 3, 1).post(PostOp.BIAS, PostOp.RELU);

  /** An attribute of no device, which the stand-in answers with the number of living handles. */
  private static final int LIVING = 9000;

  /** A limit of no device, by which the stand-in's memory is set. */
  private static final int LIMIT = 9001;

  private Rig rig;

  @BeforeEach
  void open() {
    rig = CudaRig.open();
  }

  private static int living() {
    int[] count = new int[1];
    int status = cudart.cudaDeviceGetAttribute(count, LIVING, 0);
    Assumptions.assumeTrue(status == 0, "only the stand-in counts handles");
    return count[0];
  }

  /** Plans that other tests forgot may be given back meanwhile. */
  private static void assertNoMoreThan(int before) {
    int now = living();
    assertTrue(now <= before, () -> now + " handles live, " + before + " did before");
  }

  private static PlanOptions options(String implementation) {
    return PlanOptions.all()
        .implementation(implementation)
        .precision(implementation.contains("graph") ? Precision.TF32 : Precision.FP32);
  }

  private static Conv2dDesc conv(String implementation) {
    return implementation.contains("graph") ? CONV.layouts(Layout.NHWC, Layout.NHWC) : CONV;
  }

  @ParameterizedTest
  @ValueSource(strings = {"cudnn:legacy-conv", "cudnn:legacy-conv-fastest", "cudnn:graph-conv"})
  void closedConvolutionsGiveBackTheirDescriptors(String name) {
    rig.backend().plan(conv(name), options(name)).close();
    int before = living();
    for (int i = 0; i < 1000; i++) {
      WeightedPlan plan = rig.backend().plan(conv(name), options(name));
      plan.close();
      plan.close();
    }
    assertNoMoreThan(before);
  }

  @Test
  void tenThousandPlansLeaveNothing() {
    LinearDesc linear = LinearDesc.of(F32, 4, 5, 3).post(PostOp.BIAS);
    MatMulDesc product = new MatMulDesc(F32, 3, 4, 5, true, false);
    rig.backend().plan(linear).close();
    rig.backend().plan(product).close();
    int before = living();
    for (int i = 0; i < 5000; i++) {
      rig.backend().plan(linear).close();
      rig.backend().plan(product).close();
    }
    assertNoMoreThan(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"cudnn:legacy-conv", "cudnn:graph-conv"})
  void executedBatchesAreGivenBackToo(String name) {
    batches(name, 1); // the context makes its handle of cuDNN
    int before = living();
    batches(name, 4);
    assertNoMoreThan(before);
  }

  private void batches(String name, int most) {
    try (Run run = new Run(rig.backend(), conv(name), options(name), 4)) {
      for (long n = 1; n <= most; n++) {
        run.forward(rig.context(), n);
      }
      rig.context().synchronize();
    }
  }

  @Test
  void plansThatAreForgottenAreGivenBackLater() throws InterruptedException {
    rig.backend().plan(CONV, options("cudnn:legacy-conv")).close();
    int before = living();
    for (int i = 0; i < 50; i++) {
      rig.backend().plan(CONV, options("cudnn:legacy-conv"));
    }
    for (int i = 0; i < 100 && living() > before; i++) {
      System.gc();
      rig.backend().plan(CONV, options("cudnn:legacy-conv")).close();
      Thread.onSpinWait();
    }
    assertNoMoreThan(before);
  }

  /** A plan with the tensors and weights of one layer. */
  private static final class Run implements AutoCloseable {
    private final TensorArena arena;
    private final WeightedPlan plan;
    private final PackedWeights weights;
    private final Tensor x;
    private final Tensor b;
    private final Tensor y;

    Run(Backend backend, Conv2dDesc d, PlanOptions o, long n) {
      arena = backend.arena(1 << 20);
      plan = backend.plan(d, o);
      x = fill(arena.tensor(F32, Shape.of(n, d.c(), d.h(), d.w()), d.xLayout()), 1);
      b = fill(arena.tensor(F32, d.k()), 2);
      y = fill(arena.tensor(F32, Shape.of(n, d.k(), d.p(), d.q()), d.yLayout()), 3);
      Tensor w = fill(arena.tensor(F32, d.k(), d.c(), d.r(), d.s()), 4);
      try (Context ctx = backend.newContext()) {
        weights = plan.pack(ctx, w);
      }
    }

    private static Tensor fill(Tensor t, long seed) {
      SplittableRandom random = new SplittableRandom(seed);
      float[] v = new float[(int) t.size()];
      for (int i = 0; i < v.length; i++) {
        v[i] = random.nextInt(-4, 5);
      }
      return t.copyFrom(v);
    }

    void forward(Context ctx, long n) {
      plan.forward(ctx, x.slice(0, n), weights, b, y.slice(0, n));
    }

    @Override
    public void close() {
      weights.close();
      plan.close();
      arena.close();
    }
  }

  /** A batch that was never executed may be recorded: preparing it submits nothing. */
  @ParameterizedTest
  @ValueSource(strings = {"cudnn:legacy-conv", "cudnn:legacy-conv-fastest", "cudnn:graph-conv"})
  void recordedConvolutionsGiveTheSameBits(String name) {
    try (Run run = new Run(rig.backend(), conv(name), options(name), 4);
        Context ctx = rig.backend().newContext();
        Program program = ctx.record(() -> run.forward(ctx, 3))) {
      program.run();
      ctx.synchronize();
      float[] replayed = run.y.toFloats();
      run.forward(ctx, 3);
      ctx.synchronize();
      assertArrayEquals(run.y.toFloats(), replayed);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"cudnn:legacy-conv", "cudnn:graph-conv"})
  void threadsShareAPlan(String name) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    try (WeightedPlan plan = rig.backend().plan(conv(name), options(name))) {
      List<Future<float[]>> results = new ArrayList<>();
      for (int t = 0; t < 3; t++) {
        results.add(threads.submit(layer(plan, conv(name))));
      }
      float[] first = results.get(0).get();
      assertArrayEquals(first, results.get(1).get());
      assertArrayEquals(first, results.get(2).get());
    } finally {
      threads.shutdown();
    }
  }

  private Callable<float[]> layer(WeightedPlan plan, Conv2dDesc d) {
    return () -> {
      try (TensorArena arena = rig.backend().arena(1 << 20);
          Context ctx = rig.backend().newContext()) {
        Tensor x = Run.fill(arena.tensor(F32, Shape.of(4, d.c(), d.h(), d.w()), d.xLayout()), 1);
        Tensor b = Run.fill(arena.tensor(F32, d.k()), 2);
        Tensor y = arena.tensor(F32, Shape.of(4, d.k(), d.p(), d.q()), d.yLayout());
        try (PackedWeights w =
            plan.pack(ctx, Run.fill(arena.tensor(F32, d.k(), d.c(), d.r(), d.s()), 4))) {
          for (int i = 0; i < 20; i++) {
            plan.forward(ctx, x.slice(0, 1 + i % 4), w, b, y.slice(0, 1 + i % 4));
          }
          ctx.synchronize();
          return y.toFloats();
        }
      }
    };
  }

  @Test
  void weightsOfAnotherFormAreRefused() {
    try (Run other =
            new Run(rig.backend(), conv("cudnn:graph-conv"), options("cudnn:graph-conv"), 1);
        Run run = new Run(rig.backend(), CONV, options("cudnn:legacy-conv"), 1)) {
      String message =
          assertThrows(
                  InvalidInputException.class,
                  () -> run.plan.forward(rig.context(), run.x, other.weights, run.b, run.y))
              .getMessage();
      assertTrue(message.contains("channels last"), message);
    }
  }

  /** Where memory is too scarce to measure algorithms on, cuDNN's ranking decides. */
  @Test
  void aPlanIsMadeWithoutMemoryToMeasure(@TempDir Path folder) {
    BackendOptions tuned =
        BackendOptions.defaults().tuning(Tuning.MEASURE).tuningFile(folder.resolve("tuning.txt"));
    Conv2dDesc d = Conv2dDesc.of(F32, 64, 16, 256, 256).filters(16, 3, 3, 1);
    try (SizeTPointer free = new SizeTPointer(1);
        SizeTPointer total = new SizeTPointer(1)) {
      cudart.cudaMemGetInfo(free, total);
      int status = cudart.cudaDeviceSetLimit(LIMIT, total.get() - free.get() + (1L << 20));
      Assumptions.assumeTrue(status == 0, "only the stand-in can be made small");
      try (Backend backend = Backends.create("cuda", tuned);
          WeightedPlan plan = backend.plan(d, options("cudnn:legacy-conv"))) {
        assertThrows(AllocationException.class, () -> backend.arena(2L << 20));
        assertEquals(d, plan.desc());
        assertFalse(Files.exists(folder.resolve("tuning.txt")));
      } finally {
        cudart.cudaDeviceSetLimit(LIMIT, total.get());
      }
    }
  }
}
