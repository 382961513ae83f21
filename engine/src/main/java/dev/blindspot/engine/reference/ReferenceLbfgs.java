package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LbfgsDesc;
import dev.blindspot.engine.primitives.LbfgsHistory;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.rows.CheckedLbfgs;

/** The two-loop recursion for each row. */
final class ReferenceLbfgs extends CheckedLbfgs {

  static void register(ReferenceBackend backend) {
    backend.add(LbfgsDesc.class, (d, o, i) -> new ReferenceLbfgs(backend, d, o, i));
  }

  private ReferenceLbfgs(
      ReferenceBackend backend, LbfgsDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  protected void store(
      Context ctx, long n, Tensor accept, Tensor s, Tensor y, LbfgsHistory history) {
    int length = Math.toIntExact(desc().length());
    Cells accepted = Cells.of(accept);
    Cells count = Cells.of(history.count());
    for (int i = 0; i < n; i++) {
      Pair pair = new Pair(Cells.of(s), Cells.of(y), (long) i * length, null, 0);
      if ((accepted == null || accepted.get(i) != 0) && pair.usable()) {
        int stored = (int) count.get(i);
        long at = ((long) i * desc().memory() + stored % desc().memory()) * length;
        copy(Cells.of(s), (long) i * length, Cells.of(history.s()), at);
        copy(Cells.of(y), (long) i * length, Cells.of(history.y()), at);
        count.set(i, stored + 1);
      }
    }
  }

  private void copy(Cells from, long i, Cells to, long k) {
    for (long j = 0; j < desc().length(); j++) {
      to.set(k + j, from.get(i + j));
    }
  }

  @Override
  protected void recurse(
      Context ctx, long n, Tensor g, Tensor free, LbfgsHistory history, Tensor d) {
    Cells mask = Cells.of(free);
    for (int i = 0; i < n; i++) {
      row(Cells.of(g), mask, history, i, Cells.of(d));
    }
  }

  private void row(Cells g, Cells free, LbfgsHistory history, long i, Cells d) {
    int length = (int) desc().length();
    long from = i * length;
    double[] q = new double[length];
    for (int j = 0; j < length; j++) {
      q[j] = free == null || free.get(from + j) != 0 ? g.get(from + j) : 0;
    }
    int stored = (int) Cells.of(history.count()).get(i);
    int kept = Math.min(stored, desc().memory());
    Pair[] pairs = new Pair[kept]; // newest first
    double[] alpha = new double[kept];
    double gamma = 0;
    for (int k = 0; k < kept; k++) {
      long at = (i * desc().memory() + (stored - 1 - k) % desc().memory()) * length;
      pairs[k] = new Pair(Cells.of(history.s()), Cells.of(history.y()), at, free, from);
      if (pairs[k].usable()) {
        alpha[k] = pairs[k].dotS(q) / pairs[k].sy;
        pairs[k].addY(-alpha[k], q);
        gamma = gamma == 0 ? pairs[k].sy / pairs[k].yy : gamma;
      }
    }
    for (int j = 0; j < length; j++) {
      q[j] *= gamma == 0 ? 1 : gamma;
    }
    for (int k = kept - 1; k >= 0; k--) {
      if (pairs[k].usable()) {
        pairs[k].addS(alpha[k] - pairs[k].dotY(q) / pairs[k].sy, q);
      }
    }
    for (int j = 0; j < length; j++) {
      d.set(from + j, -q[j]);
    }
  }

  /** One pair on the free unknowns. */
  private final class Pair {
    private final double[] s = new double[(int) desc().length()];
    private final double[] y = new double[(int) desc().length()];
    private double ss;
    private double sy;
    private double yy;

    Pair(Cells steps, Cells differences, long at, Cells free, long from) {
      for (int j = 0; j < s.length; j++) {
        if (free == null || free.get(from + j) != 0) {
          s[j] = steps.get(at + j);
          y[j] = differences.get(at + j);
        }
        ss += s[j] * s[j];
        sy += s[j] * y[j];
        yy += y[j] * y[j];
      }
    }

    boolean usable() {
      return sy > USABLE * Math.sqrt(ss) * Math.sqrt(yy) && sy < Double.POSITIVE_INFINITY;
    }

    double dotS(double[] q) {
      return dot(s, q);
    }

    double dotY(double[] q) {
      return dot(y, q);
    }

    void addS(double factor, double[] q) {
      add(factor, s, q);
    }

    void addY(double factor, double[] q) {
      add(factor, y, q);
    }

    private static double dot(double[] a, double[] b) {
      double sum = 0;
      for (int j = 0; j < a.length; j++) {
        sum += a[j] * b[j];
      }
      return sum;
    }

    private static void add(double factor, double[] a, double[] q) {
      for (int j = 0; j < a.length; j++) {
        q[j] += factor * a[j];
      }
    }
  }
}
