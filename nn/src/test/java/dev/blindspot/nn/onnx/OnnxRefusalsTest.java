package dev.blindspot.nn.onnx;

import static dev.blindspot.nn.onnx.Refusals.invalid;
import static dev.blindspot.nn.onnx.Refusals.unsupported;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import dev.blindspot.engine.InvalidInputException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Models that cannot be read are refused by a sentence that names the cause. */
class OnnxRefusalsTest {

  @Test
  void namesOperatorAndNodeOfWhatIsNotSupported() {
    unsupported(
        Models.input(-1, 2).node("Erf", "y", List.of("x")),
        "y",
        "node 0 'y' (Erf, opset 13)",
        "supported: Add, AveragePool");
    unsupported(
        Models.input(-1, 2).node("Relu", "y", List.of("x"), Models.integer("new", 1)),
        "y",
        "attribute 'new' is not known");
    unsupported(
        Models.input(-1, 2).opset(6).node("Relu", "y", List.of("x")), "y", "operator set 6");
    unsupported(
        Models.input(-1, -1).node("Relu", "y", List.of("x")), "y", "field 'dim 1' is not fixed");
  }

  @Test
  void namesGapsCyclesAndDuplicates() {
    invalid(
        Models.input(-1, 2).node("Add", "y", List.of("x", "q")),
        "y",
        "input 'q' is given by nothing");
    invalid(
        Models.input(-1, 2).node("Add", "a", List.of("x", "b")).node("Relu", "b", List.of("a")),
        "b",
        "input 'b' is given by node 1",
        "cycle");
    invalid(
        Models.input(-1, 2).node("Relu", "y", List.of("x")).node("Tanh", "y", List.of("x")),
        "y",
        "output 'y' is defined twice");
    invalid(
        Models.input(-1, 2).node("Relu", "y", List.of("x")), "z", "output 'z' is given by nothing");
    invalid(Models.input(-1, 2).node("Relu", "y", List.of()), "y", "input 0 is missing");
  }

  @Test
  void namesBadWeights() {
    invalid(
        Models.input(-1, 2)
            .weights("w", new long[] {2, 1}, 1, Double.NaN)
            .node("MatMul", "y", List.of("x", "w")),
        "y",
        "initializer 'w': element 1 is NaN");
    invalid(
        Models.input(-1, 2)
            .weights("w", new long[] {2, 2}, 1, 2, 3)
            .node("MatMul", "y", List.of("x", "w")),
        "y",
        "initializer 'w'",
        "3 elements",
        "need 4");
    invalid(
        Models.input(-1, 3)
            .weights("w", new long[] {2, 2}, 1, 2, 3, 4)
            .node("MatMul", "y", List.of("x", "w")),
        "y",
        "'w' has dims [2, 2], the data has rows of 3");
    invalid(
        Models.input(-1, 1, 4, 4)
            .weights("w", new long[] {1, 1, 5, 5}, new double[25])
            .node("Conv", "y", List.of("x", "w")),
        "y",
        "node 0 'y' (Conv",
        "5x5 is larger");
    invalid(
        Models.input(-1, 2).weights("d", new long[] {2}, 1, 0).node("Div", "y", List.of("x", "d")),
        "y",
        "element 1 is 0.0");
  }

  @Test
  void comparesDeclaredSizesWithTheData() {
    Models m = Models.input(-1, 2).node("MatMul", "y", List.of("x", "w"));
    m.graph()
        .addInitializer(
            TensorProto.newBuilder()
                .setName("w")
                .setDataType(Constant.FLOAT)
                .addDims(1 << 20)
                .addDims(1 << 9)
                .setRawData(ByteString.copyFrom(new byte[8])));
    invalid(m, "y", "initializer 'w': field 'raw_data' has 8 bytes", "need 2147483648");
    m.graph().setInitializer(0, m.graph().getInitializer(0).toBuilder().addDims(1L << 60));
    m.graph().clearOutput();
    invalid(m, "y", "field 'dims'");
    TensorProto.Builder external =
        TensorProto.newBuilder()
            .setName("w")
            .setDataType(Constant.FLOAT)
            .addDims(1)
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(StringStringEntryProto.newBuilder().setKey("location").setValue("/x"));
    m.graph().setInitializer(0, external);
    m.graph().clearOutput();
    unsupported(m, "y", "external data is not supported");
  }

  @Test
  void refusesWhatIsNoModel() {
    InvalidInputException e =
        assertThrows(
            InvalidInputException.class, () -> OnnxModel.read("f", "<html></html>".getBytes()));
    assertTrue(e.getMessage().contains("f: "), e.getMessage());
    e =
        assertThrows(
            InvalidInputException.class,
            () ->
                OnnxModel.read("f", ModelProto.newBuilder().setIrVersion(8).build().toByteArray()));
    assertTrue(e.getMessage().contains("field 'graph'"), e.getMessage());
    e =
        assertThrows(
            InvalidInputException.class, () -> OnnxModel.read(Path.of("/no/such/model.onnx")));
    assertTrue(e.getMessage().contains("no such file"), e.getMessage());
  }
}
