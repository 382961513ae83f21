// Activations, pools, losses and margins, users' kernels.
#include "harness.h"

namespace {

// ---- Activations

enum Activation { RELU, LEAKY_RELU, SIGMOID, TANH };

double activation(int64_t code, double x) {
  switch (code) {
    case RELU: return x > 0 ? x : 0;
    case LEAKY_RELU: return x > 0 ? x : 0.25 * x;
    case SIGMOID: return 1 / (1 + exp(-x));
    default: return tanh(x);
  }
}

// The derivative from the output.
double derivative(int64_t code, double y) {
  switch (code) {
    case RELU: return y > 0;
    case LEAKY_RELU: return y > 0 ? 1 : 0.25;
    case SIGMOID: return y * (1 - y);
    default: return 1 - y * y;
  }
}

void activations(int64_t count) {
  const Buffer<float> x(count, 1), dy(count, 2), before(count, 3);
  for (int64_t code = RELU; code <= TANH; code++) {
    Buffer<float> y(count), same(count, 1);
    call("activation_forward_f32", {code, count, 0, y, x, 0, 0, 0.25});
    call("activation_forward_f32", {code, count, 0, same, same, 0, 0, 0.25});
    for (const Buffer<float>* out : {&y, &same}) {
      out->expect("activation_forward", 1e-6, [&](int64_t i) { return activation(code, x[i]); });
    }
    for (int64_t accumulate : {0, 1}) {
      Buffer<float> fresh(count), old(count, 3);
      Buffer<float>& dx = accumulate ? old : fresh;
      call("activation_backward_f32", {code, count, accumulate, y, 0, dy, dx, 0.25});
      dx.expect("activation_backward", 1e-5, [&](int64_t i) {
        return dy[i] * derivative(code, y[i]) + (accumulate ? before[i] : 0);
      });
    }
  }
}

// ---- Pools

enum Pool { MAX_POOL, AVERAGE_INCLUDE_PAD, AVERAGE_EXCLUDE_PAD };

struct Window {
  int64_t h, w, r, s, strideH, strideW, top, left, bottom, right;

