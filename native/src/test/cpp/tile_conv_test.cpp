// Convolutions in tiles of bfloat16 parts against loops that read like the formula.
#include "geometry.h"

#include "../../main/cpp/kernels/tile_view.h"

namespace {

class Case {
 public:
  Case(const Geometry& geometry, int64_t of_parts, int64_t band)
      : g(geometry),
        parts(of_parts),
        rows(band),
        xs(g.n * g.c * g.h * g.w),
        ys(g.n * g.k * g.p() * g.q()),
        x(xs, 1),
        w(g.k * g.taps(), 2),
        b(g.k, 3),
        residual(ys, 4),
        dy(ys, 5),
        mask(xs, 6) {}

  void forward(int64_t flags) {
    Buffer<float> y(ys);
    Buffer<double> sums(ys);
    sums.fill(0);
    each_product(g, [&](int64_t i, int64_t j, int64_t at) { sums[at] += (double)x[i] * w[j]; });
    execute(false, flags, x, y);
    y.expect("tile_conv forward", 0, [&](int64_t i) {
      const double biased = sums[i] + (flags & BIAS ? b[i / (g.p() * g.q()) % g.k] : 0);
      const double added = biased + (flags & RESIDUAL ? residual[i] : 0);
      return flags & RELU ? relu(added) : added;
    });
  }

  void backward_data(int64_t flags) {
    const Buffer<float> before(xs, 7);
    Buffer<float> fresh(xs), old(xs, 7);
    Buffer<float>& dx = flags & ACCUMULATE ? old : fresh;
    Buffer<double> sums(xs);
    sums.fill(0);
    each_product(g, [&](int64_t i, int64_t j, int64_t at) { sums[i] += (double)dy[at] * w[j]; });
    execute(true, flags, dy, dx);
    dx.expect("tile_conv backward-data", 0, [&](int64_t i) {
      return (flags & MASK && !(mask[i] > 0) ? 0 : sums[i]) + (flags & ACCUMULATE ? before[i] : 0);
    });
  }

  // One number of x or w that is not finite, or tiny or huge ones.
  void odd() {
    const float odds[] = {INFINITY, NAN, 1e-40f, 1e30f};
    for (float v : odds) {
      x[xs / 2] = v;
      w[w.size() / 3] = v > 1 ? 0 : -v;
      Buffer<float> y(ys);
      Buffer<double> sums(ys), size(ys);
      sums.fill(0);
      size.fill(0);
      each_product(g, [&](int64_t i, int64_t j, int64_t at) {
        sums[at] += (double)x[i] * w[j];
        size[at] += fabs((double)x[i] * w[j]);
      });
      execute(false, 0, x, y);
      for (int64_t i = 0; i < ys; i++) {
        const double allowed = parts == 3 ? size[i] * 0x1p-20 + (v == 1e30f ? 1e30 * 0x1p-120 : 0) : size[i] * 0x1p-6 + 1e-3;
        if (fabs(y[i] - sums[i]) <= allowed || y[i] == (float)sums[i] || (y[i] != y[i] && sums[i] != sums[i])) continue;
        fail("tile_conv with %g: element %d is %g, not %g", v, (int)i, y[i], sums[i]);
      }
      x[xs / 2] = 1;
      w[w.size() / 3] = 1;
    }
  }

 private:
  const Geometry g;
  const int64_t parts, rows, xs, ys;
  Buffer<float> x, w, b, residual, dy, mask;

  void execute(bool backward, int64_t flags, const Buffer<float>& in, const Buffer<float>& out) {
    ConvArgs a = {g.n, g.c, g.h, g.w, g.k, g.r, g.s, g.strideH, g.strideW, g.top, g.left, g.dilationH, g.dilationW,
                  g.groups, g.p(), g.q(), flags, backward, parts, rows, 0, 0, in.address(), 0, w.address(), b.address(),
                  residual.address(), mask.address(), out.address()};
    const View v = view_of(a);
    // Sizes as TileConv2d.java has them.
    const int64_t most = ceil_div(v.rows, v.phasesH), columns = ceil_div(v.columns, v.phasesW);
    a.rows = least(rows, most);
    const int64_t width = (columns - 1) * v.stepW + v.right - v.left + 1;
    const int64_t grid = v.stepH == 1 && v.stepW == 1 ? width : (columns + 15) / 16 * 16;
    const int64_t lines = (a.rows - 1) * v.stepH + v.bottom - v.top + 1;
    a.partBytes = round64(((lines * width + 16 * v.stepW) * padded_channels(v) + 64) * 2);
    a.positions = ceil_div((a.rows - 1) * grid + columns, 32) * 32;
    int64_t bytes = 0;
    for (int64_t phase = 0; phase < v.phasesH * v.phasesW; phase++) bytes += g.groups * filter_bytes(a, v, phase);
    Buffer<uint8_t> packed(bytes + 64);
    a.packed = (packed.address() + 63) / 64 * 64;
    run("tile_conv_pack_f32", a, THREADS * 2 * PANEL * BLOCK * 4);
    run("tile_conv_f32", a, THREADS * (parts * a.partBytes + 2 * a.positions * PANEL * 4));
  }
};

}  // namespace

void tile_conv_test() {
  const Geometry geometries[] = {
      {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
      {2, 3, 7, 5, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
      {3, 3, 9, 8, 5, 3, 2, 2, 3, 1, 0, 2, 1, 1, 1, 1},
      {2, 4, 11, 10, 6, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 2},
      {2, 6, 6, 6, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 6},
      {2, 70, 5, 5, 39, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
      {1, 66, 9, 8, 70, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 2},
      {1, 40, 7, 37, 33, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
      {2, 2, 13, 12, 3, 5, 4, 3, 3, 2, 2, 2, 2, 2, 2, 1},
      {1, 1, 4, 4, 2, 6, 6, 4, 4, 3, 3, 3, 3, 1, 1, 1},
      {2, 1, 1, 9, 2, 1, 4, 1, 2, 0, 3, 0, 3, 1, 3, 1},
      {2, 2, 3, 2, 3, 2, 2, 5, 5, 1, 1, 1, 1, 1, 1, 1},  // stride beyond the input
      {1, 2, 2, 2, 2, 3, 3, 1, 1, 4, 4, 4, 4, 1, 1, 1},  // windows wholly in the padding
  };
  int64_t parts = 0;
  for (const Geometry& g : geometries) {
    for (int64_t rows : {1, 3, 100}) {
      Case c(g, 1 + parts++ % 3, rows);
      for (int64_t flags : {0, +BIAS, BIAS | RELU, BIAS | RESIDUAL | RELU}) c.forward(flags);
      for (int64_t flags : {0, +MASK, +ACCUMULATE, MASK | ACCUMULATE}) c.backward_data(flags);
    }
    Case(g, 3, 2).odd();
    Case(g, 1, 2).odd();
  }
}
