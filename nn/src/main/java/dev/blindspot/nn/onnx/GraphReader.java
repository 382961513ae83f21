package dev.blindspot.nn.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.nn.Layer;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Reshape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Turns one ONNX graph into a network, node by node. */
final class GraphReader {
  private final String file;
  private final GraphProto graph;
  private final long opset;
  private final boolean batched;
  private final Map<String, Value> values = new HashMap<>();
  private final Set<String> layerNames = new HashSet<>(Set.of(Network.INPUT));
  private final Map<Parameters.Key, Numbers> parameters = new LinkedHashMap<>();
  private final Set<String> reads = new HashSet<>();
  private Network.Builder builder;
  private ElementType type;
  private long batch;

  /**
   * @param batched the first dimension of the graph's input is the batch; else the whole input is
   *     one sample
   */
  GraphReader(String file, GraphProto graph, long opset, boolean batched) {
    this.file = file;
    this.graph = graph;
    this.opset = opset;
    this.batched = batched;
    graph.getOutputList().forEach(o -> reads.add(o.getName()));
    graph.getNodeList().forEach(n -> reads.addAll(n.getInputList()));
    reads.remove("");
  }

  OnnxModel read() {
    if (graph.getSparseInitializerCount() > 0) {
      throw new UnsupportedException(file + ": graph.sparse_initializer is not supported");
    }
    for (TensorProto t : graph.getInitializerList()) {
      define(
          t.getName(), Constant.of(file + ": initializer '" + t.getName() + "'", t), "initializer");
    }
    ValueInfoProto input = input();
    Shape sample = sampleShape(input);
    String title = graph.getName().isBlank() ? "onnx" : graph.getName();
    builder = Network.builder(title, sample);
    define(input.getName(), new Data(Network.INPUT, sample), "input");
    String output = outputName();
    List<Integer> needed = neededNodes(output);
    for (int i : needed) {
      readNode(i);
    }
    finish(output);
    return new OnnxModel(builder.build(), type, parameters);
  }

  private void define(String name, Value value, String what) {
    if (name.isEmpty()) {
      throw new InvalidInputException(file + ": " + what + " without a name");
    }
    if (values.putIfAbsent(name, value) != null) {
      throw new InvalidInputException(file + ": " + what + " '" + name + "' is defined twice");
    }
  }

  private ValueInfoProto input() {
    List<ValueInfoProto> found = new ArrayList<>();
    for (ValueInfoProto v : graph.getInputList()) {
      if (!values.containsKey(v.getName())) {
        found.add(v);
      }
    }
    if (found.size() != 1) {
      throw new UnsupportedException(
          file
              + ": graph.input: a network has one input besides the initializers, this graph has "
              + found.stream().map(ValueInfoProto::getName).toList());
    }
    return found.get(0);
  }

  /** Checks the input's type and dimensions; returns the shape of one sample. */
  private Shape sampleShape(ValueInfoProto input) {
    String where = file + ": input '" + input.getName() + "'";
    TypeProto.Tensor tensor = input.getType().getTensorType();
    type = elementType(where, tensor.getElemType());
    if (!input.getType().hasTensorType() || !tensor.hasShape()) {
      throw new UnsupportedException(where + ": field 'shape' is missing; it must be fixed");
    }
    List<TensorShapeProto.Dimension> dims = tensor.getShape().getDimList();
    int skip = batched ? 1 : 0;
    if (dims.size() <= skip || dims.size() > 8) {
      throw new UnsupportedException(where + ": rank " + dims.size() + " is not supported");
    }
    batch = batched && dims.get(0).hasDimValue() ? dims.get(0).getDimValue() : batched ? -1 : 1;
    if (batch == 0) {
      throw new UnsupportedException(where + ": field 'dim 0' is 0: no elements");
    }
    if (batch < -1) {
      throw new InvalidInputException(where + ": field 'dim 0' is " + batch);
    }
    long[] sample = new long[dims.size() - skip];
    long size = 1;
    for (int i = 0; i < sample.length; i++) {
      TensorShapeProto.Dimension d = dims.get(i + skip);
      if (!d.hasDimValue()) {
        throw new UnsupportedException(
            where
                + ": field 'dim "
                + (i + skip)
                + "' is not fixed ('"
                + d.getDimParam()
                + "'); only the batch may vary");
      }
      sample[i] = d.getDimValue();
      if (sample[i] == 0) {
        throw new UnsupportedException(
            where + ": field 'dim " + (i + skip) + "' is 0: no elements");
      }
      if (sample[i] < 0 || size > Integer.MAX_VALUE / sample[i]) {
        throw new InvalidInputException(
            where
                + ": field 'dim "
                + (i + skip)
                + "' is "
                + sample[i]
                + ": negative, or the sample has more than 2^31 elements");
      }
      size *= sample[i];
    }
    return Shape.of(sample);
  }

