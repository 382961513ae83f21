package dev.blindspot.nn;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.sun.management.ThreadMXBean;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.nn.NetworkOptions.Gradients;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Concat;
import dev.blindspot.nn.layers.ContrastNorm;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.layers.Softmax;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Running a planned network allocates nothing on the Java heap. */
class PlanAllocationTest {
  /** Steps of a round. */
  private static final int STEPS = 20;

  /** Every layer of the package. */
  private static final Network NETWORK =
      Network.builder("all", Shape.of(2, 4, 4))
          .add("norm", BatchNorm.standard())
          .add("conv1", Conv2d.of(4, 3, 1, 1))
          .add("lrn", new LocalResponseNorm(3, 1e-2, 0.75, 2))
          .add("relu", ActivationLayer.relu())
          .add("pool", Pool2d.max(2, 1))
          .add("conv2", Conv2d.of(6, 3, 2, 1))
          .add("short", new IdentityShortcut(2, 6), "pool")
          .add("sum", new Add(), "conv2", "short")
          .add("both", new Concat(), "sum", "conv2")
          .add("mean", Pool2d.average(2, 1))
          .add("flat", new Flatten())
          .add("contrast", new ContrastNorm(0.5, 0.75))
          .add("drop", new Dropout(0.3))
          .add("dense", Linear.of(5))
          .add("out", new Softmax(true))
          .build();

  @ParameterizedTest
  @CsvSource({"INPUT,false", "PARAMETERS,true", "BOTH,true", "NONE,false"})
  void forwardAndBackwardAllocateNothing(Gradients gradients, boolean training) {
    NetworkOptions options = NetworkOptions.of(gradients).training(training);
    try (Backend backend =
            Backends.create(TestBackends.fast(), BackendOptions.defaults().threads(2));
        Parameters p = Parameters.initialize(NETWORK, backend, ElementType.F32, 1);
        NetworkPlan plan = NETWORK.plan(backend, p, 3, options);
        TensorArena arena = backend.arena(1 << 14);
        Context ctx = backend.newContext()) {
      Tensor x = arena.tensor(ElementType.F32, NETWORK.inputShape().batched(3), Layout.NCHW);
      Tensor dy = arena.tensor(ElementType.F32, 3, 5);
      x.copyFrom(new float[(int) x.size()]);
      dy.copyFrom(new float[(int) dy.size()]);
      Runnable step =
          () -> {
            plan.forward(ctx, x);
            if (gradients != Gradients.NONE) {
              plan.backward(ctx, dy);
            }
          };
      ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
      long id = Thread.currentThread().getId();
      // Classes are loaded in the first rounds; nothing is left to the compiler's escape analysis.
      long allocated = -1;
      for (int round = 0; round < 200 && allocated != 0; round++) {
        long before = threads.getThreadAllocatedBytes(id);
        for (int i = 0; i < STEPS; i++) {
          step.run();
        }
        allocated = threads.getThreadAllocatedBytes(id) - before;
      }
      assertEquals(0, allocated, "bytes of a round of steps, warm");
    }
  }
}
