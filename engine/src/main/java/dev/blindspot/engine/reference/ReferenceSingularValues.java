package dev.blindspot.engine.reference;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SingularValuesDesc;
import dev.blindspot.engine.primitives.SingularValuesPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;
import java.util.Arrays;

/**
 * One-sided Jacobi (Hestenes 1958): rotates pairs of rows of the matrix (or of its transpose,
 * whichever has fewer) until all are orthogonal; their lengths are the singular values. It
 * allocates its copy: the values are not on any hot path.
 */
final class ReferenceSingularValues extends BasePlan<SingularValuesDesc>
    implements SingularValuesPlan {
  private static final int MAX_SWEEPS = 60;

  /** Square of a length that counts as zero beside elements up to 1. */
  private static final double NEGLIGIBLE = 0x1p-108;

  static void register(ReferenceBackend backend) {
    backend.add(
        SingularValuesDesc.class, (d, o, i) -> new ReferenceSingularValues(backend, d, o, i));
  }

  private ReferenceSingularValues(
      ReferenceBackend backend, SingularValuesDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public void execute(Context ctx, Tensor a, Tensor values) {
    planned(Direction.FORWARD);
    SingularValuesDesc d = desc();
    int count = Math.min(d.m(), d.n());
    elements("a", a, d.type(), (long) d.m() * d.n());
    elements("values", values, d.type(), count);
    distinct("values", values, "a", a, false);
    double[][] rows = new double[count][Math.max(d.m(), d.n())];
    Cells in = Cells.of(a);
    for (int i = 0; i < d.m(); i++) {
      for (int j = 0; j < d.n(); j++) {
        double v = in.get((long) i * d.n() + j);
        if (!Double.isFinite(v)) {
          throw new InvalidInputException(
              d.summary() + ": element (" + i + "," + j + ") is " + v + "; must be finite");
        }
        rows[d.m() <= d.n() ? i : j][d.m() <= d.n() ? j : i] = v;
      }
    }
    double scale = scale(rows);
    for (double[] row : rows) {
      Arrays.setAll(row, i -> row[i] * scale);
    }
    orthogonalise(rows);
    double[] lengths = Arrays.stream(rows).mapToDouble(row -> length(row) / scale).toArray();
    Arrays.sort(lengths);
    Cells out = Cells.of(values);
    for (int i = 0; i < count; i++) {
      out.set(i, lengths[count - 1 - i]);
    }
  }

  /** A power of two that takes the largest magnitude to 1..2: no square overflows. */
  private static double scale(double[][] rows) {
    double largest =
        Arrays.stream(rows).flatMapToDouble(Arrays::stream).map(Math::abs).max().orElse(0);
    return Math.scalb(1.0, -Math.getExponent(largest));
  }

  private static double length(double[] row) {
    return Math.sqrt(Arrays.stream(row).map(v -> v * v).sum());
  }

  private void orthogonalise(double[][] rows) {
    for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
      boolean rotated = false;
      for (int p = 0; p < rows.length; p++) {
        for (int q = p + 1; q < rows.length; q++) {
          rotated |= rotate(rows[p], rows[q]);
        }
      }
      if (!rotated) {
        return;
      }
    }
    throw new BlindspotException(
        desc().summary() + ": Jacobi did not converge in " + MAX_SWEEPS + " sweeps");
  }

  /** Makes two rows orthogonal; false if they were, up to rounding. */
  private static boolean rotate(double[] x, double[] y) {
    double alpha = 0;
    double beta = 0;
    double gamma = 0;
    for (int i = 0; i < x.length; i++) {
      alpha += x[i] * x[i];
      beta += y[i] * y[i];
      gamma += x[i] * y[i];
    }
    // What is left of a row that depends on others is rounding, and has no direction.
    if (Math.min(alpha, beta) <= NEGLIGIBLE
        || Math.abs(gamma) <= 4 * Math.ulp(1.0) * Math.sqrt(alpha) * Math.sqrt(beta)) {
      return false;
    }
    double zeta = (beta - alpha) / (2 * gamma);
    double t = Math.copySign(1, zeta) / (Math.abs(zeta) + Math.hypot(1, zeta));
    double cosine = 1 / Math.hypot(1, t);
    double sine = cosine * t;
    for (int i = 0; i < x.length; i++) {
      double u = x[i];
      x[i] = cosine * u - sine * y[i];
      y[i] = sine * u + cosine * y[i];
    }
    return true;
  }
}
