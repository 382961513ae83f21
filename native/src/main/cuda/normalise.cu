// Batch norm, local response norm, contrast norm, softmax; F32.
#include "reduce.cuh"

namespace {

__device__ inline void give(float* dx, int64_t i, float g, int64_t accumulate) { dx[i] = accumulate ? dx[i] + g : g; }

// ---- Batch norm: x [n,c,spatial]

struct BatchNormForward {
  int64_t n, c, spatial, accumulate;
  double epsilon, momentum;
  int64_t x, gamma, beta, mean, variance, saved_mean, saved_inverse, y;
  int64_t residual, flag;  // flag: of training; forward: a ReLU follows; backward: dy is masked in place
};

struct BatchNormBackward : BatchNormForward {
  int64_t dy, dx, dgamma, dbeta;
};

__device__ inline float at(int64_t base, int64_t c) { return ((const float*)base)[c]; }

__device__ inline double inverse(const BatchNormForward& k, double variance) { return 1 / sqrt(variance + k.epsilon); }

// f(element) for each element of a channel.
template <class F>
__device__ void each_of_channel(const BatchNormForward& k, int64_t c, const F& f) {
  EACH_OF_BLOCK(t, k.n * k.spatial) {
    const int64_t i = quotient(t, k.spatial);
    f((i * k.c + c) * k.spatial + (t - i * k.spatial));
  }
}

__device__ inline void move(int64_t base, int64_t c, double momentum, double batch) {
  float* running = (float*)base;
  running[c] = (float)((1 - momentum) * running[c] + momentum * batch);
}

// What counts of dy: 0 where a ReLU gave y = 0.
__device__ inline float counts(const BatchNormBackward& k, int64_t j) {
  const float dy = ((const float*)k.dy)[j];
  if (!k.y) return dy;
  const float y = ((const float*)k.y)[j];
  return dy * (y > 0 ? 1.0f : y != y ? y : 0.0f);
}

// sum dy xhat and sum dy of a channel
__device__ void sums(const BatchNormBackward& k, int64_t c, double mean, double inv, double (&s)[2]) {
  const float* x = (const float*)k.x;
  const bool keeps = k.y && k.flag;
  double products = 0, plain = 0;
  each_of_channel(k, c, [&](int64_t j) {
    const float g = counts(k, j);
    if (keeps) ((float*)k.dy)[j] = g;
    products += g * (x[j] - mean);
    plain += g;
  });
  s[0] = products * inv;
  s[1] = plain;
  block_sums(s);
}

// ---- Local response norm: x [n,c,spatial]; base = bias + alpha/size sum of squares of the window

struct LrnArgs {
  int64_t n, c, spatial, size, accumulate;
  double alpha, beta, bias;
  int64_t x, y, dy, dx;
};

// base of channel c; x at channel 0 of the position
__device__ inline double base(const LrnArgs& k, const float* x, int64_t c) {
  const int64_t low = c - (k.size - 1) / 2 > 0 ? c - (k.size - 1) / 2 : 0;
  const int64_t high = c + k.size / 2 < k.c - 1 ? c + k.size / 2 : k.c - 1;
  double squares = 0;
  for (int64_t j = low; j <= high; j++) {
    const double v = x[j * k.spatial];
    squares += v * v;
  }
  return k.bias + k.alpha / (double)k.size * squares;
}

// ---- Contrast norm of rows: y = x (epsilon + ||x||^2)^-gamma

struct ContrastArgs {
  int64_t n, length, accumulate;
  double epsilon, gamma;
  int64_t x, y, dy, dx;
};

// ---- Softmax along rows

struct SoftmaxArgs {
  int64_t n, length, log, accumulate, x, y, dy, dx;
};

}  // namespace

// A block a plane [spatial].
//: batch_norm_inference_f32 block 0 1
KERNEL(batch_norm_inference_f32)(const BatchNormForward k) {
  EACH_BLOCK(plane, k.n * k.c) {
    const int64_t c = plane - quotient(plane, k.c) * k.c;
    const float mean = at(k.mean, c), shift = at(k.beta, c);
    const float scale = (float)(at(k.gamma, c) * inverse(k, at(k.variance, c)));
    const float* x = (const float*)k.x + plane * k.spatial;
    float* y = (float*)k.y + plane * k.spatial;
    EACH_OF_BLOCK(j, k.spatial) y[j] = (x[j] - mean) * scale + shift;
  }
}

