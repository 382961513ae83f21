package dev.blindspot.engine.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cudnn;
import org.bytedeco.cuda.global.nvrtc;

/**
 * Looks for the driver and NVIDIA's libraries. The preset's classes are touched here first, each
 * behind a guard: without a driver the first touch kills the class, and only the first failure says
 * why.
 */
final class CudaLibraries {
  /** CUDA 13.0: what every function we call is in. */
  static final int OLDEST_CUDA = 13000;

  /** cuDNN 9.10. */
  static final long OLDEST_CUDNN = 91000;

  private static final String LIBRARIES =
      "install CUDA 13 and cuDNN 9 (a toolkit, or the Python packages nvidia-cublas, nvidia-cuda-nvrtc,"
          + " nvidia-cuda-runtime, nvidia-cudnn-cu13) and name their folders in"
          + " BLINDSPOT_CUDA_LIBRARIES (embedded: in LD_LIBRARY_PATH and"
          + " -Dorg.bytedeco.javacpp.platform.linkpath)";

  /** A step of the search. */
  private interface Touch {
    /** Null, or the reason why CUDA cannot be used. */
    String reason();
  }

  private CudaLibraries() {}

  /** Null if CUDA can be used, else the one reason why not, with the remedy. Never throws. */
  static String reasonWhyNot() {
    String platform = System.getProperty("os.name") + " " + System.getProperty("os.arch");
    if (!platform.equals("Linux amd64")) {
      return "it is built for Linux amd64 only, this is " + platform;
    }
    Map<String, Touch> steps = new LinkedHashMap<>();
    steps.put("the CUDA runtime", CudaLibraries::runtime);
    steps.put("NVRTC", CudaLibraries::compiler);
    steps.put("cuBLAS", CudaLibraries::blas);
    steps.put("cuDNN", CudaLibraries::dnn);
    for (Map.Entry<String, Touch> step : steps.entrySet()) {
      String reason = guarded(step.getKey(), step.getValue());
      if (reason != null) {
        return reason;
      }
    }
    return null;
  }

  private static String guarded(String what, Touch touch) {
    try {
      return touch.reason();
    } catch (NoClassDefFoundError e) {
      return "the CUDA preset is not on the class path ("
          + e.getMessage()
          + "); add org.bytedeco:cuda with the classifier linux-x86_64";
    } catch (LinkageError e) {
      return explain(what, e);
    } catch (RuntimeException e) {
      return what + " fails: " + e.getMessage();
    }
  }

  /** Why a library did not load, from the linker's words. */
  private static String explain(String what, LinkageError e) {
    String words = e.getMessage();
    for (Throwable t = e; t != null; t = t.getCause()) {
      String message = String.valueOf(t.getMessage());
      if (message.contains("cannot open shared object file") || message.contains("version `")) {
        words = message; // the linker's own, which names the file
      }
    }
    if (words.contains("libcuda.so.1")) {
      return "there is no NVIDIA driver: libcuda.so.1 was not found; install the driver (580 or"
          + " later), or run where a GPU is";
    }
    if (words.contains("version `")) {
      return what + " is of another major version: " + words + "; " + LIBRARIES;
    }
    if (words.contains("no jni")) {
      return "the CUDA preset's native part is not on the class path ("
          + words
          + "); add org.bytedeco:cuda with the classifier linux-x86_64";
    }
    return what + " cannot be loaded: " + words + "; " + LIBRARIES;
  }

  private static String runtime() {
    int[] out = new int[1];
    int status = cudart.cudaGetDeviceCount(out);
    int[] driver = new int[1];
    int[] runtime = new int[1];
    cudart.cudaDriverGetVersion(driver);
    cudart.cudaRuntimeGetVersion(runtime);
    if (status == cudart.cudaErrorInsufficientDriver
        || (driver[0] > 0 && driver[0] < OLDEST_CUDA)) {
      return "the NVIDIA driver is too old: it offers CUDA "
          + version(driver[0])
          + ", the runtime is CUDA "
          + version(runtime[0])
          + "; install driver 580 or later";
    }
    if (status == cudart.cudaErrorNoDevice || (status == 0 && out[0] == 0)) {
      return "the NVIDIA driver finds no GPU (is one attached, and does CUDA_VISIBLE_DEVICES hide it?)";
    }
    if (status != 0) {
      return "the NVIDIA driver fails: "
          + CudaStatus.name(status)
          + ": "
          + cudart.cudaGetErrorString(status).getString()
          + "; look at nvidia-smi and the system's log";
    }
    return runtime[0] < OLDEST_CUDA
        ? "the CUDA runtime is " + version(runtime[0]) + ", too old; " + LIBRARIES
        : null;
  }

  private static String compiler() {
    int[] major = new int[1];
    int[] minor = new int[1];
    int status = nvrtc.nvrtcVersion(major, minor);
    return status == 0 ? null : "NVRTC fails with status " + status + "; " + LIBRARIES;
  }

  private static String blas() {
    long version = cublas.cublasLtGetVersion();
    return version >= 10L * OLDEST_CUDA
        ? null
        : "cuBLAS is version " + version + ", too old; " + LIBRARIES;
  }

  private static String dnn() {
    long version = cudnn.cudnnGetVersion();
    return version >= OLDEST_CUDNN
        ? null
        : "cuDNN is version " + version + ", too old; " + LIBRARIES;
  }

  /** "13.0" for 13000. */
  static String version(int cuda) {
    return cuda / 1000 + "." + cuda % 1000 / 10;
  }

  /** Versions of what is loaded, for result files. */
  static Map<String, String> versions() {
    int[] out = new int[2];
    Map<String, String> v = new TreeMap<>();
    cudart.cudaDriverGetVersion(out);
    v.put("cuda driver", version(out[0]));
    cudart.cudaRuntimeGetVersion(out);
    v.put("cuda runtime", version(out[0]));
    int[] minor = new int[1];
    nvrtc.nvrtcVersion(out, minor);
    v.put("nvrtc", out[0] + "." + minor[0]);
    v.put("cublasLt", Long.toString(cublas.cublasLtGetVersion()));
    v.put("cudnn", Long.toString(cudnn.cudnnGetVersion()));
    return v;
  }

  /** Where NVIDIA's libraries were really loaded from, by file name. */
  static Map<String, String> paths() {
    Map<String, String> found = new TreeMap<>();
    List<String> prefixes =
        List.of("libcuda.so", "libcudart", "libcublas", "libcudnn", "libnvrtc", "libnvJitLink");
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
      lines
          .filter(l -> l.contains("/"))
          .map(l -> l.substring(l.indexOf('/')))
          .distinct()
          .forEach(
              path -> {
                String file = path.substring(path.lastIndexOf('/') + 1);
                if (prefixes.stream().anyMatch(file::startsWith)) {
                  found.put(file, path);
                }
              });
    } catch (IOException e) {
      found.put("unknown", "/proc/self/maps cannot be read: " + e);
    }
    return found;
  }

  /** What may go wrong with what is loaded, with the remedy; "" if nothing. */
  static String warning() {
    Map<String, List<String>> folders =
        paths().entrySet().stream()
            .filter(e -> e.getKey().startsWith("libcudnn"))
            .collect(
                Collectors.groupingBy(
                    e -> e.getValue().substring(0, e.getValue().lastIndexOf('/')),
                    TreeMap::new,
                    Collectors.mapping(Map.Entry::getKey, Collectors.toList())));
    return folders.size() < 2
        ? ""
        : "parts of cuDNN come from different folders "
            + folders
            + ", which fails when their versions differ; name one folder of cuDNN only";
  }
}