  int64_t p() const { return (h + top + bottom - r) / strideH + 1; }
  int64_t q() const { return (w + left + right - s) / strideW + 1; }
};

// Calls f(index in the plane) for the cells of output cell `at` inside the input, in scan order.
template <class F>
void each_cell(const Window& g, int64_t at, F f) {
  const int64_t i = at / g.q() * g.strideH - g.top, j = at % g.q() * g.strideW - g.left;
  for (int64_t row = i; row < i + g.r; row++) {
    for (int64_t column = j; column < j + g.s; column++) {
      if (row >= 0 && row < g.h && column >= 0 && column < g.w) f(row * g.w + column);
    }
  }
}

// What output cell `at` of a plane takes from its input cells: its value, and f(cell, weight).
template <class F>
double pooled(int64_t kind, const Window& g, const float* x, int64_t at, F f) {
  int64_t best = -1, cells = 0;
  double total = 0;
  each_cell(g, at, [&](int64_t cell) {
    best = best < 0 || x[cell] > x[best] || (isnan(x[cell]) && !isnan(x[best])) ? cell : best;
    total += x[cell];
    cells++;
  });
  if (kind == MAX_POOL) {
    f(best, 1.0);
    return x[best];
  }
  const double divisor = kind == AVERAGE_INCLUDE_PAD ? (double)(g.r * g.s) : (double)cells;
  each_cell(g, at, [&](int64_t cell) { f(cell, 1 / divisor); });
  return total / divisor;
}

// With `holes`, some of x are NaN and most of the others -infinity.
void pools(int64_t kind, int64_t planes, const Window& g, bool holes = false) {
  const int64_t area = g.h * g.w, out = g.p() * g.q();
  Buffer<float> x(planes * area, 1);
  const Buffer<float> dy(planes * out, 2), before(planes * area, 3);
  for (int64_t i = 0; holes && i < x.size(); i++) {
    if (x[i] < 3) x[i] = i % 17 == 5 ? NAN : -INFINITY;
  }
  Buffer<float> y(planes * out);
  Buffer<double> want(planes * out), gradient(planes * area);
  gradient.fill(0);
  for (int64_t i = 0; i < planes * out; i++) {
    const int64_t plane = i / out;
    want[i] = pooled(kind, g, (const float*)x.address() + plane * area, i % out,
                     [&](int64_t cell, double weight) { gradient[plane * area + cell] += weight * dy[i]; });
  }
  const auto arguments = [&](const char* name, int64_t accumulate, const Buffer<float>& a, const Buffer<float>& b,
                             bool saved, int64_t mask) {
    call(name, {kind, planes, g.h, g.w, g.r, g.s, g.strideH, g.strideW, g.top, g.left, g.p(), g.q(), accumulate, a, b,
                saved ? Word(x) : Word(0), mask});
  };
  arguments("pool_forward_f32", 0, x, y, false, 0);
  y.expect("pool_forward", 1e-5, [&](int64_t i) { return want[i]; });
  for (int64_t accumulate : {0, 1}) {
    for (int64_t mask : {0, 1}) {
      Buffer<float> fresh(planes * area), old(planes * area, 3);
      Buffer<float>& dx = accumulate ? old : fresh;
      arguments("pool_backward_f32", accumulate, dx, dy, kind == MAX_POOL || mask, mask);
      dx.expect("pool_backward", 1e-5, [&](int64_t i) {
        if (mask && isnan(x[i])) return (double)NAN;
        return (mask && x[i] <= 0 ? 0 : gradient[i]) + (accumulate ? before[i] : 0);
      });
    }
  }
}

// ---- Losses

enum Loss { CROSS_ENTROPY, MARGIN };

void losses(int64_t n, int64_t classes) {
  const Buffer<float> z(n * classes, 1);
  Buffer<int32_t> labels(n);
  for (int64_t i = 0; i < n; i++) labels[i] = (int32_t)(i * 5 % (classes + 2)) - 1;  // -1 and classes are wrong
  const auto row = [&](int64_t i) { return (const float*)z.address() + i * classes; };
  const auto valid = [&](int64_t i) { return labels[i] >= 0 && labels[i] < classes; };
  const auto other = [&](int64_t i) {
    double best = -INFINITY;
    for (int64_t j = 0; j < classes; j++) best = j != labels[i] && row(i)[j] > best ? row(i)[j] : best;
    return best;
  };
  for (int64_t kind : {+CROSS_ENTROPY, +MARGIN}) {
    Buffer<float> loss(n), dz(n * classes), alone(n), gradient(n * classes);
    call("loss_f32", {kind, n, classes, 0.5, 2.0, z, labels, loss, dz});
    call("loss_f32", {kind, n, classes, 0.5, 2.0, z, labels, alone, 0});
    call("loss_f32", {kind, n, classes, 0.5, 2.0, z, labels, 0, gradient});
    for (const Buffer<float>* l : {&loss, &alone}) {
      l->expect("loss", 1e-5, [&](int64_t i) {
        if (!valid(i)) return (double)NAN;
        if (kind == MARGIN) return fmax(0, 0.5 - (row(i)[labels[i]] - other(i)));
        double total = 0;
        for (int64_t j = 0; j < classes; j++) total += exp(row(i)[j]);
        return log(total) - row(i)[labels[i]];
      });
    }
    for (const Buffer<float>* d : {&dz, &gradient}) {
      for (int64_t i = 0; i < n; i++) {
        double total = 0;
        for (int64_t j = 0; j < classes; j++) total += (*d)[i * classes + j];
        // The gradient of both losses sums to 0 over the classes.
        if (valid(i) ? !(fabs(total) < 1e-5) : total == total) fail("loss gradient of row %lld: sum %g", (long long)i, total);
      }
    }
  }
  Buffer<float> margin(n);
  call("margin_f32", {0, n, classes, 0.0, 0.0, z, labels, margin, 0});
  margin.expect("margin", 0, [&](int64_t i) { return valid(i) ? row(i)[labels[i]] - other(i) : NAN; });
}

// ---- Users' kernels

struct Twice {
  int64_t function, items, grain, tensors, x, xs, y, ys;
  double factor;
};

void twice(const void* raw, int64_t from, int64_t to) {
  const Twice& g = *(const Twice*)raw;
  for (int64_t i = from; i < to; i++) ((float*)g.y)[i] = (float)(g.factor * ((const float*)g.x)[i]);
}

void custom(int64_t items, int64_t grain) {
  const Buffer<float> x(items, 1);
  Buffer<float> y(items);
  call("custom", {(int64_t)twice, items, grain, 2, x, items, y, items, 2.0});
  y.expect("custom", 0, [&](int64_t i) { return 2 * x[i]; });
}

}  // namespace

