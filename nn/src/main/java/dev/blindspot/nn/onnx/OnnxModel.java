package dev.blindspot.nn.onnx;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.ParameterSpec;
import dev.blindspot.nn.Parameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A network with its parameters' values, read from an ONNX file. Immutable; the values stay in the
 * file's bytes on the Java heap until asked for.
 */
public final class OnnxModel {
  static final long MIN_OPSET = 7;
  static final long MAX_OPSET = 25;
  private final Network network;
  private final ElementType type;
  private final Map<Parameters.Key, Numbers> values;

  OnnxModel(Network network, ElementType type, Map<Parameters.Key, Numbers> values) {
    this.network = network;
    this.type = type;
    this.values = Map.copyOf(values);
    for (Network.Node n : network.nodes()) {
      for (ParameterSpec p : n.parameters()) {
        if (!values.containsKey(new Parameters.Key(n.name(), p.name()))) {
          throw new IllegalStateException("no value for " + n.name() + "." + p.name());
        }
      }
    }
  }

  /**
   * Reads an ONNX file: operator sets 7 to 25, one input, one output. The input's first dimension
   * is the batch, fixed or not; only if the graph cannot be read so and the input is fixed, the
   * whole input is taken as one sample.
   *
   * @throws InvalidInputException if the file is missing or malformed, or a weight is not finite,
   *     naming the field
   * @throws UnsupportedException if it needs what is not supported, naming node and operator
   */
  public static OnnxModel read(Path file) {
    return read(file.toString(), bytes(file));
  }

  static OnnxModel read(String file, byte[] bytes) {
    ModelProto model = parse(file, bytes);
    if (!model.hasGraph()) {
      throw new InvalidInputException(file + ": field 'graph' is missing: not an ONNX model");
    }
    return read(file, model);
  }

  static OnnxModel read(String file, ModelProto model) {
    long opset = opset(file, model);
    int rank = inputRank(model);
    if (rank == 1) {
      return new GraphReader(file, model.getGraph(), opset, false).read();
    }
    try {
      return new GraphReader(file, model.getGraph(), opset, true).read();
    } catch (BatchAxisException e) {
      try {
        return new GraphReader(file, model.getGraph(), opset, false).read();
      } catch (UnsupportedException | InvalidInputException whole) {
        e.addSuppressed(whole);
        throw e;
      }
    }
  }

  /** Rank of the first graph input that is not an initializer; 0 if unknown. */
  private static int inputRank(ModelProto model) {
    var names = new java.util.HashSet<String>();
    model.getGraph().getInitializerList().forEach(t -> names.add(t.getName()));
    return model.getGraph().getInputList().stream()
        .filter(v -> !names.contains(v.getName()))
        .mapToInt(v -> v.getType().getTensorType().getShape().getDimCount())
        .findFirst()
        .orElse(0);
  }

  private static byte[] bytes(Path file) {
    if (!Files.isRegularFile(file)) {
      throw new InvalidInputException(file + ": no such file");
    }
    try {
      long size = Files.size(file);
      long most = Math.min(Integer.MAX_VALUE - 16, Runtime.getRuntime().maxMemory() / 2);
      if (size == 0 || size > most) {
        throw new InvalidInputException(
            file
                + ": has "
                + size
                + " bytes; a model must have 1 to "
                + most
                + " (half of the Java heap, at most 2 GiB)");
      }
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new InvalidInputException(file + ": cannot be read: " + e.getMessage(), e);
    }
  }

  private static ModelProto parse(String file, byte[] bytes) {
    CodedInputStream in = UnsafeByteOperations.unsafeWrap(bytes).newCodedInput();
    // Weights stay views of the file's bytes.
    in.enableAliasing(true);
    try {
      return ModelProto.parseFrom(in);
    } catch (InvalidProtocolBufferException e) {
      throw new InvalidInputException(
          file + ": byte " + in.getTotalBytesRead() + ": not an ONNX model: " + e.getMessage(), e);
    } catch (IOException e) {
      throw new InvalidInputException(file + ": not an ONNX model: " + e.getMessage(), e);
    }
  }

  private static long opset(String file, ModelProto model) {
    if (model.getFunctionsCount() > 0) {
      throw new UnsupportedException(file + ": field 'functions' is not supported");
    }
    long opset = 0;
    for (OperatorSetIdProto o : model.getOpsetImportList()) {
      if (o.getDomain().isEmpty() || o.getDomain().equals("ai.onnx")) {
        opset = o.getVersion();
      }
    }
    if (opset == 0) {
      String message = file + ": field 'opset_import' has no operator set of the domain ai.onnx";
      throw model.getOpsetImportCount() == 0
          ? new InvalidInputException(message)
          : new UnsupportedException(message);
    }
    if (opset < MIN_OPSET || opset > MAX_OPSET) {
      throw new UnsupportedException(
          file
              + ": field 'opset_import': operator set "
              + opset
              + " is not supported; supported: "
              + MIN_OPSET
              + " to "
              + MAX_OPSET);
    }
    return opset;
  }

  /** Writes a network with its parameters as an ONNX file; see {@link OnnxWriter}. */
  public static void write(Path file, Network network, Parameters parameters) {
    OnnxWriter.write(file, network, parameters);
  }

  /** The network that was read. */
  public Network network() {
    return network;
  }

  /** F32 for FLOAT models, F64 for DOUBLE ones. */
  public ElementType type() {
    return type;
  }

  /** A new array with a parameter's values. */
  public double[] values(Parameters.Key key) {
    Numbers source = values.get(key);
    if (source == null) {
      throw new InvalidInputException("No parameter " + key + "; there are " + values.keySet());
    }
    return source.doubles();
  }

  /** The parameters on a backend, rounded to {@code elementType}; the caller closes them. */
  public Parameters parameters(Backend backend, ElementType elementType) {
    Parameters p = Parameters.unset(network, backend, elementType);
    try {
      values.forEach(
          (key, numbers) -> {
            if (!p.specs().containsKey(key)) {
              return;
            }
            if (elementType == ElementType.F32) {
              p.set(key, numbers.floats());
            } else {
              p.set(key, numbers.doubles());
            }
          });
      return p;
    } catch (RuntimeException e) {
      p.close();
      throw e;
    }
  }

  /** Shape of one sample of the input. */
  public Shape inputShape() {
    return network.inputShape();
  }
}
