package dev.blindspot.engine.cpu;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.NativeException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SingularValuesDesc;
import dev.blindspot.engine.primitives.SingularValuesPlan;
import dev.blindspot.engine.spi.BasePlan;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.kernels.Kernels;

/**
 * LAPACK's divide and conquer (gesdd) on a copy of the matrix. It runs at once even while a program
 * is recorded, allocates its copy, and uses the calling thread only.
 */
final class CpuSingularValues extends BasePlan<SingularValuesDesc> implements SingularValuesPlan {
  private final CpuBackend backend;

  static void register(CpuBackend backend) {
    backend.add(
        SingularValuesDesc.class,
        "lapack-gesdd",
        (d, o) -> "",
        (d, o, i) -> new CpuSingularValues(backend, d, o, i));
  }

  private CpuSingularValues(
      CpuBackend backend, SingularValuesDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
  }

  @Override
  public void execute(Context ctx, Tensor a, Tensor values) {
    planned(Direction.FORWARD);
    SingularValuesDesc d = desc();
    long size = (long) d.m() * d.n();
    elements("a", a, d.type(), size);
    elements("values", values, d.type(), Math.min(d.m(), d.n()));
    distinct("values", values, "a", a, false);
    refuseInfinite(a);
    // gesdd with job N needs 3 min + max(max, 7 min) numbers; 64 rows more let it use blocks.
    long least = Math.min(d.m(), d.n());
    long work = 3 * least + Math.max(Math.max(d.m(), d.n()), 7 * least) + 64L * (d.m() + d.n());
    long copyBytes = (size * d.type().bytes() + 63) / 64 * 64;
    long workBytes = (work * d.type().bytes() + 63) / 64 * 64;
    long total = copyBytes + workBytes + 8 * least * 4;
    long block = backend.allocate(total, "a copy for singular values");
    try {
      Kernels.copy(block, a.address(), size * d.type().bytes());
      long iwork = block + copyBytes + workBytes;
      int info = run(block, values.address(), block + copyBytes, work, iwork);
      if (info != 0) {
        throw new NativeException(
            "lapack", "gesdd info " + info, d.summary() + ": the iteration did not converge");
      }
    } finally {
      backend.free(block, total);
    }
  }

  private int run(long copy, long values, long work, long length, long iwork) {
    SingularValuesDesc d = desc();
    return d.type() == ElementType.F32
        ? Kernels.singularValuesF32(d.m(), d.n(), copy, values, work, length, iwork)
        : Kernels.singularValuesF64(d.m(), d.n(), copy, values, work, length, iwork);
  }

  private void refuseInfinite(Tensor a) {
    boolean finite = true;
    if (a.type() == ElementType.F32) {
      for (float v : a.toFloats()) {
        finite &= Float.isFinite(v);
      }
    } else {
      for (double v : a.toDoubles()) {
        finite &= Double.isFinite(v);
      }
    }
    if (!finite) {
      throw new InvalidInputException(desc().summary() + ": the matrix holds NaN or infinity");
    }
  }
}
