// Checks the stand-ins themselves: fibers that meet, divergence and misuse that end the process with a message,
// captures, late execution, faults. Each case of misuse runs in a process of its own.
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

extern "C" {
int cuModuleLoadData(void**, const void*);
int cuModuleGetFunction(void**, void*, const char*);
int cuModuleUnload(void*);
int cuLaunchKernel(void*, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, void*, void**, void**);
int nvrtcCreateProgram(void**, const char*, const char*, int, const char* const*, const char* const*);
int nvrtcCompileProgram(void*, int, const char* const*);
int nvrtcGetProgramLogSize(void*, size_t*);
int nvrtcGetProgramLog(void*, char*);
int nvrtcGetCUBINSize(void*, size_t*);
int nvrtcGetCUBIN(void*, char*);
int nvrtcDestroyProgram(void**);
int cudaMalloc(void**, size_t);
int cudaFree(void*);
int cudaHostAlloc(void**, size_t, unsigned);
int cudaMemcpyAsync(void*, const void*, size_t, int, void*);
int cudaMemsetAsync(void*, int, size_t, void*);
int cudaMemGetInfo(size_t*, size_t*);
int cudaDeviceSetLimit(int, size_t);
int cudaDeviceGetAttribute(int*, int, int);
int cudaStreamCreateWithFlags(void**, unsigned);
int cudaStreamDestroy(void*);
int cudaStreamSynchronize(void*);
int cudaStreamBeginCapture(void*, int);
int cudaStreamEndCapture(void*, void**);
int cudaGraphInstantiate(void**, void*, unsigned long long);
int cudaGraphLaunch(void*, void*);
int cudaGraphDestroy(void*);
int cudaGraphExecDestroy(void*);
int cudnnCreate(void**);
int cudnnSetStream(void*, void*);
int cudnnCreateTensorDescriptor(void**);
int cudnnCreateFilterDescriptor(void**);
int cudnnCreateConvolutionDescriptor(void**);
int cudnnSetTensor4dDescriptor(void*, int, int, int, int, int, int);
int cudnnSetFilter4dDescriptor(void*, int, int, int, int, int, int);
int cudnnSetConvolution2dDescriptor(void*, int, int, int, int, int, int, int, int);
int cudnnConvolutionForward(void*, const void*, void*, const void*, void*, const void*, void*, int, void*, size_t,
                            const void*, void*, void*);
int cudnnBackendCreateDescriptor(int, void**);
int cudnnBackendSetAttribute(void*, int, int, int64_t, const void*);
int cudnnBackendGetAttribute(void*, int, int, int64_t, int64_t*, void*);
int cudnnBackendFinalize(void*);
int cublasLtMatmulDescInit_internal(void*, size_t, int, int);
int cublasLtMatmulDescSetAttribute(void*, int, const void*, size_t);
}

namespace {

const char* const SOURCE = R"(
#include "args.h"
extern "C" __global__ void scale(const Args k) {
  for (long long i = blockIdx.x * 256LL + threadIdx.x; i < k.n; i += gridDim.x * 256LL) k.x[i] = 2 * k.x[i] + 1;
}
template <class T>
static __device__ inline T block_sum(T v) {
  static __shared__ T part[8];
  for (int by = 16; by; by /= 2) v += __shfl_xor_sync(0xffffffffu, v, by);
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  float sum = 0;
  for (int k = 0; k < 8; k++) sum += part[k];
  __syncthreads();
  return sum;
}
extern "C" __global__ void __launch_bounds__(256) sums(const Args k) {
  for (long long row = blockIdx.x; row < k.n; row += gridDim.x) {
    float s = block_sum(k.x[threadIdx.x] * (float)(row + 1));
    if (threadIdx.x == 0) k.y[row] = s;
  }
}
extern "C" __global__ void votes(const Args k) {
  unsigned all = __ballot_sync(0xffffffffu, threadIdx.x % 3 == 0);
  int left = __shfl_up_sync(0xffffffffu, (int)threadIdx.x, 1);
  k.y[threadIdx.x] = (float)(all >> (threadIdx.x % 32) & 1) + 10 * left;
}
extern "C" __global__ void early(const Args k) {
  if (threadIdx.x >= 100) return;
  __syncthreads();
  k.y[threadIdx.x] = 7;
}
extern "C" __global__ void unset(const Args k) {
  __shared__ float s[256];
  k.y[threadIdx.x] = s[threadIdx.x];
}
extern "C" __global__ void barrier_in_branch(const Args k) {
  if (threadIdx.x < 100) __syncthreads();
  else
    __syncwarp();
}
extern "C" __global__ void two_barriers(const Args k) {
  if (threadIdx.x < 128) __syncthreads();
  else
    k.y[0] = 1,
    __syncthreads();
}
extern "C" __global__ void returned_lane(const Args k) {
  if (threadIdx.x % 32 == 5) return;
  k.y[threadIdx.x] = __shfl_sync(0xffffffffu, 1.0f, 5);
}
extern "C" __global__ void trapped(const Args k) {
  __syncthreads();
  if (threadIdx.x == 77) __trap();
}
)";
const char* const HEADER = "struct Args { long long n; float *x, *y; };\n";

