// The direct convolution against loops that read like the formula: lanes along rows and along
// channels, few channels, bands, chunks, parts of the output channels, phases, post-operations; 1x1
// filters, and Winograd's convolution.
#include <string>

#include "geometry.h"

namespace {

const int64_t WIDTHS[] = {4, 8, 16};

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

// How a direction is cut, as ConvBlocking.java does it.
struct Blocking {
  bool channels, few;
  int64_t bandRows, bandColumns, chunk, parts;
  bool winograd;
  bool pointwise = false;
};

// Vectors of a register tile of Winograd's products.
int64_t winograd_vectors(int64_t width) { return width == 16 ? 3 : 2; }

// Products of a tile in one dimension: 4 for 3 taps, 3 for 2, 2 for 1, of each phase of a stride.
int64_t winograd_points(int64_t taps, int64_t stride) {
  int64_t points = 0;
  for (int64_t phase = 0; phase < stride && phase < taps; phase++) {
    const int64_t own = ceil_div(taps - phase, stride);
    points += own / 3 * 4 + (own % 3 == 0 ? 0 : own % 3 + 1);
  }
  return points;
}

// Winograd's, in blocks of so many register tiles, with sums over at most `chunk` products.
Blocking winograd(int64_t units, int64_t chunk) {
  const int64_t width = WIDTHS[level];
  return {false, false, 1, units * winograd_vectors(width) * width, chunk, 1, true};
}

class Direct {
 public:
  Direct(const Geometry& geometry)
      : g(geometry),
        xs(g.n * g.c * g.h * g.w),
        ys(g.n * g.k * g.p() * g.q()),
        ws(g.k * g.taps()),
        x(xs, 1),
        w(ws, 2),
        b(g.k, 3),
        residual(ys, 4),
        dy(ys, 5),
        mask(xs, 6) {}

  void forward(const Blocking& cut, int64_t flags) {
    Buffer<float> y(ys);
    Buffer<double> sums(ys);
    sums.fill(0);
    each_product(g, [&](int64_t i, int64_t j, int64_t at) { sums[at] += (double)x[i] * w[j]; });
    execute(cut, false, flags, x, y);
    y.expect("direct forward", 0, [&](int64_t i) {
      const double biased = sums[i] + (flags & BIAS ? b[i / (g.p() * g.q()) % g.k] : 0);
      const double added = biased + (flags & RESIDUAL ? residual[i] : 0);
      return flags & RELU ? relu(added) : added;
    });
  }

  void backward(const Blocking& cut, int64_t flags) {
    Buffer<float> fresh(xs), old(xs, 7), before(xs, 7);
    Buffer<float>& dx = flags & ACCUMULATE ? old : fresh;
    Buffer<double> sums(xs);
    sums.fill(0);
    each_product(g, [&](int64_t i, int64_t j, int64_t at) { sums[i] += (double)dy[at] * w[j]; });
    execute(cut, true, flags, dy, dx);
    dx.expect("direct backward", 0, [&](int64_t i) {
      const double kept = flags & MASK && mask[i] <= 0 ? 0 : sums[i];
      return kept + (flags & ACCUMULATE ? before[i] : 0);
    });
  }

 private:
  const Geometry g;
  const int64_t xs, ys, ws;
  Buffer<float> x, w, b, residual, dy, mask;

