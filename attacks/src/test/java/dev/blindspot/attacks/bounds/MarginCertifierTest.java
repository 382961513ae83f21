package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Softmax;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MarginCertifierTest {
  private static final BoundsOptions OPTIONS = BoundsOptions.defaults().threads(1).work(1e8);

  @Test
  void onALinearModelItIsTheClosedForm() {
    Network net = Nets.chain(Shape.of(1, 4, 5), new Flatten(), Linear.of(5), new Softmax(false));
    SplittableRandom random = new SplittableRandom(1);
    try (Parameters p = Nets.parameters(net, 1)) {
      double[] w = p.values(new Parameters.Key("linear1", "w"));
      MarginCertifier certifier = new MarginCertifier(net, p, OPTIONS);
      for (int t = 0; t < 50; t++) {
        float[] x = uniform(20, random);
        double[] z = new double[5];
        for (int j = 0; j < 100; j++) {
          z[j / 20] += w[j] * x[j % 20];
        }
        int y = argmax(z);
        double exact = Double.POSITIVE_INFINITY;
        for (int j = 0; j < 5; j++) {
          double square = 0;
          for (int i = 0; i < 20; i++) {
            square += Math.pow(w[y * 20 + i] - w[j * 20 + i], 2);
          }
          exact = j == y ? exact : Math.min(exact, (z[y] - z[j]) / Math.sqrt(square));
        }
        Certificate c = certifier.certify(x, y);
        assertTrue(c.realRadius() <= exact && c.radius() <= c.realRadius(), c + " " + exact);
        assertEquals(exact, c.realRadius(), 1e-9 * exact);
        assertEquals(exact, c.radius(), 1e-3 * exact + 1e-5);
      }
    }
  }

  @Test
  void noSearchFindsAnotherLabelWithinTheRadius() {
    SplittableRandom random = new SplittableRandom(2);
    for (Network net : Nets.networks()) {
      int certified = 0;
      try (Parameters p = Nets.parameters(net, 7)) {
        MarginCertifier certifier = new MarginCertifier(net, p, OPTIONS);
        ErrorAnalysis values = new ErrorAnalysis(net, p, ones(net), net.nodes().size());
        for (int t = 0; t < 12; t++) {
          float[] x = uniform((int) net.inputShape().size(), random);
          int y = argmax(logits(values, widen(x)));
          Certificate c = certifier.certify(x, y);
          if (c.certified()) {
            certified++;
            attack(values, widen(x), y, c.radius(), random, net.name() + " " + c);
          }
        }
      }
      assertTrue(certified >= 8, net.name() + ": certified only " + certified + " of 12");
    }
  }

  /** Random directions, then ascent along finite differences, on the sphere of the radius. */
  private static void attack(
      ErrorAnalysis net, double[] x, int y, double radius, SplittableRandom random, String where) {
    for (int t = 0; t < 20; t++) {
      double[] d = RandomConvTest.gaussian(x.length, random);
      for (int step = 0; step < 4; step++) {
        double[] z = logits(net, moved(x, d, radius));
        assertEquals(y, argmax(z), where);
        int rival = rival(z, y);
        double[] g = new double[x.length];
        for (int i = 0; i < 12; i++) {
          int at = random.nextInt(x.length);
          double[] e = d.clone();
          e[at] += 0.1;
          double[] ze = logits(net, moved(x, e, radius));
          g[at] = (ze[rival] - ze[y]) - (z[rival] - z[y]);
        }
        double norm = Math.sqrt(ErrorAnalysis.sumOfSquares(g));
        double scale = Math.sqrt(ErrorAnalysis.sumOfSquares(d)) / (norm > 0 ? norm : 1);
        for (int i = 0; i < d.length; i++) {
          d[i] += scale * g[i];
        }
      }
    }
  }

  @Test
  void localCertificatesBeatTheProductOnDeepDenseNetworks() {
    Network net = Nets.networks().get(0);
    SplittableRandom random = new SplittableRandom(3);
    try (Parameters p = Nets.parameters(net, 7)) {
      MarginCertifier certifier = new MarginCertifier(net, p, OPTIONS);
      ErrorAnalysis values = new ErrorAnalysis(net, p, ones(net), net.nodes().size());
      int local = 0;
      for (int t = 0; t < 10; t++) {
        float[] x = uniform(12, random);
        int y = argmax(logits(values, widen(x)));
        local += certifier.certify(x, y).method().equals("linear relaxation") ? 1 : 0;
      }
      assertEquals(10, local);
    }
  }

  @Test
  void aWrongLabelIsNotCertified() {
    Network net = Nets.chain(Shape.of(2), Linear.of(2));
    try (Parameters p = Nets.parameters(net, 1)) {
      Nets.set(p, "linear1", "w", 1, 0, 0, 1);
      MarginCertifier certifier = new MarginCertifier(net, p, OPTIONS);
      assertTrue(certifier.certify(new float[] {1, 0}, 0).certified());
      Certificate wrong = certifier.certify(new float[] {1, 0}, 1);
      assertFalse(wrong.certified());
      assertTrue(wrong.reason().contains("label 1"), wrong.reason());
      assertFalse(certifier.certify(new float[] {1, 1}, 0).certified(), "margin 0");
      assertFalse(certifier.certify(new float[] {Float.NaN, 1}, 0).certified());
      assertFalse(certifier.certify(new float[] {Float.POSITIVE_INFINITY, 1}, 0).certified());
      assertThrows(InvalidInputException.class, () -> certifier.certify(new float[] {1, 0}, 2));
      assertThrows(InvalidInputException.class, () -> certifier.certify(new float[3], 0));
    }
  }

  @Test
  void aNetworkWhoseLabelDependsOnTheOrderOfSummationIsRefused() {
    float big = 16777216;
    assertEquals(0, (big + 1) - big);
    assertEquals(1, big - big + 1);
    Network net = Nets.chain(Shape.of(3), Linear.of(2));
    try (Parameters p = Nets.parameters(net, 1)) {
      Nets.set(p, "linear1", "w", big, 1, -big, 0, 0, 0);
      Nets.set(p, "linear1", "b", 0, 0.5);
      Certificate c = new MarginCertifier(net, p, OPTIONS).certify(new float[] {1, 1, 1}, 0);
      assertEquals(0, c.radius());
      assertTrue(c.realRadius() > 0, "the real-valued network does have the label");
      assertTrue(c.reason().contains("rounding"), c.reason());
    }
  }

  @Test
  void parametersThatAreNotFiniteAreRefused() {
    Network net = Nets.chain(Shape.of(2), Linear.of(3), ActivationLayer.sigmoid(), Linear.of(2));
    for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY}) {
      try (Parameters p = Nets.parameters(net, 1)) {
        Nets.set(p, "linear1", "w", 1, 2, 3, bad, 5, 6);
        MarginCertifier certifier = new MarginCertifier(net, p, OPTIONS);
        for (int label = 0; label < 2; label++) {
          assertEquals(0, certifier.certify(new float[] {1, 1}, label).radius());
          assertEquals(0, certifier.certify(new float[] {1, 0}, label).realRadius());
        }
      }
    }
  }

  @Test
  void aLayerWithoutErrorAnalysisIsNamed() {
    Network net = Nets.chain(Shape.of(4), new NetworkBoundsTest.Doubling(2), Linear.of(2));
    try (Parameters p = Nets.parameters(net, 1)) {
      Certificate c = new MarginCertifier(net, p, OPTIONS).certify(new float[4], 0);
      assertFalse(c.certified());
      assertTrue(c.reason().contains("Doubling"), c.reason());
    }
  }

  @Test
  void threadsDoNotChangeTheResult() {
    Network net = Nets.networks().get(2);
    float[] xs = uniform(64 * 9, new SplittableRandom(4));
    int[] labels = {0, 1, 2, 0, 1, 2, 0, 1, 2};
    try (Parameters p = Nets.parameters(net, 7)) {
      List<Certificate> one = new MarginCertifier(net, p, OPTIONS).certify(xs, labels);
      List<Certificate> three = new MarginCertifier(net, p, OPTIONS.threads(3)).certify(xs, labels);
      assertEquals(one, three);
    }
  }

  private static double[] ones(Network net) {
    double[] constants = new double[net.nodes().size() + 1];
    java.util.Arrays.fill(constants, 1);
    return constants;
  }

  private static double[] logits(ErrorAnalysis net, double[] x) {
    Signal[] all = net.run(x, 0);
    return all[all.length - 1].value();
  }

  private static double[] moved(double[] x, double[] d, double radius) {
    double length = Math.sqrt(ErrorAnalysis.sumOfSquares(d));
    double[] z = x.clone();
    for (int i = 0; i < z.length; i++) {
      z[i] += radius * d[i] / length;
    }
    return z;
  }

  private static int rival(double[] z, int y) {
    int best = y == 0 ? 1 : 0;
    for (int j = 0; j < z.length; j++) {
      best = j != y && z[j] > z[best] ? j : best;
    }
    return best;
  }

  private static int argmax(double[] z) {
    int best = 0;
    for (int j = 1; j < z.length; j++) {
      best = z[j] > z[best] ? j : best;
    }
    return best;
  }

  private static double[] widen(float[] x) {
    double[] d = new double[x.length];
    for (int i = 0; i < d.length; i++) {
      d[i] = x[i];
    }
    return d;
  }

  private static float[] uniform(int n, SplittableRandom random) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble();
    }
    return x;
  }
}