void layers_test() {
  for (int64_t count : {1, 3, 7, 8, 15, 16, 17, 33, 100, 70001}) activations(count);
  const Window windows[] = {
      {6, 8, 2, 2, 2, 2, 0, 0, 0, 0},   {7, 5, 2, 2, 2, 2, 0, 0, 0, 0}, {9, 9, 3, 3, 2, 2, 0, 0, 0, 0},
      {5, 5, 3, 3, 1, 1, 1, 1, 1, 1},   {4, 4, 1, 1, 3, 3, 0, 0, 0, 0}, {8, 7, 4, 3, 3, 2, 2, 1, 1, 0},
      {1, 1, 1, 1, 1, 1, 0, 0, 0, 0},   {1, 1, 3, 3, 2, 2, 2, 2, 2, 2}, {2, 34, 2, 2, 2, 2, 0, 0, 0, 0},
      {3, 2, 3, 2, 1, 1, 2, 1, 2, 1},   {5, 6, 2, 2, 2, 2, 1, 1, 1, 1}, {29, 31, 2, 2, 2, 2, 0, 0, 0, 0},
      {7, 9, 7, 9, 1, 1, 0, 0, 0, 0},   {9, 70, 3, 3, 2, 2, 1, 1, 1, 1}, {5, 100, 2, 3, 2, 1, 1, 2, 0, 2},
      {9, 60, 3, 3, 4, 4, 0, 0, 0, 0},  {4, 5000, 3, 3, 1, 1, 1, 1, 1, 1}, {4, 4100, 3, 3, 2, 2, 1, 1, 1, 1},
      {4, 3001, 2, 2, 2, 2, 0, 0, 0, 0}, {3, 3000, 3, 200, 1, 2, 0, 9, 0, 9}, {40, 50, 40, 3, 1, 2, 0, 0, 0, 0},
      {14, 14, 2, 2, 2, 2, 0, 0, 0, 0}, {15, 17, 2, 2, 2, 2, 0, 0, 0, 0}, {13, 13, 3, 3, 2, 2, 0, 0, 0, 0},
      {10, 63, 3, 3, 2, 2, 0, 0, 0, 0}, {6, 90, 2, 5, 3, 3, 1, 2, 1, 2},  {3, 700, 1, 3, 1, 100, 0, 0, 0, 0},
  };
  for (const Window& g : windows) {
    for (int64_t kind = MAX_POOL; kind <= AVERAGE_EXCLUDE_PAD; kind++) {
      for (int64_t planes : {1, 5}) pools(kind, planes, g);
    }
  }
  for (const Window& g : windows) pools(MAX_POOL, 3, g, true);
  for (int64_t w = 3; w < 75; w++) {  // overlapping windows in half a vector to five; edges in all places
    for (int64_t pad : {0, 1}) {
      const Window g = {4 + w % 3, w, 3, 3, 2, 2, pad, pad, w % 5 / 3, w % 7 / 4};
      for (int64_t planes : {1, 2}) pools(MAX_POOL, planes, g);
      pools(MAX_POOL, 3, g, true);
    }
  }
  pools(MAX_POOL, 60, {28, 28, 2, 2, 2, 2, 0, 0, 0, 0});  // over several threads
  for (int64_t classes : {2, 3, 10, 17, 100}) {
    for (int64_t n : {1, 9, 300}) losses(n, classes);
  }
  custom(1, 1);
  custom(1000, 10);
}
