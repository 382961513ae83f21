package dev.blindspot.engine.cuda.blas;

import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_DRELU;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_EPILOGUE_RELU_BIAS;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_BIAS_POINTER;
import static org.bytedeco.cuda.global.cublas.CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmul;
import static org.bytedeco.cuda.global.cublas.cublasLtMatmulDescSetAttribute;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Scalars;
import org.bytedeco.cuda.cublas.cublasLtMatmulAlgo_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;

/** A prepared product of fixed sizes; owns nothing. See {@link LtProduct} for what it computes. */
final class LtMatmul {
  private final String doing;
  private final cublasLtMatmulDescOpaque_t desc;
  private final int epilogue;
  private final cublasLtMatrixLayoutOpaque_t first;
  private final cublasLtMatrixLayoutOpaque_t second;
  private final cublasLtMatrixLayoutOpaque_t result;
  private final cublasLtMatmulAlgo_t algorithm;
  private final long workspaceBytes;
  private final LongPointer operand;

  /**
   * @param operand holds the address of the epilogue's operand that the descriptor has, or 0
   */
  LtMatmul(
      String doing,
      cublasLtMatmulDescOpaque_t desc,
      int epilogue,
      cublasLtMatrixLayoutOpaque_t first,
      cublasLtMatrixLayoutOpaque_t second,
      cublasLtMatrixLayoutOpaque_t result,
      cublasLtMatmulAlgo_t algorithm,
      long workspaceBytes,
      LongPointer operand) {
    this.doing = doing;
    this.desc = desc;
    this.epilogue = epilogue;
    this.first = first;
    this.second = second;
    this.result = result;
    this.algorithm = algorithm;
    this.workspaceBytes = workspaceBytes;
    this.operand = operand;
  }

  /** Of {@code cublasLtEpilogue_t}. */
  int epilogue() {
    return epilogue;
  }

  /** Whether the epilogue reads a bias. */
  boolean biased() {
    return epilogue == CUBLASLT_EPILOGUE_BIAS || epilogue == CUBLASLT_EPILOGUE_RELU_BIAS;
  }

  /** d = alpha op(a) op(b) + beta d; all are device addresses. */
  void execute(
      LibraryContext c, Pointer alpha, long a, long b, Pointer beta, long d, String operation) {
    submit(c, alpha, a, b, beta, d, c.workspace(), operation);
  }

  private void submit(
      LibraryContext c,
      Pointer alpha,
      long a,
      long b,
      Pointer beta,
      long d,
      long workspace,
      String operation) {
    int status =
        cublasLtMatmul(
            c.blasLt(),
            desc,
            alpha,
            c.pointer(0, b),
            first,
            c.pointer(1, a),
            second,
            beta,
            c.pointer(2, d),
            result,
            c.pointer(3, d),
            result,
            algorithm,
            c.pointer(4, workspace),
            workspaceBytes,
            c.stream());
    LtStatus.check(status, c, doing, operation);
  }

  /** Whether the epilogue reads a bit-mask. */
  boolean masked() {
    return epilogue == CUBLASLT_EPILOGUE_DRELU;
  }

  /** As above with an operand for the epilogue: a bias, or the bit-mask. */
  synchronized void execute(
      LibraryContext c,
      Pointer alpha,
      long a,
      long b,
      Pointer beta,
      long d,
      long address,
      String operation) {
    operand(c, address, operation);
    execute(c, alpha, a, b, beta, d, operation);
  }

  private void operand(LibraryContext c, long address, String operation) {
    if (operand.get() != address) {
      operand.put(address);
      int attribute =
          masked() ? CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER : CUBLASLT_MATMUL_DESC_BIAS_POINTER;
      int status = cublasLtMatmulDescSetAttribute(desc, attribute, operand, Long.BYTES);
      LtStatus.check(status, c, doing, operation + ", its epilogue's operand");
    }
  }

  /** As it is measured: with a workspace that is not the context's. */
  void attempt(LibraryContext c, ElementType type, long a, long b, long d, long epilogue, long w) {
    if (biased() || masked()) {
      operand(c, epilogue, "measuring");
    }
    submit(c, Scalars.one(type), a, b, Scalars.zero(type), d, w, "measuring");
  }
}
