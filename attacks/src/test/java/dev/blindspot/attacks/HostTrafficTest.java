package dev.blindspot.attacks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * While an attack runs, the host launches programs and looks at a counter now and then; it waits
 * for nothing and copies nothing else. Seen by counting what the stand-in for a GPU is asked for.
 */
class HostTrafficTest {
  /** Steps from one look to the next at most. */
  private static final int STEPS = 8;

  @BeforeEach
  void needsCounts() {
    assumeTrue(DeviceCalls.counted(), "only the stand-in for a GPU counts its calls");
  }

  static List<Attack> attacks() {
    return List.of(
        new LbfgsAttack(3, 3, 10),
        ProjectedGradientDescent.of(Norm.LINF, 0.1, 20),
        ProjectedGradientDescent.of(Norm.L2, 0.4, 20).restarts(2),
        ProjectedGradientDescent.of(Norm.L1, 1, 20));
  }

  @ParameterizedTest
  @MethodSource("attacks")
  void betweenLooksTheHostOnlyLaunchesPrograms(Attack attack) {
    List<DeviceCalls> looks = new ArrayList<>();
    List<Long> finished = new ArrayList<>();
    try (Backend backend = Problems.backend("cuda")) {
      Network net = Problems.sigmoids();
      try (Parameters p = Problems.random(net, backend, 3)) {
        AttackProblem problem = Problems.of(net, p, 33, 4);
        attack.run(
            problem,
            (done, all) -> {
              looks.add(DeviceCalls.now());
              finished.add(done);
            });
      }
    }
    int steady = 0;
    for (int i = 1; i + 1 < looks.size(); i++) { // the last is told when all is read
      DeviceCalls calls = looks.get(i).since(looks.get(i - 1));
      String where = attack + ", look " + i + ": " + calls;
      assertEquals(0, calls.streamWaits(), where);
      assertEquals(1, calls.eventWaits(), where);
      assertEquals(1, calls.transfers(), where);
      int others = calls.submissions() - calls.graphs();
      // The mask, its count, the copy and the event; the mask again behind a compaction.
      steady += others <= 5 && calls.graphs() >= 4 && calls.graphs() <= STEPS ? 1 : 0;
    }
    // Others began with a smaller batch, or from a new start.
    assertTrue(steady >= (looks.size() - 2) / 2, attack + ": " + steady + " of " + looks);
    assertTrue(finished.get(finished.size() - 2) > 0, "nothing finished while it ran");
  }
}
