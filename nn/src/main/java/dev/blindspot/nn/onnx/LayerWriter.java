package dev.blindspot.nn.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.primitives.Activation;
import dev.blindspot.engine.primitives.Pooling;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Add;
import dev.blindspot.nn.layers.Affine;
import dev.blindspot.nn.layers.BatchNorm;
import dev.blindspot.nn.layers.Concat;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Dropout;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.IdentityShortcut;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.LocalResponseNorm;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.layers.Reshape;
import dev.blindspot.nn.layers.Softmax;
import java.util.ArrayList;
import java.util.List;

/** Appends the ONNX nodes of one layer to a graph. The layer's output has the layer's name. */
final class LayerWriter {
  private final GraphProto.Builder graph;
  private final ElementType type;

  LayerWriter(GraphProto.Builder graph, ElementType type) {
    this.graph = graph;
    this.type = type;
  }

  void write(Network.Node n) {
    if (n.layer() instanceof Conv2d l) {
      add(conv(n, l));
    } else if (n.layer() instanceof Linear l) {
      add(linear(n, l));
    } else if (n.layer() instanceof ActivationLayer l) {
      add(activation(n, l));
    } else if (n.layer() instanceof Pool2d l) {
      add(pool(n, l));
    } else if (n.layer() instanceof BatchNorm l) {
      add(
          node(
                  n,
                  "BatchNormalization",
                  x(n),
                  n.name() + ".gamma",
                  n.name() + ".beta",
                  n.name() + ".mean",
                  n.name() + ".variance")
              .addAttribute(number("epsilon", l.epsilon()))
              .addAttribute(number("momentum", 1 - l.momentum())));
    } else if (n.layer() instanceof LocalResponseNorm l) {
      add(
          node(n, "LRN", x(n))
              .addAttribute(integer("size", l.size()))
              .addAttribute(number("alpha", l.alpha()))
              .addAttribute(number("beta", l.beta()))
              .addAttribute(number("bias", l.bias())));
    } else if (n.layer() instanceof Add) {
      add(node(n, "Add", n.inputs().toArray(String[]::new)));
    } else if (n.layer() instanceof Concat) {
      String[] inputs = n.inputs().toArray(String[]::new);
      add(node(n, "Concat", inputs).addAttribute(integer("axis", 1)));
    } else {
      writeOther(n);
    }
  }

  private void writeOther(Network.Node n) {
    if (n.layer() instanceof Flatten) {
      add(node(n, "Flatten", x(n)).addAttribute(integer("axis", 1)));
    } else if (n.layer() instanceof Reshape) {
      add(node(n, "Reshape", x(n), batchShape(n.name() + ".shape", n.outputShape())));
    } else if (n.layer() instanceof Dropout l) {
      add(node(n, "Dropout", x(n), scalar(n.name() + ".ratio", l.rate())));
    } else if (n.layer() instanceof Affine) {
      String scaled = n.name() + ".mul";
      add(named(scaled, "Mul", x(n), n.name() + "." + Affine.SCALE));
      add(node(n, "Add", scaled, n.name() + "." + Affine.SHIFT));
    } else if (n.layer() instanceof Softmax l) {
      softmax(n, l.log() ? "LogSoftmax" : "Softmax");
    } else if (n.layer() instanceof IdentityShortcut l) {
      shortcut(n, l);
    } else {
      throw new UnsupportedException(
          "layer " + n.name() + " (" + n.layer().kind() + ") has no form in ONNX that is written");
    }
  }

  /** Constants of an Affine layer must broadcast against [n, sample]. */
  static Shape affineShape(Network.Node n) {
    Shape sample = n.outputShape();
    if (((Affine) n.layer()).perElement()) {
      return sample;
    }
    long[] dims = new long[sample.rank()];
    java.util.Arrays.fill(dims, 1);
    dims[0] = sample.dim(0);
    return Shape.of(dims);
  }

  private static NodeProto.Builder conv(Network.Node n, Conv2d l) {
    NodeProto.Builder b = node(n, "Conv", x(n), n.name() + ".w");
    if (l.bias()) {
      b.addInput(n.name() + ".b");
    }
    return b.addAttribute(integers("kernel_shape", l.r(), l.s()))
        .addAttribute(integers("strides", l.strideH(), l.strideW()))
        .addAttribute(integers("pads", l.padTop(), l.padLeft(), l.padBottom(), l.padRight()))
        .addAttribute(integers("dilations", l.dilationH(), l.dilationW()))
        .addAttribute(integer("group", l.groups()));
  }

