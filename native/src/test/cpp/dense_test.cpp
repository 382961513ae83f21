// Dense layers, matrix products, bias.
#include "harness.h"

namespace {

enum Flags { BIAS = 1, RESIDUAL = 2, RELU = 4, MASK = 8, ACCUMULATE = 16 };

template <class T>
const char* typed(const char* kernel, bool skinny = false) {
  static char name[64];
  snprintf(name, sizeof name, "%s%s_f%d", skinny ? "skinny_" : "", kernel, (int)sizeof(T) * 8);
  return name;
}

// sum over l of f(l), l = 0..count-1
template <class F>
double sum(int64_t count, F f) {
  double total = 0;
  for (int64_t l = 0; l < count; l++) total += f(l);
  return total;
}

template <class T>
void linear(int64_t n, int64_t c, int64_t k, bool skinny = false) {
  const Buffer<T> x(n * c, 1), w(k * c, 2), b(k, 3), residual(n * k, 4), dy(n * k, 5), mask(n * c, 6);
  for (int64_t flags : {0, +BIAS, BIAS | RELU, BIAS | RESIDUAL | RELU}) {
    Buffer<T> y(n * k);
    call(typed<T>("linear_forward", skinny),
         {n, c, k, flags, x, w, flags & BIAS ? Word(b) : Word(0), flags & RESIDUAL ? Word(residual) : Word(0), y, 0});
    y.expect("linear_forward", 0, [&](int64_t i) {
      double v = sum(c, [&](int64_t l) { return (double)x[i / k * c + l] * w[i % k * c + l]; });
      v += (flags & BIAS ? b[i % k] : 0) + (flags & RESIDUAL ? residual[i] : 0);
      return flags & RELU && v < 0 ? 0 : v;
    });
  }
  for (int64_t flags : {0, +MASK, +ACCUMULATE, MASK | ACCUMULATE}) {
    const Buffer<T> before(n * c, 7);
    Buffer<T> fresh(n * c), old(n * c, 7);
    Buffer<T>& dx = flags & ACCUMULATE ? old : fresh;
    const int64_t workspace = flags == (MASK | ACCUMULATE) ? n * c * (int64_t)sizeof(T) : 0;
    call(typed<T>("linear_backward_data", skinny), {n, c, k, flags, dx, w, 0, 0, dy, flags & MASK ? Word(mask) : Word(0)},
         workspace);
    dx.expect("linear_backward_data", 0, [&](int64_t i) {
      const double v = sum(k, [&](int64_t l) { return (double)dy[i / c * k + l] * w[l * c + i % c]; });
      return (flags & MASK && mask[i] <= 0 ? 0 : v) + (flags & ACCUMULATE ? before[i] : 0);
    });
  }
  for (int64_t flags : {0, +ACCUMULATE}) {
    if (skinny) break;
    const Buffer<T> before(k * c, 8);
    Buffer<T> fresh(k * c), old(k * c, 8);
    Buffer<T>& dw = flags & ACCUMULATE ? old : fresh;
    call(typed<T>("linear_backward_weights"), {n, c, k, flags, x, dw, 0, 0, dy, 0});
    dw.expect("linear_backward_weights", 0, [&](int64_t i) {
      return sum(n, [&](int64_t l) { return (double)dy[l * k + i / c] * x[l * c + i % c]; }) +
             (flags & ACCUMULATE ? before[i] : 0);
    });
  }
}

// Both directions with weights packed before.
void packed_linear(int64_t n, int64_t c, int64_t k) {
  const int64_t width = 4 << level, workspace = 3 * (n < 112 ? n : 112) * 1728;  // 3 threads
  const Buffer<float> x(n * c, 1), w(k * c, 2), b(k, 3), residual(n * k, 4), dy(n * k, 5), mask(n * c, 6);
  Buffer<float> forward((k + width - 1) / width * width * c + 1), backward((c + width - 1) / width * width * k + 1);
  call("pack_linear", {c, k, 1, w, forward});
  call("pack_linear", {k, c, 0, w, backward});
  for (int64_t flags : {0, +BIAS, BIAS | RELU, BIAS | RESIDUAL | RELU}) {
    Buffer<float> y(n * k);
    call("packed_linear",
         {n, c, k, flags, x, forward, flags & BIAS ? Word(b) : Word(0), flags & RESIDUAL ? Word(residual) : Word(0), y, 0},
         workspace);
    y.expect("packed_linear forward", 0, [&](int64_t i) {
      double v = sum(c, [&](int64_t l) { return (double)x[i / k * c + l] * w[i % k * c + l]; });
      v += (flags & BIAS ? b[i % k] : 0) + (flags & RESIDUAL ? residual[i] : 0);
      return flags & RELU && v < 0 ? 0 : v;
    });
  }
  for (int64_t flags : {0, +MASK, +ACCUMULATE, MASK | ACCUMULATE}) {
    const Buffer<float> before(n * c, 7);
    Buffer<float> fresh(n * c), old(n * c, 7);
    Buffer<float>& dx = flags & ACCUMULATE ? old : fresh;
    call("packed_linear", {n, k, c, flags, dy, backward, 0, 0, dx, flags & MASK ? Word(mask) : Word(0)}, workspace);
    dx.expect("packed_linear backward-data", 0, [&](int64_t i) {
      const double v = sum(k, [&](int64_t l) { return (double)dy[i / c * k + l] * w[l * c + i % c]; });
      return (flags & MASK && mask[i] <= 0 ? 0 : v) + (flags & ACCUMULATE ? before[i] : 0);
    });
  }
}

// Gradients of which half are 0 are multiplied otherwise, unless a weight is infinite.
void packed_sparse(int64_t n, int64_t c, int64_t k) {
  const int64_t width = 4 << level, workspace = 3 * (n < 112 ? n : 112) * 1728;
  Buffer<float> w(k * c, 2), dy(n * k, 5), packed((c + width - 1) / width * width * k + 1);
  for (int64_t i = 0; i < n * k; i++) dy[i] = i % 7 % 2 ? dy[i] : 0;
  for (bool infinite : {false, true}) {
    if (infinite) w[k * c / 2] = INFINITY;
    call("pack_linear", {k, c, 0, w, packed});
    Buffer<float> dx(n * c);
    call("packed_linear", {n, k, c, 0, dy, packed, 0, 0, dx, 0}, workspace);
    dx.expect("packed_linear of many zeros", 0, [&](int64_t i) {
      return sum(k, [&](int64_t l) { return (double)dy[i / c * k + l] * w[l * c + i % c]; });
    });
  }
}

template <class T>
void matmul(int64_t m, int64_t n, int64_t k, bool skinny = false) {
  const Buffer<T> a(m * k, 1), b(k * n, 2);
  for (int64_t ta = 0; ta < 2; ta++) {
    for (int64_t tb = 0; tb < 2; tb++) {
      for (double beta : {0.0, -1.0}) {
        const Buffer<T> before(m * n, 3);
        Buffer<T> fresh(m * n), old(m * n, 3);
        Buffer<T>& c = beta == 0 ? fresh : old;
        call(typed<T>("matmul", skinny), {m, n, k, ta, tb, a, b, c, 2.0, beta});
        c.expect("matmul", 0, [&](int64_t at) {
          const int64_t i = at / n, j = at % n;
          const double v = sum(k, [&](int64_t l) { return (double)a[ta ? l * m + i : i * k + l] * b[tb ? j * k + l : l * n + j]; });
          return 2 * v + (beta == 0 ? 0 : beta * before[at]);
        });
      }
    }
  }
}

template <class T>
void bias(int64_t n, int64_t c, int64_t spatial) {
  const int64_t all = n * c * spatial;
  const Buffer<T> x(all, 1), b(c, 2), before(c, 3);
  Buffer<T> y(all), same(all, 1);
  call(typed<T>("bias_forward"), {n, c, spatial, 0, x, b, y});
  call(typed<T>("bias_forward"), {n, c, spatial, 0, same, b, same});
  for (const Buffer<T>* out : {&y, &same}) {
    out->expect("bias_forward", 0, [&](int64_t i) { return (double)x[i] + b[i / spatial % c]; });
  }
  for (int64_t accumulate : {0, 1}) {
    Buffer<T> fresh(c), old(c, 3);
    Buffer<T>& db = accumulate ? old : fresh;
    call(typed<T>("bias_backward"), {n, c, spatial, accumulate, x, db, 0});
    db.expect("bias_backward", 0, [&](int64_t j) {
      return sum(n * spatial, [&](int64_t l) { return (double)x[(l / spatial * c + j) * spatial + l % spatial]; }) +
             (accumulate ? before[j] : 0);
    });
  }
}

template <class T>
void in_type() {
  const int64_t sizes[][3] = {{1, 1, 1}, {1, 17, 9}, {7, 33, 65}, {5, 100, 3}, {70, 65, 67}, {3, 300, 260}};
  for (const int64_t* s : sizes) linear<T>(s[0], s[1], s[2]);
  const int64_t products[][3] = {{1, 1, 1}, {3, 5, 7}, {33, 17, 9}, {65, 70, 61}, {2, 400, 300}};
  for (const int64_t* s : products) matmul<T>(s[0], s[1], s[2]);
  const int64_t biases[][3] = {{1, 1, 1}, {5, 3, 49}, {9, 100, 1}, {3, 17, 1}, {2, 5, 16}, {40, 33, 31}};
  for (const int64_t* s : biases) bias<T>(s[0], s[1], s[2]);
}

}  // namespace

