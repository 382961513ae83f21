package dev.blindspot.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The CUDA sources are all packed, say how they are launched, and compile. */
class CudaSourcesTest {
  private static final Path SOURCES =
      Path.of(System.getProperty("basedir", "."), "src", "main", "cuda").toAbsolutePath();
  private static final Pattern KERNEL = Pattern.compile("^KERNEL\\((\\w+)\\)", Pattern.MULTILINE);
  private static final Pattern LAUNCH =
      Pattern.compile("^//: (\\w+) (?:thread|block)(?: \\d+)+$", Pattern.MULTILINE);

  @TempDir Path folder;

  @Test
  void namesEachFile() throws IOException {
    Set<String> named = new TreeSet<>(CudaSources.headers());
    CudaSources.groups().forEach(g -> named.add(g + ".cu"));
    try (Stream<Path> files = Files.list(SOURCES)) {
      Set<String> there =
          files.map(f -> f.getFileName().toString()).collect(Collectors.toCollection(TreeSet::new));
      assertEquals(there, named);
    }
    for (String header : CudaSources.headers()) {
      assertFalse(CudaSources.header(header).isBlank());
    }
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.kernels.CudaSources#groups")
  void eachKernelSaysHowItIsLaunched(String group) {
    String source = CudaSources.source(group);
    List<String> kernels = names(KERNEL, source);
    assertFalse(kernels.isEmpty());
    assertEquals(kernels, names(LAUNCH, source));
  }

  private static List<String> names(Pattern pattern, String source) {
    return pattern.matcher(source).results().map((MatchResult m) -> m.group(1)).toList();
  }

  @ParameterizedTest
  @MethodSource("dev.blindspot.kernels.CudaSources#groups")
  void compilesToABinary(String group) throws Exception {
    String nvcc = System.getenv().getOrDefault("NVCC", "nvcc");
    Path source = SOURCES.resolve(group + ".cu");
    Path binary = folder.resolve(group + ".cubin");
    List<String> command =
        new ArrayList<>(
            List.of(nvcc, "-std=c++17", "-arch=sm_90", "-cubin", "-Werror=all-warnings"));
    if (CudaSources.source(group).contains(CudaSources.NO_CONTRACTION)) {
      command.add("--fmad=false");
    }
    command.addAll(List.of("-o", binary.toString(), source.toString()));
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      String reason = nvcc + " cannot be run; the CUDA sources are not compiled";
      System.out.println("SKIPPED " + group + ": " + reason);
      Assumptions.abort(reason);
      return;
    }
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    assertEquals(0, process.waitFor(), output);
    assertEquals("", output);
    assertTrue(Files.size(binary) > 0);
  }
}
