package dev.blindspot.nn.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Shape;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

class SyntheticDigitsTest {
  private static final DataSplit DATA = SyntheticDigits.draw(1);

  @Test
  void hasTheShapeOfMnist() {
    assertEquals(8000, DATA.train().size());
    assertEquals(2000, DATA.test().size());
    assertEquals(Shape.of(1, 28, 28), DATA.train().sampleShape());
    int[] counts = new int[10];
    for (int l : DATA.test().labels()) {
      counts[l]++;
    }
    for (int c : counts) {
      assertEquals(200, c);
    }
  }

  @Test
  void theSeedDecidesEveryByte() {
    DataSplit again = DataSets.load("synthetic", null, 1);
    assertEquals(DATA.train().checksum(), again.train().checksum());
    assertEquals(DATA.test().checksum(), again.test().checksum());
    assertEquals(
        "0e15894e665b3e083a762e3dbfba98acc7134c665e83cb126da13b79f2ba1fd7",
        DATA.test().checksum(),
        "the same on every machine and JDK");
    assertNotEquals(
        DATA.test().checksum(), SyntheticDigits.draw(2).test().checksum(), "another seed");
  }

  @Test
  void everyDigitHasInkAndStaysInside() {
    for (int i = 0; i < DATA.test().size(); i++) {
      double ink = 0;
      double border = 0;
      float[] x = DATA.test().image(i);
      for (int at = 0; at < x.length; at++) {
        ink += x[at];
        boolean edge = at < 28 || at >= 27 * 28 || at % 28 == 0 || at % 28 == 27;
        border += edge ? x[at] : 0;
      }
      assertTrue(ink > 15 && ink < 300, "sample " + i + " has ink " + ink);
      assertTrue(border < 0.35 * ink, "sample " + i + " is cut off");
    }
  }

  /** Not linearly separable: measured 10.5 % error, at least 5 % wanted. */
  @Test
  void isHardForALinearClassifier() {
    PlainMlp linear = new PlainMlp(1, 784, 10);
    for (int e = 0; e < 12; e++) {
      linear.epoch(DATA.train(), e, e < 8 ? 1e-3f : 3e-4f);
    }
    double error = linear.error(DATA.test());
    assertTrue(error > 0.05 && error < 0.3, "linear error " + error);
  }

  /** Learnable: measured 1.6 % error, at most 3 % wanted. */
  @Test
  @Tag("acceptance")
  void isEasyForAnMlp() {
    PlainMlp mlp = new PlainMlp(1, 784, 100, 100, 10);
    for (int e = 0; e < 12; e++) {
      mlp.epoch(DATA.train(), e, e < 8 ? 1e-3f : 3e-4f);
    }
    double error = mlp.error(DATA.test());
    assertTrue(error < 0.03, "MLP error " + error);
  }
}