  private NodeProto.Builder linear(Network.Node n, Linear l) {
    String row = flat(n);
    NodeProto.Builder b = node(n, "Gemm", row, n.name() + ".w");
    if (l.bias()) {
      b.addInput(n.name() + ".b");
    }
    return b.addAttribute(integer("transB", 1));
  }

  /** The input as one row for each sample. */
  private String flat(Network.Node n) {
    if (n.inputShapes().get(0).rank() == 1) {
      return x(n);
    }
    String name = PendingFlatten.nameFor(n.name());
    add(named(name, "Flatten", x(n)).addAttribute(integer("axis", 1)));
    return name;
  }

  private static NodeProto.Builder activation(Network.Node n, ActivationLayer l) {
    if (l.activation() == Activation.LEAKY_RELU) {
      return node(n, "LeakyRelu", x(n)).addAttribute(number("alpha", l.slope()));
    }
    String operator =
        switch (l.activation()) {
          case RELU -> "Relu";
          case SIGMOID -> "Sigmoid";
          case TANH -> "Tanh";
          case LEAKY_RELU -> "LeakyRelu";
        };
    return node(n, operator, x(n));
  }

  private static NodeProto.Builder pool(Network.Node n, Pool2d l) {
    NodeProto.Builder b =
        node(n, l.pooling() == Pooling.MAX ? "MaxPool" : "AveragePool", x(n))
            .addAttribute(integers("kernel_shape", l.r(), l.s()))
            .addAttribute(integers("strides", l.strideH(), l.strideW()))
            .addAttribute(integers("pads", l.padTop(), l.padLeft(), l.padBottom(), l.padRight()));
    if (l.pooling() != Pooling.MAX) {
      long include = l.pooling() == Pooling.AVERAGE_INCLUDE_PAD ? 1 : 0;
      b.addAttribute(integer("count_include_pad", include));
    }
    return b;
  }

  private void softmax(Network.Node n, String operator) {
    String row = flat(n);
    boolean shaped = n.outputShape().rank() != 1;
    String out = shaped ? n.name() + ".out" : n.name();
    add(named(out, operator, row).addAttribute(integer("axis", 1)));
    if (shaped) {
      add(node(n, "Reshape", out, batchShape(n.name() + ".shape", n.outputShape())));
    }
  }

  /** Every stride-th pixel by an average over one, then zero channels. */
  private void shortcut(Network.Node n, IdentityShortcut l) {
    String small = n.name() + ".subsample";
    add(
        named(small, "AveragePool", x(n))
            .addAttribute(integers("kernel_shape", 1, 1))
            .addAttribute(integers("strides", l.stride(), l.stride())));
    long zeros = l.channels() - n.inputShapes().get(0).dim(0);
    String pads = whole(n.name() + ".pads", 0, 0, 0, 0, 0, zeros, 0, 0);
    add(node(n, "Pad", small, pads));
  }

  private void add(NodeProto.Builder node) {
    graph.addNode(node);
  }

  private static String x(Network.Node n) {
    return n.inputs().get(0);
  }

  private static NodeProto.Builder node(Network.Node n, String operator, String... inputs) {
    return named(n.name(), operator, inputs);
  }

  private static NodeProto.Builder named(String name, String operator, String... inputs) {
    return NodeProto.newBuilder()
        .setName(name)
        .setOpType(operator)
        .addAllInput(List.of(inputs))
        .addOutput(name);
  }

  /** A constant for Reshape: 0 keeps the batch. */
  private String batchShape(String name, Shape sample) {
    long[] dims = new long[sample.rank() + 1];
    System.arraycopy(sample.toArray(), 0, dims, 1, sample.rank());
    return whole(name, dims);
  }

  private String whole(String name, long... values) {
    TensorProto.Builder t =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(TensorProto.DataType.INT64_VALUE)
            .addDims(values.length);
    for (long v : values) {
      t.addInt64Data(v);
    }
    graph.addInitializer(t);
    return name;
  }

  private String scalar(String name, double value) {
    TensorProto.Builder t =
        TensorProto.newBuilder().setName(name).setDataType(OnnxWriter.onnxType(type));
    if (type == ElementType.F64) {
      t.addDoubleData(value);
    } else {
      t.addFloatData((float) value);
    }
    graph.addInitializer(t);
    return name;
  }

  private static AttributeProto integer(String name, long value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value)
        .build();
  }

  private static AttributeProto number(String name, double value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.FLOAT)
        .setF((float) value)
        .build();
  }

  private static AttributeProto integers(String name, long... values) {
    List<Long> list = new ArrayList<>();
    for (long v : values) {
      list.add(v);
    }
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INTS)
        .addAllInts(list)
        .build();
  }
}
