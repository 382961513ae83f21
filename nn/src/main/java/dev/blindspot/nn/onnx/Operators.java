package dev.blindspot.nn.onnx;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/** The operators that are read. */
final class Operators {
  private Operators() {}

  /** Reads one node to the value of its first output. */
  interface Reader {
    Value read(GraphReader g, NodeReader n);
  }

  /** By operator name, in alphabetic order. */
  static final Map<String, Reader> READERS;

  static {
    Map<String, Reader> m = new TreeMap<>();
    ShapeOperators.register(m);
    ArithmeticOperators.register(m);
    DenseOperators.register(m);
    WindowOperators.register(m);
    NormalisationOperators.register(m);
    READERS = Collections.unmodifiableMap(m);
  }
}
