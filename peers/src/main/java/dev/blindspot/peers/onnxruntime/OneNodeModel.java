package dev.blindspot.peers.onnxruntime;

import ai.onnx.proto.OnnxMl;
import com.google.protobuf.ByteString;
import dev.blindspot.bench.peer.PeerProblem;
import dev.blindspot.bench.peer.RandomData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * An ONNX model "y = operator(x, constants)".
 *
 * @param operator its ONNX name
 * @param bytes the model
 * @param x shape of the input, which is {@link RandomData}'s first stream
 * @param y shape of the output
 */
record OneNodeModel(String operator, byte[] bytes, long[] x, long[] y) {
  private static final long OPERATORS = 13;
  private static final long FORMAT = 8;

  static OneNodeModel conv(PeerProblem p) {
    long[] x = {p.get("n"), p.get("c"), p.get("h"), p.get("w")};
    long[] w = {p.get("k"), p.get("c") / p.get("groups"), p.get("r"), p.get("s")};
    long bottom = end(p.get("p"), p.get("stride_h"), p.get("r"), p.get("dilation_h"));
    long right = end(p.get("q"), p.get("stride_w"), p.get("s"), p.get("dilation_w"));
    OnnxMl.NodeProto.Builder node =
        node("Conv")
            .addAttribute(ints("kernel_shape", p.get("r"), p.get("s")))
            .addAttribute(ints("strides", p.get("stride_h"), p.get("stride_w")))
            .addAttribute(ints("dilations", p.get("dilation_h"), p.get("dilation_w")))
            .addAttribute(
                ints(
                    "pads",
                    p.get("pad_top"),
                    p.get("pad_left"),
                    Math.max(0, bottom - p.get("h") - p.get("pad_top")),
                    Math.max(0, right - p.get("w") - p.get("pad_left"))))
            .addAttribute(integer("group", p.get("groups")))
            .addInput("w");
    OnnxMl.GraphProto.Builder graph = OnnxMl.GraphProto.newBuilder();
    graph.addInitializer(random("w", 1, w));
    if (p.get("bias") == 1) {
      graph.addInitializer(random("b", 2, p.get("k")));
      node.addInput("b");
    }
    return of(node, graph, x, new long[] {p.get("n"), p.get("k"), p.get("p"), p.get("q")});
  }

  /** Rows or columns that so many outputs read. */
  private static long end(int outputs, int stride, int taps, int dilation) {
    return (outputs - 1L) * stride + (taps - 1L) * dilation + 1;
  }

  static OneNodeModel gemm(PeerProblem p) {
    OnnxMl.NodeProto.Builder node = node("Gemm").addInput("w").addAttribute(integer("transB", 1));
    OnnxMl.GraphProto.Builder graph = OnnxMl.GraphProto.newBuilder();
    graph.addInitializer(random("w", 1, p.get("n"), p.get("k")));
    return of(
        node, graph, new long[] {p.get("m"), p.get("k")}, new long[] {p.get("m"), p.get("n")});
  }

  static OneNodeModel maxPool(PeerProblem p) {
    OnnxMl.NodeProto.Builder node =
        node("MaxPool")
            .addAttribute(ints("kernel_shape", p.get("r"), p.get("s")))
            .addAttribute(ints("strides", p.get("stride_h"), p.get("stride_w")));
    return of(
        node,
        OnnxMl.GraphProto.newBuilder(),
        new long[] {p.get("n"), p.get("c"), p.get("h"), p.get("w")},
        new long[] {p.get("n"), p.get("c"), p.get("p"), p.get("q")});
  }

  /** An elementwise function, or softmax of each row. */
  static OneNodeModel rows(String operator, PeerProblem p) {
    long[] shape = {p.get("n"), p.get("length")};
    return of(node(operator), OnnxMl.GraphProto.newBuilder(), shape, shape);
  }

  private static OneNodeModel of(
      OnnxMl.NodeProto.Builder node, OnnxMl.GraphProto.Builder graph, long[] x, long[] y) {
    graph.setName("one node").addNode(node).addInput(value("x", x)).addOutput(value("y", y));
    OnnxMl.ModelProto model =
        OnnxMl.ModelProto.newBuilder()
            .setIrVersion(FORMAT)
            .addOpsetImport(OnnxMl.OperatorSetIdProto.newBuilder().setVersion(OPERATORS))
            .setGraph(graph)
            .build();
    return new OneNodeModel(node.getOpType(), model.toByteArray(), x, y);
  }

  private static OnnxMl.NodeProto.Builder node(String operator) {
    return OnnxMl.NodeProto.newBuilder().setOpType(operator).addInput("x").addOutput("y");
  }

  private static OnnxMl.AttributeProto ints(String name, long... values) {
    OnnxMl.AttributeProto.Builder a =
        OnnxMl.AttributeProto.newBuilder()
            .setName(name)
            .setType(OnnxMl.AttributeProto.AttributeType.INTS);
    for (long v : values) {
      a.addInts(v);
    }
    return a.build();
  }

  private static OnnxMl.AttributeProto integer(String name, long value) {
    return OnnxMl.AttributeProto.newBuilder()
        .setName(name)
        .setType(OnnxMl.AttributeProto.AttributeType.INT)
        .setI(value)
        .build();
  }

  private static OnnxMl.ValueInfoProto value(String name, long... shape) {
    OnnxMl.TensorShapeProto.Builder dims = OnnxMl.TensorShapeProto.newBuilder();
    for (long d : shape) {
      dims.addDim(OnnxMl.TensorShapeProto.Dimension.newBuilder().setDimValue(d));
    }
    return OnnxMl.ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            OnnxMl.TypeProto.newBuilder()
                .setTensorType(
                    OnnxMl.TypeProto.Tensor.newBuilder()
                        .setElemType(OnnxMl.TensorProto.DataType.FLOAT_VALUE)
                        .setShape(dims)))
        .build();
  }

  private static OnnxMl.TensorProto random(String name, int stream, long... shape) {
    OnnxMl.TensorProto.Builder t =
        OnnxMl.TensorProto.newBuilder()
            .setName(name)
            .setDataType(OnnxMl.TensorProto.DataType.FLOAT_VALUE);
    int size = 1;
    for (long d : shape) {
      t.addDims(d);
      size = Math.toIntExact(size * d);
    }
    ByteBuffer raw = ByteBuffer.allocate(4 * size).order(ByteOrder.LITTLE_ENDIAN);
    raw.asFloatBuffer().put(RandomData.uniform(stream, size));
    return t.setRawData(ByteString.copyFrom(raw)).build();
  }
}
