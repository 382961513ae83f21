// Numbers as unsigned integers in the same order: NaN above everything, zeros equal.
#ifndef BS_ORDER_CUH
#define BS_ORDER_CUH
#include "kernels.cuh"

static __device__ inline uint32_t ordered(float v) {
  const uint32_t u = (uint32_t)__float_as_int(v);
  return v != v ? ~0u : v == 0 ? 1u << 31 : (u >> 31) ? ~u : u | 1u << 31;
}

static __device__ inline uint64_t ordered(double v) {
  const uint64_t u = (uint64_t)__double_as_longlong(v);
  return v != v ? ~0ULL : v == 0 ? 1ULL << 63 : (u >> 63) ? ~u : u | 1ULL << 63;
}

#endif
