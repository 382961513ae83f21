// The ReLU mask of a gradient that a library formed, and its sum with what was there, on a range.
#ifndef BS_GRADIENT_MASK_CUH
#define BS_GRADIENT_MASK_CUH
#include "kernels.cuh"

namespace {

struct GradientMaskArgs {
  int64_t count, accumulate, mask, fresh, dx;
};

// mask > 0 keeps, NaN in the mask is handed on.
template <class T>
__device__ void mask_gradient(const GradientMaskArgs& k, Range r) {
  const T* mask = (const T*)k.mask;
  const T* fresh = (const T*)k.fresh;
  T* dx = (T*)k.dx;
  EACH_OF(j, r) {
    const T g = !mask || mask[j] > 0 ? fresh[j] : mask[j] != mask[j] ? mask[j] : 0;
    dx[j] = k.accumulate ? dx[j] + g : g;
  }
}

}  // namespace

#endif
