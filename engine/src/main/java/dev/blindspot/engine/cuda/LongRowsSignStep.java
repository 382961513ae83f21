package dev.blindspot.engine.cuda;

import dev.blindspot.engine.Context;
import dev.blindspot.engine.PlanOptions;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.primitives.SignStepDesc;
import dev.blindspot.engine.spi.Implementation;
import dev.blindspot.engine.spi.kernels.KernelCall;
import dev.blindspot.engine.spi.kernels.KernelSignStep;

/**
 * The sign step of few long rows by rows_step_long.cu, two kernels: a block for each row is few.
 */
final class LongRowsSignStep extends KernelSignStep {
  /** Shorter rows are done by one block each, which may do more than this step. */
  private static final long LONG_ROW = 8192;

  /** As many rows keep a GPU at work with a block each. */
  private static final long ENOUGH_ROWS = 512;

  /** Elements of a piece: a few for each thread. */
  private static final long PIECE = 1024;

  /** A block reads so many pieces' results at once. */
  private static final long MOST_PIECES = 256;

  private final long largest;
  private final long pieces;

  static void register(CudaBackend backend) {
    backend.add(
        SignStepDesc.class,
        "sign-step-long-rows",
        (d, o) -> reasonWhyNot(d),
        (d, o, i) -> new LongRowsSignStep(backend, d, o, i));
  }

  private static String reasonWhyNot(SignStepDesc d) {
    return d.length() < LONG_ROW || d.n() >= ENOUGH_ROWS
        ? d.n() + " rows of " + d.length() + " elements; a block for each is enough"
        : "";
  }

  private LongRowsSignStep(
      CudaBackend backend, SignStepDesc d, PlanOptions o, Implementation<?, ?> i) {
    super(backend, d, o, i, "sign_step_pieces");
    largest = backend.kernel("sign_step_largest");
    pieces = Math.min(MOST_PIECES, (d.length() - 1) / PIECE + 1);
  }

  /** The largest component of each piece. */
  @Override
  public long workspaceBytes() {
    return desc().n() * pieces * desc().type().bytes();
  }

  @Override
  protected void run(
      Context ctx,
      long n,
      Tensor centre,
      Tensor radius,
      Tensor x,
      Tensor g,
      double alpha,
      Tensor z,
      Tensor size) {
    arguments(ctx, n, centre, radius, x, g, alpha, z, size).execute(largest);
    super.run(ctx, n, centre, radius, x, g, alpha, z, size);
  }

  @Override
  protected KernelCall arguments(
      Context ctx,
      long n,
      Tensor centre,
      Tensor radius,
      Tensor x,
      Tensor g,
      double alpha,
      Tensor z,
      Tensor size) {
    return super.arguments(ctx, n, centre, radius, x, g, alpha, z, size).put(pieces).putWorkspace();
  }
}
