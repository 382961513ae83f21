package dev.blindspot.attacks.inspect;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The k largest of a stream of values. One thread. */
final class Ranking {
  private final double[] values;
  private final int[] images;
  private int count;

  Ranking(int k) {
    values = new double[k];
    images = new int[k];
  }

  /** Offers the next image; they must come in ascending order, so that ties keep the lower one. */
  void offer(int image, double value) {
    if (count == values.length && value <= values[count - 1]) {
      return;
    }
    int at = count;
    for (int low = 0; low < at; ) {
      int middle = (low + at) >>> 1;
      if (values[middle] < value) {
        at = middle;
      } else {
        low = middle + 1;
      }
    }
    count = Math.min(count + 1, values.length);
    System.arraycopy(values, at, values, at + 1, count - 1 - at);
    System.arraycopy(images, at, images, at + 1, count - 1 - at);
    values[at] = value;
    images[at] = image;
  }

  /** What was ranked, with the labels of all images. */
  TopImages top(int index, int[] labels) {
    List<Integer> shown = Arrays.stream(images, 0, count).boxed().toList();
    List<Integer> classes = shown.stream().map(i -> labels[i]).toList();
    return new TopImages(
        index, shown, classes, Arrays.stream(values, 0, count).boxed().toList(), purity(classes));
  }

  /** Share of the most frequent label, 1/labels.size() .. 1. */
  static double purity(List<Integer> labels) {
    Map<Integer, Integer> counts = new HashMap<>();
    int most = 0;
    for (int l : labels) {
      most = Math.max(most, counts.merge(l, 1, Integer::sum));
    }
    return (double) most / labels.size();
  }
}
