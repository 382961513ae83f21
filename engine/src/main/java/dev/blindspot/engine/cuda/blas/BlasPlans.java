package dev.blindspot.engine.cuda.blas;

import dev.blindspot.engine.cuda.library.LibraryBackend;

/** The primitives that cublasLt executes. */
public final class BlasPlans {
  private BlasPlans() {}

  /** Appends cublasLt's implementations to the backend's list. */
  public static void register(LibraryBackend backend) {
    LtLinear.register(backend);
    LtMatMulPlan.register(backend);
  }
}
