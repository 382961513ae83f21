package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Matrix product c = alpha op(a) op(b) + beta c, with op(a) m x k, op(b) k x n, c m x n, row-major;
 * op transposes where asked. Sizes are exact, not maxima.
 *
 * @param type F32 or F64
 */
public record MatMulDesc(
    ElementType type, int m, int n, int k, boolean transposeA, boolean transposeB)
    implements Desc<MatMulPlan> {

  public MatMulDesc {
    Check.floating("MatMul", type);
    Check.positive("MatMul", "m", m);
    Check.positive("MatMul", "n", n);
    Check.positive("MatMul", "k", k);
  }

  @Override
  public String summary() {
    return "MatMul "
        + type
        + " m="
        + m
        + " n="
        + n
        + " k="
        + k
        + (transposeA ? " a^T" : "")
        + (transposeB ? " b^T" : "");
  }
}
