// Makes g++ take our CUDA C: put before every source that the stand-in NVRTC compiles. Holds what
// kernels call; like NVRTC it has no standard headers. compile.sh compiles in two passes: in the
// second, all is preprocessed but the marks of the first, and STANDIN_DOOR(name) stands for each
// kernel, which takes one struct.
#ifdef STANDIN_SECOND_PASS
#define STANDIN_GLOBAL
#define STANDIN_SHARED static __attribute__((section("standin_shared"), used))  // NaN at first
#define STANDIN_DOOR(name) \
  extern "C" unsigned long standin_run_##name(const void* p) { return standin_run(name, p); }
#else
#include "block.h"
#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
#define __host__
#define __device__
#define __global__ STANDIN_GLOBAL
#define __shared__ STANDIN_SHARED
#define __forceinline__ inline __attribute__((always_inline))
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define threadIdx standin_block.thread
#define blockIdx standin_block.block
#define blockDim standin_block.size
#define gridDim standin_block.grid
#define __trap() standin_block.fail(nullptr)
#define __syncthreads() standin_sync(__LINE__)  // the line tells one from another
#define __shfl_xor_sync(mask, value, by) standin_shuffle(__LINE__, mask, value, by)

extern "C" {
StandinBlock standin_block;
extern char __start_standin_shared[] __attribute__((weak));
extern char __stop_standin_shared[] __attribute__((weak));
char* standin_shared_begin() { return __start_standin_shared; }
char* standin_shared_end() { return __stop_standin_shared; }
double exp(double) noexcept, log(double) noexcept, log1p(double) noexcept, sqrt(double) noexcept;
double fabs(double) noexcept, pow(double, double) noexcept, copysign(double, double) noexcept;
float expf(float) noexcept, logf(float) noexcept, sqrtf(float) noexcept, fabsf(float) noexcept;
float tanhf(float) noexcept;
}

static inline void standin_sync(int line) {
  unsigned present;
  standin_block.meet(line, 0, 0, &present);
}

template <class T>
static inline T standin_shuffle(int line, unsigned mask, T value, int by) {
  static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
  unsigned long long bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  unsigned present, from = (threadIdx.x & 31) ^ by;
  const unsigned long long* lanes = standin_block.meet(line, mask, bits, &present);
  if (!(present >> from & 1)) standin_block.fail("a shuffle reads a lane that has returned");
  __builtin_memcpy(&value, lanes + from, sizeof value);
  return value;
}

template <class T> static inline T min(T a, T b) { return b < a ? b : a; }
template <class T> static inline T max(T a, T b) { return a < b ? b : a; }
static inline int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
static inline float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
static inline long long __double_as_longlong(double x) { return __builtin_bit_cast(long long, x); }
static inline double __longlong_as_double(long long x) { return __builtin_bit_cast(double, x); }

// What the compiler must not contract.
static inline double standin_rounded(double x) {
  asm("" : "+x"(x));
  return x;
}
static inline double __dadd_rn(double a, double b) { return standin_rounded(a + b); }
static inline double __dmul_rn(double a, double b) { return standin_rounded(a * b); }

// Runs threads one after the other until all have begun; gives the parameters' size.
template <class A>
static inline unsigned long standin_run(void (*kernel)(A), const void* parameters) {
  while (parameters && standin_block.next < standin_block.size.x) {
    threadIdx.x = standin_block.next++ ^ standin_block.turn;
    kernel(*(const A*)parameters);
    standin_block.returned[threadIdx.x] = 1;
  }
  return sizeof(A);
}
#endif
