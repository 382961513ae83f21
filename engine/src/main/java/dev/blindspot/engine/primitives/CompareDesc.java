package dev.blindspot.engine.primitives;

import dev.blindspot.engine.Desc;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;

/**
 * Comparison of n rows, element by element, with another tensor or with a number, giving a U8 mask
 * of 0 and 1. Types F32, F64, I32.
 */
public record CompareDesc(Comparison comparison, ElementType type, long n, long length)
    implements Desc<ComparePlan> {

  public CompareDesc {
    Check.rows("Compare", n, length);
    Check.that(
        type == ElementType.F32 || type == ElementType.F64 || type == ElementType.I32,
        "Compare: element type " + type + " is not defined");
  }

  /**
   * A number as this desc's element type holds it.
   *
   * @throws InvalidInputException for I32 if it is no integer of 32 bits: rounding would change
   *     what is asked
   */
  public double round(double b) {
    if (type == ElementType.I32 && b != (int) b) { // executions come here: no message beforehand
      throw new InvalidInputException("Compare I32: " + b + " is not a 32-bit integer");
    }
    return type == ElementType.F32 ? (float) b : b;
  }

  @Override
  public String summary() {
    return "Compare " + comparison + " " + type + " [" + n + "," + length + "]";
  }
}
