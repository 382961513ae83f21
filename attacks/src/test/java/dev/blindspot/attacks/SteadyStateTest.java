package dev.blindspot.attacks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Program;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The loop of PGD allocates nothing and can be recorded. */
class SteadyStateTest {

  private static final int SAMPLES = Problems.fast().equals("cuda") ? 2 : 40;

  /** Steps of a round. */
  private static final int STEPS = 20;

  private interface Use {
    void of(Batch batch, DescentLoop loop);
  }

  private static void with(Norm norm, Use use) {
    String name = Problems.fast();
    assumeFalse(
        Problems.backends().noneMatch(name::equals), "there is no " + name + " on this machine");
    try (Backend backend = Problems.backend(name)) {
      Network net = Problems.convolutional();
      try (Parameters p = Problems.random(net, backend, 3)) {
        AttackProblem problem = Problems.of(net, p, SAMPLES, 1);
        // Out of reach: nothing finishes.
        ProjectedGradientDescent pgd = ProjectedGradientDescent.of(norm, 1e-4, 40);
        try (Batch batch =
            new Batch(
                problem,
                0,
                SAMPLES,
                DescentLoop.bytes(problem) + 2 * LbfgsSearch.bytes(problem, 8),
                DescentLoop.TENSORS + 2 * LbfgsSearch.TENSORS,
                Confidence.of(problem))) {
          DescentLoop loop = new DescentLoop(batch, pgd, 3);
          loop.begin();
          use.of(batch, loop);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void aStepAllocatesNothing(Norm norm) {
    with(norm, (batch, loop) -> allocatesNothing(loop::step));
  }

  /** As the attack itself runs it. */
  @Test
  void aRepeatedStepAllocatesNothing() {
    with(
        Norm.LINF,
        (batch, loop) -> {
          try (RepeatedStep step = new RepeatedStep(batch, loop::step)) {
            allocatesNothing(step::run);
          }
        });
  }

  @Test
  void aStepOfLbfgsAllocatesNothing() {
    with(
        Norm.L2,
        (batch, loop) -> {
          LbfgsSearch search = new LbfgsSearch(batch, LbfgsAttack.defaults());
          try (RepeatedStep step = new RepeatedStep(batch, search::step)) {
            allocatesNothing(step::run);
          }
        });
  }

  private static void allocatesNothing(Runnable step) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long id = Thread.currentThread().getId();
    // Classes are loaded in the first rounds; nothing is left to the compiler's escape analysis.
    long allocated = -1;
    long free = -1;
    for (int round = 0; round < 200 && allocated != 0; round++) {
      free = DeviceMemory.free();
      long before = threads.getThreadAllocatedBytes(id);
      for (int i = 0; i < STEPS; i++) {
        step.run();
      }
      allocated = threads.getThreadAllocatedBytes(id) - before;
    }
    assertEquals(0, allocated, "bytes of a round of steps, warm");
    assertEquals(free, DeviceMemory.free(), "free bytes of the device");
  }

  @ParameterizedTest
  @EnumSource(Norm.class)
  void aRecordedStepGivesTheSameBits(Norm norm) {
    with(
        norm,
        (batch, loop) -> {
          for (int i = 0; i < 10; i++) {
            loop.step();
          }
          float[] executed = loop.points().toFloats();
          loop.begin();
          try (Program program = batch.context().record(loop::step)) {
            for (int i = 0; i < 10; i++) {
              program.run();
            }
          }
          assertArrayEquals(executed, loop.points().toFloats());
        });
  }

  @Test
  void aRepeatedStepOfLbfgsGivesTheSameBits() {
    with(
        Norm.L2,
        (batch, loop) -> {
          float[][] found = new float[2][];
          for (int way = 0; way < 2; way++) {
            LbfgsSearch search = new LbfgsSearch(batch, LbfgsAttack.defaults());
            Runnable plain = search::step;
            try (RepeatedStep repeated = new RepeatedStep(batch, plain)) {
              Runnable step = way == 0 ? plain : repeated::run;
              for (int i = 0; i < 10; i++) {
                step.run();
              }
            }
            found[way] = search.points().toFloats();
          }
          assertArrayEquals(found[0], found[1]);
        });
  }

  /** Beside the gradient: tests, notes and the move itself, whatever the network. */
  @Test
  void aStepHasFewOperations() {
    assumeTrue(Problems.fast().equals("cpu"));
    with(
        Norm.LINF,
        (batch, loop) -> {
          Tensor loss = batch.stop();
          Runnable gradient =
              () -> {
                batch.classifier().forward(loop.points());
                batch.classifier().crossEntropy(batch.goalLabel(), loss);
                batch.classifier().gradient();
              };
          loop.step();
          try (Program whole = batch.context().record(loop::step);
              Program bare = batch.context().record(gradient)) {
            assertEquals(14, whole.length() - bare.length());
          }
        });
  }

  /** On a GPU what stands between a library's calls is launched as few kernels. */
  @Test
  void aStepIsAGraphOfFewNodes() {
    assumeTrue(Problems.fast().equals("cuda"));
    with(
        Norm.LINF,
        (batch, loop) -> {
          LbfgsSearch search = new LbfgsSearch(batch, LbfgsAttack.defaults());
          Runnable gradient =
              () -> {
                batch.classifier().forward(loop.points());
                batch.classifier().gradient();
              };
          loop.step();
          search.step();
          batch.classifier().crossEntropy(batch.goalLabel(), batch.stop());
          try (Program descent = batch.context().record(loop::step);
              Program lbfgs = batch.context().record(search::step);
              Program bare = batch.context().record(gradient)) {
            assertEquals(2, descent.length() - bare.length(), "of 15 operations");
            assertEquals(4, lbfgs.length() - bare.length(), "of 107 operations");
          }
        });
  }
}
