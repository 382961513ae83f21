// The step of the iterated fast gradient sign method on one row, by a block.
#ifndef BS_ROWS_STEP_CUH
#define BS_ROWS_STEP_CUH
#include "reduce.cuh"
#include "rows.cuh"

namespace {

template <class T>
__device__ void sign_step_row(const SignStepArgs& k, int64_t i) {
  const T* centre = (const T*)k.centre + i * k.length;
  const T* x = (const T*)k.x + i * k.length;
  const T* g = (const T*)k.g + i * k.length;
  T* z = (T*)k.z + i * k.length;
  const T radius = ((const T*)k.radius)[i], low = (T)k.low, high = (T)k.high;
  T most_here = 0;
  EACH_OF_BLOCK(j, k.length) most_here = greater(most_here, magnitude(g[j]));
  const T size = block_max(most_here);
  if (threadIdx.x == 0) ((T*)k.size)[i] = size;
  const T up = size < (T)infinity() ? (T)k.alpha : T(0);
  EACH_OF_BLOCK(j, k.length) {
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

__device__ inline void sign_step_of(const SignStepArgs& k, int64_t i) {
  k.type == F32 ? sign_step_row<float>(k, i) : sign_step_row<double>(k, i);
}

}  // namespace

#endif
