package dev.blindspot.engine.cuda;

import dev.blindspot.engine.BlindspotException;
import dev.blindspot.engine.custom.KernelSource;
import dev.blindspot.kernels.CudaSources;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;

/** Our kernels and users' on one device, compiled and loaded when first asked for. */
final class CudaModules {
  /** A line of a source such as "//: row_reduce block 2": kernel, item's worker, fields. */
  private static final Pattern LAUNCH =
      Pattern.compile("^//: (\\w+) (thread|block)((?: \\d+)+) *$", Pattern.MULTILINE);

  /** What precedes a user's source; its layout is that of a launch by CudaCustomKernel. */
  private static final String PRELUDE =
      """
      class Arguments {
        long long function, count, grain, tensors;
        long long fields[192];
       public:
        template <class T> __device__ T* tensor(int i) const { return (T*)fields[2 * i]; }
        __device__ long long size(int i) const { return fields[2 * i + 1]; }
        __device__ double number(int i) const { return __longlong_as_double(fields[2 * tensors + i]); }
        __device__ long long items() const { return count; }
      };
      """;

  /** Bytes of {@code Arguments}. */
  static final int CUSTOM_BYTES = (4 + 192) * 8;

  private final CudaCompiler compiler;
  private final Map<String, String> groupOf = new HashMap<>();
  private final Map<String, CudaKernel> launches = new HashMap<>();
  private final Map<String, CUmod_st> modules = new HashMap<>();
  private final Map<String, Long> handles = new HashMap<>();
  private final List<CudaKernel> kernels = new ArrayList<>();
  private volatile CudaKernel[] table = new CudaKernel[0];

  CudaModules(CudaCompiler compiler) {
    this.compiler = compiler;
    for (String group : CudaSources.groups()) {
      Matcher m = LAUNCH.matcher(CudaSources.source(group));
      while (m.find()) {
        int[] fields =
            Arrays.stream(m.group(3).trim().split(" ")).mapToInt(Integer::parseInt).toArray();
        groupOf.put(m.group(1), group);
        launches.put(
            m.group(1), new CudaKernel(m.group(1), null, m.group(2).equals("block"), fields));
      }
    }
  }

  /** The kernel of a handle. */
  CudaKernel kernel(long handle) {
    return table[(int) handle];
  }

  /**
   * Handle of one of our kernels; compiles and loads its group at first.
   *
   * @throws BlindspotException if there is none of this name
   */
  synchronized long handle(String name) {
    Long known = handles.get(name);
    if (known != null) {
      return known;
    }
    CudaKernel launch = launches.get(name);
    if (launch == null) {
      throw new BlindspotException("cuda: the sources have no kernel " + name + "; rebuild them");
    }
    CUmod_st module = modules.computeIfAbsent(groupOf.get(name), g -> load(ours(g)));
    return add(name, new CudaKernel(name, function(module, name), launch.block(), launch.fields()));
  }

  private long add(String name, CudaKernel kernel) {
    long handle = kernels.size();
    kernels.add(kernel);
    table = kernels.toArray(CudaKernel[]::new);
    handles.put(name, handle);
    return handle;
  }

  private static CudaCompiler.Source ours(String group) {
    Map<String, String> headers = new LinkedHashMap<>();
    CudaSources.headers().forEach(h -> headers.put(h, CudaSources.header(h)));
    String text = CudaSources.source(group);
    List<String> options =
        text.contains(CudaSources.NO_CONTRACTION) ? List.of("--fmad=false") : List.of();
    return new CudaCompiler.Source(group, text, headers, options);
  }

  /** Compiles and loads a user's kernel; its arguments are {@code Arguments}. */
  synchronized CudaKernel custom(KernelSource source) {
    String text = PRELUDE + "#line 1 \"" + source.name() + ".cu\"\n" + source.cuda() + "\n";
    CUmod_st module =
        load(new CudaCompiler.Source(source.name(), text, Map.of(), source.cudaFlags()));
    // The number of items is field 1.
    return new CudaKernel(source.name(), function(module, source.name()), false, new int[] {1}, -1);
  }

  private CUmod_st load(CudaCompiler.Source source) {
    CUmod_st module = new CUmod_st();
    int status = load(module, compiler.binary(source, false));
    if (status != 0) {
      status = load(module, compiler.binary(source, true)); // what was kept may be damaged
    }
    CudaStatus.checkDriver(status, "loading kernels " + source.name());
    return module;
  }

  private static int load(CUmod_st module, byte[] binary) {
    try (BytePointer image = new BytePointer(binary)) {
      return cudart.cuModuleLoadData(module, image);
    }
  }

  private static CUfunc_st function(CUmod_st module, String name) {
    CUfunc_st function = new CUfunc_st();
    CudaStatus.checkDriver(
        cudart.cuModuleGetFunction(function, module, name),
        "kernel " + name + " (declare it as extern \"C\" __global__ void " + name + "(...))");
    return function;
  }

  /** Unloads what was loaded, but not users' kernels, which stay until the process ends. */
  synchronized void close() {
    modules.values().forEach(m -> CudaStatus.checkDriver(cudart.cuModuleUnload(m), "unloading"));
    modules.clear();
    handles.clear();
  }
}
