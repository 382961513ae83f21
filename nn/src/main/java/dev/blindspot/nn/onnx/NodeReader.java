package dev.blindspot.nn.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A node's attributes, each asked for by name; what nobody asked for is refused in the end. */
final class NodeReader {
  private final NodeProto node;
  private final String where;
  private final long opset;
  private final Map<String, AttributeProto> attributes = new HashMap<>();
  private final Set<String> known = new HashSet<>();

  NodeReader(String file, NodeProto node, int index, long opset) {
    this.node = node;
    this.opset = opset;
    this.where =
        file
            + ": node "
            + index
            + (node.getName().isEmpty() ? "" : " '" + node.getName() + "'")
            + " ("
            + node.getOpType()
            + ", opset "
            + opset
            + ")";
    for (AttributeProto a : node.getAttributeList()) {
      if (attributes.put(a.getName(), a) != null) {
        throw invalid("attribute '" + a.getName() + "' is there twice");
      }
    }
  }

  String where() {
    return where;
  }

  long opset() {
    return opset;
  }

  String operator() {
    return node.getOpType();
  }

  /** Name for the layer: the node's, else that of its first output. */
  String name() {
    return node.getName().isBlank() ? output(0) : node.getName();
  }

  int inputs() {
    return node.getInputCount();
  }

  /** Name of an input; "" if it is left out. */
  String input(int i) {
    return i < node.getInputCount() ? node.getInput(i) : "";
  }

  String output(int i) {
    return i < node.getOutputCount() ? node.getOutput(i) : "";
  }

  boolean has(String attribute) {
    known.add(attribute);
    return attributes.containsKey(attribute);
  }

  long integer(String attribute, long otherwise) {
    AttributeProto a = find(attribute, AttributeProto.AttributeType.INT);
    return a == null ? otherwise : a.getI();
  }

  /** An integer that must lie within 0..most. */
  int integer(String attribute, long otherwise, int least, int most) {
    long v = integer(attribute, otherwise);
    if (v < least || v > most) {
      throw invalid(
          "attribute '" + attribute + "' is " + v + ", not within " + least + ".." + most);
    }
    return (int) v;
  }

  double number(String attribute, double otherwise) {
    AttributeProto a = find(attribute, AttributeProto.AttributeType.FLOAT);
    if (a == null) {
      return otherwise;
    }
    if (!Float.isFinite(a.getF())) {
      throw invalid("attribute '" + attribute + "' is " + a.getF());
    }
    // 0.1f is meant to be 0.1: the shortest decimal that gives the float.
    return Double.parseDouble(Float.toString(a.getF()));
  }

  String string(String attribute, String otherwise) {
    AttributeProto a = find(attribute, AttributeProto.AttributeType.STRING);
    return a == null ? otherwise : a.getS().toStringUtf8();
  }

  /** Integers, or null. */
  long[] integers(String attribute) {
    AttributeProto a = find(attribute, AttributeProto.AttributeType.INTS);
    return a == null ? null : a.getIntsList().stream().mapToLong(Long::longValue).toArray();
  }

  /** {@code count} integers within least..2^20, or all {@code otherwise}. */
  int[] sizes(String attribute, int count, int least, int otherwise) {
    long[] v = integers(attribute);
    int[] sizes = new int[count];
    if (v == null) {
      Arrays.fill(sizes, otherwise);
      return sizes;
    }
    if (v.length != count) {
      throw invalid(
          "attribute '"
              + attribute
              + "' "
              + Arrays.toString(v)
              + " must have "
              + count
              + " numbers");
    }
    for (int i = 0; i < count; i++) {
      if (v[i] < least || v[i] > 1 << 20) {
        throw invalid(
            "attribute '"
                + attribute
                + "' "
                + Arrays.toString(v)
                + " must be within "
                + least
                + ".."
                + (1 << 20));
      }
      sizes[i] = (int) v[i];
    }
    return sizes;
  }

  /** A tensor, or null. */
  Constant tensor(String attribute) {
    AttributeProto a = find(attribute, AttributeProto.AttributeType.TENSOR);
    return a == null ? null : Constant.of(where + ": attribute '" + attribute + "'", a.getT());
  }

  AttributeProto attribute(String attribute, AttributeProto.AttributeType type) {
    return find(attribute, type);
  }

  private AttributeProto find(String attribute, AttributeProto.AttributeType type) {
    known.add(attribute);
    AttributeProto a = attributes.get(attribute);
    if (a != null && a.hasType() && a.getType() != type) {
      throw invalid("attribute '" + attribute + "' has type " + a.getType() + ", expected " + type);
    }
    if (a != null && a.hasRefAttrName()) {
      throw unsupported("attribute '" + attribute + "' refers to a function's attribute");
    }
    return a;
  }

  /** Reads attributes that change nothing here. */
  void ignore(String... names) {
    known.addAll(Arrays.asList(names));
  }

  /** Refuses attributes that were not asked for. */
  void requireAllKnown() {
    for (String a : attributes.keySet()) {
      if (!known.contains(a)) {
        throw unsupported("attribute '" + a + "' is not known; known: " + known);
      }
    }
  }

  InvalidInputException invalid(String message) {
    return new InvalidInputException(where + ": " + message);
  }

  UnsupportedException unsupported(String message) {
    return new UnsupportedException(where + ": " + message);
  }

  BatchAxisException mixesSamples(String message) {
    return new BatchAxisException(
        where + ": " + message + "; the first dimension is the batch and must stay so");
  }
}
