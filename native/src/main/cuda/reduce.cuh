// Reductions over the 256 threads of a block, in a fixed order; every thread gets the result. All
// threads of the block must call them.
#ifndef BS_REDUCE_CUH
#define BS_REDUCE_CUH
#include "kernels.cuh"

// The sum, as a tree: over each warp, then over the eight warps.
template <class T>
static __device__ inline T block_sum(T v) {
  static __shared__ T part[8];
  for (int distance = 16; distance > 0; distance /= 2) v += __shfl_xor_sync(~0u, v, distance);
  __syncthreads();  // the last call's parts have been read
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
  __syncthreads();
  return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

// True if it is true for any thread.
static __device__ inline bool block_any(bool v) {
  static __shared__ unsigned part[8];
  const unsigned warp = __ballot_sync(~0u, v);
  __syncthreads();
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = warp;
  __syncthreads();
  return (part[0] | part[1] | part[2] | part[3] | part[4] | part[5] | part[6] | part[7]) != 0;
}

#endif
