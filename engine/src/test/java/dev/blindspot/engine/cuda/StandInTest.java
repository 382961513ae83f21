package dev.blindspot.engine.cuda;

import static org.bytedeco.cuda.global.cublas.*;
import static org.bytedeco.cuda.global.cudart.*;
import static org.bytedeco.cuda.global.cudnn.*;
import static org.bytedeco.cuda.global.nvrtc.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import org.bytedeco.cuda.cublas.cublasLtMatmulDescOpaque_t;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUgraphExec_st;
import org.bytedeco.cuda.cudart.CUgraph_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.cudnn.cudnnBackendDescriptor_t;
import org.bytedeco.cuda.cudnn.cudnnContext;
import org.bytedeco.cuda.cudnn.cudnnConvolutionStruct;
import org.bytedeco.cuda.cudnn.cudnnFilterStruct;
import org.bytedeco.cuda.cudnn.cudnnTensorStruct;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The stand-ins for NVIDIA's libraries themselves: work is late, memory is poisoned, threads that
 * do not meet and misuse of every kind are told. Misuse ends the process; here it is forgiven, so
 * that it ends only the call.
 */
class StandInTest {
  private static final int STICKY_ERROR = 9000;
  private static final int FORGIVING = 9002;
  private static final int MISUSED = 9999;

  private static final String KERNELS =
      """
      struct Args { long long n; float *x, *y; };
      extern "C" __global__ void scale(const Args k) {
        for (long long i = blockIdx.x * 256LL + threadIdx.x; i < k.n; i += gridDim.x * 256LL) k.x[i] = 2 * k.x[i] + 1;
      }
      extern "C" __global__ void early(const Args k) {
        __shared__ float s[256];
        if (threadIdx.x >= 100) return;
        k.y[threadIdx.x] = s[threadIdx.x];
        __syncthreads();
        k.y[50] = 7;
      }
      extern "C" __global__ void swapped(const Args k) {
        k.y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, (float)threadIdx.x, 1);
      }
      extern "C" __global__ void some_only(const Args k) {
        if (threadIdx.x % 32 < 16) k.y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
        else __syncthreads();
      }
      extern "C" __global__ void two_barriers(const Args k) {
        if (threadIdx.x < 128) __syncthreads();
        else
          k.y[0] = 1,
          __syncthreads();
      }
      extern "C" __global__ void returned_lane(const Args k) {
        if (threadIdx.x % 32 == 5) return;
        k.y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
      }
      extern "C" __global__ void trapped(const Args k) {
        __syncthreads();
        if (threadIdx.x == 77) __trap();
      }
      """;

  @TempDir private Path folder;

  private final CUstream_st stream = new CUstream_st();
  private final CUmod_st module = new CUmod_st();
  private final Pointer memory = new Pointer();
  private final FloatPointer host = new FloatPointer(2048);

  @BeforeEach
  void open() {
    CudaRig.open();
    Assumptions.assumeTrue(CudaRig.standIn(), "the stand-ins are not in use");
    cudaDeviceSetLimit(FORGIVING, 1);
    byte[] image =
        new CudaCompiler(folder, "sm_90")
            .binary(new CudaCompiler.Source("self", KERNELS, Map.of(), List.of()), true);
    assertEquals(0, cuModuleLoadData(module, new BytePointer(image)));
    assertEquals(0, cudaStreamCreateWithFlags(stream, cudaStreamNonBlocking));
    assertEquals(0, cudaMalloc(memory, 8192));
  }

  @AfterEach
  void close() {
    if (!module.isNull()) {
      cudaDeviceSetLimit(STICKY_ERROR, 0);
      cudaStreamEndCapture(stream, new CUgraph_st()); // a test may have failed in one
      cudaStreamDestroy(stream);
      cudaFree(memory);
      cuModuleUnload(module);
      cudaDeviceSetLimit(FORGIVING, 0);
    }
  }

  private static Pointer at(Pointer p, long bytes) {
    return new Pointer() {
      {
        address = p.address() + bytes;
      }
    };
  }

  private Pointer y() {
    return at(memory, 4096);
  }

