package dev.blindspot.attacks.bounds;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.primitives.Activation;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import org.junit.jupiter.api.Test;

/** Lines around activations, and what follows from them for dense layers. */
class RelaxationTest {

  @Test
  void reluOnMinusOneToTwo() {
    Relaxation r = new Relaxation(Activation.RELU, 0, new double[] {-1}, new double[] {2});
    assertEquals(2.0 / 3, r.upperSlope[0], 1e-15);
    assertEquals(2.0 / 3, r.upperIntercept[0], 1e-11);
    assertTrue(r.upperIntercept[0] >= 2.0 / 3);
    assertEquals(1, r.lowerSlope[0]);
    assertEquals(0, r.lowerIntercept[0]);
  }

  @Property(tries = 2000, seed = "20131221")
  void linesHoldOnTheInterval(
      @ForAll @DoubleRange(min = -30, max = 30) double a,
      @ForAll @DoubleRange(min = 0, max = 40) double width,
      @ForAll @DoubleRange(min = -0.5, max = 2) double leak) {
    for (Activation f : Activation.values()) {
      Relaxation r = new Relaxation(f, leak, new double[] {a}, new double[] {a + width});
      for (int i = 0; i <= 200; i++) {
        double x = Math.min(a + width, a + width * i / 200);
        double y = Scalar.value(f, leak, x);
        assertTrue(r.lowerSlope[0] * x + r.lowerIntercept[0] <= y + 1e-15, f + " below at " + x);
        assertTrue(r.upperSlope[0] * x + r.upperIntercept[0] >= y - 1e-15, f + " above at " + x);
      }
    }
  }

  @Test
  void smoothLinesAreTight() {
    Relaxation r = new Relaxation(Activation.SIGMOID, 0, new double[] {-0.1}, new double[] {0.1});
    double gap = r.upperIntercept[0] - r.lowerIntercept[0];
    assertTrue(gap > 0 && gap < 1e-3, "" + gap);
  }

  @Test
  void twoUnitsThatCancelKeepTheRelaxationGap() {
    assertEquals(-1, lowest(new double[] {1, 1}, new double[] {1, -1}), 1e-9);
  }

  @Test
  void absoluteValueIsAtMostOne() {
    // the norm of a vector that cancels is known to the root of the rounding error only
    assertEquals(-1, lowest(new double[] {1, -1}, new double[] {-1, -1}), 1e-6);
  }

  /** Lower bound on [-1,1] of sum v_i relu(w_i x). */
  private static double lowest(double[] w, double[] v) {
    DenseTail tail =
        new DenseTail(
            List.of(
                new DenseTail.Layer(w, new double[2], 2, 1, Activation.RELU, 0),
                new DenseTail.Layer(
                    new double[] {v[0], v[1], 0, 0}, new double[2], 2, 2, null, 0)));
    return tail.margins(new double[2], new double[2], 1, 0)[1];
  }

  @Test
  void marginsHoldAtRandomPointsOfTheBall() {
    SplittableRandom random = new SplittableRandom(11);
    for (Activation f : Activation.values()) {
      for (int t = 0; t < 30; t++) {
        List<DenseTail.Layer> layers =
            List.of(
                layer(7, 5, f, random),
                layer(6, 7, f, random),
                layer(5, 6, null, random),
                layer(4, 5, f, random),
                layer(3, 4, null, random));
        double[] x = RandomConvTest.gaussian(5, random);
        double radius = Math.pow(10, -2 + t % 3);
        DenseTail tail = new DenseTail(layers);
        double[] first = forward(layers.subList(0, 1), x, false);
        double[] margins = tail.margins(first, new double[7], radius, 1);
        for (int s = 0; s < 100; s++) {
          double[] d = RandomConvTest.gaussian(5, random);
          double length = Math.sqrt(ErrorAnalysis.sumOfSquares(d));
          double[] z = x.clone();
          for (int i = 0; i < 5; i++) {
            z[i] += radius * d[i] / length;
          }
          double[] y = forward(layers, z, true);
          for (int j = 0; j < 3; j++) {
            assertTrue(j == 1 || y[1] - y[j] >= margins[j] - 1e-9, f + " class " + j);
          }
        }
      }
    }
  }

  private static DenseTail.Layer layer(int rows, int cols, Activation f, SplittableRandom random) {
    return new DenseTail.Layer(
        RandomConvTest.gaussian(rows * cols, random),
        RandomConvTest.gaussian(rows, random),
        rows,
        cols,
        f,
        0.3);
  }

  private static double[] forward(List<DenseTail.Layer> layers, double[] x, boolean activate) {
    double[] h = x;
    for (DenseTail.Layer l : layers) {
      double[] y = new double[l.rows()];
      new DenseOperator(l.w(), l.rows(), l.cols()).apply(h, y);
      for (int i = 0; i < y.length; i++) {
        y[i] += l.b()[i];
        if (activate && l.activation() != null) {
          y[i] = Scalar.value(l.activation(), l.slope(), y[i]);
        }
      }
      h = y;
    }
    return h;
  }
}
