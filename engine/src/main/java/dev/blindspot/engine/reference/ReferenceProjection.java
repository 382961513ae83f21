package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Norm;
import dev.blindspot.engine.primitives.ProjectionDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedProjection;
import java.util.Arrays;

/**
 * Exact projection of y onto ball and box. With d = y - x and the room b[i] that the box leaves in
 * the direction of d[i], the optimality conditions give |z[i] - x[i]| = min(shrink(|d[i]|), b[i]):
 * shrink(v) = v s for L2, max(v - lambda, 0) for L1, min(v, radius) for Linf, where s and lambda
 * make the norm equal the radius.
 */
final class ReferenceProjection extends CheckedProjection {

  static void register(ReferenceBackend backend) {
    backend.add(ProjectionDesc.class, (d, o, i) -> new ReferenceProjection(backend, d, o, i));
  }

  private ReferenceProjection(
      ReferenceBackend backend, ProjectionDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void run(Context ctx, long n, Tensor x, Tensor radius, Tensor y, Tensor z) {
    long length = desc().length();
    Cells centre = Cells.of(x);
    Cells radii = Cells.of(radius);
    Cells point = Cells.of(y);
    Cells out = Cells.of(z);
    for (long i = 0; i < n; i++) {
      row(centre, radii.get(i), point, out, i * length);
    }
  }

  private void row(Cells centre, double radius, Cells point, Cells out, long from) {
    int length = Math.toIntExact(desc().length());
    double low = bound(desc().low());
    double high = bound(desc().high());
    double[] step = new double[length]; // |d|
    double[] room = new double[length]; // b
    for (int j = 0; j < length; j++) {
      double x = centre.get(from + j);
      double d = point.get(from + j) - x;
      step[j] = Math.abs(d);
      room[j] = Math.max(0, d > 0 ? high - x : x - low);
    }
    double parameter = parameter(step, room, radius);
    for (int j = 0; j < length; j++) {
      double x = centre.get(from + j);
      double y = point.get(from + j);
      double z = Double.isNaN(parameter) ? parameter : shrunk(x, y, step[j], radius, parameter);
      out.set(from + j, Math.min(Math.max(z, low), high));
    }
  }

  /** A bound of the box as the element type holds it. */
  private double bound(double v) {
    return desc().type() == ElementType.F32 ? (float) v : v;
  }

  /** s of L2 and lambda of L1; NaN for a radius that is none, or an L1, L2 row not finite. */
  private double parameter(double[] step, double[] room, double radius) {
    if (!(radius >= 0)) {
      return Double.NaN;
    }
    if (desc().norm() == Norm.LINF) {
      return radius;
    }
    for (double v : step) {
      if (!Double.isFinite(v)) {
        return Double.NaN;
      }
    }
    return desc().norm() == Norm.L2 ? scale(step, room, radius) : threshold(step, room, radius);
  }

  private double shrunk(double x, double y, double step, double radius, double parameter) {
    double sign = Math.signum(y - x);
    return switch (desc().norm()) {
      case LINF -> step <= radius ? y : x + sign * radius;
      case L2 -> parameter == 1 ? y : x + parameter * (y - x);
      case L1 -> parameter == 0 ? y : x + sign * Math.max(step - parameter, 0);
    };
  }

  /**
   * h(t) = sum min(t step^2, room^2) is concave, increasing and piecewise linear in t = s^2, so
   * Newton's method from t = 0 rises to the root of h(t) = radius^2 and ends in its piece.
   */
  private static double scale(double[] step, double[] room, double radius) {
    double inside = 0;
    for (int j = 0; j < step.length; j++) {
      inside += Math.pow(Math.min(step[j], room[j]), 2);
    }
    double t = 0;
    while (inside > radius * radius) {
      double clipped = 0;
      double slope = 0;
      for (int j = 0; j < step.length; j++) {
        double square = step[j] * step[j];
        if (t * square >= room[j] * room[j]) {
          clipped += room[j] * room[j];
        } else {
          slope += square;
        }
      }
      double next = (radius * radius - clipped) / slope;
      if (!(next > t)) {
        return Math.sqrt(t);
      }
      t = next;
    }
    return 1;
  }

  /** The root of sum min(max(step - lambda, 0), room) = radius, by its sorted kinks. */
  private static double threshold(double[] step, double[] room, double radius) {
    if (length(step, room, 0) <= radius) {
      return 0;
    }
    double[] kinks = new double[2 * step.length + 1];
    for (int j = 0; j < step.length; j++) {
      kinks[2 * j] = step[j];
      kinks[2 * j + 1] = Math.max(0, step[j] - room[j]);
    }
    Arrays.sort(kinks);
    int low = 0; // lambda = 0: longer than the radius
    int high = kinks.length - 1; // lambda = the largest step: length 0
    while (high - low > 1) {
      int middle = (low + high) >>> 1;
      if (length(step, room, kinks[middle]) > radius) {
        low = middle;
      } else {
        high = middle;
      }
    }
    double atLow = length(step, room, kinks[low]);
    double atHigh = length(step, room, kinks[high]);
    return kinks[low] + (kinks[high] - kinks[low]) * ((atLow - radius) / (atLow - atHigh));
  }

  private static double length(double[] step, double[] room, double lambda) {
    double sum = 0;
    for (int j = 0; j < step.length; j++) {
      sum += Math.min(Math.max(step[j] - lambda, 0), room[j]);
    }
    return sum;
  }
}
