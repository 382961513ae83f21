package dev.blindspot.bench.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.data.DataSet;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class AttackSettingsTest {

  @Test
  void badSettingsAreRefused() {
    for (String[] args :
        new String[][] {
          {"--eps", "0"},
          {"--eps", "-1"},
          {"--eps", "NaN"},
          {"--step-size", "0"},
          {"--step-size", "Infinity"},
          {"--steps", "0"},
          {"--restarts", "-1"},
          {"--examples", "0"},
          {"--attack", "lbfgs", "--norm", "linf"},
          {"--eps", "1", "--attack", "lbfgs"},
          {"--restarts", "2", "--attack", "lbfgs"},
          {"--steps", "2", "--attack", "fgsm"},
          {"--step-size", "0.1", "--attack", "fgsm"}
        }) {
      String[] line = new String[args.length + 1];
      line[0] = "attack";
      System.arraycopy(args, 0, line, 1, args.length);
      Cli.Run r = Cli.run(line);
      assertEquals(CommandLineTool.BAD_INPUT, r.code(), Arrays.toString(line));
      assertTrue(r.sentence().contains(args[0]), r.err());
    }
  }

  @Test
  void examplesAreTheFirstCorrectOnesOfTheShuffle() {
    byte[][] pixels = new byte[40][4];
    int[] labels = new int[40];
    int[] predicted = new int[40];
    for (int i = 0; i < 40; i++) {
      pixels[i][0] = (byte) i;
      labels[i] = i % 3;
      predicted[i] = i % 4 == 0 ? (i + 1) % 3 : i % 3;
    }
    DataSet data = new DataSet("d", Shape.of(1, 2, 2), 3, pixels, labels);
    Examples e = Examples.choose(data, predicted, 10, 7);
    int[] expected = Arrays.stream(data.shuffled(7)).filter(i -> i % 4 != 0).limit(10).toArray();
    assertArrayEquals(expected, e.index());
    assertEquals(expected[3] / 255f, e.images()[3 * 4]);
    assertEquals(30, Examples.choose(data, predicted, 100, 7).count());
    int[] targets = e.randomTargets(3, 7);
    for (int i = 0; i < 10; i++) {
      assertNotEquals(e.labels()[i], targets[i]);
      assertTrue(targets[i] >= 0 && targets[i] < 3);
    }
    int[] never = Arrays.stream(labels).map(l -> (l + 1) % 3).toArray();
    assertThrows(InvalidInputException.class, () -> Examples.choose(data, never, 1, 7));
  }

  @Test
  void pixelsOutsideTheBoxAreNoSuccess() {
    float[] x = {0, Math.nextUp(1f)};
    assertThrows(BlindspotException.class, () -> Attacked.checkBox(x, "a"));
    x[1] = Float.NaN;
    assertThrows(BlindspotException.class, () -> Attacked.checkBox(x, "a"));
    x[1] = 1;
    Attacked.checkBox(x, "a");
  }
}