  private int launch(String name, long n, Pointer x, Pointer y) {
    CUfunc_st f = new CUfunc_st();
    int status = cuModuleGetFunction(f, module, name);
    if (status != 0) {
      return status;
    }
    PointerPointer<Pointer> extra = new PointerPointer<>(5);
    extra.put(0, at(new Pointer(), 1)).put(1, new LongPointer(n, x.address(), y.address()));
    extra.put(2, at(new Pointer(), 2)).put(3, new SizeTPointer(1).put(24)).put(4, new Pointer());
    return cuLaunchKernel(f, 1, 1, 1, 256, 1, 1, 0, stream, new PointerPointer<>(), extra);
  }

  private int run(String name) {
    int status = launch(name, 256, memory, y());
    return status != 0 ? status : cudaStreamSynchronize(stream);
  }

  private float[] read(Pointer from, int n) {
    assertEquals(0, cudaMemcpyAsync(host, from, 4L * n, cudaMemcpyDeviceToHost, stream));
    float[] values = new float[n];
    host.get(values);
    return values;
  }

  private void write(float... values) {
    host.put(values);
    cudaMemcpyAsync(memory, host, 4L * values.length, cudaMemcpyHostToDevice, stream);
  }

  private static void misused(String text, IntSupplier call) {
    assertEquals(MISUSED, call.getAsInt(), text);
    String message = cudaGetErrorName(MISUSED).getString();
    assertTrue(message.startsWith("STANDIN: "), message);
    assertTrue(message.contains(text), () -> "\"" + text + "\" is not in: " + message);
  }

  @Test
  void kernelsRun() {
    write(1, 2, 3);
    assertEquals(0, launch("scale", 2, memory, y()));
    assertArrayEquals(new float[] {3, 5, 3, Float.NaN}, read(memory, 4), "memory is poisoned");
    assertEquals(0, run("early"));
    float[] values = read(y(), 101);
    assertTrue(Float.isNaN(values[0]), "shared memory is poisoned");
    assertEquals(7, values[50], "threads that returned count as arrived");
    assertEquals(0, run("swapped"));
    assertArrayEquals(new float[] {1, 0, 3, 2}, read(y(), 4));
    assertEquals(500, launch("absent", 1, memory, memory));
    assertEquals(719, run("trapped"));
    assertEquals(719, run("scale"), "a trap is sticky");
  }

  @Test
  void workIsLateAndCapturesRunNothing() {
    Pointer pinned = new Pointer();
    cudaHostAlloc(pinned, 4096, 0);
    FloatPointer floats = new FloatPointer(pinned);
    floats.put(0, 5f);
    cudaMemcpyAsync(memory, pinned, 4, cudaMemcpyHostToDevice, stream);
    launch("scale", 1, memory, memory);
    cudaMemcpyAsync(at(pinned, 4), memory, 4, cudaMemcpyDeviceToHost, stream);
    assertTrue(floats.get(1) != 11, "work is done at a synchronisation only");
    cudaStreamSynchronize(stream);
    assertEquals(11, floats.get(1));
    CUgraph_st graph = new CUgraph_st();
    CUgraphExec_st executable = new CUgraphExec_st();
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    launch("scale", 1, memory, memory);
    misused("inside a capture", () -> cudaMalloc(new Pointer(), 1));
    misused("inside a capture", () -> cudaFree(memory));
    misused("inside a capture", () -> cudaStreamSynchronize(stream));
    misused("pageable", () -> cudaMemcpyAsync(memory, host, 4, cudaMemcpyHostToDevice, stream));
    cudaStreamEndCapture(stream, graph);
    assertEquals(11, read(memory, 1)[0]);
    cudaGraphInstantiate(executable, graph, 0);
    cudaGraphLaunch(executable, stream);
    cudaGraphLaunch(executable, stream);
    assertEquals(47, read(memory, 1)[0]);
    cudaGraphDestroy(graph);
    cudaGraphExecDestroy(executable);
    cudaFreeHost(pinned);
  }

  @Test
  void threadsMustMeet() {
    misused("do not meet", () -> run("some_only"));
    misused("do not meet", () -> run("two_barriers"));
    misused("a lane that has returned", () -> run("returned_lane"));
  }

