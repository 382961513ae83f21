package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.Conv2dDesc;

/**
 * Bracket of a convolution's norm, for any stride, padding, dilation and groups. The upper end is
 * the smallest of several guaranteed bounds and names it; the lower end is a Rayleigh quotient of
 * the operator with its real size and padding.
 */
public final class ConvBounds {
  /** Operators of at most so many entries may be bounded as matrices. */
  private static final int DENSE_ENTRIES = 1 << 20;

  private static final int DENSE_SIDE = 256;

  /** From so many channels on the products are left to the backend. */
  private static final int BACKEND_CHANNELS = 96;

  /** How much more of the products a backend does in the same time, roughly. */
  private static final double BACKEND_SPEED = 24;

  private ConvBounds() {}

  /**
   * @param w [k,c/groups,r,s]; the desc's element type and layouts do not matter
   */
  public static LayerBound of(String name, Conv2dDesc desc, double[] w, BoundsOptions options) {
    return of(name, "Conv2d", ConvGeometry.of(desc), w, options);
  }

  static LayerBound of(
      String name, String kind, ConvGeometry g, double[] w, BoundsOptions options) {
    if (!Double.isFinite(Rounding.maxAbs(w))) {
      return LayerBound.notCertified(name, kind, "weights are not finite");
    }
    ConvOperator operator = new ConvOperator(g, w, options.threads());
    Smallest smallest = new Smallest();
    smallest.offer(operator.schur(), "schur");
    double symbol = 0;
    double gram = 0;
    double four = 0;
    String grid = "";
    for (int group = 0; group < g.groups(); group++) {
      PolyphaseKernel kernel = PolyphaseKernel.of(g, w, group);
      double budget = options.work() / g.groups();
      boolean large = useBackend(kernel, options);
      SymbolBound s = SymbolBound.withBudget(kernel, large ? BACKEND_SPEED * budget : budget);
      grid = kernel.taps() == 1 ? "gram (one tap)" : "symbol " + s.n1() + "x" + s.n2() + ", gram";
      symbol = Math.max(symbol, large ? onBackend(s, options) : s.upper(options.threads()));
      if (kernel.taps() > 1) {
        gram = Math.max(gram, KernelGramBound.upper(kernel, budget / 10));
        four = Math.max(four, ReshapeBound.upper(kernel, budget / 40));
      } else {
        gram = Double.POSITIVE_INFINITY;
        four = Double.POSITIVE_INFINITY;
      }
    }
    smallest.offer(symbol, grid);
    smallest.offer(gram, "kernel gram");
    smallest.offer(four, "four reshapes");
    smallest.offer(dense(g, operator), "gram of the matrix");
    double lower = Lanczos.lower(operator, options.work() / 8);
    double upper = smallest.value;
    return new LayerBound(name, kind, Math.min(lower, upper), upper, smallest.method);
  }

  /** The smallest of several guaranteed bounds. */
  private static final class Smallest {
    private double value = Double.POSITIVE_INFINITY;
    private String method = "none";

    void offer(double bound, String name) {
      if (bound < value) {
        value = bound;
        method = name;
      }
    }
  }

  private static boolean useBackend(PolyphaseKernel kernel, BoundsOptions options) {
    return options.products() != null && Math.min(kernel.d(), kernel.c()) >= BACKEND_CHANNELS;
  }

  private static double onBackend(SymbolBound s, BoundsOptions options) {
    try (BackendGram product = new BackendGram(options.products())) {
      return s.upper(1, () -> new GramIteration(product));
    } catch (UnsupportedException e) {
      return s.upper(options.threads());
    }
  }

  /** The operator as a matrix, where it is small: sees the borders that the symbol does not. */
  private static double dense(ConvGeometry g, ConvOperator operator) {
    long entries = (long) g.inputs() * g.outputs();
    return entries <= DENSE_ENTRIES && Math.min(g.inputs(), g.outputs()) <= DENSE_SIDE
        ? GramIteration.upper(operator.toDense(), g.outputs(), g.inputs())
        : Double.POSITIVE_INFINITY;
  }
}
