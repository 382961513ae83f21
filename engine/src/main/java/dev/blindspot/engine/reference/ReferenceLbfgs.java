package dev.blindspot.engine.reference;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.LbfgsDesc;
import dev.blindspot.engine.primitives.LbfgsHistory;
import dev.blindspot.engine.primitives.LbfgsPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;

/** The two-loop recursion for each row. */
final class ReferenceLbfgs extends BasePlan<LbfgsDesc> implements LbfgsPlan {

  static void register(ReferenceBackend backend) {
    backend.add(LbfgsDesc.class, (d, o, i) -> new ReferenceLbfgs(backend, d, o, i));
  }

  private ReferenceLbfgs(
      ReferenceBackend backend, LbfgsDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
  }

  @Override
  public void update(Context ctx, Tensor accept, Tensor s, Tensor y, LbfgsHistory history) {
    planned(Direction.FORWARD);
    int length = Math.toIntExact(desc().length());
    long n = batch("s", s, desc().type(), desc().n(), length);
    rows("y", y, desc().type(), n, length);
    history(history, n);
    distinct("history.s", history.s(), "s", s, false);
    distinct("history.y", history.y(), "y", y, false);
    if (accept != null) {
      rows("accept", accept, ElementType.U8, n, 1);
    }
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
  public void direction(Context ctx, Tensor g, Tensor free, LbfgsHistory history, Tensor d) {
    planned(Direction.FORWARD);
    int length = Math.toIntExact(desc().length());
    long n = batch("g", g, desc().type(), desc().n(), length);
    rows("d", d, desc().type(), n, length);
    history(history, n);
    distinct("d", d, "g", g, true);
    distinct("d", d, "history.s", history.s(), false);
    distinct("d", d, "history.y", history.y(), false);
    if (free != null) {
      rows("free", free, ElementType.U8, n, length);
      distinct("d", d, "free", free, false);
    }
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

  private void history(LbfgsHistory h, long n) {
    rows("history.s", h.s(), desc().type(), n, desc().memory() * desc().length());
    rows("history.y", h.y(), desc().type(), n, desc().memory() * desc().length());
    rows("history.count", h.count(), ElementType.I32, n, 1);
    distinct("history.s", h.s(), "history.y", h.y(), false);
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
