package dev.blindspot.nn.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto.AttributeType;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.layers.Concat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Operators that move or rename elements, and constants. */
final class ShapeOperators {
  private static final int MAX_RANK = 16;

  private ShapeOperators() {}

  static void register(Map<String, Operators.Reader> m) {
    m.put("Identity", (g, n) -> g.value(n, 0));
    m.put("Constant", ShapeOperators::constant);
    m.put("Cast", ShapeOperators::cast);
    m.put("Flatten", ShapeOperators::flatten);
    m.put("Reshape", ShapeOperators::reshape);
    m.put("Squeeze", ShapeOperators::squeeze);
    m.put("Unsqueeze", ShapeOperators::unsqueeze);
    m.put("Transpose", ShapeOperators::transpose);
    m.put("Concat", ShapeOperators::concat);
    m.put("Shape", ShapeArithmetic::shape);
    m.put("Gather", ShapeArithmetic::gather);
  }

  private static Value constant(GraphReader g, NodeReader n) {
    String name = n.where() + ": value";
    Constant c = n.tensor("value");
    if (n.has("value_float")) {
      double v = n.attribute("value_float", AttributeType.FLOAT).getF();
      c = Constant.of(name, Constant.FLOAT, new long[0], new double[] {v});
    } else if (n.has("value_int")) {
      c = Constant.of(name, List.of(n.integer("value_int", 0))).reshaped(new long[0]);
    } else if (n.has("value_ints")) {
      c = Constant.of(name, n.attribute("value_ints", AttributeType.INTS).getIntsList());
    } else if (n.has("value_floats")) {
      List<Float> f = n.attribute("value_floats", AttributeType.FLOATS).getFloatsList();
      double[] v = f.stream().mapToDouble(Float::doubleValue).toArray();
      c = Constant.of(name, Constant.FLOAT, new long[] {v.length}, v);
    }
    if (c == null) {
      throw n.invalid("needs one of the attributes value, value_float(s), value_int(s)");
    }
    return c;
  }

  private static Value cast(GraphReader g, NodeReader n) {
    n.ignore("saturate", "round_mode");
    long to = n.integer("to", 0);
    Value v = g.value(n, 0);
    boolean floating = to == Constant.FLOAT || to == Constant.DOUBLE;
    if (v instanceof Constant c) {
      if (c.type() == to || (floating && to == Constant.DOUBLE)) {
        return new Constant(c.name(), (int) to, c.dims(), c.source());
      }
      throw n.unsupported(
          "from "
              + Constant.typeName(c.type())
              + " to "
              + Constant.typeName((int) to)
              + "; only casts that change nothing are supported");
    }
    int from = g.type() == ElementType.F32 ? Constant.FLOAT : Constant.DOUBLE;
    if (to != from) {
      throw n.unsupported(
          "from "
              + Constant.typeName(from)
              + " to "
              + Constant.typeName((int) to)
              + "; a network has one element type");
    }
    return v;
  }

  private static Value flatten(GraphReader g, NodeReader n) {
    Value v = g.value(n, 0);
    long[] dims = v instanceof Constant c ? c.dims() : g.dims(g.data(n, 0).sample());
    int axis = n.integer("axis", 1, -dims.length, dims.length);
    axis = axis < 0 ? axis + dims.length : axis;
    if (v instanceof Constant c) {
      long front = product(dims, 0, axis);
      return c.reshaped(new long[] {front, product(dims, axis, dims.length)});
    }
    if (g.batched() && axis != 1) {
      throw n.mixesSamples("axis " + axis);
    }
    if (g.batched()) {
      return new PendingFlatten(g, n.name(), g.data(n, 0));
    }
    long front = product(dims, 0, axis);
    return g.reshape(n.name(), g.data(n, 0), front, product(dims, axis, dims.length));
  }

  private static long product(long[] dims, int from, int to) {
    return Arrays.stream(dims, from, to).reduce(1, (a, b) -> a * b);
  }