int failures = 0;

void check(bool holds, const char* what) {
  if (holds) return;
  failures++;
  printf("FAILED: %s\n", what);
}

struct Args {
  long long n;
  void *x, *y;
};

struct Device {
  void *stream, *module, *memory;
  float* x;
  float* y;

  Device() {
    void* program;
    const char* name = "args.h";
    nvrtcCreateProgram(&program, SOURCE, "self.cu", 1, &HEADER, &name);
    const char* options[] = {"--gpu-architecture=sm_90", "-std=c++17"};
    if (nvrtcCompileProgram(program, 2, options)) {
      std::vector<char> log(1 << 20);
      nvrtcGetProgramLog(program, log.data());
      puts(log.data());
      exit(1);
    }
    size_t bytes;
    nvrtcGetCUBINSize(program, &bytes);
    std::vector<char> image(bytes);
    nvrtcGetCUBIN(program, image.data());
    nvrtcDestroyProgram(&program);
    check(cuModuleLoadData(&module, image.data()) == 0, "load");
    cudaStreamCreateWithFlags(&stream, 1);
    cudaMalloc(&memory, 8192);
    x = (float*)memory;
    y = x + 1024;
  }

  int launch(const char* name, long long n, unsigned grid, void* px, void* py) {
    void* f;
    int error = cuModuleGetFunction(&f, module, name);
    if (error) return error;
    Args args = {n, px, py};
    size_t bytes = sizeof args;
    void* extra[] = {(void*)1, &args, (void*)2, &bytes, nullptr};
    return cuLaunchKernel(f, grid, 1, 1, 256, 1, 1, 0, stream, nullptr, extra);
  }

  int run(const char* name, long long n = 256, unsigned grid = 1) {
    int error = launch(name, n, grid, x, y);
    return error ? error : cudaStreamSynchronize(stream);
  }

  std::vector<float> read(const float* from, size_t n) {
    std::vector<float> host(n);
    cudaMemcpyAsync(host.data(), from, 4 * n, 2, stream);
    return host;
  }
};

void kernels(Device& d) {
  std::vector<float> ones(1024, 1);
  cudaMemcpyAsync(d.x, ones.data(), 4096, 1, d.stream);
  check(d.run("scale", 1000, 3) == 0, "scale runs");
  auto x = d.read(d.x, 1024);
  check(x[0] == 3 && x[999] == 3 && x[1000] == 1, "scale");
  check(d.run("sums", 10, 4) == 0, "sums runs");
  auto y = d.read(d.y, 11);
  check(y[0] == 768 && y[9] == 7680 && y[10] != y[10], "sums; memory is poisoned");
  d.run("votes");
  y = d.read(d.y, 256);
  check(y[0] == 1 && y[1] == 0 && y[3] == 21 && y[32] == 320 && y[33] == 321, "votes");
  d.run("early");
  y = d.read(d.y, 101);
  check(y[99] == 7 && y[100] != 7, "threads that returned count as arrived");
  d.run("unset");
  check(d.read(d.y, 1)[0] != d.read(d.y, 1)[0], "shared memory is poisoned");
  check(d.launch("absent", 1, 1, d.x, d.y) == 500, "unknown kernel");
}

