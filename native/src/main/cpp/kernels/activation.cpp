// Activation functions on count elements, F32; gradients from the saved output y.
#include "level.h"
#include "expf.h"

namespace {

enum Code { RELU, LEAKY_RELU, SIGMOID, TANH };

struct Args {
  int64_t code, count, accumulate, y, x, dy, dx;
  double slope;
};

const int64_t GRAIN = 16384;  // elements for which waking a thread pays

inline float leaky(float x, float s) { return x > 0 ? x : s * x; }

// tanh x = sign(x) (1 - e) / (1 + e), e = exp(-2|x|); near 0 its series, where 1 - e cancels.
inline float tanhf_(float x) {
  float m = __builtin_fabsf(x);
  float e = bs_expf(-2 * m);
  float t = (1 - e) / (1 + e);
  float s = x * x;
  float p = x * (1 + s * (-1.0f / 3 + s * (2.0f / 15 + s * (-17.0f / 315 + s * (62.0f / 2835)))));
  return m < 0.3f ? p : x != x ? x : __builtin_copysignf(t, x);
}

#define EACH(value) \
  _Pragma("GCC ivdep") for (int64_t i = from; i < to; i++) y[i] = value; \
  return;

void forward_range(const void* raw, int64_t from, int64_t to) {
  const Args& k = *(const Args*)raw;
  const float* x = (const float*)k.x;
  float* y = (float*)k.y;
  float slope = (float)k.slope;
  switch (k.code) {
    case RELU: EACH(x[i] > 0 || x[i] != x[i] ? x[i] : 0.0f)
    case LEAKY_RELU: EACH(leaky(x[i], slope))
    case SIGMOID: EACH(1 / (1 + bs_expf(-x[i])))
    case TANH: EACH(tanhf_(x[i]))
  }
}
#undef EACH

// f'(x) from y; NaN in y stays NaN.
#define EACH(derivative)                                                       \
  if (k.accumulate) {                                                          \
    _Pragma("GCC ivdep") for (int64_t i = from; i < to; i++) dx[i] += dy[i] * (derivative); \
  } else {                                                                     \
    _Pragma("GCC ivdep") for (int64_t i = from; i < to; i++) dx[i] = dy[i] * (derivative);  \
  }                                                                            \
  return;

void backward_range(const void* raw, int64_t from, int64_t to) {
  const Args& k = *(const Args*)raw;
  const float* y = (const float*)k.y;
  const float* dy = (const float*)k.dy;
  float* dx = (float*)k.dx;
  float slope = (float)k.slope;
  switch (k.code) {
    case RELU: EACH(y[i] > 0 ? 1.0f : y[i] != y[i] ? y[i] : 0.0f)
    case LEAKY_RELU: EACH(y[i] > 0 ? 1.0f : y[i] != y[i] ? y[i] : slope)
    case SIGMOID: EACH(y[i] * (1 - y[i]))
    case TANH: EACH(1 - y[i] * y[i])
  }
}
#undef EACH

void forward(bs_context* ctx, const void* args) {
  bs_parallel_ranges(ctx, ((const Args*)args)->count, GRAIN, forward_range, args);
}

void backward(bs_context* ctx, const void* args) {
  bs_parallel_ranges(ctx, ((const Args*)args)->count, GRAIN, backward_range, args);
}

}  // namespace

BS_TABLE(activation){
    {"activation_forward_f32", forward},
    {"activation_backward_f32", backward},
    {nullptr, nullptr},
};
