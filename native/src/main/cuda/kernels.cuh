// What every file of kernels begins with. A kernel takes one struct of 8-byte fields, the same as
// the C++ kernel of its name, and begins with a line that says how it is launched, in blocks of 256
// threads:
//   //: name thread 2 3   a thread for each of (field 2) x (field 3) items
//   //: name block 2      a block for each of (field 2) items
// The grid is capped, so every kernel loops (EACH_THREAD, EACH_BLOCK). Sums are formed in double in
// an order that depends on the sizes only: no atomics. NVRTC has no headers of the system, so the
// integer types are named here; the code is also plain enough for other C++17 compilers.
#ifndef BS_KERNELS_CUH
#define BS_KERNELS_CUH

#if defined(__CUDACC_RTC__)
typedef signed char int8_t;
typedef int int32_t;
typedef long long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
#else
#include <stdint.h>
#endif

#if defined(__CUDACC__) && !defined(__CUDACC_RTC__)
// nvcc, which only checks these files, includes the C library, where these names are taken.
#define index bs_index
#define random bs_random
#define select bs_select
#endif

#define KERNEL(name) extern "C" __global__ void name

#define EACH_THREAD(i, items)                                                       \
  for (int64_t i = blockIdx.x * 256LL + threadIdx.x, stop_ = (items); i < stop_; i += gridDim.x * 256LL)

#define EACH_BLOCK(i, items) \
  for (int64_t i = blockIdx.x, stop_ = (items); i < stop_; i += gridDim.x)

// The calling thread's share of a block's loop over 0..count-1.
#define EACH_OF_BLOCK(j, count) for (int64_t j = threadIdx.x, end_ = (count); j < end_; j += 256)

// Elements that one thread of many does: first, first + step, ... below stop.
struct Range {
  int64_t first, stop, step;
};

#define EACH_OF(j, range) for (int64_t j = (range).first; j < (range).stop; j += (range).step)

// The calling thread's share of 0..count-1, done by the whole grid.
static __device__ inline Range of_grid(int64_t count) {
  return {blockIdx.x * 256LL + threadIdx.x, count, gridDim.x * 256LL};
}

// The calling thread's share of from..stop-1, done by its block.
static __device__ inline Range of_block(int64_t from, int64_t stop) {
  return {from + threadIdx.x, stop, 256};
}

enum ElementTypeCode { F32, F64, BF16, I32, U8 };

static __device__ inline float not_a_number(float) { return __int_as_float(0x7fc00000); }
static __device__ inline double not_a_number(double) { return __longlong_as_double(0x7ff8000000000000LL); }
static __device__ inline double infinity() { return __longlong_as_double(0x7ff0000000000000LL); }

// One name for both types.
static __device__ inline float magnitude(float v) { return fabsf(v); }
static __device__ inline double magnitude(double v) { return fabs(v); }

// a/b of numbers that are not negative: the division of 64 bits is slow where 32 would do.
static __device__ inline int64_t quotient(int64_t a, int64_t b) {
  return ((uint64_t)(a | b) >> 32) == 0 ? (int64_t)((uint32_t)a / (uint32_t)b) : a / b;
}

#endif