// A block a channel.
//: batch_norm_training_f32 block 1
KERNEL(batch_norm_training_f32)(const BatchNormForward k) {
  const double count = (double)(k.n * k.spatial);
  const float* x = (const float*)k.x;
  float* y = (float*)k.y;
  EACH_BLOCK(c, k.c) {
    double total = 0;
    each_of_channel(k, c, [&](int64_t j) { total += x[j]; });
    const double mean = block_sum(total) / count;
    double squares = 0;
    each_of_channel(k, c, [&](int64_t j) { squares += (x[j] - mean) * (x[j] - mean); });
    squares = block_sum(squares);
    const double inv = inverse(k, squares / count);
    if (threadIdx.x == 0) {
      ((float*)k.saved_mean)[c] = (float)mean;
      ((float*)k.saved_inverse)[c] = (float)inv;
      move(k.mean, c, k.momentum, mean);
      move(k.variance, c, k.momentum, squares / (count > 1 ? count - 1 : 1));
    }
    const float m = (float)mean, scale = (float)(at(k.gamma, c) * inv), shift = at(k.beta, c);
    const float* residual = (const float*)k.residual;
    each_of_channel(k, c, [&](int64_t j) {
      float v = (x[j] - m) * scale + shift;
      if (residual) v += residual[j];
      y[j] = !k.flag || v > 0 || v != v ? v : 0;
    });
  }
}

//: batch_norm_data_inference_f32 block 0 1
KERNEL(batch_norm_data_inference_f32)(const BatchNormBackward k) {
  EACH_BLOCK(plane, k.n * k.c) {
    const int64_t c = plane - quotient(plane, k.c) * k.c;
    const float scale = (float)(at(k.gamma, c) * inverse(k, at(k.variance, c)));
    const float* dy = (const float*)k.dy + plane * k.spatial;
    float* dx = (float*)k.dx + plane * k.spatial;
    EACH_OF_BLOCK(j, k.spatial) give(dx, j, dy[j] * scale, k.accumulate);
  }
}

//: batch_norm_weights_inference_f32 block 1
KERNEL(batch_norm_weights_inference_f32)(const BatchNormBackward k) {
  EACH_BLOCK(c, k.c) {
    double s[2];
    sums(k, c, at(k.mean, c), inverse(k, at(k.variance, c)), s);
    if (threadIdx.x == 0) {
      give((float*)k.dgamma, c, (float)s[0], k.accumulate);
      give((float*)k.dbeta, c, (float)s[1], k.accumulate);
    }
  }
}

// dx = gamma inv (dy - mean(dy) - xhat mean(dy xhat)) = a dy + b (x - mean) + e
//: batch_norm_backward_training_f32 block 1
KERNEL(batch_norm_backward_training_f32)(const BatchNormBackward k) {
  const double count = (double)(k.n * k.spatial);
  const float* x = (const float*)k.x;
  float* dx = (float*)k.dx;
  EACH_BLOCK(c, k.c) {
    const double mean = at(k.saved_mean, c), inv = at(k.saved_inverse, c);
    double s[2];
    sums(k, c, mean, inv, s);
    const double scale = at(k.gamma, c) * inv;
    const float a = (float)scale, b = (float)(-scale * inv * s[0] / count), e = (float)(-scale * s[1] / count);
    const float m = (float)mean;
    // What is masked in place is masked again, which changes nothing: each thread its own elements.
    each_of_channel(k, c, [&](int64_t j) { give(dx, j, a * counts(k, j) + b * (x[j] - m) + e, k.accumulate); });
    if (threadIdx.x == 0) {
      give((float*)k.dgamma, c, (float)s[0], k.accumulate);
      give((float*)k.dbeta, c, (float)s[1], k.accumulate);
    }
  }
}

//: lrn_forward_f32 thread 0 1 2
KERNEL(lrn_forward_f32)(const LrnArgs k) {
  EACH_THREAD(t, k.n * k.c * k.spatial) {
    const int64_t plane = quotient(t, k.spatial), c = plane - quotient(plane, k.c) * k.c;
    const float* x = (const float*)k.x + (t - c * k.spatial);
    ((float*)k.y)[t] = (float)(x[c * k.spatial] * pow(base(k, x, c), -k.beta));
  }
}

