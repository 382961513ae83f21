package dev.blindspot.engine.custom;

import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Tensor;

/**
 * What a kernel is launched with. Immutable; make it once and launch often, since a launch itself
 * allocates nothing.
 */
public final class KernelArguments {
  /** Most tensors, and most numbers, of a launch. */
  public static final int MOST = 64;

  private final Tensor[] tensors;
  private final double[] numbers;

  private KernelArguments(Tensor[] tensors, double[] numbers) {
    if (tensors.length > MOST || numbers.length > MOST) {
      throw new InvalidInputException(
          "KernelArguments: "
              + tensors.length
              + " tensors and "
              + numbers.length
              + " numbers; at most "
              + MOST
              + " of each");
    }
    for (int i = 0; i < tensors.length; i++) {
      if (tensors[i] == null) {
        throw new InvalidInputException("KernelArguments: tensor " + i + " is missing");
      }
    }
    this.tensors = tensors;
    this.numbers = numbers;
  }

  /** Tensors in the order of the kernel's indices; without numbers. */
  public static KernelArguments of(Tensor... tensors) {
    return new KernelArguments(tensors.clone(), new double[0]);
  }

  /** The same tensors with these numbers. */
  public KernelArguments numbers(double... values) {
    return new KernelArguments(tensors, values.clone());
  }

  public int tensorCount() {
    return tensors.length;
  }

  public Tensor tensor(int i) {
    return tensors[i];
  }

  public int numberCount() {
    return numbers.length;
  }

  public double number(int i) {
    return numbers[i];
  }
}
