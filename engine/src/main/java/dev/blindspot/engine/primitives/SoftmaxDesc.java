package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Softmax or log-softmax along each row, computed with the row's maximum subtracted.
 *
 * @param log log-softmax
 */
public record SoftmaxDesc(ElementType type, long n, long length, boolean log)
    implements Desc<SoftmaxPlan> {

  public SoftmaxDesc {
    Check.floating("Softmax", type);
    Check.rows("Softmax", n, length);
  }

  @Override
  public String summary() {
    return (log ? "LogSoftmax " : "Softmax ") + type + " x=[" + n + "," + length + "]";
  }
}
