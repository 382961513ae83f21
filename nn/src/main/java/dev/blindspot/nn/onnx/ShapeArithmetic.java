package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Operators on shapes, evaluated when read: exporters compute the target of a Reshape from the
 * shape of its input.
 */
final class ShapeArithmetic {
  /** Stands for the size of the batch where that is not fixed; only a Reshape understands it. */
  static final long BATCH = -(1L << 62);

  private static final int MAX_RANK = 64;

  private ShapeArithmetic() {}

  /** The dimensions start..end-1 of the input. */
  static Value shape(GraphReader g, NodeReader n) {
    Value v = g.value(n, 0);
    Shape sample = v instanceof Pending p ? p.sample() : v instanceof Data d ? d.sample() : null;
    long[] dims = v instanceof Constant c ? c.dims() : g.dims(sample);
    int from = clamp(n.integer("start", 0), dims.length);
    int to = clamp(n.integer("end", dims.length), dims.length);
    List<Long> list = new ArrayList<>();
    for (int i = from; i < to; i++) {
      list.add(dims[i] == -1 ? BATCH : dims[i]);
    }
    return Constant.of(n.where() + ": shape", list);
  }

  private static int clamp(long axis, int rank) {
    return (int) Math.max(0, Math.min(rank, axis < 0 ? axis + rank : axis));
  }

  /** Elements of a list of integers. */
  static Value gather(GraphReader g, NodeReader n) {
    Constant list = list(g, n, 0);
    Constant indices = g.constant(n, 1);
    if (n.integer("axis", 0) != 0) {
      throw n.unsupported("attribute 'axis' other than 0");
    }
    long[] v = list.longs(MAX_RANK);
    List<Long> out = new ArrayList<>();
    for (long i : indices.longs(MAX_RANK)) {
      out.add(v[GraphReader.axis(n, i, v.length)]);
    }
    return Constant.of(n.where() + ": elements", out).reshaped(indices.dims());
  }

  /** Joins lists of integers. */
  static Value concat(GraphReader g, NodeReader n) {
    if (n.integer("axis", 0) != 0) {
      throw n.unsupported("constants along an axis other than 0");
    }
    List<Long> out = new ArrayList<>();
    for (int i = 0; i < n.inputs(); i++) {
      Arrays.stream(list(g, n, i).longs(MAX_RANK)).forEach(out::add);
    }
    return Constant.of(n.where() + ": joined", out);
  }

  private static Constant list(GraphReader g, NodeReader n, int i) {
    if (!(g.value(n, i) instanceof Constant c) || c.floating() || c.dims().length != 1) {
      throw n.unsupported(
          "input " + i + " '" + n.input(i) + "'; only lists of integers known when read");
    }
    return c;
  }
}
