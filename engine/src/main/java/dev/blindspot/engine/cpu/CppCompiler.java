package dev.blindspot.engine.cpu;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Checksum;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.UnsupportedException;
import dev.blindspot.engine.custom.KernelSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Compiles users' kernels with g++ (or the compiler that CXX names) into shared libraries, kept in
 * a folder by the checksum of source, flags and compiler version. Libraries are written beside and
 * renamed, so two processes may compile the same kernel at once.
 */
final class CppCompiler {
  private static final int MOST_OUTPUT = 20_000;
  private static final long MINUTES = 5;

  /** What precedes a source; its layout is that of kernels/custom.cpp. */
  private static final String PRELUDE =
      """
      #include <cmath>
      #include <cstdint>
      #include <cstring>
      class Arguments {
        int64_t function, items, grain, tensors;
        int64_t fields[1];
       public:
        template <class T> T* tensor(int i) const { return (T*)fields[2 * i]; }
        int64_t size(int i) const { return fields[2 * i + 1]; }
        double number(int i) const {
          double v;
          std::memcpy(&v, fields + 2 * tensors + i, 8);
          return v;
        }
      };
      """;

  private final Path folder;
  private final String compiler;
  private String version;

  /**
   * @param folder for the libraries; made when needed
   * @param compiler name or path
   */
  CppCompiler(Path folder, String compiler) {
    this.folder = folder;
    this.compiler = compiler;
  }

  /**
   * The library of a kernel, compiled unless it is in the folder.
   *
   * @param levelFlags of the instruction-set level
   * @param fresh compile it in any case: the file in the folder turned out to be damaged
   * @throws UnsupportedException without a source or a compiler
   * @throws InvalidInputException with the compiler's output if the source does not compile
   */
  synchronized Path library(KernelSource source, List<String> levelFlags, boolean fresh) {
    if (source.cpp() == null) {
      throw new UnsupportedException(
          "Backend cpu cannot compile kernel "
              + source.name()
              + ": it has no C++ source; give one with KernelSource.cpp");
    }
    List<String> flags = new ArrayList<>(List.of("-std=c++17", "-O3", "-fPIC", "-shared"));
    flags.addAll(List.of("-fno-math-errno", "-fno-trapping-math", "-Wall"));
    flags.addAll(levelFlags);
    flags.addAll(source.flags());
    String text = PRELUDE + "#line 1 \"" + source.name() + ".cpp\"\n" + source.cpp() + "\n";
    String key =
        Checksum.sha256(text + '\0' + String.join("\0", flags) + '\0' + version(source))
            .substring(0, 32);
    Path library = folder.resolve(source.name() + "-" + key + ".so");
    if (fresh || !Files.isReadable(library)) {
      compile(source, text, flags, library);
    }
    return library;
  }

  private void compile(KernelSource source, String text, List<String> flags, Path library) {
    Path cpp = null;
    Path made = null;
    try {
      Files.createDirectories(folder);
      cpp = Files.createTempFile(folder, source.name() + "-", ".cpp");
      made = Files.createTempFile(folder, source.name() + "-", ".new");
      Files.writeString(cpp, text);
      List<String> command = new ArrayList<>(List.of(compiler));
      command.addAll(flags);
      command.addAll(List.of("-o", made.toString(), cpp.toString()));
      Result result = run(source, command);
      if (result.status != 0) {
        throw new InvalidInputException(
            "Kernel "
                + source.name()
                + " does not compile ("
                + compiler
                + " gave status "
                + result.status
                + "):\n"
                + result.output);
      }
      Files.move(made, library, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new BlindspotException(
          "Kernel "
              + source.name()
              + ": cannot write to "
              + folder
              + " ("
              + e
              + "); set BLINDSPOT_CACHE to a folder that can be written",
          e);
    } finally {
      discard(cpp);
      discard(made);
    }
  }

  private static void discard(Path file) {
    try {
      if (file != null) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      System.getLogger("dev.blindspot.engine")
          .log(System.Logger.Level.WARNING, "cannot delete " + file, e);
    }
  }

  /** First line of the compiler's version: part of a library's key. */
  private String version(KernelSource source) {
    if (version == null) {
      version = run(source, List.of(compiler, "--version")).output.lines().findFirst().orElse("");
    }
    return version;
  }

  private record Result(int status, String output) {}

  private Result run(KernelSource source, List<String> command) {
    Process process;
    try {
      process = new ProcessBuilder(command).redirectErrorStream(true).start();
    } catch (IOException e) {
      throw new UnsupportedException(
          "Backend cpu cannot compile kernel "
              + source.name()
              + ": no C++ compiler, '"
              + compiler
              + "' cannot be run ("
              + e.getMessage()
              + "); install g++ (Debian, Ubuntu: apt-get install g++) or name one in CXX",
          e);
    }
    try (InputStream in = process.getInputStream()) {
      process.getOutputStream().close();
      String output = new String(in.readNBytes(MOST_OUTPUT), StandardCharsets.UTF_8);
      in.transferTo(java.io.OutputStream.nullOutputStream());
      if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
        throw new BlindspotException(
            "Kernel " + source.name() + ": " + compiler + " ran for over " + MINUTES + " minutes");
      }
      return new Result(process.exitValue(), output);
    } catch (IOException e) {
      throw new BlindspotException(
          "Kernel " + source.name() + ": the output of " + compiler + " was lost: " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BlindspotException("Kernel " + source.name() + ": compilation interrupted", e);
    } finally {
      process.destroy();
    }
  }
}
