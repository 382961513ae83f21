// Convolutions against loops that read like the formula: stride, padding, dilation, groups, odd
// sizes, one image, blocks of output rows, post-operations.
#include "geometry.h"

namespace {

// One geometry in one type; rows of y that share a column matrix.
template <class T>
class Case {
 public:
  Case(const Geometry& geometry, int64_t block_rows)
      : g(geometry),
        rows(block_rows),
        xs(g.n * g.c * g.h * g.w),
        ys(g.n * g.k * g.p() * g.q()),
        ws(g.k * g.taps()),
        x(xs, 1),
        w(ws, 2),
        b(g.k, 3),
        residual(ys, 4),
        dy(ys, 5),
        mask(xs, 6) {}

  void forward(int64_t flags) {
    Buffer<T> y(ys);
    Buffer<double> sums(ys);
    sums.fill(0);
    each_product(g, [&](int64_t i, int64_t j, int64_t at) { sums[at] += (double)x[i] * w[j]; });
    execute("conv_forward", flags, x, w, y, 0);
    y.expect("conv_forward", 0, [&](int64_t i) {
      const double biased = sums[i] + (flags & BIAS ? b[i / (g.p() * g.q()) % g.k] : 0);
      const double added = biased + (flags & RESIDUAL ? residual[i] : 0);
      return flags & RELU ? relu(added) : added;
    });
  }

  void backward_data(int64_t flags) {
    Buffer<T> fresh(xs), old(xs, 7);
    Buffer<T>& dx = flags & ACCUMULATE ? old : fresh;
    Buffer<T> before(xs, 7);
    Buffer<double> sums(xs);
    sums.fill(0);
    each_product(g, [&](int64_t i, int64_t j, int64_t at) { sums[i] += (double)dy[at] * w[j]; });
    execute("conv_backward_data", flags, dx, w, dy, 0);
    dx.expect("conv_backward_data", 0, [&](int64_t i) {
      const double kept = flags & MASK && mask[i] <= 0 ? 0 : sums[i];
      return kept + (flags & ACCUMULATE ? before[i] : 0);
    });
  }

  void backward_weights(int64_t flags) {
    Buffer<T> fresh(ws), old(ws, 8);
    Buffer<T>& dw = flags & ACCUMULATE ? old : fresh;
    Buffer<T> before(ws, 8);
    Buffer<double> sums(ws);
    sums.fill(0);
    each_product(g, [&](int64_t i, int64_t j, int64_t at) { sums[j] += (double)dy[at] * x[i]; });
    execute("conv_backward_weights", flags, x, dw, dy, g.n < THREADS ? g.n : THREADS);
    dw.expect("conv_backward_weights", 0, [&](int64_t i) { return sums[i] + (flags & ACCUMULATE ? before[i] : 0); });
  }

 private:
  const Geometry g;
  const int64_t rows, xs, ys, ws;
  Buffer<T> x, w, b, residual, dy, mask;

  // parts: copies of dw. The workspace is as CpuConv2d.java reserves it.
  void execute(const char* kernel, int64_t flags, const Buffer<T>& x, const Buffer<T>& w, const Buffer<T>& y, int64_t parts) {
    char name[64];
    snprintf(name, sizeof name, "%s_f%d", kernel, (int)sizeof(T) * 8);
    const int64_t columns = round64(g.taps() * rows * g.q() * (int64_t)sizeof(T));
    const int64_t image = round64(g.c / g.groups * g.h * g.w * (int64_t)sizeof(T));
    call(name,
         {g.n, g.c, g.h, g.w, g.k, g.r, g.s, g.strideH, g.strideW, g.top, g.left, g.dilationH, g.dilationW, g.groups,
          g.p(), g.q(), flags, rows, x, w, flags & BIAS ? Word(b) : Word(0), flags & RESIDUAL ? Word(residual) : Word(0),
          y, flags & MASK ? Word(mask) : Word(0)},
         THREADS * (columns + image) + parts * ws * (int64_t)sizeof(T));
  }
};

template <class T>
void one_geometry(const Geometry& g) {
  const int64_t p = g.p();
  for (int64_t rows : {(int64_t)1, (p + 1) / 2, p}) {
    Case<T> c(g, rows);
    for (int64_t flags : {0, +BIAS, BIAS | RELU, BIAS | RESIDUAL | RELU}) c.forward(flags);
    for (int64_t flags : {0, +MASK, +ACCUMULATE, MASK | ACCUMULATE}) c.backward_data(flags);
    for (int64_t flags : {0, +ACCUMULATE}) c.backward_weights(flags);
  }
}

}  // namespace

void convolution_test() {
  const Geometry geometries[] = {
      {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
      {2, 3, 7, 5, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
      {5, 3, 9, 8, 5, 3, 2, 2, 3, 1, 0, 2, 1, 1, 1, 1},
      {3, 4, 11, 10, 6, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 2},
      {2, 6, 6, 6, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 6},
      {4, 7, 5, 5, 9, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
      {4, 6, 5, 3, 4, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 2},
      {3, 2, 13, 12, 3, 5, 4, 3, 3, 2, 2, 2, 2, 2, 2, 1},
      {1, 1, 4, 4, 2, 6, 6, 4, 4, 3, 3, 3, 3, 1, 1, 1},
      {2, 1, 1, 9, 2, 1, 4, 1, 2, 0, 3, 0, 3, 1, 3, 1},
      {2, 2, 3, 2, 3, 2, 2, 5, 5, 1, 1, 1, 1, 1, 1, 1},   // stride beyond the input
      {1, 2, 2, 2, 2, 3, 3, 1, 1, 4, 4, 4, 4, 1, 1, 1},   // windows wholly in the padding
  };
  for (const Geometry& g : geometries) {
    one_geometry<float>(g);
    one_geometry<double>(g);
  }
}
