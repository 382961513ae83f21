// Reductions over the 256 threads of a block, in a fixed order; every thread gets the result. All
// threads of the block must call them.
#ifndef BS_REDUCE_CUH
#define BS_REDUCE_CUH
#include "kernels.cuh"

// v joined over the block by a commutative function, as a tree: over each warp, then over warps.
template <class T, class F>
static __device__ inline T block_fold(T v, const F& join) {
  __shared__ T part[8];
  for (int distance = 16; distance > 0; distance /= 2) v = join(v, __shfl_xor_sync(~0u, v, distance));
  __syncthreads();  // the last call's parts have been read
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  return join(join(join(part[0], part[1]), join(part[2], part[3])),
              join(join(part[4], part[5]), join(part[6], part[7])));
}

// COUNT sums at once: each v[k] becomes the block's sum.
template <int COUNT>
static __device__ inline void block_sums(double (&v)[COUNT]) {
  __shared__ double part[COUNT][8];
  for (int k = 0; k < COUNT; k++) {
    for (int distance = 16; distance > 0; distance /= 2) v[k] += __shfl_xor_sync(~0u, v[k], distance);
  }
  __syncthreads();
  if (threadIdx.x % 32 == 0) {
    for (int k = 0; k < COUNT; k++) part[k][threadIdx.x / 32] = v[k];
  }
  __syncthreads();
  for (int k = 0; k < COUNT; k++) {
    const double* p = part[k];
    v[k] = ((p[0] + p[1]) + (p[2] + p[3])) + ((p[4] + p[5]) + (p[6] + p[7]));
  }
}

static __device__ inline double block_sum(double v) {
  double all[1] = {v};
  block_sums(all);
  return all[0];
}

// True if it is true for any thread.
static __device__ inline bool block_any(bool v) {
  return block_fold((int32_t)v, [](int32_t a, int32_t b) { return a | b; }) != 0;
}

// The greater; NaN if either is.
template <class T>
static __device__ inline T greater(T a, T b) {
  return a > b || a != a ? a : b;
}

template <class T>
static __device__ inline T block_max(T v) {
  return block_fold(v, [](T a, T b) { return greater(a, b); });
}

template <class T>
static __device__ inline T block_min(T v) {
  return block_fold(v, [](T a, T b) { return a < b || a != a ? a : b; });
}

#endif