void streams(Device& d) {
  float* host;
  cudaHostAlloc((void**)&host, 4096, 0);
  host[0] = 5;
  cudaMemcpyAsync(d.x, host, 4, 1, d.stream);
  d.launch("scale", 1, 1, d.x, d.y);
  cudaMemcpyAsync(host + 1, d.x, 4, 2, d.stream);
  check(host[1] != 11, "work is late");
  cudaStreamSynchronize(d.stream);
  check(host[1] == 11, "work is done at a synchronisation");
  void *graph, *executable;
  cudaStreamBeginCapture(d.stream, 1);
  d.launch("scale", 1, 1, d.x, d.y);
  d.launch("scale", 1, 1, d.x, d.y);
  cudaStreamEndCapture(d.stream, &graph);
  check(d.read(d.x, 1)[0] == 11, "a capture runs nothing");
  cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  cudaGraphLaunch(executable, d.stream);
  cudaGraphLaunch(executable, d.stream);
  check(d.read(d.x, 1)[0] == 191, "a graph replays");
  cudaGraphExecDestroy(executable);
  size_t free, total, later;
  cudaMemGetInfo(&free, &total);
  cudaDeviceSetLimit(9001, total - free + 1000);
  void *a, *b;
  check(cudaMalloc(&a, 900) == 0 && cudaMalloc(&b, 200) == 2, "out of memory");
  cudaFree(a);
  cudaDeviceSetLimit(9001, total);
  cudaMemGetInfo(&later, &total);
  check(later == free, "memory is counted");
  check(d.run("trapped") == 719 && d.run("scale") == 719, "a trap is sticky");
  cudaDeviceSetLimit(9000, 0);
  check(d.run("scale") == 0, "the sticky error can be cleared");
}

// Runs in a child; its standard error must hold the text, and it must abort.
template <class F>
void dies(const char* text, F misuse) {
  int ends[2];
  if (pipe(ends)) exit(1);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 2);
    misuse();
    _exit(0);
  }
  close(ends[1]);
  std::string said;
  char buffer[512];
  for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) said.append(buffer, (size_t)n);
  close(ends[0]);
  int status;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status) && said.find("STANDIN: ") == 0 && said.find(text) != std::string::npos) return;
  failures++;
  printf("FAILED: expected \"%s\", the process said \"%s\"\n", text, said.c_str());
}

void misuse(Device& d) {
  char host[64];
  void *p, *g;
  dies("the threads do not meet", [&] { d.run("barrier_in_branch"); });
  dies("the threads do not meet", [&] { d.run("two_barriers"); });
  dies("a lane that has returned", [&] { d.run("returned_lane"); });
  dies("looks like host memory", [&] { d.launch("scale", 1, 1, host, d.y); });
  dies("is not device memory", [&] { cudaMemsetAsync(host, 0, 1, d.stream); });
  dies("passes the end", [&] { cudaMemsetAsync(d.x, 0, 8193, d.stream); });
  dies("is device memory", [&] { cudaMemcpyAsync(d.x, d.y, 4, 1, d.stream); });
  dies("stream (nil) is null", [&] { cudaMemsetAsync(d.x, 0, 1, nullptr); });
  dies("not the begin of live device memory", [&] { cudaFree((char*)d.memory + 8); });
  dies("cudaFree: wrote past the 10 bytes", [&] { cudaMalloc(&p, 10), ((char*)p)[10] = 1, cudaFree(p); });
  dies("scale: wrote past the 400 bytes", [&] { cudaMalloc(&p, 400), d.launch("scale", 101, 1, p, p), d.run("votes"); });
  dies("was destroyed", [&] { cudaStreamDestroy(d.stream), cudaStreamSynchronize(d.stream); });
  dies("cudaMalloc inside a capture", [&] { cudaStreamBeginCapture(d.stream, 1), cudaMalloc(&p, 1); });
  dies("inside a capture", [&] { cudaStreamBeginCapture(d.stream, 1), cudaStreamSynchronize(d.stream); });
  dies("pageable", [&] { cudaStreamBeginCapture(d.stream, 1), cudaMemcpyAsync(d.x, host, 4, 1, d.stream); });
  dies("lies in no live device memory", [&] {
    cudaMalloc(&p, 64);
    d.launch("scale", 1, 1, p, d.y);
    cudaStreamBeginCapture(d.stream, 1);
    d.launch("scale", 1, 1, p, d.y);
    cudaStreamEndCapture(d.stream, &g);
    cudaFree(p);
    cudaGraphInstantiate(&p, g, 0);
    cudaGraphLaunch(p, d.stream);
    cudaStreamSynchronize(d.stream);
  });
  dies("asks for PTX", [&] {
    nvrtcCreateProgram(&p, "", "a.cu", 0, nullptr, nullptr);
    const char* option = "-arch=compute_90";
    nvrtcCompileProgram(p, 1, &option);
  });
}

