// Batch norm, local response norm, contrast norm, softmax.
#include "harness.h"

#include <vector>

namespace {

const double CLOSE = 1e-4;  // values are up to 4 and sums are formed in double

struct Channels {
  int64_t n, c, spatial;

  int64_t all() const { return n * c * spatial; }
  int64_t channel(int64_t i) const { return i / spatial % c; }
};

// Calls f(index) for each element of a channel.
template <class F>
void each_of(const Channels& g, int64_t c, F f) {
  for (int64_t i = 0; i < g.n * g.spatial; i++) f((i / g.spatial * g.c + c) * g.spatial + i % g.spatial);
}

struct Moments {
  double mean, variance;
};

std::vector<Moments> moments(const Channels& g, const Buffer<float>& x) {
  std::vector<Moments> all;
  for (int64_t c = 0; c < g.c; c++) {
    double total = 0, squares = 0;
    each_of(g, c, [&](int64_t i) { total += x[i]; });
    const double mean = total / (double)(g.n * g.spatial);
    each_of(g, c, [&](int64_t i) { squares += (x[i] - mean) * (x[i] - mean); });
    all.push_back({mean, squares / (double)(g.n * g.spatial)});
  }
  return all;
}

void batch_norm(const Channels& g) {
  const double epsilon = 0.5;
  const Buffer<float> x(g.all(), 1), dy(g.all(), 2), gamma(g.c, 3), beta(g.c, 4), before(g.all(), 9);
  Buffer<float> mean(g.c, 5), variance(g.c);
  variance.fill(1.5);
  Buffer<float> y(g.all());
  const auto arguments = [&](const char* name, int64_t accumulate, const Buffer<float>* saved, const Buffer<float>* y,
                             const Buffer<float>* dx, const Buffer<float>* weights) {
    const auto word = [](const Buffer<float>* b) { return b ? Word(*b) : Word(0); };
    call(name, {g.n, g.c, g.spatial, accumulate, epsilon, 0.25, x, gamma, beta, mean, variance, word(saved),
                word(saved ? saved + 1 : nullptr), word(y), 0, 0, dy, word(dx), word(weights),
                word(weights ? weights + 1 : nullptr)});
  };
  arguments("batch_norm_inference_f32", 0, nullptr, &y, nullptr, nullptr);
  y.expect("batch_norm_inference", CLOSE, [&](int64_t i) {
    const int64_t c = g.channel(i);
    return (x[i] - mean[c]) / sqrt(variance[c] + epsilon) * gamma[c] + beta[c];
  });
  for (int64_t accumulate : {0, 1}) {
    Buffer<float> fresh(g.all()), old(g.all(), 9);
    Buffer<float>& dx = accumulate ? old : fresh;
    arguments("batch_norm_data_inference_f32", accumulate, nullptr, nullptr, &dx, nullptr);
    dx.expect("batch_norm_data_inference", CLOSE, [&](int64_t i) {
      const int64_t c = g.channel(i);
      return dy[i] * gamma[c] / sqrt(variance[c] + epsilon) + (accumulate ? before[i] : 0);
    });
  }
  Buffer<float> weights[2] = {Buffer<float>(g.c), Buffer<float>(g.c)};
  arguments("batch_norm_weights_inference_f32", 0, nullptr, nullptr, nullptr, weights);
  weights[1].expect("batch_norm dbeta", CLOSE * (double)(g.n * g.spatial), [&](int64_t c) {
    double total = 0;
    each_of(g, c, [&](int64_t i) { total += dy[i]; });
    return total;
  });
  weights[0].expect_finite("batch_norm dgamma");
  Buffer<float> saved[2] = {Buffer<float>(g.c), Buffer<float>(g.c)}, trained(g.all());
  const Buffer<float> old_mean(g.c, 5);
  const std::vector<Moments> exact = moments(g, x);
  arguments("batch_norm_training_f32", 0, saved, &trained, nullptr, nullptr);
  trained.expect("batch_norm_training", CLOSE, [&](int64_t i) {
    const Moments m = exact[g.channel(i)];
    return (x[i] - m.mean) / sqrt(m.variance + epsilon) * gamma[g.channel(i)] + beta[g.channel(i)];
  });
  mean.expect("batch_norm running mean", CLOSE,
              [&](int64_t c) { return 0.75 * old_mean[c] + 0.25 * exact[c].mean; });
  saved[1].expect("batch_norm inverse", CLOSE, [&](int64_t c) { return 1 / sqrt(exact[c].variance + epsilon); });
  Buffer<float> gradients[2] = {Buffer<float>(g.c), Buffer<float>(g.c)}, dx(g.all());
  arguments("batch_norm_backward_training_f32", 0, saved, nullptr, &dx, gradients);
  // The output does not change when a constant is added to a channel: its gradient sums to 0.
  for (int64_t c = 0; c < g.c; c++) {
    double total = 0;
    each_of(g, c, [&](int64_t i) { total += dx[i]; });
    if (!(fabs(total) <= CLOSE * (double)(g.n * g.spatial))) fail("batch_norm_backward_training: sum %g", total);
  }
  gradients[0].expect_finite("batch_norm training dgamma");
  gradients[1].expect_finite("batch_norm training dbeta");
}

void local_response_norm(const Channels& g, int64_t size) {
  const double alpha = 0.5, beta = 0.75, bias = 2;
  const Buffer<float> x(g.all(), 1), dy(g.all(), 2), before(g.all(), 3);
  Buffer<float> y(g.all());
  const auto base = [&](int64_t i) {
    const int64_t c = g.channel(i);
    double total = 0;
    for (int64_t j = c - (size - 1) / 2; j <= c + size / 2; j++) {
      if (j >= 0 && j < g.c) total += pow(x[i + (j - c) * g.spatial], 2);
    }
    return bias + alpha / (double)size * total;
  };
  call("lrn_forward_f32", {g.n, g.c, g.spatial, size, 0, alpha, beta, bias, x, y, 0, 0});
  y.expect("lrn_forward", CLOSE, [&](int64_t i) { return x[i] * pow(base(i), -beta); });
  for (int64_t accumulate : {0, 1}) {
    Buffer<float> fresh(g.all()), old(g.all(), 3);
    Buffer<float>& dx = accumulate ? old : fresh;
    call("lrn_backward_f32", {g.n, g.c, g.spatial, size, accumulate, alpha, beta, bias, x, 0, dy, dx});
    dx.expect("lrn_backward", CLOSE, [&](int64_t i) {
      const int64_t c = g.channel(i);
      double total = 0;
      for (int64_t j = c - size / 2; j <= c + (size - 1) / 2; j++) {
        const int64_t k = i + (j - c) * g.spatial;
        if (j >= 0 && j < g.c) total += (double)dy[k] * x[k] * pow(base(k), -beta - 1);
      }
      return dy[i] * pow(base(i), -beta) - 2 * alpha * beta / (double)size * x[i] * total +
             (accumulate ? before[i] : 0);
    });
  }
}

// Rows [n,length], and the sum of f(index) over the row of an index.
struct Rows {
  int64_t n, length;

