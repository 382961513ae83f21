package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.SingularValuesDesc;
import dev.blindspot.engine.primitives.SingularValuesPlan;

/**
 * Bracket of a matrix's spectral norm. The upper end is always Gram iteration; the lower end is the
 * backend's singular value less an error term, where it has one and the smaller side is at most
 * {@link #LARGEST_SVD}, or a Rayleigh quotient, whichever is larger.
 */
public final class DenseBounds {
  /** Largest smaller side for which singular values are computed. */
  public static final int LARGEST_SVD = 1024;

  /** The same on the reference backend. */
  private static final int SLOW_SVD = 64;

  /** From this smaller side on the products are left to the backend. */
  private static final int BACKEND_SIDE = 384;

  private DenseBounds() {}

  /**
   * @param w [rows,cols], row-major
   */
  public static LayerBound of(String name, double[] w, int rows, int cols, BoundsOptions options) {
    return of(name, "Linear", w, rows, cols, options);
  }

  static LayerBound of(
      String name, String kind, double[] w, int rows, int cols, BoundsOptions options) {
    if (!Double.isFinite(Rounding.maxAbs(w))) {
      return LayerBound.notCertified(name, kind, "weights are not finite");
    }
    int small = Math.min(rows, cols);
    int large = Math.max(rows, cols);
    double upper = gram(w, rows, cols, steps(large, small, options), options);
    DenseOperator operator = new DenseOperator(w, rows, cols);
    double lower = Lanczos.lower(operator, options.work() / 8);
    String method = "gram";
    if (options.backend() != null
        && small <= (options.products() == null ? SLOW_SVD : LARGEST_SVD)) {
      double value = singularValue(options.backend(), w, rows, cols);
      if (value == value) {
        lower = Math.max(lower, value);
        method = "gram; lower end from singular values";
      }
    }
    return new LayerBound(name, kind, Math.min(lower, upper), upper, method);
  }

  /** Gram products that the work allows, at least 5: within 14 % for 4096 equal values. */
  private static int steps(int large, int small, BoundsOptions options) {
    double work = (options.products() == null ? 3 : 32) * options.work();
    double left = work - Planes.gramCost(large, small, false);
    return (int) Math.max(5, Math.min(24, left / Planes.gramCost(small, small, false)));
  }

  private static double gram(double[] w, int rows, int cols, int steps, BoundsOptions options) {
    Planes a = Planes.real(w, rows, cols);
    Backend backend = options.products();
    if (backend == null || Math.min(rows, cols) < BACKEND_SIDE) {
      return new GramIteration(m -> m.gram(options.threads())).upper(a, steps, 0);
    }
    try (BackendGram product = new BackendGram(backend)) {
      return new GramIteration(product).upper(a, steps, 0);
    } catch (UnsupportedException e) {
      return new GramIteration(m -> m.gram(options.threads())).upper(a, steps, 0);
    }
  }

  /**
   * The largest singular value less 16 max(m,n) u ||A||_F, well above the backward error of the
   * algorithms in use (Higham, section 20.1; LAPACK guide: p(m,n) u ||A||). NaN if the backend
   * cannot.
   */
  private static double singularValue(Backend backend, double[] w, int rows, int cols) {
    long bytes =
        TensorArena.bytes(ElementType.F64, w.length)
            + TensorArena.bytes(ElementType.F64, Math.min(rows, cols));
    try (Context ctx = backend.newContext();
        TensorArena arena = backend.arena(bytes)) {
      SingularValuesPlan plan =
          backend.plan(new SingularValuesDesc(ElementType.F64, rows, cols), PlanOptions.forward());
      Tensor a = arena.tensor(ElementType.F64, rows, cols).copyFrom(w);
      Tensor values = arena.tensor(ElementType.F64, Math.min(rows, cols));
      plan.execute(ctx, a, values);
      double error = 16.0 * Math.max(rows, cols) * Rounding.U * Rounding.normUp(w);
      return Math.max(0, Rounding.subDown(values.toDoubles()[0], error));
    } catch (UnsupportedException e) {
      return Double.NaN;
    }
  }

  /** Guaranteed upper bound alone, in plain Java. */
  static double upper(double[] w, int rows, int cols) {
    return GramIteration.upper(w, rows, cols);
  }
}