  private static Value reshape(GraphReader g, NodeReader n) {
    boolean allowZero = n.integer("allowzero", 0) != 0;
    long[] shape = g.constant(n, 1).longs(MAX_RANK);
    if (g.value(n, 0) instanceof Constant c) {
      return c.reshaped(fill(n, shape.clone(), c.dims(), c.size(), allowZero));
    }
    Data d = g.data(n, 0);
    long size = d.sample().size();
    if (!g.batched()) {
      return g.reshape(n.name(), d, fill(n, shape.clone(), g.dims(d.sample()), size, allowZero));
    }
    return g.reshape(n.name(), d, sampleShape(g, n, shape, d.sample(), allowZero));
  }

  /** The shape of one sample from one whose first dimension is the batch. */
  private static long[] sampleShape(
      GraphReader g, NodeReader n, long[] shape, Shape sample, boolean allowZero) {
    String text = "to " + Arrays.toString(shape) + " from " + Arrays.toString(g.dims(sample));
    if (shape.length < 2) {
      throw n.mixesSamples(text);
    }
    boolean keepsBatch =
        (shape[0] == 0 && !allowZero)
            || shape[0] == ShapeArithmetic.BATCH
            || (shape[0] > 0 && shape[0] == g.batch());
    boolean infersBatch = shape[0] == -1;
    if (!keepsBatch && !infersBatch) {
      throw n.mixesSamples(text);
    }
    long[] dims = g.dims(sample);
    long[] rest = Arrays.copyOfRange(shape, 1, shape.length);
    for (int i = 0; i < rest.length; i++) {
      if (rest[i] == 0 && !allowZero && i + 1 < dims.length) {
        rest[i] = dims[i + 1];
      }
    }
    if (infersBatch && Arrays.stream(rest).anyMatch(r -> r < 1)) {
      throw n.invalid(text + ": more than one dimension is to be inferred");
    }
    if (infersBatch && product(rest, 0, rest.length) != sample.size()) {
      throw n.mixesSamples(text);
    }
    return fill(n, rest, sample.toArray(), sample.size(), true);
  }

  /** Replaces 0 (keep) and -1 (infer). */
  private static long[] fill(
      NodeReader n, long[] shape, long[] from, long size, boolean allowZero) {
    String text = "to " + Arrays.toString(shape) + " from " + Arrays.toString(from);
    int infer = -1;
    long product = 1;
    for (int i = 0; i < shape.length; i++) {
      if (shape[i] == 0 && !allowZero && i < from.length) {
        shape[i] = from[i];
      }
      if (shape[i] == -1 && infer < 0) {
        infer = i;
      } else if (shape[i] < 1 || product > Integer.MAX_VALUE / shape[i]) {
        throw n.invalid(text + ": dimension " + i + " is not positive, or too large");
      } else {
        product *= shape[i];
      }
    }
    if (infer >= 0) {
      shape[infer] = size / product;
      product *= shape[infer];
    }
    if (product != size) {
      throw n.invalid(text + ": sizes differ");
    }
    return shape;
  }

  /** Axes from the attribute (before operator set 13) or the second input; null if left out. */
  private static long[] axes(GraphReader g, NodeReader n) {
    if (n.opset() < 13) {
      return n.integers("axes");
    }
    Constant c = g.optional(n, 1);
    return c == null ? null : c.longs(MAX_RANK);
  }

  private static Value squeeze(GraphReader g, NodeReader n) {
    long[] axes = axes(g, n);
    Value v = g.value(n, 0);
    long[] dims = v instanceof Constant c ? c.dims() : g.dims(g.data(n, 0).sample());
    TreeSet<Integer> drop = new TreeSet<>();
    if (axes == null) {
      IntStream.range(0, dims.length).filter(i -> dims[i] == 1).forEach(drop::add);
    } else {
      Arrays.stream(axes).forEach(a -> drop.add(GraphReader.axis(n, a, dims.length)));
    }
    for (int a : drop) {
      if (dims[a] != 1 && !(g.batched() && a == 0)) {
        throw n.invalid("axis " + a + " has " + dims[a] + " elements, not 1");
      }
    }
    long[] to =
        IntStream.range(0, dims.length)
            .filter(i -> !drop.contains(i))
            .mapToLong(i -> dims[i])
            .toArray();
    if (v instanceof Constant c) {
      return c.reshaped(to);
    }
    if (g.batched() && drop.contains(0)) {
      throw n.mixesSamples("axis 0");
    }
    return g.reshape(
        n.name(), g.data(n, 0), g.batched() ? Arrays.copyOfRange(to, 1, to.length) : to);
  }

