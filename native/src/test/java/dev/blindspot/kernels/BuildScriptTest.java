package dev.blindspot.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A build without a compiler says in one sentence what to install. */
class BuildScriptTest {
  private static final Path SCRIPT =
      Path.of(System.getProperty("basedir", "."), "build.sh").toAbsolutePath();

  @TempDir Path folder;

  @BeforeEach
  void onlyWhereTheLibraryIsBuilt() {
    String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    assumeTrue(platform.equals("Linux amd64"), "no native library is built on " + platform);
  }

  @Test
  void namesTheCompilerThatIsMissing() throws Exception {
    assertSentence(build(Map.of("CXX", "/nonexistent/g++")), "'/nonexistent/g++'");
  }

  @Test
  void saysWhatToInstallWhereThereIsNone() throws Exception {
    // A search path with what the script needs before, but no compiler.
    Path tools = Files.createDirectory(folder.resolve("tools"));
    for (String tool : List.of("dirname", "uname")) {
      Path wrapper =
          Files.writeString(tools.resolve(tool), "#!/bin/sh\nexec " + found(tool) + " \"$@\"\n");
      assertTrue(wrapper.toFile().setExecutable(true));
    }
    assertSentence(build(Map.of("PATH", tools.toString())), "'g++'");
  }

  private static Path found(String tool) {
    return List.of("/usr/bin", "/bin").stream()
        .map(f -> Path.of(f, tool))
        .filter(Files::isExecutable)
        .findFirst()
        .orElseThrow();
  }

  private record Result(int status, String output) {}

  private Result build(Map<String, String> environment) throws IOException, InterruptedException {
    ProcessBuilder builder =
        new ProcessBuilder(
                found("bash").toString(),
                SCRIPT.toString(),
                "javacpp.jar",
                folder.resolve("classes").toString(),
                folder.resolve("build").toString())
            .redirectErrorStream(true);
    builder.environment().remove("CXX");
    builder.environment().putAll(environment);
    Process process = builder.start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    return new Result(process.waitFor(), output);
  }

  private void assertSentence(Result result, String compiler) {
    assertEquals(1, result.status, result.output);
    assertEquals(1, result.output.lines().count(), result.output);
    assertTrue(result.output.contains(compiler), result.output);
    assertTrue(result.output.contains("install one (Debian, Ubuntu: apt-get install g++)"));
    assertFalse(Files.exists(folder.resolve("build")), "nothing is written");
  }
}
