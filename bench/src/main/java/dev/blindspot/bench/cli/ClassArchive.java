package dev.blindspot.bench.cli;

import dev.blindspot.engine.Backend;
import dev.blindspot.engine.Backends;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.ElementType;
import dev.blindspot.engine.Shape;
import dev.blindspot.nn.Network;
import dev.blindspot.nn.Parameters;
import dev.blindspot.nn.layers.ActivationLayer;
import dev.blindspot.nn.layers.Conv2d;
import dev.blindspot.nn.layers.Flatten;
import dev.blindspot.nn.layers.Linear;
import dev.blindspot.nn.layers.Pool2d;
import dev.blindspot.nn.onnx.OnnxModel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Audits a small network, so that a virtual machine started with {@code -XX:ArchiveClassesAtExit}
 * archives the classes that most commands load: what starts with that archive starts sooner. The
 * launcher runs it after a build.
 */
public final class ClassArchive {
  private ClassArchive() {}

  /**
   * @param args a folder to write to
   */
  public static void main(String[] args) throws IOException {
    Path folder = Files.createDirectories(Path.of(args[0]));
    Path model = folder.resolve("model.onnx");
    write(model);
    PrintWriter none = new PrintWriter(PrintWriter.nullWriter());
    Console console = new Console(none, none, false);
    int code =
        CommandLineTool.run(
            console,
            "audit",
            "--model",
            model.toString(),
            "--examples",
            "2",
            "--json",
            "-",
            "--out",
            folder.resolve("out").toString());
    if (code != CommandLineTool.DONE) {
      throw new BlindspotException("The audit ended with code " + code);
    }
  }

  private static void write(Path file) {
    Network net =
        Network.builder("small", Shape.of(1, 28, 28))
            .add("conv", Conv2d.of(4, 5, 2, 2))
            .add("relu", ActivationLayer.relu())
            .add("pool", Pool2d.max(2, 2))
            .add("flat", new Flatten())
            .add("dense", Linear.of(10))
            .build();
    try (Backend backend = Backends.create("reference");
        Parameters p = Parameters.initialize(net, backend, ElementType.F32, 1)) {
      OnnxModel.write(file, net, p);
    }
  }
}
