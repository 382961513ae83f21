// The step of the iterated fast gradient sign method on one row, by a block.
#ifndef BS_ROWS_STEP_CUH
#define BS_ROWS_STEP_CUH
#include "reduce.cuh"
#include "rows.cuh"

namespace {

// The step of a part of row i, whose gradient's largest component is size.
template <class T>
__device__ void sign_step_in(const SignStepArgs& k, int64_t i, T size, Range part) {
  const T* centre = (const T*)k.centre + i * k.length;
  const T* x = (const T*)k.x + i * k.length;
  const T* g = (const T*)k.g + i * k.length;
  T* z = (T*)k.z + i * k.length;
  const T radius = ((const T*)k.radius)[i], low = (T)k.low, high = (T)k.high;
  const T up = size < (T)infinity() ? (T)k.alpha : T(0);
  EACH_OF(j, part) {
    const T s = g[j] > 0 ? up : g[j] < 0 ? -up : T(0);
    const T least = centre[j] - radius, most = centre[j] + radius;
    T y = x[j] + s;
    y = y < least ? least : y;
    y = y > most ? most : y;
    y = y < low ? low : y;
    y = y > high ? high : y;
    z[j] = radius >= 0 ? y : not_a_number(T(0));
  }
}

template <class T>
__device__ void sign_step_row(const SignStepArgs& k, int64_t i) {
  const T* g = (const T*)k.g + i * k.length;
  T most = 0;
  EACH_OF_BLOCK(j, k.length) most = greater(most, magnitude(g[j]));
  const T size = block_max(most);
  if (threadIdx.x == 0) ((T*)k.size)[i] = size;
  sign_step_in(k, i, size, of_block(0, k.length));
}

__device__ inline void sign_step_of(const SignStepArgs& k, int64_t i) {
  k.type == F32 ? sign_step_row<float>(k, i) : sign_step_row<double>(k, i);
}

}  // namespace

#endif
