// Gradients of activation functions on a range of elements, F32, from the saved output y.
#ifndef BS_ACTIVATION_CUH
#define BS_ACTIVATION_CUH
#include "kernels.cuh"

namespace {

enum ActivationCode { RELU, LEAKY_RELU, SIGMOID, TANH };

struct ActivationArgs {
  int64_t code, count, accumulate, y, x, dy, dx;
  double slope;
};

// f'(x) from y; NaN in y stays NaN.
#define EACH(derivative)                                    \
  {                                                         \
    EACH_OF(i, r) {                               \
      const float g = dy[i] * (derivative);                 \
      dx[i] = k.accumulate ? dx[i] + g : g;                 \
    }                                                       \
    return;                                                 \
  }

__device__ inline void activation_backward_of(const ActivationArgs& k, Range r) {
  const float* y = (const float*)k.y;
  const float* dy = (const float*)k.dy;
  float* dx = (float*)k.dx;
  const float slope = (float)k.slope;
  switch (k.code) {
    case RELU: EACH(y[i] > 0 ? 1.0f : y[i] != y[i] ? y[i] : 0.0f)
    case LEAKY_RELU: EACH(y[i] > 0 ? 1.0f : y[i] != y[i] ? y[i] : slope)
    case SIGMOID: EACH(y[i] * (1 - y[i]))
    case TANH: EACH(1 - y[i] * y[i])
  }
}
#undef EACH

}  // namespace

#endif
