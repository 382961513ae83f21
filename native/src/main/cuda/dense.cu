// Bias, and what follows a library's product: post-operations, and the ReLU mask of a gradient.
#include "gradient_mask.cuh"
#include "reduce.cuh"

namespace {

struct BiasArgs {
  int64_t n, c, spatial, accumulate, x, b, y;
};

// As PostOps.java and cpp/kernels/dense.h.
enum Flags { BIAS = 1, RESIDUAL = 2, RELU = 4 };

struct PostArgs {
  int64_t n, k, spatial, flags, b, residual, y;
};

// words: of 32 bits, of a row of the bits; a multiple of 4.
struct BitsArgs {
  int64_t n, words, c, mask, bits;
};

// Channel of element j of [n,c,spatial].
__device__ inline int64_t channel(int64_t j, int64_t c, int64_t spatial) {
  const int64_t line = spatial == 1 ? j : quotient(j, spatial);
  return line - quotient(line, c) * c;
}

template <class T>
__device__ void add_bias(const BiasArgs& k) {
  const T* x = (const T*)k.x;
  const T* b = (const T*)k.b;
  T* y = (T*)k.y;
  EACH_THREAD(j, k.n * k.c * k.spatial) y[j] = x[j] + b[channel(j, k.c, k.spatial)];
}

template <class T>
__device__ void sum_channels(const BiasArgs& k) {
  T* db = (T*)k.b;
  EACH_BLOCK(c, k.c) {
    const T* dy = (const T*)k.x + c * k.spatial;
    double s = 0;
    EACH_OF_BLOCK(t, k.n * k.spatial) {
      const int64_t i = quotient(t, k.spatial);
      s += dy[i * k.c * k.spatial + (t - i * k.spatial)];
    }
    s = block_sum(s);
    if (threadIdx.x == 0) db[c] = (T)(k.accumulate ? db[c] + s : s);
  }
}

template <class T>
__device__ void post(const PostArgs& k) {
  const T* b = (const T*)k.b;
  const T* residual = (const T*)k.residual;
  T* y = (T*)k.y;
  EACH_THREAD(j, k.n * k.k * k.spatial) {
    T v = y[j];
    if (k.flags & BIAS) v += b[channel(j, k.k, k.spatial)];
    if (k.flags & RESIDUAL) v += residual[j];
    if (k.flags & RELU) v = v > 0 || v != v ? v : 0;
    y[j] = v;
  }
}

}  // namespace

// x, y [n,c,spatial], b [c]
//: bias_forward_f32 thread 0 1 2
KERNEL(bias_forward_f32)(const BiasArgs k) { add_bias<float>(k); }

//: bias_forward_f64 thread 0 1 2
KERNEL(bias_forward_f64)(const BiasArgs k) { add_bias<double>(k); }

// x holds dy [n,c,spatial], b takes db [c]
//: bias_backward_f32 block 1
KERNEL(bias_backward_f32)(const BiasArgs k) { sum_channels<float>(k); }

//: bias_backward_f64 block 1
KERNEL(bias_backward_f64)(const BiasArgs k) { sum_channels<double>(k); }

// In place on y [n,k,spatial]: + b [k], + residual [n,k,spatial], ReLU, as the flags say. For
// channels last: n times spatial as n, spatial 1.
//: post_f32 thread 0 1 2
KERNEL(post_f32)(const PostArgs k) { post<float>(k); }

//: post_f64 thread 0 1 2
KERNEL(post_f64)(const PostArgs k) { post<double>(k); }

// dx [count] = fresh where mask > 0, else 0, or dx plus that; mask 0: everywhere; fresh may be dx
//: mask_f32 thread 0
KERNEL(mask_f32)(const GradientMaskArgs k) { mask_gradient<float>(k, of_grid(k.count)); }

//: mask_f64 thread 0
KERNEL(mask_f64)(const GradientMaskArgs k) { mask_gradient<double>(k, of_grid(k.count)); }

// bits [n,words] = a bit for each element of mask [n,c], from the lowest on, 1 where it is positive; the rest of a row 0.
// What cublasLt's dReLU epilogue reads, with a leading dimension of 32 words.
//: relu_bits_f32 thread 0 1
KERNEL(relu_bits_f32)(const BitsArgs k) {
  const float* mask = (const float*)k.mask;
  uint32_t* bits = (uint32_t*)k.bits;
  EACH_THREAD(t, k.n * k.words) {
    const int64_t row = quotient(t, k.words), first = (t - row * k.words) * 32;
    uint32_t word = 0;
    for (int64_t j = first; j < k.c && j < first + 32; j++) {
      if (mask[row * k.c + j] > 0) word |= 1u << (j - first);
    }
    bits[t] = word;
  }
}
