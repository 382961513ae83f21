package dev.blindspot.bench.workbench;

import dev.blindspot.bench.peer.RandomData;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Layout;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;

/** The tensors of a problem in one arena: the same random numbers for every backend and type. */
final class Tensors implements AutoCloseable {
  private final ElementType type;
  private final TensorArena arena;
  private int drawn;

  Tensors(Backend backend, ElementType type, Shape... shapes) {
    this.type = type;
    long bytes = 64;
    for (Shape s : shapes) {
      if (s.size() > Integer.MAX_VALUE - 8) {
        throw new InvalidInputException("A tensor " + s + " has 2^31 elements or more");
      }
      bytes += TensorArena.bytes(type, s.size());
    }
    arena = backend.arena(bytes);
  }

  /** Uniform in [-1,1), the k-th tensor drawn from the k-th stream. */
  Tensor random(Shape shape) {
    return random(shape, Layout.NCHW);
  }

  /** The same in a layout. */
  Tensor random(Shape shape, Layout layout) {
    Tensor t = empty(shape, layout);
    int n = Math.toIntExact(shape.size());
    float[] f = RandomData.uniform(drawn++, n);
    if (type == ElementType.F32) {
      return t.copyFrom(f);
    }
    double[] d = new double[n];
    for (int i = 0; i < n; i++) {
      d[i] = f[i];
    }
    return t.copyFrom(d);
  }

  /** For a result. */
  Tensor empty(Shape shape) {
    return empty(shape, Layout.NCHW);
  }

  /** The same in a layout. */
  Tensor empty(Shape shape, Layout layout) {
    return arena.tensor(type, shape, layout);
  }

  /** Values in double. */
  static double[] values(Tensor t) {
    if (t.type() == ElementType.F64) {
      return t.toDoubles();
    }
    float[] f = t.toFloats();
    double[] d = new double[f.length];
    for (int i = 0; i < f.length; i++) {
      d[i] = f[i];
    }
    return d;
  }

  @Override
  public void close() {
    arena.close();
  }
}
