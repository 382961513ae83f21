package dev.blindspot.nn.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.blindspot.engine.AtomicFile;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.Tensor;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.ParameterSpec;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.Affine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * Writes a network as an ONNX model of operator set 15: batch dimension "batch", one initializer
 * for each parameter under the name "layer.parameter" as little-endian raw data, FLOAT or DOUBLE as
 * the parameters are. Layers of a user's own cannot be written.
 */
final class OnnxWriter {
  private static final int OPSET = 15;
  private static final int IR_VERSION = 8;

  /** A protobuf message must stay below 2 GiB. */
  private static final long MAX_BYTES = 2_000_000_000L;

  private OnnxWriter() {}

  /**
   * Writes beside and renames, so that a failure leaves what was there.
   *
   * @throws UnsupportedException if a layer has no ONNX form
   * @throws InvalidInputException if a parameter is not finite or the file cannot be written
   */
  static void write(Path file, Network network, Parameters parameters) {
    ModelProto model = model(network, parameters);
    try {
      AtomicFile.write(file, model::writeTo);
    } catch (IOException e) {
      throw new InvalidInputException(file + ": cannot be written: " + e, e);
    }
  }

  static ModelProto model(Network network, Parameters parameters) {
    GraphProto.Builder graph = GraphProto.newBuilder().setName(network.name());
    graph.addInput(value(Network.INPUT, network.inputShape(), parameters.type()));
    LayerWriter layers = new LayerWriter(graph, parameters.type());
    long bytes = 0;
    for (Network.Node n : network.nodes()) {
      layers.write(n);
      for (ParameterSpec p : n.parameters()) {
        bytes += p.shape().size() * parameters.type().bytes();
        if (bytes > MAX_BYTES) {
          throw new UnsupportedException(
              "Network "
                  + network.name()
                  + " has more than "
                  + MAX_BYTES
                  + " bytes of parameters; one ONNX file cannot hold them");
        }
        graph.addInitializer(initializer(n, p, parameters));
      }
    }
    Network.Node last = network.nodes().get(network.nodes().size() - 1);
    graph.addOutput(value(last.name(), last.outputShape(), parameters.type()));
    return ModelProto.newBuilder()
        .setIrVersion(IR_VERSION)
        .setProducerName("blindspot")
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
        .setGraph(graph)
        .build();
  }

  private static ValueInfoProto value(String name, Shape sample, ElementType type) {
    TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
    shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimParam("batch"));
    for (long d : sample.toArray()) {
      shape.addDim(TensorShapeProto.Dimension.newBuilder().setDimValue(d));
    }
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(
                    TypeProto.Tensor.newBuilder().setElemType(onnxType(type)).setShape(shape)))
        .build();
  }

  static int onnxType(ElementType type) {
    return type == ElementType.F64 ? Constant.DOUBLE : Constant.FLOAT;
  }

  private static TensorProto initializer(
      Network.Node node, ParameterSpec p, Parameters parameters) {
    Shape shape = p.shape();
    if (node.layer() instanceof Affine) {
      shape = LayerWriter.affineShape(node);
    }
    TensorProto.Builder t =
        TensorProto.newBuilder()
            .setName(node.name() + "." + p.name())
            .setDataType(onnxType(parameters.type()))
            .setRawData(
                rawData(node.name() + "." + p.name(), parameters.get(node.name(), p.name())));
    for (long d : shape.toArray()) {
      t.addDims(d);
    }
    return t.build();
  }

  private static ByteString rawData(String name, Tensor t) {
    ByteBuffer b =
        ByteBuffer.allocate(Math.toIntExact(t.size() * t.type().bytes()))
            .order(ByteOrder.LITTLE_ENDIAN);
    if (t.type() == ElementType.F64) {
      for (double v : t.toDoubles()) {
        b.putDouble(finite(name, v));
      }
    } else {
      for (float v : t.toFloats()) {
        b.putFloat((float) finite(name, v));
      }
    }
    return UnsafeByteOperations.unsafeWrap(b.flip());
  }

  private static double finite(String name, double v) {
    if (!Double.isFinite(v)) {
      throw new InvalidInputException(
          "parameter " + name + " holds " + v + "; a network with such weights is not written");
    }
    return v;
  }
}
