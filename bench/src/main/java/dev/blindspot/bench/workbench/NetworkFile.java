package dev.blindspot.bench.workbench;

import dev.blindspot.bench.peer.PeerNetwork.Layer;
import dev.blindspot.bench.report.Json;
import dev.blindspot.bench.report.OutputFiles;
import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.onnx.OnnxModel;
import java.nio.file.Path;
import java.util.List;

/**
 * A network as scripts beside other libraries read it: its layers in JSON, its parameters as
 * float32 in little endian.
 *
 * @param format of the JSON file
 * @param layers as {@link dev.blindspot.bench.peer.PeerNetwork} tells them
 */
public record NetworkFile(String format, List<Layer> layers) {

  /** Value of {@link #format}. */
  public static final String FORMAT = "blindspot-network-1";

  /**
   * Writes network.json and network.bin.
   *
   * @param args an ONNX file, and the folder to write to, which exists
   */
  public static void main(String[] args) {
    if (args.length != 2) {
      throw new InvalidInputException("NetworkFile: give an ONNX file and a folder to write to");
    }
    Path folder = Path.of(args[1]);
    OnnxModel model = OnnxModel.read(Path.of(args[0]));
    try (Backend backend = Backends.create("reference");
        Parameters parameters = model.parameters(backend, ElementType.F32)) {
      List<Layer> layers =
          PeerNetworks.write(model.network(), parameters, folder.resolve("network.bin"));
      OutputFiles.write(
          folder.resolve("network.json"), Json.text(new NetworkFile(FORMAT, layers)) + "\n");
    }
  }
}