// dx_j = dy_j base_j^-beta - 2 alpha beta/size x_j sum over windows i holding j of dy_i x_i base_i^(-beta-1)
//: lrn_backward_f32 thread 0 1 2
KERNEL(lrn_backward_f32)(const LrnArgs k) {
  const double factor = 2 * k.alpha * k.beta / (double)k.size;
  EACH_THREAD(t, k.n * k.c * k.spatial) {
    const int64_t plane = quotient(t, k.spatial), j = plane - quotient(plane, k.c) * k.c;
    const float* x = (const float*)k.x + (t - j * k.spatial);
    const float* dy = (const float*)k.dy + (t - j * k.spatial);
    // Windows that hold j: the mirror image of the window of j.
    const int64_t low = j - k.size / 2 > 0 ? j - k.size / 2 : 0;
    const int64_t high = j + (k.size - 1) / 2 < k.c - 1 ? j + (k.size - 1) / 2 : k.c - 1;
    double total = 0, own = 0;
    for (int64_t c = low; c <= high; c++) {
      const int64_t at = c * k.spatial;
      const double b = base(k, x, c), power = pow(b, -k.beta);
      total += (double)dy[at] * x[at] * (power / b);
      if (c == j) own = dy[at] * power;
    }
    give((float*)k.dx, t, (float)(own - factor * x[j * k.spatial] * total), k.accumulate);
  }
}

//: contrast_forward_f32 block 0
KERNEL(contrast_forward_f32)(const ContrastArgs k) {
  EACH_BLOCK(i, k.n) {
    const float* x = (const float*)k.x + i * k.length;
    float* y = (float*)k.y + i * k.length;
    double squares = 0;
    EACH_OF_BLOCK(j, k.length) squares += (double)x[j] * x[j];
    const double scale = pow(k.epsilon + block_sum(squares), -k.gamma);
    EACH_OF_BLOCK(j, k.length) y[j] = (float)(x[j] * scale);
  }
}

//: contrast_backward_f32 block 0
KERNEL(contrast_backward_f32)(const ContrastArgs k) {
  EACH_BLOCK(i, k.n) {
    const float* x = (const float*)k.x + i * k.length;
    const float* dy = (const float*)k.dy + i * k.length;
    float* dx = (float*)k.dx + i * k.length;
    double s[2] = {0, 0};
    EACH_OF_BLOCK(j, k.length) {
      s[0] += (double)x[j] * x[j];
      s[1] += (double)x[j] * dy[j];
    }
    block_sums(s);
    const double base = k.epsilon + s[0], scale = pow(base, -k.gamma), radial = 2 * k.gamma * s[1] / base;
    EACH_OF_BLOCK(j, k.length) give(dx, j, (float)(scale * (dy[j] - radial * x[j])), k.accumulate);
  }
}

//: softmax_forward_f32 block 0
KERNEL(softmax_forward_f32)(const SoftmaxArgs k) {
  EACH_BLOCK(i, k.n) {
    const float* x = (const float*)k.x + i * k.length;
    float* y = (float*)k.y + i * k.length;
    float max = -(float)infinity();
    EACH_OF_BLOCK(j, k.length) max = greater(max, x[j]);
    max = block_max(max);
    double total = 0;
    EACH_OF_BLOCK(j, k.length) total += expf(x[j] - max);
    total = block_sum(total);
    if (k.log) {
      const float shift = (float)log(total);
      EACH_OF_BLOCK(j, k.length) y[j] = x[j] - max - shift;
    } else {
      const float scale = (float)(1 / total);
      EACH_OF_BLOCK(j, k.length) y[j] = expf(x[j] - max) * scale;
    }
  }
}

// dx = y (dy - y.dy), or dy - exp(y) sum(dy) for the logarithm
//: softmax_backward_f32 block 0
KERNEL(softmax_backward_f32)(const SoftmaxArgs k) {
  EACH_BLOCK(i, k.n) {
    const float* y = (const float*)k.y + i * k.length;
    const float* dy = (const float*)k.dy + i * k.length;
    float* dx = (float*)k.dx + i * k.length;
    double sum = 0;
    EACH_OF_BLOCK(j, k.length) sum += k.log ? (double)dy[j] : (double)y[j] * dy[j];
    const float total = (float)block_sum(sum);
    if (k.log) {
      EACH_OF_BLOCK(j, k.length) give(dx, j, dy[j] - expf(y[j]) * total, k.accumulate);
    } else {
      EACH_OF_BLOCK(j, k.length) give(dx, j, y[j] * (dy[j] - total), k.accumulate);
    }
  }
}
