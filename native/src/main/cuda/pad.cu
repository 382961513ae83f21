// Images with zeros around them, for libraries that pad the same on both sides only, and what comes
// back from them: gradients cut out, masked, added.
#include "kernels.cuh"

namespace {

enum Flags { MASK = 8, ACCUMULATE = 16 };  // as kernels/dense.h

struct PadArgs {
  int64_t planes, h, w, paddedH, paddedW, top, left;
  int64_t x, y;
};

struct UnpadArgs {
  int64_t planes, h, w, paddedH, paddedW, top, left, flags;
  int64_t x, mask, y;
};

// x [planes,h,w], y [planes,paddedH,paddedW]
template <class T>
__device__ void pad_of(const PadArgs& k) {
  const T* x = (const T*)k.x;
  T* y = (T*)k.y;
  EACH_THREAD(at, k.planes * k.paddedH * k.paddedW) {
    const int64_t line = quotient(at, k.paddedW), plane = quotient(line, k.paddedH);
    const int64_t i = line - plane * k.paddedH - k.top, j = at - line * k.paddedW - k.left;
    const bool inside = i >= 0 && i < k.h && j >= 0 && j < k.w;
    y[at] = inside ? x[(plane * k.h + i) * k.w + j] : T(0);
  }
}

// mask > 0 keeps, NaN in the mask is handed on.
template <class T>
__device__ T masked(T gradient, T mask) {
  return mask > 0 ? gradient : mask != mask ? mask : T(0);
}

// x [planes,paddedH,paddedW], mask and y [planes,h,w]; without padding y may be x
template <class T>
__device__ void unpad_of(const UnpadArgs& k) {
  const T* x = (const T*)k.x;
  const T* mask = (const T*)k.mask;
  T* y = (T*)k.y;
  EACH_THREAD(at, k.planes * k.h * k.w) {
    const int64_t line = quotient(at, k.w), plane = quotient(line, k.h);
    const int64_t i = line - plane * k.h + k.top, j = at - line * k.w + k.left;
    T v = x[(plane * k.paddedH + i) * k.paddedW + j];
    if (k.flags & MASK) v = masked(v, mask[at]);
    y[at] = k.flags & ACCUMULATE ? y[at] + v : v;
  }
}

}  // namespace

//: pad2d_f32 thread 0 3 4
KERNEL(pad2d_f32)(const PadArgs k) { pad_of<float>(k); }

//: pad2d_f64 thread 0 3 4
KERNEL(pad2d_f64)(const PadArgs k) { pad_of<double>(k); }

//: unpad2d_f32 thread 0 1 2
KERNEL(unpad2d_f32)(const UnpadArgs k) { unpad_of<float>(k); }

//: unpad2d_f64 thread 0 1 2
KERNEL(unpad2d_f64)(const UnpadArgs k) { unpad_of<double>(k); }
