// Batch norm, local response norm, contrast norm, softmax; F32.
#include "level.h"
#include "expf.h"
#include "floats.h"
#include "power.h"
#include "softmax.h"

namespace {

const int LANES = 16;

// Sum of f(j), j = 0..count-1, in double.
template <class F>
inline double sum(int64_t count, const F& f) {
  double lanes[LANES] = {};
  int64_t j = 0;
  for (; j + LANES <= count; j += LANES) {
    for (int l = 0; l < LANES; l++) lanes[l] += f(j + l);
  }
  for (; j < count; j++) lanes[0] += f(j);
  double total = 0;
  for (int l = 0; l < LANES; l++) total += lanes[l];
  return total;
}

inline void give(float* dx, int64_t i, float g, bool accumulate) { dx[i] = accumulate ? dx[i] + g : g; }

// ---- Batch norm: x [n,c,spatial]; one channel a task

struct BatchNormArgs {
  int64_t n, c, spatial, accumulate;
  double epsilon, momentum;
  int64_t x, gamma, beta, mean, variance, saved_mean, saved_inverse, y;
  int64_t residual, flag;  // flag: of training; forward: a ReLU follows; backward: dy is masked in place
  int64_t dy, dx, dgamma, dbeta;
};

inline float* line(int64_t base, const BatchNormArgs& g, int64_t i, int64_t c) {
  return (float*)base + (i * g.c + c) * g.spatial;
}

inline float at(int64_t base, int64_t c) { return ((const float*)base)[c]; }

inline double inverse(const BatchNormArgs& g, double variance) { return 1 / __builtin_sqrt(variance + g.epsilon); }

// y = (x - m) a + b on a channel, with residual and ReLU behind it
void scale_shift(const BatchNormArgs& g, int64_t c, double mean, double scale, double shift) {
  for (int64_t i = 0; i < g.n; i++) {
    const float* x = line(g.x, g, i, c);
    const float* r = g.residual ? line(g.residual, g, i, c) : 0;
    float* y = line(g.y, g, i, c);
    const float m = (float)mean, a = (float)scale, b = (float)shift;
    for (int64_t j = 0; j < g.spatial; j += WIDTH) {
      const int64_t left = g.spatial - j;
      Floats v = (floats(x + j, left) - m) * a + b;
      if (r) v += floats(r + j, left);
      if (g.flag) v = rectified(v);
      store(y + j, v, left);
    }
  }
}

void inference_range(const void* raw, int64_t from, int64_t to) {
  const BatchNormArgs& g = *(const BatchNormArgs*)raw;
  for (int64_t c = from; c < to; c++) {
    scale_shift(g, c, at(g.mean, c), at(g.gamma, c) * inverse(g, at(g.variance, c)), at(g.beta, c));
  }
}

inline void move(int64_t base, int64_t c, double momentum, double batch) {
  float* running = (float*)base;
  running[c] = (float)((1 - momentum) * running[c] + momentum * batch);
}

void training_range(const void* raw, int64_t from, int64_t to) {
  const BatchNormArgs& g = *(const BatchNormArgs*)raw;
  double count = (double)(g.n * g.spatial);
  for (int64_t c = from; c < to; c++) {
    double total = 0, squares = 0;
    for (int64_t i = 0; i < g.n; i++) {
      const float* x = line(g.x, g, i, c);
      total += sum(g.spatial, [=](int64_t j) { return (double)x[j]; });
    }
    double mean = total / count;
    for (int64_t i = 0; i < g.n; i++) {
      const float* x = line(g.x, g, i, c);
      squares += sum(g.spatial, [=](int64_t j) { return (x[j] - mean) * (x[j] - mean); });
    }
    double inv = inverse(g, squares / count);
    ((float*)g.saved_mean)[c] = (float)mean;
    ((float*)g.saved_inverse)[c] = (float)inv;
    move(g.mean, c, g.momentum, mean);
    move(g.variance, c, g.momentum, squares / (count > 1 ? count - 1 : 1));
    scale_shift(g, c, mean, at(g.gamma, c) * inv, at(g.beta, c));
  }
}

void data_inference_range(const void* raw, int64_t from, int64_t to) {
  const BatchNormArgs& g = *(const BatchNormArgs*)raw;
  for (int64_t c = from; c < to; c++) {
    float a = (float)(at(g.gamma, c) * inverse(g, at(g.variance, c)));
    for (int64_t i = 0; i < g.n; i++) {
      const float* dy = line(g.dy, g, i, c);
      float* dx = line(g.dx, g, i, c);
      _Pragma("GCC ivdep") for (int64_t j = 0; j < g.spatial; j++) give(dx, j, dy[j] * a, g.accumulate);
    }
  }
}

// What counts of dy: 0 where a ReLU gave y = 0.
inline float counts(const float* y, const float* dy, int64_t j) {
  return y ? dy[j] * (y[j] > 0 ? 1 : y[j] != y[j] ? y[j] : 0) : dy[j];
}

// Puts what counts into dy, if that is wanted, and forgets y.
void mask_gradient(BatchNormArgs* g, int64_t from, int64_t to) {
  if (!g->y || !g->flag) return;
  for (int64_t c = from; c < to; c++) {
    for (int64_t i = 0; i < g->n; i++) {
      const float* y = line(g->y, *g, i, c);
      float* dy = line(g->dy, *g, i, c);
      _Pragma("GCC ivdep") for (int64_t j = 0; j < g->spatial; j++) dy[j] = counts(y, dy, j);
    }
  }
  g->y = 0;
}

// sum dy xhat and sum dy of a channel
void sums(const BatchNormArgs& g, int64_t c, double mean, double inv, double* products, double* plain) {
  *products = *plain = 0;
  for (int64_t i = 0; i < g.n; i++) {
    const float* x = line(g.x, g, i, c);
    const float* y = g.y ? line(g.y, g, i, c) : 0;
    const float* dy = line(g.dy, g, i, c);
    *products += inv * sum(g.spatial, [=](int64_t j) { return counts(y, dy, j) * (x[j] - mean); });
    *plain += sum(g.spatial, [=](int64_t j) { return (double)counts(y, dy, j); });
  }
}

void weights_range(const void* raw, int64_t from, int64_t to) {
  const BatchNormArgs& g = *(const BatchNormArgs*)raw;
  for (int64_t c = from; c < to; c++) {
    double products, plain;
    sums(g, c, at(g.mean, c), inverse(g, at(g.variance, c)), &products, &plain);
    give((float*)g.dgamma, c, (float)products, g.accumulate);
    give((float*)g.dbeta, c, (float)plain, g.accumulate);
  }
}

void backward_training_range(const void* raw, int64_t from, int64_t to) {
  BatchNormArgs g = *(const BatchNormArgs*)raw;
  mask_gradient(&g, from, to);
  double count = (double)(g.n * g.spatial);
  for (int64_t c = from; c < to; c++) {
    double products, plain, mean = at(g.saved_mean, c), inv = at(g.saved_inverse, c);
    sums(g, c, mean, inv, &products, &plain);
    // dx = gamma inv (dy - mean(dy) - xhat mean(dy xhat)) = a dy + b (x - mean) + e
    double scale = at(g.gamma, c) * inv;
    float a = (float)scale, b = (float)(-scale * inv * products / count), e = (float)(-scale * plain / count);
    float m = (float)mean;
    for (int64_t i = 0; i < g.n; i++) {
      const float* x = line(g.x, g, i, c);
      const float* y = g.y ? line(g.y, g, i, c) : 0;
      const float* dy = line(g.dy, g, i, c);
      float* dx = line(g.dx, g, i, c);
      _Pragma("GCC ivdep") for (int64_t j = 0; j < g.spatial; j++) {
        give(dx, j, a * counts(y, dy, j) + b * (x[j] - m) + e, g.accumulate);
      }
    }
    give((float*)g.dgamma, c, (float)products, g.accumulate);
    give((float*)g.dbeta, c, (float)plain, g.accumulate);
  }
}

template <void (*range)(const void*, int64_t, int64_t)>
void by_channels(bs_context* ctx, const void* args) {
  const BatchNormArgs& g = *(const BatchNormArgs*)args;
  bs_parallel_ranges(ctx, g.c, 16384 / (g.n * g.spatial) + 1, range, args);
}

// ---- Local response norm: x [n,c,spatial]; base = bias + alpha/size sum of squares of the window

struct LrnArgs {
  int64_t n, c, spatial, size, accumulate;
  double alpha, beta, bias;
  int64_t x, y, dy, dx;
};

inline int64_t first(const LrnArgs& g, int64_t c) { return c - (g.size - 1) / 2 > 0 ? c - (g.size - 1) / 2 : 0; }

inline int64_t last(const LrnArgs& g, int64_t c) { return c + g.size / 2 < g.c - 1 ? c + g.size / 2 : g.c - 1; }

const int64_t TILE = 64;  // positions handled together

// base of channel c at positions p..p+width-1 of an image
inline void bases(const LrnArgs& g, const float* x, int64_t c, int64_t p, int64_t width, double* base) {
  for (int64_t t = 0; t < width; t++) base[t] = 0;
  for (int64_t j = first(g, c); j <= last(g, c); j++) {
    const float* v = x + j * g.spatial + p;
    for (int64_t t = 0; t < width; t++) base[t] += (double)v[t] * v[t];
  }
  for (int64_t t = 0; t < width; t++) base[t] = g.bias + g.alpha / (double)g.size * base[t];
}

void lrn_forward_range(const void* raw, int64_t from, int64_t to) {
  const LrnArgs& g = *(const LrnArgs*)raw;
  double base[TILE];
  for (int64_t i = from; i < to; i++) {
    const float* x = (const float*)g.x + i * g.c * g.spatial;
    float* y = (float*)g.y + i * g.c * g.spatial;
    for (int64_t p = 0; p < g.spatial; p += TILE) {
      int64_t width = g.spatial - p < TILE ? g.spatial - p : TILE;
      for (int64_t c = 0; c < g.c; c++) {
        bases(g, x, c, p, width, base);
        for (int64_t t = 0; t < width; t++) {
          int64_t k = c * g.spatial + p + t;
          y[k] = (float)(x[k] * bs_pow(base[t], -g.beta));
        }
      }
    }
  }
}

// dx_j = dy_j base_j^-beta - 2 alpha beta/size x_j sum over windows i holding j of dy_i x_i base_i^(-beta-1)
void lrn_backward_range(const void* raw, int64_t from, int64_t to) {
  const LrnArgs& g = *(const LrnArgs*)raw;
  double base[TILE], total[TILE];
  double factor = 2 * g.alpha * g.beta / (double)g.size;
  for (int64_t i = from; i < to; i++) {
    int64_t image = i * g.c * g.spatial;
    const float* x = (const float*)g.x + image;
    const float* dy = (const float*)g.dy + image;
    float* dx = (float*)g.dx + image;
    for (int64_t p = 0; p < g.spatial; p += TILE) {
      int64_t width = g.spatial - p < TILE ? g.spatial - p : TILE;
      for (int64_t j = 0; j < g.c; j++) {
        for (int64_t t = 0; t < width; t++) total[t] = 0;
        // Windows that hold j: the mirror image of the window of j.
        int64_t low = j - g.size / 2 > 0 ? j - g.size / 2 : 0;
        int64_t high = j + (g.size - 1) / 2 < g.c - 1 ? j + (g.size - 1) / 2 : g.c - 1;
        for (int64_t c = low; c <= high; c++) {
          bases(g, x, c, p, width, base);
          for (int64_t t = 0; t < width; t++) {
            int64_t k = c * g.spatial + p + t;
            total[t] += (double)dy[k] * x[k] * bs_pow(base[t], -g.beta - 1);
          }
        }
        bases(g, x, j, p, width, base);
        for (int64_t t = 0; t < width; t++) {
          int64_t k = j * g.spatial + p + t;
          give(dx, k, (float)(dy[k] * bs_pow(base[t], -g.beta) - factor * x[k] * total[t]), g.accumulate);
        }
      }
    }
  }
}

template <void (*range)(const void*, int64_t, int64_t)>
void lrn(bs_context* ctx, const void* args) {
  bs_parallel_ranges(ctx, ((const LrnArgs*)args)->n, 1, range, args);
}

// ---- Contrast norm of rows: y = x (epsilon + ||x||^2)^-gamma

struct ContrastArgs {
  int64_t n, length, accumulate;
  double epsilon, gamma;
  int64_t x, y, dy, dx;
};

void contrast_forward_range(const void* raw, int64_t from, int64_t to) {
  const ContrastArgs& g = *(const ContrastArgs*)raw;
  for (int64_t i = from; i < to; i++) {
    const float* x = (const float*)g.x + i * g.length;
    float* y = (float*)g.y + i * g.length;
    double base = g.epsilon + sum(g.length, [=](int64_t j) { return (double)x[j] * x[j]; });
    double scale = bs_pow(base, -g.gamma);
    for (int64_t j = 0; j < g.length; j++) y[j] = (float)(x[j] * scale);
  }
}

void contrast_backward_range(const void* raw, int64_t from, int64_t to) {
  const ContrastArgs& g = *(const ContrastArgs*)raw;
  for (int64_t i = from; i < to; i++) {
    const float* x = (const float*)g.x + i * g.length;
    const float* dy = (const float*)g.dy + i * g.length;
    float* dx = (float*)g.dx + i * g.length;
    double base = g.epsilon + sum(g.length, [=](int64_t j) { return (double)x[j] * x[j]; });
    double dot = sum(g.length, [=](int64_t j) { return (double)x[j] * dy[j]; });
    double scale = bs_pow(base, -g.gamma), radial = 2 * g.gamma * dot / base;
    for (int64_t j = 0; j < g.length; j++) give(dx, j, (float)(scale * (dy[j] - radial * x[j])), g.accumulate);
  }
}

template <void (*range)(const void*, int64_t, int64_t)>
void contrast(bs_context* ctx, const void* args) {
  const ContrastArgs& g = *(const ContrastArgs*)args;
  bs_parallel_ranges(ctx, g.n, 16384 / g.length + 1, range, args);
}

// ---- Softmax along rows

struct SoftmaxArgs {
  int64_t n, length, log, accumulate, x, y, dy, dx;
};

void softmax_forward_range(const void* raw, int64_t from, int64_t to) {
  const SoftmaxArgs& g = *(const SoftmaxArgs*)raw;
  for (int64_t i = from; i < to; i++) {
    const float* x = (const float*)g.x + i * g.length;
    float* y = (float*)g.y + i * g.length;
    const Exponentials e = exponentials(x, g.length, g.log ? nullptr : y);
    if (g.log) {
      float shift = (float)(e.total != e.total ? e.total : bs_log(e.total));
      _Pragma("GCC ivdep") for (int64_t j = 0; j < g.length; j++) y[j] = x[j] - e.max - shift;
    } else {
      scale(y, g.length, (float)(1 / e.total));
    }
  }
}

// dx = y (dy - y.dy), or dy - exp(y) sum(dy) for the logarithm
void softmax_backward_range(const void* raw, int64_t from, int64_t to) {
  const SoftmaxArgs& g = *(const SoftmaxArgs*)raw;
  for (int64_t i = from; i < to; i++) {
    const float* y = (const float*)g.y + i * g.length;
    const float* dy = (const float*)g.dy + i * g.length;
    float* dx = (float*)g.dx + i * g.length;
    bool log = g.log;
    float total = (float)sum(g.length, [=](int64_t j) { return log ? (double)dy[j] : (double)y[j] * dy[j]; });
    if (log) {
      for (int64_t j = 0; j < g.length; j++) give(dx, j, dy[j] - bs_expf(y[j]) * total, g.accumulate);
    } else {
      for (int64_t j = 0; j < g.length; j++) give(dx, j, y[j] * (dy[j] - total), g.accumulate);
    }
  }
}

template <void (*range)(const void*, int64_t, int64_t)>
void softmax(bs_context* ctx, const void* args) {
  const SoftmaxArgs& g = *(const SoftmaxArgs*)args;
  bs_parallel_ranges(ctx, g.n, 4096 / g.length + 1, range, args);
}

}  // namespace

BS_TABLE(normalise){
    {"batch_norm_inference_f32", by_channels<inference_range>},
    {"batch_norm_training_f32", by_channels<training_range>},
    {"batch_norm_data_inference_f32", by_channels<data_inference_range>},
    {"batch_norm_weights_inference_f32", by_channels<weights_range>},
    {"batch_norm_backward_training_f32", by_channels<backward_training_range>},
    {"lrn_forward_f32", lrn<lrn_forward_range>},
    {"lrn_backward_f32", lrn<lrn_backward_range>},
    {"contrast_forward_f32", contrast<contrast_forward_range>},
    {"contrast_backward_f32", contrast<contrast_backward_range>},
    {"softmax_forward_f32", softmax<softmax_forward_range>},
    {"softmax_backward_f32", softmax<softmax_backward_range>},
    {nullptr, nullptr},
};
