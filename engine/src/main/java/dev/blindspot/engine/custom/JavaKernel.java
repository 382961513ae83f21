package dev.blindspot.engine.custom;

/** A kernel as a Java function, for the reference backend. */
@FunctionalInterface
public interface JavaKernel {

  /** Computes items from..to-1. */
  void run(Arguments args, long from, long to);

  /** What a kernel was launched with: tensors' elements as doubles, and numbers. */
  interface Arguments {

    /** Element {@code index} (in memory order) of a tensor. */
    double get(int tensor, long index);

    /** Stores an element, rounded to the tensor's type. */
    void set(int tensor, long index, double value);

    /** Number of elements of a tensor. */
    long size(int tensor);

    double number(int i);
  }
}
