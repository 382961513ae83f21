package dev.blindspot.engine.cuda;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Context;
import dev.blindspot.engine.Direction;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.Reduction;
import dev.blindspot.engine.primitives.SingularValuesDesc;
import dev.blindspot.engine.primitives.SingularValuesPlan;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.KernelCall;
import dev.blindspot.engine.spi.kernels.KernelPlan;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One-sided Jacobi rotations by singular.cu, in double on a copy in the workspace, round by round
 * until a sweep turns nothing. The host reads a few numbers after each sweep, so this cannot be
 * recorded.
 */
final class CudaSingularValues extends KernelPlan<SingularValuesDesc>
    implements SingularValuesPlan {
  private static final int MOST_SWEEPS = 60;

  private final CudaBackend backend;
  private final int count;
  private final int length;
  private final int pairs;
  private final long reduce;
  private final long load;
  private final long round;
  private final long norms;
  private final long values;

  static void register(CudaBackend backend) {
    backend.add(
        SingularValuesDesc.class,
        "jacobi",
        (d, o) -> "",
        (d, o, i) -> new CudaSingularValues(backend, d, o, i));
  }

  private CudaSingularValues(
      CudaBackend backend, SingularValuesDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i);
    this.backend = backend;
    count = Math.min(d.m(), d.n());
    length = Math.max(d.m(), d.n());
    pairs = (count + 1) / 2;
    reduce = backend.kernel("row_reduce");
    load = backend.kernel("singular_load");
    round = backend.kernel("singular_round");
    norms = backend.kernel("singular_norms");
    values = backend.kernel("singular_values");
  }

  /** The vectors, then each pair's rotations, then the norms; doubles. */
  @Override
  public long workspaceBytes() {
    return 8 * ((long) count * length + pairs + count);
  }

  @Override
  public void execute(Context ctx, Tensor a, Tensor out) {
    planned(Direction.FORWARD);
    SingularValuesDesc d = desc();
    elements("a", a, d.type(), (long) d.m() * d.n());
    elements("values", out, d.type(), count);
    distinct("values", out, "a", a, false);
    CudaContext c = CudaContext.of(ctx, backend, d);
    if (c.recording()) {
      throw new IllegalStateException(
          d.summary() + " reads its progress on the host; execute it outside of record()");
    }
    // A power of two: nothing is rounded, and no square overflows.
    double scale = Math.scalb(1.0, -Math.getExponent(largest(ctx, a)));
    begin(ctx)
        .put(d.type().ordinal())
        .put(d.m())
        .put(d.n())
        .put(d.m() > d.n())
        .put(scale)
        .put(a)
        .putWorkspace()
        .execute(load);
    orthogonalise(ctx, c.workspace());
    finish(ctx, c.workspace(), scale, out);
  }

  /** The largest magnitude of the matrix. */
  private double largest(Context ctx, Tensor a) {
    KernelCall call = begin(ctx);
    long at = ((CudaContext) ctx).workspace();
    call.put(Reduction.LINF.ordinal())
        .put(desc().type().ordinal())
        .put(1L)
        .put(a.size())
        .put(a)
        .put(0L)
        .put(at)
        .execute(reduce);
    ByteBuffer number = read(at, 8);
    double v = desc().type() == ElementType.F32 ? number.getFloat(0) : number.getDouble(0);
    if (!Double.isFinite(v)) {
      throw new InvalidInputException(desc().summary() + ": the matrix holds NaN or infinity");
    }
    return v;
  }

  private void orthogonalise(Context ctx, long vectors) {
    long turned = vectors + 8L * count * length;
    for (int sweep = 0; sweep < MOST_SWEEPS; sweep++) {
      for (int r = 0; r < 2 * pairs - 1; r++) {
        begin(ctx).put(pairs).put(count).put(length).put(r).put(vectors).put(turned).execute(round);
      }
      ByteBuffer turns = read(turned, 8 * pairs);
      double sum = 0;
      while (turns.hasRemaining()) {
        sum += turns.getDouble();
      }
      if (sum == 0) {
        return;
      }
    }
    throw new BlindspotException(
        desc().summary() + ": Jacobi did not converge in " + MOST_SWEEPS + " sweeps");
  }

  private void finish(Context ctx, long vectors, double scale, Tensor out) {
    long lengths = vectors + 8L * count * length + 8L * pairs;
    begin(ctx).put(count).put(length).put(1 / scale).put(vectors).put(lengths).execute(norms);
    begin(ctx).put(desc().type().ordinal()).put(count).put(lengths).put(out).execute(values);
  }

  private ByteBuffer read(long address, int bytes) {
    ByteBuffer b = ByteBuffer.allocate(bytes).order(ByteOrder.nativeOrder());
    backend.staging().read(address, b);
    return b.flip();
  }
}