// A 3x3 convolution of cuDNN's legacy interface: x [1,2,4,4], w [2,2,3,3], y [1,2,2,2].
struct Legacy {
  void *handle, *x, *w, *c, *y;
  float one = 1, zero = 0;

  explicit Legacy(Device& d) {
    cudnnCreate(&handle), cudnnSetStream(handle, d.stream);
    cudnnCreateTensorDescriptor(&x), cudnnSetTensor4dDescriptor(x, 0, 0, 1, 2, 4, 4);
    cudnnCreateTensorDescriptor(&y), cudnnSetTensor4dDescriptor(y, 0, 0, 1, 2, 2, 2);
    cudnnCreateFilterDescriptor(&w), cudnnSetFilter4dDescriptor(w, 0, 0, 2, 2, 3, 3);
    cudnnCreateConvolutionDescriptor(&c), cudnnSetConvolution2dDescriptor(c, 0, 0, 1, 1, 1, 1, 1, 0);
  }

  int run(Device& d, const float* in, int algorithm, size_t workspace) {
    return cudnnConvolutionForward(handle, &one, x, in, w, d.x + 32, c, algorithm, d.x + 512, workspace, &zero, y, d.y);
  }
};

// A tensor descriptor of cuDNN's backend, [1,2,4,4].
void* backendTensor(int64_t uid, int64_t alignment, bool all) {
  void* t;
  int type = 0;
  int64_t dims[] = {1, 2, 4, 4}, strides[] = {32, 16, 4, 1};
  cudnnBackendCreateDescriptor(17, &t);
  cudnnBackendSetAttribute(t, 906, 3, 1, &uid);
  cudnnBackendSetAttribute(t, 901, 1, 1, &type);
  cudnnBackendSetAttribute(t, 902, 3, 4, dims);
  cudnnBackendSetAttribute(t, 903, 3, 4, strides);
  if (all) cudnnBackendSetAttribute(t, 900, 3, 1, &alignment);
  return t;
}

void libraries(Device& d) {
  Legacy l(d);
  float host[64];
  int64_t value = 1, opaque[2][32] = {};
  std::vector<float> ones(64, 1);
  cudaMemcpyAsync(d.x, ones.data(), 256, 1, d.stream);
  check(l.run(d, d.x, 7, 0) == 3000, "an algorithm that is not supported");
  cudaMemcpyAsync(d.x + 32, ones.data(), 144, 1, d.stream);
  check(l.run(d, d.x, 1, 4 * 8 + 512) == 0 && d.read(d.y, 8)[7] == 18, "a convolution");
  dies("bytes of workspace where", [&] { l.run(d, d.x, 1, 8); });
  dies("x, 0x", [&] { l.run(d, host, 0, 0); });
  dies("do not fit", [&] { cudnnSetTensor4dDescriptor(l.y, 0, 0, 1, 2, 3, 2), l.run(d, d.x, 0, 0); });
  dies("was not set", [&] { cudnnCreateTensorDescriptor(&l.x), l.run(d, d.x, 0, 0); });
  dies("is not finalised", [&] { cudnnBackendGetAttribute(backendTensor(1, 4, true), 906, 3, 1, &value, &value); });
  dies("lacks attribute 900", [&] { cudnnBackendFinalize(backendTensor(1, 4, false)); });
  dies("alignment 3", [&] { cudnnBackendFinalize(backendTensor(1, 3, true)); });
  dies("has no attribute 100", [&] { cudnnBackendSetAttribute(backendTensor(1, 4, true), 100, 3, 1, &value); });
  dies("with 1 values of type 3", [&] { cudnnBackendSetAttribute(backendTensor(1, 4, true), 902, 3, 1, &value); });
  dies("the descriptor is finalised", [&] {
    void* t = backendTensor(1, 4, true);
    if (cudnnBackendFinalize(t) == 0) cudnnBackendSetAttribute(t, 906, 3, 1, &value);
  });
  dies("was not initialised", [&] { cublasLtMatmulDescSetAttribute(opaque[0], 3, &value, 4); });
  dies("4 bytes for an attribute of 8", [&] {
    cublasLtMatmulDescInit_internal(opaque[0], 256, 69, 0), cublasLtMatmulDescSetAttribute(opaque[0], 8, &value, 4);
  });
}

}  // namespace

int main() {
  Device d;
  kernels(d);
  streams(d);
  misuse(d);
  libraries(d);
  if (!failures) puts("the stand-ins behave");
  return failures != 0;
}
