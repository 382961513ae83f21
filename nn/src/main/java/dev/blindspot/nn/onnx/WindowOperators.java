package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Pool2d;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Convolution, pooling, padding, in one or two spatial dimensions. */
final class WindowOperators {
  private WindowOperators() {}

  static void register(Map<String, Operators.Reader> m) {
    m.put("Conv", WindowOperators::conv);
    m.put("MaxPool", WindowOperators::maxPool);
    m.put("AveragePool", WindowOperators::averagePool);
    m.put("GlobalAveragePool", (g, n) -> globalPool(g, n, Pooling.AVERAGE_INCLUDE_PAD));
    m.put("GlobalMaxPool", (g, n) -> globalPool(g, n, Pooling.MAX));
    m.put("ReduceMean", WindowOperators::reduceMean);
    m.put("Pad", WindowOperators::pad);
  }

  /** Data [c,h,w] or [c,l], unpadded, with the zeros that a Pad node put round it. */
  private static PendingPad input(GraphReader g, NodeReader n) {
    Value v = g.value(n, 0);
    PendingPad in =
        v instanceof PendingPad p ? p : new PendingPad(n.where(), g.data(n, 0), new int[4]);
    int rank = in.x().sample().rank();
    if (!g.batched() || rank < 2 || rank > 3) {
      throw n.unsupported(
          "data of dims "
              + Arrays.toString(g.dims(in.x().sample()))
              + "; needs [n,c,h,w] or [n,c,l]");
    }
    return in;
  }

  /** [c,l] as [c,1,l]. */
  private static Data asImage(GraphReader g, NodeReader n, Data x) {
    Shape s = x.sample();
    return s.rank() == 3 ? x : g.reshape(n.name() + ".in", x, s.dim(0), 1, s.dim(1));
  }

  /** [k,1,q] as [k,q], if the data had one spatial dimension. */
  private static Data asGiven(GraphReader g, NodeReader n, Data y, Data x) {
    Shape s = y.sample();
    return x.sample().rank() == 3 ? y : g.reshape(n.name() + ".out", y, s.dim(0), s.dim(2));
  }

  private static Value conv(GraphReader g, NodeReader n) {
    PendingPad in = input(g, n);
    Shape sample = in.x().sample();
    int spatial = sample.rank() - 1;
    Constant w = g.weights(n, 1);
    int groups = n.integer("group", 1, 1, 1 << 20);
    long[] dims = w.dims();
    if (dims.length != spatial + 2 || w.size() == 0 || dims[1] * groups != sample.dim(0)) {
      throw n.invalid(
          w.name()
              + " has dims "
              + Arrays.toString(dims)
              + ", the data "
              + sample
              + " and group "
              + groups);
    }
    long[] kernel = n.integers("kernel_shape");
    if (kernel != null && !Arrays.equals(kernel, Arrays.copyOfRange(dims, 2, dims.length))) {
      throw n.invalid(
          "attribute 'kernel_shape' "
              + Arrays.toString(kernel)
              + " disagrees with the weights "
              + Arrays.toString(dims));
    }
    Window f = Window.read(n, sample, Arrays.copyOfRange(dims, 2, dims.length), in.pads());
    int k = Math.toIntExact(dims[0]);
    if (k % groups != 0) {
      throw n.invalid("group " + groups + " does not divide " + k + " filters");
    }
    Data x = asImage(g, n, in.x());
    if (n.input(2).isEmpty() && spatial == 2) {
      Conv2d shape = layer(f, k, groups, false);
      Shape out = shape.outputShape(java.util.List.of(sample));
      return new PendingBias(out, b -> convolution(g, n, f, x, k, groups, w.source(), b));
    }
    double[] bias = n.input(2).isEmpty() ? null : bias(g, n, k);
    return asGiven(g, n, convolution(g, n, f, x, k, groups, w.source(), bias), in.x());
  }

  private static double[] bias(GraphReader g, NodeReader n, int k) {
    Constant b = g.weights(n, 2);
    if (b.dims().length != 1 || b.size() != k) {
      throw n.invalid(
          b.name() + " has dims " + Arrays.toString(b.dims()) + ", there are " + k + " filters");
    }
    return b.doubles();
  }