  void execute(const Blocking& cut, bool back, int64_t flags, const Buffer<float>& in, const Buffer<float>& out) {
    const int64_t width = WIDTHS[level], most1 = width == 16 ? 28 : 12;
    const int64_t c = back ? g.k : g.c, h = back ? g.p() : g.h, w_ = back ? g.q() : g.w;
    const int64_t k = back ? g.c : g.k, p = back ? g.h : g.p(), q = back ? g.w : g.q();
    const int64_t phases = back ? g.strideW : 1, ins = c / g.groups, outs = k / g.groups;
    const int64_t lanes = cut.channels ? outs : ceil_div(q, phases), vectors = lanes <= width ? 1 : 2;
    const int64_t outputs = most1 / vectors, padded = cut.channels ? ceil_div(outs, width) * width : outs;
    const int64_t rows = back ? ceil_div(cut.bandRows, g.strideH) + (g.r - 1) * g.dilationH / g.strideH + 2
                              : (cut.bandRows - 1) * g.strideH + (g.r - 1) * g.dilationH + 1;
    const int64_t columns = back ? ceil_div(cut.bandColumns, g.strideW) + (g.s - 1) * g.dilationW / g.strideW + 2
                                 : (cut.bandColumns - 1) * g.strideW + (g.s - 1) * g.dilationW + 1;
    const int64_t step = back ? 1 : g.strideW, pitch = ceil_div(columns, step) * step;
    const int64_t behind = 6 * width, line = ceil_div(ceil_div(q, g.strideW), width) * width + width;
    const int64_t packed = cut.few ? ins * (rows * w_ + behind) : ceil_div(cut.chunk, width) * width * rows * pitch + 4 * width;
    const int64_t partial = cut.few ? outs * g.s * (most(384, w_) + behind) : padded * cut.bandRows * phases * ceil_div(ceil_div(q, phases), width) * width;
    const int64_t apart = cut.few ? outs * g.strideW * line
                                  : most(outputs, vectors * width) * phases * (ceil_div(cut.bandColumns, phases) + 2 * width);
    Args args = {vectors, outputs, packed, partial, apart, g.groups * padded * ins * g.r * g.s};
    const char* kernel = cut.few ? "direct_few" : "direct";
    if (cut.winograd) {
      const int64_t tiles = cut.bandColumns, points = winograd_points(g.r, g.strideH) * winograd_points(g.s, g.strideW);
      const int64_t own = back ? winograd_points(ceil_div(g.r, g.strideH), 1) * winograd_points(ceil_div(g.s, g.strideW), 1) : points;
      kernel = "winograd";
      args = {winograd_vectors(width), width == 16 ? 9 : 6, own * ins * tiles + 256, phases * (16 * outs * tiles + 256), 0, g.groups * points * outs * ins};
    }
    if (cut.pointwise) {
      kernel = "pointwise";
      args = {winograd_vectors(width), width == 16 ? 9 : 6, ins * cut.bandRows, 0, 0, g.k * g.c / g.groups};
    }
    Buffer<float> weights(args.weights);
    auto run = [&](const std::string& name, int64_t n, const Buffer<float>& from) {
      call(name.c_str(),
           {n, c, h, w_, k, g.r, g.s, g.strideH, g.strideW, g.top, g.left, g.dilationH, g.dilationW, g.groups, p, q, flags,
            (int64_t)back, (int64_t)cut.channels, args.vectors, args.outputs, cut.bandRows, cut.bandColumns, cut.chunk,
            cut.parts, args.packed, args.partial, args.apart, from, weights, flags & BIAS ? Word(b) : Word(0),
            flags & RESIDUAL ? Word(residual) : Word(0), out, flags & MASK ? Word(mask) : Word(0)},
           THREADS * 4 * (args.packed + args.partial + args.apart));
    };
    run(std::string(cut.pointwise ? "direct" : kernel) + "_pack_f32", 1, w);
    run(std::string(kernel) + "_f32", g.n, in);
  }

  // What else a kernel is told.
  struct Args {
    int64_t vectors, outputs, packed, partial, apart, weights;
  };
};

// The weights' gradient, `rows` rows of dy at once, `parts` threads.
void gradient(const Geometry& g, int64_t rows, int64_t parts, int64_t flags) {
  const int64_t width = WIDTHS[level], p = g.p(), q = g.q(), ins = g.c / g.groups, ws = g.k * g.taps();
  Buffer<float> x(g.n * g.c * g.h * g.w, 1), dy(g.n * g.k * p * q, 2), fresh(ws), old(ws, 3), before(ws, 3);
  Buffer<float>& dw = flags & ACCUMULATE ? old : fresh;
  Buffer<double> sums(ws);
  sums.fill(0);
  each_product(g, [&](int64_t i, int64_t j, int64_t at) { sums[j] += (double)x[i] * dy[at]; });
  const int64_t columns = (q - 1) * g.strideW + (g.s - 1) * g.dilationW + 1, padded = ceil_div(g.k / g.groups, width) * width;
  const int64_t packed = ins * ((rows - 1) * g.strideH + (g.r - 1) * g.dilationH + 1) * ceil_div(columns, g.strideW) * g.strideW;
  const int64_t positions = rows * q * padded;
  call("direct_gradient_f32",
       {g.n, g.c, g.h, g.w, g.k, g.r, g.s, g.strideH, g.strideW, g.top, g.left, g.dilationH, g.dilationW, g.groups, p, q,
        flags, 0, 0, 1, 1, rows, q, ins, parts, packed, positions, 0, x, dw, 0, 0, dy, 0},
       parts * 4 * (packed + positions + g.groups * padded * ins * g.r * g.s));
  dw.expect("direct gradient", 0, [&](int64_t i) { return sums[i] + (flags & ACCUMULATE ? before[i] : 0); });
}

void winograd_blockings(const Geometry& g) {
  Direct d(g);
  const int64_t ins = g.c / g.groups, filters = g.k / g.groups;
  d.forward(winograd(2, ins), 0);
  d.forward(winograd(1, ceil_div(ins, 3)), BIAS | RESIDUAL | RELU);
  if (g.strideH > 2 || g.strideW > 2) return;  // forward alone
  d.backward(winograd(3, filters), 0);
  d.backward(winograd(1, ceil_div(filters, 2)), MASK | ACCUMULATE);
}

// 1x1 filters: panels and tasks of so many register tiles.
Blocking pointwise(int64_t panel, int64_t task, int64_t parts) {
  const int64_t tile = winograd_vectors(WIDTHS[level]) * WIDTHS[level];
  return {false, false, panel * tile, task * tile, 1, parts, false, true};
}

void pointwise_blockings(const Geometry& g) {
  Direct d(g);
  d.forward(pointwise(1, 100, 1), 0);
  d.forward(pointwise(2, 3, 1), BIAS | RELU);
  d.forward(pointwise(4, 4, 2), BIAS | RESIDUAL | RELU);
  d.backward(pointwise(3, 3, 1), 0);
  d.backward(pointwise(2, 100, 3), MASK);
  d.backward(pointwise(1, 1, 1), MASK | ACCUMULATE);
}

void every_blocking(const Geometry& g) {
  Direct d(g);
  const int64_t width = WIDTHS[level], p = g.p(), q = g.q();
  for (bool channels : {false, true}) {
    auto chunk = [&](int64_t c) { return channels ? ceil_div(c, width) * width : c; };
    const int64_t ins = g.c / g.groups, filters = g.k / g.groups;
    d.forward({channels, false, p, q, chunk(ins), 1, false}, 0);
    d.forward({channels, false, ceil_div(p, 2), q, chunk(ceil_div(ins, 3)), 1, false}, BIAS | RELU);
    d.forward({channels, false, 1, ceil_div(q, 2), chunk(1), 2, false}, BIAS | RESIDUAL | RELU);
    d.backward({channels, false, g.h, g.w, chunk(filters), 1, false}, 0);
    d.backward({channels, false, ceil_div(g.h, 2), g.w, chunk(ceil_div(filters, 3)), 2, false}, MASK);
    d.backward({channels, false, 2, g.w, chunk(1), 1, false}, MASK | ACCUMULATE);
  }
  if (g.c / g.groups * g.s <= 6) {
    for (int64_t flags : {0, +MASK, MASK | ACCUMULATE}) {
      d.backward({false, true, g.h, g.w, g.k / g.groups, 1, false}, flags);
      d.backward({false, true, g.strideH, g.w, g.k / g.groups, 1, false}, flags);
    }
  }
}

}  // namespace

