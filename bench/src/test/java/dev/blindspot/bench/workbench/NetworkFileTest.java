package dev.blindspot.bench.workbench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.onnx.OnnxModel;
import dev.blindspot.nn.zoo.Zoo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What scripts beside other libraries read of a network. */
class NetworkFileTest {
  @TempDir private Path folder;

  @Test
  void layersAndParametersAreWritten() throws IOException {
    Path onnx = folder.resolve("net.onnx");
    Network network = Zoo.get("fc100-100-10", Shape.of(1, 28, 28), 10).network();
    double first;
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(network, backend, ElementType.F32, 1)) {
      OnnxModel.write(onnx, network, p);
      first = p.values(new Parameters.Key("fc1", "w"))[0];
    }
    NetworkFile.main(new String[] {onnx.toString(), folder.toString()});
    JsonNode json = new ObjectMapper().readTree(folder.resolve("network.json").toFile());
    assertEquals("blindspot-network-1", json.get("format").asText());
    StringBuilder kinds = new StringBuilder();
    long parameters = 0;
    for (JsonNode layer : json.get("layers")) {
      kinds.append(layer.get("kind").asText()).append(' ');
      if (layer.get("kind").asText().equals("linear")) {
        assertEquals(parameters, layer.get("weights").asLong());
        JsonNode g = layer.get("geometry");
        parameters += g.get("k").asLong() * (g.get("c").asLong() + 1);
      }
    }
    assertEquals(
        "linear sigmoid linear sigmoid linear", kinds.toString().replace("flatten ", "").strip());
    byte[] values = Files.readAllBytes(folder.resolve("network.bin"));
    assertEquals(4 * parameters, values.length);
    assertEquals((float) first, ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN).getFloat());
  }

  @Test
  void argumentsAreChecked() {
    assertThrows(InvalidInputException.class, () -> NetworkFile.main(new String[] {"x"}));
  }
}