  private static Value unsqueeze(GraphReader g, NodeReader n) {
    long[] axes = axes(g, n);
    if (axes == null) {
      throw n.invalid("axes are missing");
    }
    Value v = g.value(n, 0);
    long[] dims = v instanceof Constant c ? c.dims() : g.dims(g.data(n, 0).sample());
    int rank = dims.length + axes.length;
    if (rank > MAX_RANK) {
      throw n.unsupported("rank " + rank);
    }
    TreeSet<Integer> ones = new TreeSet<>();
    for (long a : axes) {
      if (!ones.add(GraphReader.axis(n, a, rank))) {
        throw n.invalid("axis " + a + " is there twice");
      }
    }
    long[] to = new long[rank];
    for (int i = 0, from = 0; i < rank; i++) {
      to[i] = ones.contains(i) ? 1 : dims[from++];
    }
    if (v instanceof Constant c) {
      return c.reshaped(to);
    }
    if (g.batched() && ones.contains(0)) {
      throw n.mixesSamples("axis 0");
    }
    return g.reshape(
        n.name(), g.data(n, 0), g.batched() ? Arrays.copyOfRange(to, 1, to.length) : to);
  }

  private static Value transpose(GraphReader g, NodeReader n) {
    Value v = g.value(n, 0);
    long[] dims = v instanceof Constant c ? c.dims() : g.dims(g.data(n, 0).sample());
    int[] perm = permutation(n, dims.length);
    if (v instanceof Constant c) {
      return c.transposed(perm);
    }
    if (g.batched() && perm[0] != 0) {
      throw n.mixesSamples("perm " + Arrays.toString(perm));
    }
    int last = -1;
    long[] to = new long[perm.length];
    for (int i = 0; i < perm.length; i++) {
      to[i] = dims[perm[i]];
      if (to[i] != 1) {
        if (perm[i] < last) {
          throw n.unsupported(
              "perm "
                  + Arrays.toString(perm)
                  + " of "
                  + Arrays.toString(dims)
                  + " moves elements; only dimensions of size 1 may move");
        }
        last = perm[i];
      }
    }
    return g.reshape(
        n.name(), g.data(n, 0), g.batched() ? Arrays.copyOfRange(to, 1, to.length) : to);
  }

  private static int[] permutation(NodeReader n, int rank) {
    long[] p = n.integers("perm");
    if (p == null) {
      return IntStream.range(0, rank).map(i -> rank - 1 - i).toArray();
    }
    long[] sorted = p.clone();
    Arrays.sort(sorted);
    if (!Arrays.equals(sorted, IntStream.range(0, rank).asLongStream().toArray())) {
      throw n.invalid(
          "attribute 'perm' " + Arrays.toString(p) + " is no permutation of rank " + rank);
    }
    return Arrays.stream(p).mapToInt(i -> (int) i).toArray();
  }

  private static Value concat(GraphReader g, NodeReader n) {
    if (g.value(n, 0) instanceof Constant) {
      return ShapeArithmetic.concat(g, n);
    }
    List<Data> parts = new ArrayList<>();
    for (int i = 0; i < n.inputs(); i++) {
      parts.add(g.data(n, i));
    }
    int rank = g.dims(parts.get(0).sample()).length;
    int axis = GraphReader.axis(n, n.integer("axis", 1), rank);
    if (g.batched() && axis == 0) {
      throw n.mixesSamples("axis 0");
    }
    if (axis != (g.batched() ? 1 : 0)) {
      throw n.unsupported("axis " + axis + "; only the first axis of a sample is supported");
    }
    return parts.size() == 1
        ? parts.get(0)
        : g.add(n.name(), new Concat(), parts.toArray(Data[]::new));
  }
}
