// Activation functions on count elements, F32; gradients from the saved output y.
#include "kernels.cuh"

namespace {

enum Code { RELU, LEAKY_RELU, SIGMOID, TANH };

struct Args {
  int64_t code, count, accumulate, y, x, dy, dx;
  double slope;
};

}  // namespace

#define EACH(expression)                             \
  {                                                  \
    EACH_THREAD(i, k.count) y[i] = (expression);     \
    return;                                          \
  }

//: activation_forward_f32 thread 1
KERNEL(activation_forward_f32)(const Args k) {
  const float* x = (const float*)k.x;
  float* y = (float*)k.y;
  const float slope = (float)k.slope;
  switch (k.code) {
    case RELU: EACH(x[i] > 0 || x[i] != x[i] ? x[i] : 0.0f)
    case LEAKY_RELU: EACH(x[i] > 0 ? x[i] : slope * x[i])
    case SIGMOID: EACH(1 / (1 + expf(-x[i])))
    case TANH: EACH(tanhf(x[i]))
  }
}
#undef EACH

// f'(x) from y; NaN in y stays NaN.
#define EACH(derivative)                                    \
  {                                                         \
    EACH_THREAD(i, k.count) {                               \
      const float g = dy[i] * (derivative);                 \
      dx[i] = k.accumulate ? dx[i] + g : g;                 \
    }                                                       \
    return;                                                 \
  }

//: activation_backward_f32 thread 1
KERNEL(activation_backward_f32)(const Args k) {
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
