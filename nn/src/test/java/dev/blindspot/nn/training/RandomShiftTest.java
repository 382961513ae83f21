package dev.blindspot.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class RandomShiftTest {
  private static final int C = 2;
  private static final int H = 4;
  private static final int W = 3;
  private static final Shape SHAPE = Shape.of(C, H, W);

  /** 1, 2, 3, ... between two guards. */
  private static float[] image() {
    float[] x = new float[C * H * W + 2];
    for (int i = 0; i < x.length; i++) {
      x[i] = i;
    }
    return x;
  }

  /** y[c,i,j] = x[c, i - down, j - right], 0 outside. */
  private static float[] moved(int down, int right) {
    float[] x = image();
    float[] y = image();
    for (int c = 0; c < C; c++) {
      for (int i = 0; i < H; i++) {
        for (int j = 0; j < W; j++) {
          int a = i - down;
          int b = j - right;
          boolean inside = a >= 0 && a < H && b >= 0 && b < W;
          y[1 + (c * H + i) * W + j] = inside ? x[1 + (c * H + a) * W + b] : 0;
        }
      }
    }
    return y;
  }

  @Test
  void everyMoveWithinReachComesEquallyOften() {
    for (int most = 1; most <= 2; most++) {
      List<float[]> moves = new ArrayList<>();
      for (int down = -most; down <= most; down++) {
        for (int right = -most; right <= most; right++) {
          moves.add(moved(down, right));
        }
      }
      RandomShift shift = new RandomShift(SHAPE, most, 7);
      int[] counts = new int[moves.size()];
      for (int sample = 0; sample < 1000 * counts.length; sample++) {
        float[] x = image();
        shift.apply(x, 1, 3, sample);
        int which = 0;
        while (which < counts.length && !Arrays.equals(x, moves.get(which))) {
          which++;
        }
        assertTrue(which < counts.length, "no such move: " + Arrays.toString(x));
        counts[which]++;
      }
      for (int n : counts) {
        assertEquals(1000, n, 5 * Math.sqrt(1000));
      }
    }
  }

  @Test
  void seedEpochAndSampleDecide() {
    int[][] keys = {{1, 0, 5}, {2, 0, 5}, {1, 1, 5}, {1, 0, 6}};
    int[] different = new int[4];
    for (int round = 0; round < 90; round++) {
      float[][] x = new float[4][];
      for (int k = 0; k < 4; k++) {
        RandomShift shift = new RandomShift(SHAPE, 1, keys[k][0]);
        x[k] = image();
        shift.apply(x[k], 1, keys[k][1], keys[k][2] + 100 * round);
        float[] again = image();
        shift.apply(again, 1, keys[k][1], keys[k][2] + 100 * round);
        assertArrayEquals(x[k], again);
        different[k] += Arrays.equals(x[0], x[k]) ? 0 : 1;
      }
    }
    for (int k = 1; k < 4; k++) {
      assertEquals(80, different[k], 15, "of 90, one in nine equal by chance");
    }
  }

  @Test
  void noShiftChangesNothing() {
    float[] x = image();
    new RandomShift(SHAPE, 0, 1).apply(x, 1, 0, 0);
    assertArrayEquals(image(), x);
  }

  @Test
  void refusesToMoveAnImageOutOfSight() {
    InvalidInputException e =
        assertThrows(InvalidInputException.class, () -> new RandomShift(SHAPE, 3, 1));
    assertTrue(e.getMessage().contains("a shift by 3 pixels"), e.getMessage());
  }
}
