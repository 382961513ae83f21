package dev.blindspot.nn.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class DataSetTest {
  private static DataSet four() {
    byte[][] p = {{0, 1}, {2, 3}, {(byte) 255, 4}, {5, (byte) 128}};
    return new DataSet("four", Shape.of(1, 1, 2), 3, p, new int[] {0, 1, 2, 1});
  }

  @Test
  void readsRangesAndOrdersAsUnitFloats() {
    float[] x = new float[5];
    four().read(2, 4, x, 1);
    assertArrayEquals(new float[] {0, 1, 4 / 255f, 5 / 255f, 128 / 255f}, x);
    int[] order = {3, 0, 2};
    float[] y = new float[4];
    int[] labels = new int[2];
    four().read(order, 1, 3, y, 0);
    four().readLabels(order, 1, 3, labels, 0);
    assertArrayEquals(new float[] {0, 1 / 255f, 1, 4 / 255f}, y);
    assertArrayEquals(new int[] {0, 2}, labels);
    assertArrayEquals(y, concat(four().image(0), four().image(2)));
  }

  @Test
  void copiesToTensorsOfBothTypes() {
    try (Backend backend = Backends.create("reference");
        TensorArena arena = backend.arena(1024)) {
      Tensor f = arena.tensor(ElementType.F32, 2, 1, 1, 2);
      Tensor d = arena.tensor(ElementType.F64, 2, 2);
      four().copyTo(1, 3, f);
      four().copyTo(new int[] {1, 2}, 0, 2, d);
      assertArrayEquals(new float[] {2 / 255f, 3 / 255f, 1, 4 / 255f}, f.toFloats());
      assertArrayEquals(new double[] {2 / 255.0, 3 / 255.0, 1, 4 / 255.0}, d.toDoubles());
      assertThrows(InvalidInputException.class, () -> four().copyTo(0, 3, f));
    }
  }

  @Test
  void refusesWhatDisagrees() {
    Shape s = Shape.of(1, 1, 2);
    byte[][] p = {{0, 1}};
    assertThrows(InvalidInputException.class, () -> new DataSet("x", s, 3, p, new int[] {0, 1}));
    assertThrows(InvalidInputException.class, () -> new DataSet("x", s, 3, p, new int[] {3}));
    assertThrows(InvalidInputException.class, () -> new DataSet("x", s, 3, p, new int[] {-1}));
    assertThrows(
        InvalidInputException.class,
        () -> new DataSet("x", Shape.of(1, 1, 3), 3, p, new int[] {0}));
    assertThrows(
        InvalidInputException.class, () -> new DataSet("x", Shape.of(2), 3, p, new int[] {0}));
    assertThrows(InvalidInputException.class, () -> four().read(1, 5, new float[99], 0));
    assertThrows(InvalidInputException.class, () -> four().read(0, 4, new float[7], 0));
  }

  @Test
  void checksumIsThatOfTheContent() {
    assertEquals(four().checksum(), four().checksum());
    assertEquals(64, four().checksum().length());
    assertNotEquals(four().checksum(), four().withClasses(4).checksum());
    assertNotEquals(four().checksum(), four().first(3).checksum());
    assertNotEquals(four().checksum(), four().subset(new int[] {1, 0, 2, 3}).checksum());
  }

  @Test
  void shufflesArePermutationsFixedByTheSeed() {
    int[] a = DataSet.shuffled(1000, 7);
    assertArrayEquals(a, DataSet.shuffled(1000, 7));
    assertTrue(!Arrays.equals(a, DataSet.shuffled(1000, 8)));
    int[] sorted = a.clone();
    Arrays.sort(sorted);
    for (int i = 0; i < 1000; i++) {
      assertEquals(i, sorted[i]);
    }
  }

  @Test
  void splitsWithoutOverlap() {
    DataSplit split = four().split(0.25, 3);
    assertEquals(3, split.train().size());
    assertEquals(1, split.test().size());
    float test = split.test().image(0)[0];
    for (int i = 0; i < 3; i++) {
      assertNotEquals(test, split.train().image(i)[0]);
    }
    assertThrows(InvalidInputException.class, () -> four().split(1, 3));
  }

  private static float[] concat(float[] a, float[] b) {
    float[] c = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, c, a.length, b.length);
    return c;
  }
}
