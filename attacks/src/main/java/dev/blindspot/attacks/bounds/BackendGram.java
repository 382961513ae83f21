package dev.blindspot.attacks.bounds;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;
import dev.blindspot.engine.primitives.MatMulDesc;
import dev.blindspot.engine.primitives.MatMulPlan;
import java.util.function.Function;

/**
 * Gram matrices by a backend's matrix product in F64, whose every entry is a sum of products in
 * some order. Complex ones by two real products: with X = [Re; Im] and Y = [Im; -Re], the real part
 * is X^T X and the imaginary part X^T Y. Belongs to one thread; keeps its last plan and memory.
 */
final class BackendGram implements Function<Planes, Planes>, AutoCloseable {
  private final Backend backend;
  private final Context context;
  private MatMulPlan plan;
  private TensorArena arena;
  private Tensor x;
  private Tensor y;
  private Tensor g;

  BackendGram(Backend backend) {
    this.backend = backend;
    context = backend.newContext();
  }

  @Override
  public Planes apply(Planes m) {
    int rows = m.complex() ? 2 * m.rows() : m.rows();
    int n = m.cols();
    prepare(rows, n);
    if (!m.complex()) {
      x.copyFrom(m.re());
      return Planes.real(product(x), n, n);
    }
    x.slice(0, m.rows()).copyFrom(m.re());
    x.slice(m.rows(), rows).copyFrom(m.im());
    y.slice(0, m.rows()).copyFrom(m.im());
    y.slice(m.rows(), rows).copyFrom(negated(m.re()));
    double[] re = product(x);
    double[] im = product(y);
    for (int i = 0; i < n; i++) {
      im[i * n + i] = 0;
      for (int j = 0; j < i; j++) {
        im[i * n + j] = -im[j * n + i];
        re[i * n + j] = re[j * n + i];
      }
    }
    return new Planes(re, im, n, n);
  }

  private double[] product(Tensor right) {
    plan.execute(context, 1, x, right, 0, g);
    return g.toDoubles();
  }

  private void prepare(int rows, int n) {
    if (x != null && x.n() == rows && x.shape().dim(1) == n) {
      return;
    }
    free();
    plan =
        backend.plan(
            new MatMulDesc(ElementType.F64, n, n, rows, true, false), PlanOptions.forward());
    long side = TensorArena.bytes(ElementType.F64, (long) rows * n);
    arena = backend.arena(2 * side + TensorArena.bytes(ElementType.F64, (long) n * n));
    x = arena.tensor(ElementType.F64, rows, n);
    y = arena.tensor(ElementType.F64, rows, n);
    g = arena.tensor(ElementType.F64, n, n);
  }

  private static double[] negated(double[] a) {
    double[] b = new double[a.length];
    for (int i = 0; i < b.length; i++) {
      b[i] = -a[i];
    }
    return b;
  }

  private void free() {
    if (arena != null) {
      arena.close();
      arena = null;
      x = null;
    }
  }

  @Override
  public void close() {
    free();
    context.close();
  }
}