  private static ElementType elementType(String where, int onnxType) {
    if (onnxType == Constant.FLOAT) {
      return ElementType.F32;
    }
    if (onnxType == Constant.DOUBLE) {
      return ElementType.F64;
    }
    throw new UnsupportedException(
        where
            + ": field 'elem_type' "
            + Constant.typeName(onnxType)
            + " is not supported; supported: FLOAT, DOUBLE");
  }

  private String outputName() {
    if (graph.getOutputCount() != 1) {
      throw new UnsupportedException(
          file
              + ": graph.output: a network has one output, this graph has "
              + graph.getOutputList().stream().map(ValueInfoProto::getName).toList());
    }
    return graph.getOutput(0).getName();
  }

  /** Indices of the nodes that the output depends on, in order; refuses cycles and gaps. */
  private List<Integer> neededNodes(String output) {
    Map<String, Integer> makers = new HashMap<>();
    for (int i = 0; i < graph.getNodeCount(); i++) {
      for (String o : graph.getNode(i).getOutputList()) {
        if (!o.isEmpty() && (values.containsKey(o) || makers.put(o, i) != null)) {
          throw new InvalidInputException(
              file + ": node " + i + ": output '" + o + "' is defined twice");
        }
      }
    }
    Set<String> wanted = new HashSet<>(Set.of(output));
    List<Integer> needed = new ArrayList<>();
    for (int i = graph.getNodeCount() - 1; i >= 0; i--) {
      NodeProto n = graph.getNode(i);
      if (n.getOutputList().stream().noneMatch(wanted::contains)) {
        continue;
      }
      needed.add(i);
      for (String in : n.getInputList()) {
        Integer maker = makers.get(in);
        if (maker == null && !in.isEmpty() && !values.containsKey(in)) {
          throw new InvalidInputException(
              file
                  + ": node "
                  + i
                  + " ("
                  + n.getOpType()
                  + "): input '"
                  + in
                  + "' is given by nothing");
        }
        if (maker != null && maker >= i) {
          throw new InvalidInputException(
              file
                  + ": node "
                  + i
                  + " ("
                  + n.getOpType()
                  + "): input '"
                  + in
                  + "' is given by node "
                  + maker
                  + ", not before it: a cycle, or nodes out of order");
        }
        wanted.add(in);
      }
    }
    if (!makers.containsKey(output) && !values.containsKey(output)) {
      throw new InvalidInputException(file + ": output '" + output + "' is given by nothing");
    }
    Collections.reverse(needed);
    return needed;
  }

  private void readNode(int index) {
    NodeProto proto = graph.getNode(index);
    NodeReader n = new NodeReader(file, proto, index, opset);
    String domain = proto.getDomain();
    Operators.Reader reader = Operators.READERS.get(n.operator());
    if (reader == null || !(domain.isEmpty() || domain.equals("ai.onnx"))) {
      throw n.unsupported(
          "operator "
              + (domain.isEmpty() ? "" : domain + ".")
              + n.operator()
              + " is not supported; supported: "
              + String.join(", ", Operators.READERS.keySet()));
    }
    Value value;
    try {
      value = reader.read(this, n);
    } catch (BatchAxisException e) {
      throw e;
    } catch (InvalidInputException e) {
      throw e.getMessage().startsWith(file) ? e : n.invalid(e.getMessage());
    } catch (ArithmeticException e) {
      throw n.invalid("sizes exceed the range of integers");
    }
    n.requireAllKnown();
    for (int i = 1; i < proto.getOutputCount(); i++) {
      requireUnread(n, proto.getOutput(i));
    }
    values.put(n.output(0), value);
  }