  @Test
  void hostAndDeviceMemoryAreToldApart() {
    Pointer small = new Pointer();
    misused("looks like host memory", () -> launch("scale", 1, host, y()));
    misused("not all in live device", () -> cudaMemsetAsync(host, 0, 1, stream));
    misused("not all in live device", () -> cudaMemsetAsync(memory, 0, 8193, stream));
    misused("is not host", () -> cudaMemcpyAsync(memory, y(), 4, cudaMemcpyHostToDevice, stream));
    misused("is null", () -> cudaMemsetAsync(memory, 0, 1, new CUstream_st()));
    misused("not the begin of live memory", () -> cudaFree(at(memory, 8)));
    cudaMalloc(small, 400);
    launch("scale", 101, small, small);
    misused("wrote beside the 400 bytes", () -> cudaStreamSynchronize(stream));
    cudaFree(small);
    misused("is not in live memory", () -> launch("scale", 1, small, y()));
    CUstream_st gone = new CUstream_st();
    cudaStreamCreateWithFlags(gone, cudaStreamNonBlocking);
    cudaStreamDestroy(gone);
    misused("was destroyed", () -> cudaStreamSynchronize(gone));
    misused("not non-blocking", () -> cudaStreamCreateWithFlags(new CUstream_st(), 0));
  }