void dense_test() {
  in_type<float>();
  in_type<double>();
  // Each number of rows, ends of tiles, strips, pieces and runs, both sides of the rules' thresholds.
  const int64_t sizes[][3] = {{1, 1, 1},    {1, 784, 100}, {1, 2500, 530}, {2, 33, 65},     {3, 100, 10},  {4, 130, 49},
                              {5, 300, 260}, {7, 1100, 250}, {8, 700, 400}, {16, 1050, 257}, {13, 513, 640}, {64, 270, 260}};
  for (const int64_t* s : sizes) linear<float>(s[0], s[1], s[2], true);
  // Each height of a tile, ends of chunks and of panels, several blocks of rows.
  for (int64_t n = 1; n <= 15; n++) packed_linear(n, 40 + n, 50 - n);
  const int64_t packed[][3] = {{1, 1, 1}, {5, 900, 100}, {64, 100, 10}, {17, 384, 64}, {30, 33, 400}, {113, 401, 40}, {240, 19, 70}, {3, 130, 33}, {15, 457, 66}};
  for (const int64_t* s : packed) packed_linear(s[0], s[1], s[2]);
  const int64_t sparse[][3] = {{1, 128, 5}, {17, 300, 100}, {115, 129, 56}, {64, 784, 100}, {3, 140, 399}};
  for (const int64_t* s : sparse) packed_sparse(s[0], s[1], s[2]);
  const int64_t products[][3] = {{1, 1, 1}, {1, 100, 70}, {5, 1, 30}, {300, 1, 260}, {3, 49, 130}, {9, 530, 520}, {40, 300, 300}};
  for (const int64_t* s : products) matmul<float>(s[0], s[1], s[2], true);
}
