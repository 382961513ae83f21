package dev.blindspot.attacks.inspect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RankingTest {

  @Test
  void agreesWithSortingAndTiesKeepTheLowerImage() {
    SplittableRandom random = new SplittableRandom(1);
    for (int k : new int[] {1, 2, 7, 60}) {
      double[] values = new double[60];
      int[] labels = new int[60];
      Ranking ranking = new Ranking(k);
      for (int i = 0; i < 60; i++) {
        values[i] = random.nextInt(12) - 6;
        labels[i] = random.nextInt(5);
        ranking.offer(i, values[i]);
      }
      List<Integer> expected =
          IntStream.range(0, 60)
              .boxed()
              .sorted(Comparator.comparing((Integer i) -> -values[i]).thenComparing(i -> i))
              .limit(k)
              .toList();
      TopImages top = ranking.top(9, labels);
      assertEquals(9, top.index());
      assertEquals(expected, top.images());
      assertEquals(expected.stream().map(i -> labels[i]).toList(), top.labels());
      assertEquals(expected.stream().map(i -> values[i]).toList(), top.values());
    }
  }

  @Test
  void purityIsTheShareOfTheMostFrequentLabel() {
    assertEquals(1, Ranking.purity(List.of(3, 3, 3, 3)));
    assertEquals(0.5, Ranking.purity(List.of(1, 2, 1, 0)));
    assertEquals(0.25, Ranking.purity(List.of(7, 1, 2, 0)));
    assertEquals(1, Ranking.purity(List.of(4)));
  }
}