  private static Conv2d layer(Window f, int k, int groups, boolean bias) {
    return new Conv2d(
        k,
        f.r(),
        f.s(),
        f.strideH(),
        f.strideW(),
        f.top(),
        f.left(),
        f.bottom(),
        f.right(),
        f.dilationH(),
        f.dilationW(),
        groups,
        bias,
        Initializer.he());
  }

  private static Data convolution(
      GraphReader g, NodeReader n, Window f, Data x, int k, int groups, Numbers w, double[] bias) {
    Data y = g.add(n.name(), layer(f, k, groups, bias != null), x);
    g.parameter(y, "w", w);
    if (bias != null) {
      g.parameter(y, "b", bias::clone);
    }
    return y;
  }

  private static Value maxPool(GraphReader g, NodeReader n) {
    n.ignore("storage_order");
    PendingPad in = input(g, n);
    if (in.any()) {
      throw n.unsupported("zeros from a Pad node; max-pooling ignores its own padding");
    }
    return pool(g, n, in.x(), Pooling.MAX, new int[4]);
  }

  private static Value averagePool(GraphReader g, NodeReader n) {
    PendingPad in = input(g, n);
    boolean include = n.integer("count_include_pad", 0) != 0;
    int[] own =
        n.has("pads") ? n.sizes("pads", 2 * (in.x().sample().rank() - 1), 0, 0) : new int[1];
    boolean pads = Arrays.stream(own).anyMatch(p -> p != 0);
    boolean same = n.string("auto_pad", "NOTSET").startsWith("SAME");
    if (in.any() && !include && (pads || same)) {
      throw n.unsupported("zeros from a Pad node together with padding that is not counted");
    }
    Pooling kind = include || in.any() ? Pooling.AVERAGE_INCLUDE_PAD : Pooling.AVERAGE_EXCLUDE_PAD;
    return pool(g, n, in.x(), kind, in.pads());
  }

  private static Value pool(GraphReader g, NodeReader n, Data given, Pooling kind, int[] extra) {
    Shape sample = given.sample();
    long[] kernel = n.integers("kernel_shape");
    if (kernel == null || kernel.length != sample.rank() - 1) {
      throw n.invalid("attribute 'kernel_shape' must have " + (sample.rank() - 1) + " numbers");
    }
    Window f = Window.read(n, sample, kernel, extra);
    boolean ceil = n.integer("ceil_mode", 0) != 0;
    if (ceil && f.cut(sample) && kind == Pooling.AVERAGE_INCLUDE_PAD) {
      throw n.unsupported("ceil_mode with counted padding and a window over the edge");
    }
    if (f.dilationH() != 1 || f.dilationW() != 1) {
      throw n.unsupported("attribute 'dilations' other than 1");
    }
    Window used = ceil ? f.ceiled(sample) : f;
    boolean average =
        used.top() + used.left() + used.bottom() + used.right() == 0 && kind != Pooling.MAX;
    if (average) {
      kind = Pooling.AVERAGE_INCLUDE_PAD;
    }
    Pool2d layer = used.pool(kind);
    boolean one = average && used.r() == 1 && used.s() == 1;
    if (one && layer.strideH() == layer.strideW() && sample.rank() == 3) {
      return new PendingSubsample(g, n.name(), given, layer);
    }
    Data y = g.add(n.name(), layer, asImage(g, n, given));
    return asGiven(g, n, y, given);
  }

  private static Data globalPool(GraphReader g, NodeReader n, Pooling kind) {
    PendingPad in = input(g, n);
    if (in.any()) {
      throw n.unsupported("zeros from a Pad node");
    }
    Data x = asImage(g, n, in.x());
    int h = Math.toIntExact(x.sample().dim(1));
    int w = Math.toIntExact(x.sample().dim(2));
    return asGiven(g, n, g.add(n.name(), new Pool2d(kind, h, w, 1, 1, 0, 0, 0, 0), x), in.x());
  }

