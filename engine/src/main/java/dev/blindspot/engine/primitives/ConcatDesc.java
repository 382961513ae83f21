package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import java.util.List;

/**
 * Concatenation of rows: y[i,:] = parts[0][i,:], parts[1][i,:], ... For NCHW tensors this joins
 * channels.
 *
 * @param lengths row length of each part
 */
public record ConcatDesc(ElementType type, long n, List<Long> lengths) implements Desc<ConcatPlan> {

  public ConcatDesc {
    lengths = List.copyOf(lengths);
    Check.positive("Concat", "n", n);
    Check.that(!lengths.isEmpty(), "Concat: needs at least one part");
    for (long l : lengths) {
      Check.positive("Concat", "row length of a part", l);
    }
  }

  /** Row length of y. Allocates nothing. */
  public long length() {
    long sum = 0;
    for (int i = 0; i < lengths.size(); i++) {
      sum += lengths.get(i);
    }
    return sum;
  }

  @Override
  public String summary() {
    return "Concat " + type + " n=" + n + " lengths=" + lengths;
  }
}