  /** Second outputs (masks, indices, statistics) do not exist here. */
  private void requireUnread(NodeReader n, String output) {
    if (reads.contains(output)) {
      throw n.unsupported("its output '" + output + "' is used; only the first one is supported");
    }
  }

  private void finish(String output) {
    Value v = values.get(output);
    if (v instanceof Constant) {
      throw new InvalidInputException(
          file + ": output '" + output + "' does not depend on the input");
    }
    Data d = v instanceof Pending p ? p.emit() : (Data) v;
    if (d.node().equals(Network.INPUT)) {
      add(output, new Reshape(d.sample()), d);
    }
  }

  /** True if dimension 0 is the batch. */
  boolean batched() {
    return batched;
  }

  /** Size of the batch dimension, -1 if it is not fixed, 1 if there is none. */
  long batch() {
    return batch;
  }

  ElementType type() {
    return type;
  }

  /** All dimensions with the batch (-1 if not fixed). */
  long[] dims(Shape sample) {
    return batched ? prepend(batch, sample.toArray()) : sample.toArray();
  }

  private static long[] prepend(long first, long[] rest) {
    long[] all = new long[rest.length + 1];
    all[0] = first;
    System.arraycopy(rest, 0, all, 1, rest.length);
    return all;
  }

  /** An axis within 0..rank-1 from one that may count from the end. */
  static int axis(NodeReader n, long axis, int rank) {
    if (axis < -rank || axis >= rank) {
      throw n.invalid("axis " + axis + " is outside a tensor of rank " + rank);
    }
    return (int) (axis < 0 ? axis + rank : axis);
  }

  Value value(NodeReader n, int i) {
    String name = n.input(i);
    Value v = values.get(name);
    if (v == null) {
      throw n.invalid(
          "input " + i + (name.isEmpty() ? " is missing" : " '" + name + "' is not there"));
    }
    return v;
  }

  /** An input that depends on the graph's input, as a layer's output. */
  Data data(NodeReader n, int i) {
    Value v = value(n, i);
    if (v instanceof Constant) {
      throw n.unsupported("input " + i + " '" + n.input(i) + "' is constant");
    }
    return emit(n, i, v);
  }

  private Data emit(NodeReader n, int i, Value v) {
    if (v instanceof Data d) {
      return d;
    }
    Data d = ((Pending) v).emit();
    values.put(n.input(i), d);
    return d;
  }

  /** A constant input. */
  Constant constant(NodeReader n, int i) {
    if (value(n, i) instanceof Constant c) {
      return c;
    }
    throw n.unsupported("input " + i + " '" + n.input(i) + "' must be constant");
  }

  /** A constant input that may be left out: then null. */
  Constant optional(NodeReader n, int i) {
    return n.input(i).isEmpty() ? null : constant(n, i);
  }

  /** A constant of weights: of the network's type and finite. */
  Constant weights(NodeReader n, int i) {
    Constant c = constant(n, i);
    if (!c.floating()) {
      throw n.invalid("input " + i + " '" + n.input(i) + "' must hold FLOAT or DOUBLE");
    }
    c.requireFinite();
    return c;
  }

  /** Adds a layer under a name made unique. */
  Data add(String name, Layer layer, Data... inputs) {
    String unique = name;
    for (int i = 2; !layerNames.add(unique); i++) {
      unique = name + "_" + i;
    }
    builder.add(unique, layer, Arrays.stream(inputs).map(Data::node).toArray(String[]::new));
    Shape[] shapes = Arrays.stream(inputs).map(Data::sample).toArray(Shape[]::new);
    return new Data(unique, layer.outputShape(List.of(shapes)));
  }

  /** Gives a layer's parameter its values. */
  void parameter(Data layer, String name, Numbers source) {
    parameters.put(new Parameters.Key(layer.node(), name), source);
  }

  /** The same data in another shape. */
  Data reshape(String name, Data d, long... sample) {
    Shape to = Shape.of(sample);
    if (d.sample().equals(to)) {
      return d;
    }
    return add(name, to.rank() == 1 ? new Flatten() : new Reshape(to), d);
  }
}
