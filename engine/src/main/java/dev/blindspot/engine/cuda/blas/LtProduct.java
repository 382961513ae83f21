package dev.blindspot.engine.cuda.blas;

import static org.bytedeco.cuda.global.cublas.*;

import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Precision;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.cuda.library.LibraryBackend;
import dev.blindspot.engine.cuda.library.LibraryContext;
import dev.blindspot.engine.cuda.library.Resources;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulHeuristicResult_t;
import org.bytedeco.cuda.cublas.cublasLtMatmulPreferenceOpaque_t;
import org.bytedeco.cuda.cublas.cublasLtMatrixLayoutOpaque_t;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;

/**
 * A kind of row-major product c = alpha op(a) op(b) + beta c [m,n], with the bias [n] and the ReLU,
 * or the ReLU's mask, that may follow it. Prepares products of given sizes.
 *
 * @param resources takes over what is prepared
 * @param epilogue of {@code cublasLtEpilogue_t}
 */
record LtProduct(
    LibraryBackend backend,
    Resources resources,
    String doing,
    ElementType type,
    Precision precision,
    boolean transposeA,
    boolean transposeB,
    int epilogue) {
  /** What cublasLt recommends on Hopper; also fixes which algorithms it may choose. */
  static final long WORKSPACE = 32L << 20;

  private static final int RANKED = 8;

  /**
   * 32-bit words of a row of the mask that the dReLU epilogue reads, for n columns of the result:
   * its leading dimension must be a multiple of 128 elements, a bit each.
   */
  static long maskWords(long n) {
    return (n + 127) / 128 * 4;
  }

  /** The reason why products of this type are not formed in this precision, or "". */
  static String reasonWhyNot(ElementType type, Precision precision) {
    boolean possible =
        switch (precision) {
          case FP32 -> type == ElementType.F32 || type == ElementType.F64;
          case TF32, BF16 -> type == ElementType.F32;
          case BF16X6, BF16X3 -> false;
        };
    return possible ? "" : "products of " + type + " are not formed in " + precision;
  }

  /** cublasLt's compute type. Pedantic: no kernel that rounds the factors or reorders by itself. */
  private int computeType() {
    if (type == ElementType.F64) {
      return CUBLAS_COMPUTE_64F;
    }
    return switch (precision) {
      case TF32 -> CUBLAS_COMPUTE_32F_FAST_TF32;
      case BF16 -> CUBLAS_COMPUTE_32F_FAST_16BF;
      default -> CUBLAS_COMPUTE_32F_PEDANTIC;
    };
  }

  private int dataType() {
    return type == ElementType.F64 ? cudart.CUDA_R_64F : cudart.CUDA_R_32F;
  }

  /**
   * A product of these sizes.
   *
   * @param alignment bytes that all addresses are multiples of
   * @throws UnsupportedException if cublasLt has no algorithm for it
   */
  LtMatmul prepare(LibraryContext c, long m, long n, long k, int alignment) {
    // c^T [n,m] = op(b)^T op(a)^T, column-major; the first factor is b.
    cublasLtMatrixLayoutOpaque_t first = transposeB ? layout(k, n) : layout(n, k);
    cublasLtMatrixLayoutOpaque_t second = transposeA ? layout(m, k) : layout(k, m);
    cublasLtMatrixLayoutOpaque_t result = layout(n, m);
    cublasLtMatmulDescOpaque_t desc = resources.add(new cublasLtMatmulDescOpaque_t());
    LtStatus.check(cublasLtMatmulDescInit(desc, computeType(), dataType()), doing + ": a product");
    set(desc, CUBLASLT_MATMUL_DESC_TRANSA, transposeB ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(desc, CUBLASLT_MATMUL_DESC_TRANSB, transposeA ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(desc, CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    if (epilogue == CUBLASLT_EPILOGUE_DRELU) {
      try (LongPointer ld = new LongPointer(1).put(32 * maskWords(n))) {
        LtStatus.check(
            cublasLtMatmulDescSetAttribute(
                desc, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, ld, Long.BYTES),
            doing + ": the mask's leading dimension");
      }
    }
    var found = resources.add(new cublasLtMatmulHeuristicResult_t(RANKED));
    List<Integer> ranked = rank(c, desc, first, second, result, alignment, found);
    LongPointer operand = resources.add(new LongPointer(1).put(0));
    List<LtMatmul> usable = new ArrayList<>();
    for (int i : ranked) {
      var candidate = found.getPointer(i);
      usable.add(
          new LtMatmul(
              doing,
              desc,
              epilogue,
              first,
              second,
              result,
              candidate.algo(),
              candidate.workspaceSize(),
              operand));
    }
    return new LtTrial(this, m, n, k, alignment).choose(c, usable);
  }

  /** A column-major matrix without gaps. */
  private cublasLtMatrixLayoutOpaque_t layout(long rows, long columns) {
    var layout = resources.add(new cublasLtMatrixLayoutOpaque_t());
    LtStatus.check(
        cublasLtMatrixLayoutInit(layout, dataType(), rows, columns, rows), doing + ": a layout");
    return layout;
  }

  private void set(cublasLtMatmulDescOpaque_t desc, int attribute, int value) {
    try (IntPointer v = new IntPointer(1).put(value)) {
      LtStatus.check(
          cublasLtMatmulDescSetAttribute(desc, attribute, v, Integer.BYTES),
          doing + ": attribute " + attribute + " of a product");
    }
  }

  /** Fills {@code found}; gives the places of those that can be used, best first. */
  private List<Integer> rank(
      LibraryContext c,
      cublasLtMatmulDescOpaque_t desc,
      cublasLtMatrixLayoutOpaque_t first,
      cublasLtMatrixLayoutOpaque_t second,
      cublasLtMatrixLayoutOpaque_t result,
      int alignment,
      cublasLtMatmulHeuristicResult_t found) {
    int[] count = new int[1];
    int status;
    try (var preference = new cublasLtMatmulPreferenceOpaque_t()) {
      prefer(preference, alignment);
      status =
          cublasLtMatmulAlgoGetHeuristic(
              c.blasLt(), desc, first, second, result, result, preference, RANKED, found, count);
    }
    if (status != CUBLAS_STATUS_NOT_SUPPORTED) {
      LtStatus.check(status, doing + ": ranking algorithms");
      List<Integer> usable = new ArrayList<>();
      for (int i = 0; i < count[0]; i++) {
        var candidate = found.getPointer(i);
        if (candidate.state() == CUBLAS_STATUS_SUCCESS && candidate.workspaceSize() <= WORKSPACE) {
          usable.add(i);
        }
      }
      if (!usable.isEmpty()) {
        return usable;
      }
    }
    throw new UnsupportedException(
        "cublasLt has no algorithm for this product ("
            + LtStatus.name(status)
            + ", "
            + count[0]
            + " offered)");
  }

  private void prefer(cublasLtMatmulPreferenceOpaque_t preference, int alignment) {
    String what = doing + ": preferences";
    LtStatus.check(cublasLtMatmulPreferenceInit(preference), what);
    try (LongPointer bytes = new LongPointer(1).put(WORKSPACE)) {
      LtStatus.check(
          cublasLtMatmulPreferenceSetAttribute(
              preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, bytes, Long.BYTES),
          what);
    }
    boolean whole = backend.options().deterministic();
    prefer(
        preference,
        CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK,
        whole ? CUBLASLT_REDUCTION_SCHEME_NONE : CUBLASLT_REDUCTION_SCHEME_MASK);
    prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, alignment);
    prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, alignment);
    prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, alignment);
    prefer(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, alignment);
  }

  private void prefer(cublasLtMatmulPreferenceOpaque_t preference, int attribute, int value) {
    try (IntPointer v = new IntPointer(1).put(value)) {
      LtStatus.check(
          cublasLtMatmulPreferenceSetAttribute(preference, attribute, v, Integer.BYTES),
          doing + ": preference " + attribute);
    }
  }
}
