package dev.blindspot.engine.reference;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.BackendOptions;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Plan;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.TensorArena;

/** A reference backend with tensors made from values. */
final class Fixture {
  final Backend backend = new ReferenceBackend(BackendOptions.defaults());
  final Context ctx = backend.newContext();
  private final TensorArena arena = backend.arena(1L << 40);

  <P extends Plan> P plan(Desc<P> desc) {
    return backend.plan(desc, PlanOptions.forward());
  }

  Tensor empty(ElementType type, long... dims) {
    return arena.tensor(type, dims);
  }

  Tensor f64(long rows, double... values) {
    return arena.tensor(ElementType.F64, rows, values.length / rows).copyFrom(values);
  }

  Tensor f32(long rows, float... values) {
    return arena.tensor(ElementType.F32, rows, values.length / rows).copyFrom(values);
  }

  Tensor i32(long rows, int... values) {
    return arena.tensor(ElementType.I32, rows, values.length / rows).copyFrom(values);
  }

  Tensor u8(long rows, int... values) {
    byte[] b = new byte[values.length];
    for (int i = 0; i < b.length; i++) {
      b[i] = (byte) values[i];
    }
    return arena.tensor(ElementType.U8, rows, values.length / rows).copyFrom(b);
  }
}