  /** The mean over all pixels of each channel, as networks end in; a GlobalAveragePool. */
  private static Value reduceMean(GraphReader g, NodeReader n) {
    Constant given = n.opset() < 18 ? null : g.optional(n, 1);
    long[] axes = n.opset() < 18 ? n.integers("axes") : given == null ? null : given.longs(8);
    n.ignore("noop_with_empty_axes");
    boolean keep = n.integer("keepdims", 1, 0, 1) == 1;
    long[] dims = g.dims(g.data(n, 0).sample());
    Set<Integer> pixels = IntStream.range(2, dims.length).boxed().collect(Collectors.toSet());
    Set<Integer> reduced = new HashSet<>();
    for (long a : axes == null ? new long[0] : axes) {
      reduced.add(GraphReader.axis(n, a, dims.length));
    }
    if (pixels.isEmpty() || !reduced.equals(pixels)) {
      throw n.unsupported(
          "the mean over axes "
              + reduced
              + " of dims "
              + Arrays.toString(dims)
              + "; only over all pixels of [n,c,h,w] or [n,c,l]");
    }
    Data mean = globalPool(g, n, Pooling.AVERAGE_INCLUDE_PAD);
    return keep ? mean : new PendingFlatten(g, n.name() + ".row", mean);
  }

  private static Value pad(GraphReader g, NodeReader n) {
    String mode = n.string("mode", "constant");
    double value = n.opset() < 11 ? n.number("value", 0) : fillValue(g, n);
    if (!mode.equals("constant") || value != 0) {
      throw n.unsupported("mode '" + mode + "' with value " + value + "; only zeros are supported");
    }
    PendingSubsample small = g.value(n, 0) instanceof PendingSubsample p ? p : null;
    boolean joined = small != null && joins(g, n);
    Data x = joined ? small.x() : g.data(n, 0);
    long[] pads = pads(g, n, g.dims(x.sample()).length);
    int rank = pads.length / 2;
    if (Arrays.stream(pads).allMatch(p -> p == 0)) {
      return x;
    }
    if (Arrays.stream(pads).anyMatch(p -> p < 0 || p > 1 << 20)) {
      throw n.unsupported("pads " + Arrays.toString(pads) + " must be within 0..2^20");
    }
    if (g.batched() && (pads[0] != 0 || pads[rank] != 0)) {
      throw n.mixesSamples("pads " + Arrays.toString(pads));
    }
    if (!g.batched() || rank < 3 || rank > 4 || pads[1] != 0) {
      throw n.unsupported("pads " + Arrays.toString(pads) + " of rank " + rank);
    }
    int[] spatial = new int[4];
    for (int i = 2; i < rank; i++) {
      spatial[i + 2 - rank] = (int) pads[i];
      spatial[i + 4 - rank] = (int) pads[rank + i];
    }
    if (pads[rank + 1] == 0) {
      return new PendingPad(n.where(), x, spatial);
    }
    if (Arrays.stream(spatial).anyMatch(p -> p != 0) || x.sample().rank() != 3) {
      throw n.unsupported("pads " + Arrays.toString(pads) + " of channels and space at once");
    }
    int channels = Math.toIntExact(x.sample().dim(0) + pads[rank + 1]);
    int stride = joined ? small.pool().strideH() : 1;
    return g.add(n.name(), new IdentityShortcut(stride, channels), x);
  }

  /** True if the padding is of channels alone, so that it makes a shortcut of the subsampling. */
  private static boolean joins(GraphReader g, NodeReader n) {
    long[] pads = pads(g, n, 4);
    long before = Arrays.stream(pads).limit(5).map(Math::abs).sum();
    return before + Math.abs(pads[6]) + Math.abs(pads[7]) == 0 && pads[5] > 0;
  }

  private static double fillValue(GraphReader g, NodeReader n) {
    Constant c = g.optional(n, 2);
    return c == null ? 0 : c.scalar();
  }

  /** Pads of all dimensions: begins, then ends. */
  private static long[] pads(GraphReader g, NodeReader n, int rank) {
    long[] p = n.opset() < 11 ? n.integers("pads") : g.constant(n, 1).longs(64);
    Constant axes = n.opset() < 18 ? null : g.optional(n, 3);
    long[] a = axes == null ? null : axes.longs(32);
    int count = a == null ? rank : a.length;
    if (p == null || p.length != 2 * count) {
      throw n.invalid("pads " + Arrays.toString(p) + " must have " + 2 * count + " numbers");
    }
    if (a == null) {
      return p;
    }
    long[] all = new long[2 * rank];
    for (int i = 0; i < count; i++) {
      int axis = GraphReader.axis(n, a[i], rank);
      all[axis] = p[i];
      all[rank + axis] = p[count + i];
    }
    return all;
  }
}