void direct_test() {
  const Geometry geometries[] = {
      {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
      {2, 1, 9, 20, 5, 5, 5, 1, 1, 2, 2, 2, 2, 1, 1, 1},
      {2, 2, 9, 41, 35, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
      {2, 19, 6, 7, 34, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},
      {1, 5, 9, 37, 9, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1},
      {1, 2, 13, 22, 4, 4, 3, 3, 4, 2, 1, 0, 2, 1, 1, 1},
      {2, 6, 7, 9, 4, 3, 2, 1, 2, 1, 1, 1, 1, 2, 1, 2},
      {3, 4, 5, 6, 4, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4},
      {1, 8, 9, 9, 3, 1, 1, 2, 2, 0, 0, 0, 0, 1, 1, 1},   // phases without a tap
      {1, 3, 1, 50, 17, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
      {2, 20, 9, 21, 12, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1},
      {3, 4, 7, 7, 42, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 2},
      {1, 2, 3, 4, 3, 2, 2, 1, 1, 9, 9, 9, 9, 1, 1, 1},   // windows wholly in the padding
      {1, 2, 32, 32, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1},  // planes of whole pages
      {3, 4, 7, 37, 20, 3, 3, 1, 1, 0, 1, 2, 1, 1, 1, 1},  // odd outputs, uneven margins
      {1, 2, 3, 1, 5, 3, 3, 1, 1, 3, 4, 3, 4, 1, 1, 1},    // backward cuts margins off
      {1, 1, 12, 12, 3, 3, 3, 4, 4, 1, 1, 1, 1, 2, 2, 1},
      {2, 4, 13, 38, 10, 7, 7, 2, 2, 3, 3, 3, 3, 1, 1, 1},
      {1, 2, 12, 11, 3, 4, 12, 1, 1, 2, 6, 1, 5, 1, 1, 1},
      {1, 3, 11, 75, 4, 3, 6, 2, 1, 1, 2, 0, 1, 1, 1, 1},
      {2, 4, 7, 12, 6, 2, 5, 1, 2, 1, 2, 1, 2, 1, 1, 2},
      {2, 3, 27, 150, 10, 11, 11, 4, 4, 2, 2, 1, 2, 1, 1, 1},
      {1, 2, 12, 41, 4, 5, 8, 2, 4, 1, 3, 2, 0, 1, 1, 2},
  };
  for (const Geometry& g : geometries) {
    every_blocking(g);
    const bool dense = g.dilationH * g.dilationW == 1 && g.strideH != 3 && g.strideW != 3;
    if (dense && g.r > 1 && g.s > 1) winograd_blockings(g);
    if (g.r * g.s * g.strideH * g.strideW == 1) pointwise_blockings(g);
    gradient(g, g.p(), 1, 0);
    gradient(g, 1, g.n, 0);
    gradient(g, ceil_div(g.p(), 2), 1, ACCUMULATE);
  }
}
