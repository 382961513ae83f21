package dev.blindspot.attacks;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.zoo.Zoo;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Problems whose rounding errors are analysed once for several attacks. */
class PreparedProblemTest {

  private static void same(Attack attack, AttackProblem plain, AttackProblem prepared) {
    AttackResult wanted = attack.run(plain);
    AttackResult r = attack.run(prepared);
    assertArrayEquals(wanted.adversarials(), r.adversarials(), attack.toString());
    assertEquals(wanted.samples(), r.samples(), attack.toString());
  }

  @Test
  void attacksGiveTheSameBits() {
    try (Backend backend = Problems.backend(Problems.fast())) {
      for (Network net : List.of(Problems.convolutional(), Problems.sigmoids())) {
        try (Parameters p = Problems.random(net, backend, 3)) {
          AttackProblem plain = Problems.of(net, p, 20, 1);
          AttackProblem prepared = plain.prepared();
          for (Attack attack : Problems.attacks()) {
            same(attack, plain, prepared);
            same(attack, plain.seed(9), prepared.seed(9));
          }
          AttackProblem others = Problems.of(net, p, 7, 2);
          Attack attack = Problems.attacks().get(0);
          same(attack, others, prepared.images(others.images(), others.labels()));
        }
      }
    }
  }

  @Test
  void aLargeNetworkIsAnalysedOnce() {
    try (Backend backend = Problems.backend(Problems.fast())) {
      Network net = Zoo.get("lenet", Shape.of(1, 28, 28), 10).network();
      try (Parameters p = Problems.random(net, backend, 1)) {
        AttackProblem plain = Problems.of(net, p, 3, 1);
        AttackProblem prepared = plain.prepared();
        same(new FastGradient(Norm.LINF, 0.1), plain, prepared);
        AttackResult r = new FastGradient(Norm.LINF, 0.1).run(prepared);
        assertTrue(r.samples().stream().allMatch(s -> s.kappa() >= 1e-4), r.toString());
      }
    }
  }

  @Test
  void whatWasFoundIsKept() {
    try (Backend backend = Problems.backend(Problems.fast())) {
      Network net = Problems.sigmoids();
      try (Parameters p = Problems.random(net, backend, 3);
          Parameters q = Problems.random(net, backend, 3)) {
        AttackProblem plain = Problems.of(net, p, 4, 1);
        assertNull(plain.confidence());
        AttackProblem prepared = plain.prepared();
        assertSame(prepared.confidence(), prepared.seed(3).samples(5, 6, 7, 8).confidence());
        assertSame(prepared.confidence(), prepared.prepared().confidence());
        AttackProblem others =
            prepared.images(Problems.images(2, 36, 5), 0, 1); // labels need not be right
        assertSame(prepared.confidence(), others.confidence());
        assertNotSame(prepared.confidence(), others.prepared().confidence());
        InvalidInputException e =
            assertThrows(
                InvalidInputException.class,
                () ->
                    new AttackProblem(
                        net,
                        q,
                        backend,
                        plain.images(),
                        plain.labels(),
                        null,
                        plain.samples(),
                        1,
                        prepared.confidence()));
        assertTrue(e.getMessage().contains("prepared()"), e.getMessage());
      }
    }
  }
}
