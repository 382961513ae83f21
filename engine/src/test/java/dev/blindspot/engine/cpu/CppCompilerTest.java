package dev.blindspot.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.custom.KernelSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CppCompilerTest {
  private static final KernelSource GOOD =
      KernelSource.named("twice")
          .cpp(
              """
              extern "C" void twice(const Arguments& args, int64_t from, int64_t to) {
                for (int64_t i = from; i < to; i++) args.tensor<float>(0)[i] *= 2;
              }
              """);
  @TempDir Path folder;
  private Path calls;
  private Path compiler;

  /** A compiler that counts its calls and writes instead of g++, which may be absent. */
  @BeforeEach
  void fakeCompiler() throws IOException {
    calls = folder.resolve("calls");
    compiler =
        script(
            "echo \"$@\" >>"
                + calls
                + "\n[ \"$1\" = --version ] && echo fake 1 && exit 0\n"
                + "while [ \"$1\" != -o ]; do shift; done; echo library >\"$2\"");
  }

  private Path script(String body) throws IOException {
    Path p = Files.createTempFile(folder, "compiler", ".sh");
    Files.writeString(p, "#!/bin/sh\n" + body + "\n");
    assertTrue(p.toFile().setExecutable(true));
    return p;
  }

  private CppCompiler compiler() {
    return new CppCompiler(folder.resolve("kernels"), compiler.toString());
  }

  @Test
  void compilesOnceForSourceFlagsAndVersion() throws IOException {
    Path first = compiler().library(GOOD, List.of(), false);
    assertEquals(first, compiler().library(GOOD, List.of(), false));
    assertEquals(3, Files.readAllLines(calls).size(), "version, compile, version");
    assertNotEquals(first, compiler().library(GOOD, List.of("-mavx2"), false));
    assertNotEquals(first, compiler().library(GOOD.flags("-DN=1"), List.of(), false));
    assertNotEquals(first, compiler().library(GOOD.cpp(GOOD.cpp() + "//"), List.of(), false));
    Files.writeString(first, "damaged");
    assertEquals(first, compiler().library(GOOD, List.of(), true));
    assertEquals("library\n", Files.readString(first));
    try (Stream<Path> left = Files.list(folder.resolve("kernels"))) {
      assertEquals(4, left.count(), "only libraries stay");
    }
  }

  @Test
  void aSourceThatDoesNotCompileShowsTheCompilersOutput() throws IOException {
    compiler = script("[ \"$1\" = --version ] || { echo twice.cpp:1: nonsense; exit 3; }");
    Exception e =
        assertThrows(InvalidInputException.class, () -> compiler().library(GOOD, List.of(), false));
    assertTrue(e.getMessage().contains("twice.cpp:1: nonsense"), e.getMessage());
    try (Stream<Path> left = Files.list(folder.resolve("kernels"))) {
      assertEquals(0, left.count());
    }
  }

  @Test
  void withoutACompilerItSaysWhatToInstall() {
    CppCompiler none = new CppCompiler(folder, folder.resolve("absent").toString());
    Exception e =
        assertThrows(UnsupportedException.class, () -> none.library(GOOD, List.of(), false));
    assertTrue(e.getMessage().contains("apt-get install g++"), e.getMessage());
  }

  @Test
  void aFolderThatCannotBeWrittenIsNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "");
    CppCompiler c = new CppCompiler(file, compiler.toString());
    Exception e = assertThrows(BlindspotException.class, () -> c.library(GOOD, List.of(), false));
    assertTrue(e.getMessage().contains("BLINDSPOT_CACHE"), e.getMessage());
  }

  @Test
  void namesAreIdentifiers() {
    for (String bad : new String[] {"", "1x", "a b", "a;b", "../x", null}) {
      assertThrows(InvalidInputException.class, () -> KernelSource.named(bad));
    }
  }
}
