package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendProvider;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.Probe;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Dense bounds with a backend's singular values and products. */
class DenseBackendTest {
  private static final String FAST = System.getProperty("blindspot.test.backend", "cpu");

  @ParameterizedTest
  @ValueSource(strings = {"reference", "cpu", "cuda"})
  void agreesWithPlainJava(String name) {
    available(name);
    SplittableRandom random = new SplittableRandom(12);
    double[] a = RandomConvTest.gaussian(40 * 25, random);
    double exact = Svd.largest(a, 40, 25);
    try (Backend backend = Backends.create(name)) {
      LayerBound b =
          DenseBounds.of("m", a, 40, 25, BoundsOptions.defaults().threads(1).backend(backend));
      assertTrue(b.lower() <= exact * (1 + 1e-14) && b.upper() >= exact * (1 - 1e-14), "" + b);
      assertEquals(exact, b.lower(), 1e-10 * exact);
      assertTrue(b.method().contains("singular values"), b.method());
    }
  }

  @Test
  @Tag("slow-on-stand-ins")
  void largeProductsRunOnTheBackend() {
    available(FAST);
    int rows = 500;
    int cols = 430;
    double[] a = RandomConvTest.gaussian(rows * cols, new SplittableRandom(13));
    BoundsOptions plain = BoundsOptions.defaults().threads(1);
    LayerBound expected = DenseBounds.of("m", a, rows, cols, plain);
    try (Backend backend = Backends.create(FAST)) {
      LayerBound b = DenseBounds.of("m", a, rows, cols, plain.backend(backend));
      assertEquals(expected.upper(), b.upper(), 1e-3 * b.upper());
      assertTrue(b.upper() >= expected.lower());
      assertTrue(b.upper() <= 1.002 * b.lower(), b.toString());
    }
  }

  @Test
  @Tag("slow-on-stand-ins")
  void complexProductsRunOnTheBackend() {
    available(FAST);
    SplittableRandom random = new SplittableRandom(14);
    double[] re = RandomConvTest.gaussian(30 * 20, random);
    double[] im = RandomConvTest.gaussian(30 * 20, random);
    Planes expected = new Planes(re, im, 30, 20).gram();
    try (Backend backend = Backends.create(FAST);
        BackendGram product = new BackendGram(backend)) {
      Planes g = product.apply(new Planes(re, im, 30, 20));
      for (int i = 0; i < 400; i++) {
        assertEquals(expected.re()[i], g.re()[i], 1e-12);
        assertEquals(expected.im()[i], g.im()[i], 1e-12);
      }
      ConvGeometry wide = ConvGeometry.square(96, 6, 96, 3, 1, 1, 1, 1);
      double[] w = RandomConvTest.gaussian(wide.weights(), random);
      BoundsOptions options = BoundsOptions.defaults().threads(1).work(1e8);
      LayerBound b = ConvBounds.of("c", "Conv2d", wide, w, options.backend(backend));
      LayerBound plain = ConvBounds.of("c", "Conv2d", wide, w, options);
      assertTrue(b.upper() >= plain.lower() && b.upper() <= plain.upper(), b + " " + plain);
    }
  }

  private static void available(String name) {
    for (Map.Entry<BackendProvider, Probe> e : Backends.available().entrySet()) {
      if (e.getKey().name().equals(name)) {
        assumeTrue(e.getValue().available(), e.getValue().reason());
        return;
      }
    }
    abort("no backend " + name + " on the class path");
  }
}
