package dev.blindspot.bench.cli;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.nn.data.DataSplit;
import dev.blindspot.nn.data.NearestName;
import dev.blindspot.nn.onnx.OnnxModel;
import java.nio.file.Path;
import java.util.List;

/** Opens networks: trained ones of the zoo, or ONNX files. */
final class Models {
  private Models() {}

  /** Fails if there is no network of this name, with the nearest one. */
  static void checkName(String name) {
    List<String> names = List.of("fc100-100-10");
    if (!names.contains(name)) {
      throw new InvalidInputException(
          "Model '"
              + name
              + "' is not known"
              + NearestName.suggestion(name, names)
              + " There are "
              + names
              + ", or give an .onnx file");
    }
  }

  /** The network that the options ask for, with F32 parameters; the caller closes it. */
  static Subject open(
      ModelOptions options, DataSplit data, Backend backend, BlindspotCommand command) {
    if (options.isFile()) {
      OnnxModel m = OnnxModel.read(Path.of(options.model));
      return new Subject(options.model, m.network(), m.parameters(backend, ElementType.F32), 0);
    }
    throw new UnsupportedOperationException();
  }
}
