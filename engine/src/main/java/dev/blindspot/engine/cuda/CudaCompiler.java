package dev.blindspot.engine.cuda;

import dev.blindspot.engine.AtomicFile;
import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.Checksum;
import dev.blindspot.engine.InvalidInputException;
import dev.blindspot.engine.NativeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * Compiles CUDA C by NVRTC to a CUBIN for one architecture (never PTX, which a driver may refuse)
 * and keeps it in a folder by the checksum of source, headers, architecture, options and NVRTC's
 * version. Safe between threads and processes.
 */
final class CudaCompiler {
  private static final int COMPILATION_FAILED = 6;

  private final Path folder;
  private final String architecture;
  private final String version;

  /**
   * @param folder for the binaries; made when needed
   * @param architecture "sm_90"
   */
  CudaCompiler(Path folder, String architecture) {
    this.folder = folder;
    this.architecture = architecture;
    int[] major = new int[1];
    int[] minor = new int[1];
    check(nvrtc.nvrtcVersion(major, minor), "asking for the version");
    version = major[0] + "." + minor[0];
  }

  /** A source with what it includes. */
  record Source(String name, String text, Map<String, String> headers, List<String> options) {}

  /**
   * The binary of a source.
   *
   * @param fresh compile it in any case: what is kept turned out to be damaged
   * @throws InvalidInputException with the compiler's log if the source does not compile
   */
  byte[] binary(Source source, boolean fresh) {
    List<String> options = new ArrayList<>();
    options.add("--gpu-architecture=" + architecture);
    options.add("--std=c++17");
    options.addAll(source.options());
    Path kept = folder.resolve(source.name() + "-" + key(source, options) + ".cubin");
    if (!fresh && Files.isReadable(kept)) {
      byte[] binary = read(kept);
      if (isElf(binary)) {
        return binary;
      }
    }
    byte[] binary = compile(source, options);
    keep(kept, binary);
    return binary;
  }

  private static byte[] read(Path kept) {
    try {
      return Files.readAllBytes(kept);
    } catch (IOException e) {
      throw new BlindspotException("Kernel cache " + kept + " cannot be read: " + e, e);
    }
  }

  private static boolean isElf(byte[] b) {
    return b.length > 64 && b[0] == 0x7f && b[1] == 'E' && b[2] == 'L' && b[3] == 'F';
  }

  private void keep(Path file, byte[] binary) {
    try {
      Files.createDirectories(folder);
      AtomicFile.write(file, out -> out.write(binary));
    } catch (IOException e) {
      throw new BlindspotException(
          "Cannot keep the compiled kernel "
              + file
              + " ("
              + e
              + "); set BLINDSPOT_CACHE to a folder that can be written",
          e);
    }
  }

  private String key(Source source, List<String> options) {
    StringBuilder all = new StringBuilder(source.text());
    new TreeMap<>(source.headers())
        .forEach((n, t) -> all.append('\0').append(n).append('\0').append(t));
    all.append('\0').append(String.join("\0", options)).append('\0').append(version);
    return Checksum.sha256(all.toString()).substring(0, 32);
  }

  private byte[] compile(Source source, List<String> options) {
    String[] texts = source.headers().values().toArray(String[]::new);
    String[] names = source.headers().keySet().toArray(String[]::new);
    _nvrtcProgram program = new _nvrtcProgram();
    try (BytePointer text = new BytePointer(source.text());
        BytePointer name = new BytePointer(source.name() + ".cu");
        PointerPointer<BytePointer> headers = new PointerPointer<>(texts);
        PointerPointer<BytePointer> headerNames = new PointerPointer<>(names);
        PointerPointer<BytePointer> flags = new PointerPointer<>(options.toArray(String[]::new))) {
      check(
          nvrtc.nvrtcCreateProgram(program, text, name, texts.length, headers, headerNames),
          "kernel " + source.name());
      try {
        int status = nvrtc.nvrtcCompileProgram(program, options.size(), flags);
        if (status == COMPILATION_FAILED) {
          throw new InvalidInputException(
              "Kernel "
                  + source.name()
                  + " does not compile (NVRTC "
                  + version
                  + "):\n"
                  + log(program));
        }
        check(status, "compiling kernel " + source.name() + " with " + options);
        return cubin(program, source.name());
      } finally {
        nvrtc.nvrtcDestroyProgram(program);
      }
    }
  }

  private static String log(_nvrtcProgram program) {
    try (SizeTPointer size = new SizeTPointer(1)) {
      check(nvrtc.nvrtcGetProgramLogSize(program, size), "asking for the log's size");
      try (BytePointer log = new BytePointer(size.get())) {
        check(nvrtc.nvrtcGetProgramLog(program, log), "asking for the log");
        return log.getString();
      }
    }
  }

  private static byte[] cubin(_nvrtcProgram program, String name) {
    try (SizeTPointer size = new SizeTPointer(1)) {
      check(nvrtc.nvrtcGetCUBINSize(program, size), "asking for the size of kernel " + name);
      byte[] binary = new byte[Math.toIntExact(size.get())];
      try (BytePointer bytes = new BytePointer(size.get())) {
        check(nvrtc.nvrtcGetCUBIN(program, bytes), "asking for the binary of kernel " + name);
        bytes.get(binary);
      }
      return binary;
    }
  }

  private static void check(int status, String doing) {
    if (status != 0) {
      throw new NativeException(
          "nvrtc",
          "status " + status,
          doing + ": " + nvrtc.nvrtcGetErrorString(status).getString());
    }
  }
}
