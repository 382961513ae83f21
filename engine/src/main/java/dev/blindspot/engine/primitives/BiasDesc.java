package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;

/**
 * Bias for each channel: y[n,c,...] = x[n,c,...] + b[c].
 *
 * @param type F32 or F64
 * @param c channels
 * @param spatial elements of one channel: h*w, or 1 for dense layers
 */
public record BiasDesc(ElementType type, long n, int c, long spatial) implements Desc<BiasPlan> {

  public BiasDesc {
    Check.floating("Bias", type);
    Check.positive("Bias", "n", n);
    Check.positive("Bias", "c", c);
    Check.positive("Bias", "spatial", spatial);
  }

  @Override
  public String summary() {
    return "Bias " + type + " x=[" + n + "," + c + "," + spatial + "]";
  }
}