  @Test
  void graphsMustNotOutliveTheirMemory() {
    Pointer small = new Pointer();
    CUgraph_st graph = new CUgraph_st();
    CUgraphExec_st executable = new CUgraphExec_st();
    cudaMalloc(small, 64);
    cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal);
    launch("scale", 1, small, y());
    cudaStreamEndCapture(stream, graph);
    cudaFree(small);
    cudaGraphInstantiate(executable, graph, 0);
    cudaGraphLaunch(executable, stream);
    misused("is not in live memory", () -> cudaStreamSynchronize(stream));
    cudaGraphDestroy(graph);
    cudaGraphExecDestroy(executable);
  }

  @Test
  void ptxIsRefused() {
    _nvrtcProgram program = new _nvrtcProgram();
    PointerPointer<?> none = new PointerPointer<>();
    nvrtcCreateProgram(program, new BytePointer(""), new BytePointer("a.cu"), 0, none, none);
    PointerPointer<BytePointer> options = new PointerPointer<>("-arch=compute_90");
    misused("asks for PTX", () -> nvrtcCompileProgram(program, 1, options));
    nvrtcDestroyProgram(program);
  }

  /** x [1,2,4,4], w [2,2,3,3], y [1,2,2,2]. */
  @Test
  void legacyConvolutionsAreChecked() {
    cudnnContext handle = new cudnnContext();
    cudnnTensorStruct x = new cudnnTensorStruct();
    cudnnTensorStruct out = new cudnnTensorStruct();
    cudnnFilterStruct w = new cudnnFilterStruct();
    cudnnConvolutionStruct c = new cudnnConvolutionStruct();
    cudnnCreate(handle);
    cudnnCreateTensorDescriptor(x);
    cudnnCreateTensorDescriptor(out);
    cudnnCreateFilterDescriptor(w);
    cudnnCreateConvolutionDescriptor(c);
    cudnnSetTensor4dDescriptor(out, 0, 0, 1, 2, 2, 2);
    cudnnSetFilter4dDescriptor(w, 0, 0, 2, 2, 3, 3);
    cudnnSetConvolution2dDescriptor(c, 0, 0, 1, 1, 1, 1, 1, 0);
    float[] ones = new float[128];
    Arrays.fill(ones, 1);
    write(ones);
    misused("no stream", () -> convolve(handle, x, memory, w, c, 1, 1024, out));
    cudnnSetStream(handle, stream);
    misused("was not set", () -> convolve(handle, x, memory, w, c, 1, 1024, out));
    cudnnSetTensor4dDescriptor(x, 0, 0, 1, 2, 4, 4);
    assertEquals(3000, convolve(handle, x, memory, w, c, 7, 1024, out), "refused");
    assertEquals(0, convolve(handle, x, memory, w, c, 1, 1024, out));
    assertEquals(18, read(y(), 8)[7]);
    misused("bytes of workspace where", () -> convolve(handle, x, memory, w, c, 1, 8, out));
    misused("an input, 0x", () -> convolve(handle, x, host, w, c, 0, 0, out));
    cudnnSetTensor4dDescriptor(out, 0, 0, 1, 2, 3, 2);
    misused("do not fit", () -> convolve(handle, x, memory, w, c, 0, 0, out));
    cudnnDestroyTensorDescriptor(x);
    misused("was destroyed", () -> convolve(handle, x, memory, w, c, 0, 0, out));
    cudnnDestroyTensorDescriptor(out);
    cudnnDestroyFilterDescriptor(w);
    cudnnDestroyConvolutionDescriptor(c);
    cudnnDestroy(handle);
  }

  private int convolve(
      cudnnContext handle,
      cudnnTensorStruct x,
      Pointer px,
      cudnnFilterStruct w,
      cudnnConvolutionStruct c,
      int algorithm,
      long workspace,
      cudnnTensorStruct out) {
    FloatPointer one = new FloatPointer(1f);
    FloatPointer zero = new FloatPointer(0f);
    Pointer space = at(memory, 2048);
    return cudnnConvolutionForward(
        handle, one, x, px, w, at(memory, 128), c, algorithm, space, workspace, zero, out, y());
  }

  private static cudnnBackendDescriptor_t tensor(long alignment) {
    cudnnBackendDescriptor_t t = new cudnnBackendDescriptor_t();
    cudnnBackendCreateDescriptor(CUDNN_BACKEND_TENSOR_DESCRIPTOR, t);
    set(t, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, new LongPointer(1).put(1));
    set(t, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, new IntPointer(1).put(0));
    LongPointer dims = new LongPointer(1L, 2L, 4L, 4L);
    LongPointer strides = new LongPointer(32L, 16L, 4L, 1L);
    set(t, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, 4, dims);
    set(t, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, 4, strides);
    if (alignment > 0) {
      LongPointer bytes = new LongPointer(1).put(alignment);
      set(t, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, bytes);
    }
    return t;
  }

  private static int set(cudnnBackendDescriptor_t t, int attribute, int type, long n, Pointer v) {
    return cudnnBackendSetAttribute(t, attribute, type, n, v);
  }

  @Test
  void backendDescriptorsAreChecked() {
    LongPointer one = new LongPointer(1).put(1);
    cudnnBackendDescriptor_t good = tensor(4);
    cudnnBackendDescriptor_t incomplete = tensor(0);
    cudnnBackendDescriptor_t odd = tensor(3);
    int dims = CUDNN_ATTR_TENSOR_DIMENSIONS;
    int uid = CUDNN_ATTR_TENSOR_UNIQUE_ID;
    misused(
        "is not finalised",
        () -> cudnnBackendGetAttribute(good, uid, CUDNN_TYPE_INT64, 1, one, one));
    misused("lacks 900", () -> cudnnBackendFinalize(incomplete));
    misused("alignment 3", () -> cudnnBackendFinalize(odd));
    misused("has no attribute 100", () -> set(good, 100, CUDNN_TYPE_INT64, 1, one));
    misused("with 1 values of type 3", () -> set(good, dims, CUDNN_TYPE_INT64, 1, one));
    misused("with 4 values of type 0", () -> set(good, dims, CUDNN_TYPE_HANDLE, 4, one));
    assertEquals(0, cudnnBackendFinalize(good));
    misused("the descriptor is finalised", () -> set(good, uid, CUDNN_TYPE_INT64, 1, one));
    for (cudnnBackendDescriptor_t each : List.of(good, incomplete, odd)) {
      cudnnBackendDestroyDescriptor(each);
    }
  }

  @Test
  void descriptorsOfProductsAreChecked() {
    cublasLtMatmulDescOpaque_t product = new cublasLtMatmulDescOpaque_t();
    Pointer.memset(product, 0, product.sizeof());
    LongPointer value = new LongPointer(1).put(1);
    int bias = CUBLASLT_MATMUL_DESC_BIAS_POINTER;
    misused("was not initialised", () -> cublasLtMatmulDescSetAttribute(product, bias, value, 8));
    assertEquals(0, cublasLtMatmulDescInit(product, CUBLAS_COMPUTE_32F_PEDANTIC, CUDA_R_32F));
    misused(
        "4 bytes for an attribute of 8",
        () -> cublasLtMatmulDescSetAttribute(product, bias, value, 4));
  }
}
