package dev.blindspot.engine.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Every way in which CUDA can be unavailable or fail is one sentence with its remedy. Each case is
 * a process of its own, with faults of the stand-ins.
 */
class CudaFaultTest {
  private static final String LINK_PATH = "org.bytedeco.javacpp.platform.linkpath";

  @TempDir private Path folder;
  private Path standIn;

  @BeforeEach
  void find() {
    String path = System.getProperty(LINK_PATH, "");
    Assumptions.assumeTrue(
        path.contains("stand-in"), "the stand-ins for NVIDIA's libraries are not in use");
    standIn = Path.of(path);
  }

  /** What the program prints with these libraries and settings. */
  private List<String> run(Path libraries, Map<String, String> settings, String... args)
      throws IOException, InterruptedException {
    Process process = start(libraries, settings, args);
    String out =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertEquals(0, process.waitFor(), out);
    return out.lines().toList();
  }

  private Process start(Path libraries, Map<String, String> settings, String... args)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("-Xmx256m");
    command.add("-Dorg.bytedeco.javacpp.maxPhysicalBytes=0");
    command.add("-D" + LINK_PATH + "=" + libraries);
    command.add("-Dorg.bytedeco.javacpp.cachedir=" + folder.resolve("javacpp"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(FaultProgram.class.getName());
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("LD_LIBRARY_PATH", libraries.toString());
    builder.environment().putAll(settings);
    return builder.start();
  }

  private static void assertTold(String line, String... parts) {
    for (String part : parts) {
      assertTrue(line.contains(part), () -> "\"" + part + "\" is not in: " + line);
    }
  }

  /** The stand-ins without those whose name contains a word. */
  private Path without(String word) throws IOException {
    Path some = Files.createDirectory(folder.resolve("some"));
    try (Stream<Path> all = Files.list(standIn)) {
      for (Path library :
          (Iterable<Path>) all.filter(f -> f.toString().contains(".so."))::iterator) {
        String name = library.getFileName().toString();
        if (!name.contains(word)) {
          Files.copy(library, some.resolve(name)); // a link would find what lies beside its target
        }
      }
    }
    return some;
  }

  @Test
  void misuseEndsTheProcess() throws Exception {
    assertEquals(128 + 6, start(standIn, Map.of(), "misuse").waitFor(), "SIGABRT");
  }

  @Test
  void theStandInsWork() throws Exception {
    assertEquals(List.of("fine"), run(standIn, Map.of(), "probe"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "libcuda.so|there is no NVIDIA driver|install the driver",
        "cudart|the CUDA runtime cannot be loaded|install CUDA 13",
        "nvrtc|NVRTC cannot be loaded|BLINDSPOT_CUDA_LIBRARIES",
        "cublasLt|cuBLAS cannot be loaded|libcublasLt.so.13",
        "cudnn_ops|cuDNN cannot be loaded|libcudnn_ops.so.9"
      })
  void aMissingLibraryIsNamed(String library, String because, String remedy) throws Exception {
    // A toolkit of this machine could serve in its place.
    Assumptions.assumeFalse(
        library.equals("cudart") && Files.exists(Path.of("/usr/local/cuda/lib64/libcudart.so.13")),
        "this machine has a CUDA runtime");
    assertTold(run(without(library), Map.of(), "probe").get(0), "InvalidInput", because, remedy);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "STANDIN_DRIVER|12080|the NVIDIA driver is too old: it offers CUDA 12.8|580",
        "STANDIN_DEVICES|0|finds no GPU|CUDA_VISIBLE_DEVICES",
        "STANDIN_RUNTIME|12080|the CUDA runtime is 12.8, too old|install CUDA 13",
        "STANDIN_CUDNN|90700|cuDNN is version 90700, too old|install CUDA 13 and cuDNN 9",
        "STANDIN_CUBLASLT|120800|cuBLAS is version 120800, too old|nvidia-cublas"
      })
  void whatIsTooOldIsNamed(String setting, String value, String because, String remedy)
      throws Exception {
    String line = run(standIn, Map.of(setting, value), "probe").get(0);
    assertTold(line, "InvalidInputException", "cuda is not available", because, remedy);
  }

  @Test
  void anUnknownDeviceIsRefused() throws Exception {
    String line = run(standIn, Map.of(), "device", "3").get(0);
    assertTold(line, "InvalidInputException", "no GPU 3", "has 1 (0..0)", "blindspot.device");
  }

  @Test
  void refusedMemorySaysWhatHoldsTheRest() throws Exception {
    List<String> lines = run(standIn, Map.of("STANDIN_MEMORY", "67108864"), "memory");
    assertTold(lines.get(0), "AllocationException", "of 1099511627776 bytes was refused");
    assertTold(lines.get(0), "of the device's 67108864 bytes are free", "1 x an arena: 1048576");
    assertEquals("fine", lines.get(1), "the process stays usable");
  }

  @Test
  void aFailedKernelEndsTheDevicesUse() throws Exception {
    List<String> lines = run(standIn, Map.of("STANDIN_FAULT", "elementwise"), "kernel");
    assertEquals("fine", lines.get(0), "submitted");
    assertTold(lines.get(1), "NativeException", "cudaErrorIllegalAddress", "blindspot.debug=true");
    assertTold(lines.get(2), "NativeException", "device lost", "cudaErrorIllegalAddress");
    assertTold(lines.get(3), "NativeException", "device lost");
  }

  @Test
  void debugModeNamesTheOperationAtFault() throws Exception {
    List<String> lines = run(standIn, Map.of("STANDIN_FAULT", "elementwise"), "debug");
    assertTold(lines.get(0), "executing Elementwise FILL", "cudaErrorIllegalAddress");
    assertTold(lines.get(1), "device lost", "executing Elementwise FILL");
  }
}
