package dev.blindspot.nn.onnx;

import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Initializer;
import dev.blindspot.nn.layers.Linear;
import java.util.Arrays;
import java.util.Map;

/** Products with a constant matrix: Gemm and MatMul. */
final class DenseOperators {
  private DenseOperators() {}

  static void register(Map<String, Operators.Reader> m) {
    m.put("Gemm", DenseOperators::gemm);
    m.put("MatMul", DenseOperators::matMul);
  }

  /** Y = alpha A' B' + beta C with A the data [n,c] (a single row if there is no batch). */
  private static Value gemm(GraphReader g, NodeReader n) {
    boolean own =
        g.value(n, 0) instanceof PendingFlatten f
            && f.name().equals(PendingFlatten.nameFor(n.name()));
    Data a = own ? ((PendingFlatten) g.value(n, 0)).x() : g.data(n, 0);
    Constant b = g.weights(n, 1);
    double alpha = n.number("alpha", 1);
    double beta = n.number("beta", 1);
    boolean transposed = n.integer("transB", 0) != 0;
    if (n.integer("transA", 0) != 0) {
      throw n.mixesSamples("transA");
    }
    long[] dims = own ? new long[] {g.batch(), a.sample().size()} : g.dims(a.sample());
    if (dims.length != 2 || (!g.batched() && dims[0] != 1)) {
      throw n.unsupported("data of dims " + Arrays.toString(dims) + "; a batch of rows is needed");
    }
    requireMatrix(n, b, transposed ? 1 : 0, dims[1]);
    int k = Math.toIntExact(b.dims()[transposed ? 0 : 1]);
    Constant w = transposed ? b : b.transposed(new int[] {1, 0});
    Constant c = n.input(2).isEmpty() ? null : g.weights(n, 2);
    double[] bias = c == null ? null : bias(g, n, c, k, beta);
    Data y = linear(g, n, a, k, scaled(w, alpha), bias);
    return g.batched() ? y : g.reshape(n.name() + ".row", y, 1, k);
  }

  private static Numbers scaled(Constant w, double alpha) {
    return alpha == 1 ? w.source() : () -> Arrays.stream(w.doubles()).map(v -> alpha * v).toArray();
  }

  private static double[] bias(GraphReader g, NodeReader n, Constant c, int k, double beta) {
    long[] dims = c.dims();
    int extra = dims.length - 1;
    if (extra > 1 || (extra == 1 && dims[0] != 1)) {
      throw n.mixesSamples("C " + Arrays.toString(dims) + " differs between samples");
    }
    if (c.size() != 1 && c.size() != k) {
      throw n.invalid("C " + Arrays.toString(dims) + " does not broadcast to " + k + " columns");
    }
    double[] v = c.doubles();
    double[] b = new double[k];
    Arrays.setAll(b, i -> beta * v[v.length == 1 ? 0 : i]);
    return b;
  }

  private static void requireMatrix(NodeReader n, Constant b, int axis, long inputs) {
    long[] dims = b.dims();
    if (dims.length != 2) {
      throw n.unsupported(b.name() + " has dims " + Arrays.toString(dims) + "; a matrix is needed");
    }
    if (dims[axis] != inputs || b.size() == 0) {
      throw n.invalid(
          b.name() + " has dims " + Arrays.toString(dims) + ", the data has rows of " + inputs);
    }
  }

  private static Data linear(GraphReader g, NodeReader n, Data x, int k, Numbers w, double[] bias) {
    Data y = g.add(n.name(), new Linear(k, bias != null, Initializer.glorot(1)), x);
    g.parameter(y, "w", w);
    if (bias != null) {
      g.parameter(y, "b", bias::clone);
    }
    return y;
  }

  /** Data times matrix, or matrix times data; the data must be one vector for each sample. */
  private static Value matMul(GraphReader g, NodeReader n) {
    boolean matrixFirst = g.value(n, 0) instanceof Constant;
    if (!matrixFirst && !(g.value(n, 1) instanceof Constant)) {
      throw n.unsupported("both inputs are data; one must be a constant matrix");
    }
    Data x = g.data(n, matrixFirst ? 1 : 0);
    Constant matrix = g.weights(n, matrixFirst ? 0 : 1);
    long[] dims = g.dims(x.sample());
    int rank = dims.length;
    int inner = matrixFirst && rank > 1 ? rank - 2 : rank - 1;
    if (g.batched() && inner == 0) {
      throw n.mixesSamples("the product sums over it");
    }
    requireMatrix(n, matrix, matrixFirst ? 1 : 0, dims[inner]);
    if (x.sample().size() != dims[inner]) {
      throw n.unsupported(
          "data of dims " + Arrays.toString(dims) + "; one vector for each sample is needed");
    }
    int k = Math.toIntExact(matrix.dims()[matrixFirst ? 0 : 1]);
    Constant w = matrixFirst ? matrix : matrix.transposed(new int[] {1, 0});
    long[] to = x.sample().toArray();
    int at = inner - (g.batched() ? 1 : 0);
    to[at] = k;
    if (to.length > 1) {
      return g.reshape(n.name() + ".shape", linear(g, n, x, k, w.source(), null), to);
    }
    return new PendingBias(Shape.of(k), bias -> linear(g, n, x, k, w.source(), bias));
  }
}