  template <class F>
  double sum(int64_t i, F f) const {
    double total = 0;
    for (int64_t j = i / length * length; j < (i / length + 1) * length; j++) total += f(j);
    return total;
  }
};

void contrast_norm(const Rows& g) {
  const double epsilon = 0.5, gamma = 0.75;
  const int64_t all = g.n * g.length;
  const Buffer<float> x(all, 1), dy(all, 2), before(all, 3);
  Buffer<float> y(all);
  const auto base = [&](int64_t i) { return epsilon + g.sum(i, [&](int64_t j) { return (double)x[j] * x[j]; }); };
  call("contrast_forward_f32", {g.n, g.length, 0, epsilon, gamma, x, y, 0, 0});
  y.expect("contrast_forward", CLOSE, [&](int64_t i) { return x[i] * pow(base(i), -gamma); });
  for (int64_t accumulate : {0, 1}) {
    Buffer<float> fresh(all), old(all, 3);
    Buffer<float>& dx = accumulate ? old : fresh;
    call("contrast_backward_f32", {g.n, g.length, accumulate, epsilon, gamma, x, 0, dy, dx});
    dx.expect("contrast_backward", CLOSE, [&](int64_t i) {
      const double dot = g.sum(i, [&](int64_t j) { return (double)x[j] * dy[j]; });
      return pow(base(i), -gamma) * (dy[i] - 2 * gamma * dot / base(i) * x[i]) + (accumulate ? before[i] : 0);
    });
  }
}

void softmax(const Rows& g, int64_t log_) {
  const int64_t all = g.n * g.length;
  const Buffer<float> x(all, 1), dy(all, 2), before(all, 3);
  Buffer<float> y(all);
  const auto probability = [&](int64_t i) { return exp(x[i]) / g.sum(i, [&](int64_t j) { return exp(x[j]); }); };
  call("softmax_forward_f32", {g.n, g.length, log_, 0, x, y, 0, 0});
  y.expect("softmax_forward", CLOSE, [&](int64_t i) { return log_ ? log(probability(i)) : probability(i); });
  for (int64_t accumulate : {0, 1}) {
    Buffer<float> fresh(all), old(all, 3);
    Buffer<float>& dx = accumulate ? old : fresh;
    call("softmax_backward_f32", {g.n, g.length, log_, accumulate, 0, y, dy, dx});
    dx.expect("softmax_backward", CLOSE, [&](int64_t i) {
      const double plain = g.sum(i, [&](int64_t j) { return (double)dy[j]; });
      const double dot = g.sum(i, [&](int64_t j) { return probability(j) * dy[j]; });
      return (log_ ? dy[i] - probability(i) * plain : probability(i) * (dy[i] - dot)) + (accumulate ? before[i] : 0);
    });
  }
}

}  // namespace

void normalise_test() {
  const Channels channels[] = {{1, 1, 1}, {4, 3, 49}, {9, 10, 1}, {2, 1, 3}, {7, 5, 33}, {2, 12, 65}, {20, 40, 31}};
  for (const Channels& g : channels) {
    batch_norm(g);
    for (int64_t size : {1, 2, 5, 9, 30}) local_response_norm(g, size);
  }
  for (int64_t n : {1, 3}) {
    for (int64_t length : {1, 2, 10, 15, 16, 17, 33, 100}) {
      contrast_norm({n, length});
      softmax({n, length}, 0);
      softmax({n, length}, 1);
    }
  }
  softmax({170, 50}, 0);  // over several threads
  contrast_norm({240, 150});
}
