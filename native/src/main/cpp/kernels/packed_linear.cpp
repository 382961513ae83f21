// Dense layers, F32, whose weights were packed once in the order in which they are multiplied: the weights stream
// through the cache once for each block of rows, a tile of outputs stays in registers over a chunk of the inputs.
//
// Forward and backward-data are one product y [n,outputs] = x [n,inputs] B; B [inputs,outputs] is the weights'
// transpose forward, the weights themselves on the way back. Packed: chunks of inputs (the last may be shorter), in each
// chunk panels of PANEL outputs (the last may be WIDTH wide; missing outputs are 0), in each panel the inputs one behind
// the other; a narrow last panel has each output's inputs one behind the other. Behind all of it an int32: 1 where some
// weight outside a narrow panel is not finite, else 0.
#include "dense.h"
#include "integers.h"
#include "packed_sparse.h"
#include "transpose.h"

namespace {

struct PackedArgs {
  int64_t n, inputs, outputs, flags, x, weights, b, residual, y, mask;
};

struct PackArgs {
  int64_t inputs, outputs, transposed, w, packed;  // transposed: w is [outputs,inputs], else [inputs,outputs]
};

const int64_t PANEL = 2 * WIDTH;
const int64_t CHUNK = 400;     // most products summed up before they are added to the sums of other chunks
const int64_t STRIDE = 432;    // an odd number of cache lines, so that rows share the first-level cache
const int64_t ROWS = 112;      // of x that are in the second-level cache while the weights pass by
const int64_t SMALL = 200000;  // multiply-adds for which waking a thread does not pay
const int64_t DENSE = 6;       // of ten numbers that are not 0, from which on zeros are multiplied too
const int64_t STEPS = 4;       // inputs between which the next panel's lines are fetched
static_assert(ROWS <= SPARSE_ROWS && CHUNK <= MOST_SEGMENTS * SEGMENT, "what a sparse product takes");
#if WIDTH == 16
const int TALL = 14;  // rows of a tile
#else
const int TALL = 6;
#endif

inline int64_t padded(int64_t outputs) { return ceil_div(outputs, WIDTH) * WIDTH; }

// Whether the last panel has so few outputs, of so many inputs, that a vector is better filled with inputs.
inline bool narrow(int64_t inputs, int64_t outputs) {
  return outputs % PANEL > 0 && outputs % PANEL <= WIDTH / 4 && inputs >= 8 * WIDTH;
}

// Inputs of every chunk but the last.
inline int64_t chunk_of(int64_t inputs) {
  const int64_t chunks = ceil_div(inputs, CHUNK);
  return ceil_div(ceil_div(inputs, chunks), STEPS) * STEPS;
}

// What is done to the sums of a chunk of inputs.
struct Finish {
  const PackedArgs* g;
  bool first, last;
};

// `rows` sums, `stride` apart, of `count` outputs each: row i, output j and what is below.
inline void finish(const Finish& f, int64_t i, int64_t j, const float* sums, int64_t rows, int64_t stride, int64_t count) {
  const PackedArgs g = *f.g;
  const bool added = !f.first || (g.flags & ACCUMULATE);  // y holds the sum of other chunks, or what to add to
  const bool mask = (g.flags & MASK) && (f.last || (g.flags & ACCUMULATE));
  const bool post = f.last && (g.flags & (BIAS | RESIDUAL | RELU));
  const Floats bias = f.last && (g.flags & BIAS) ? floats(at<float>(g.b) + j, count) : Floats{};
  int64_t place = i * g.outputs + j;
  for (int64_t r = 0; r < rows; r++, place += g.outputs, sums += stride) {
    float* y = at<float>(g.y) + place;
    Floats v = floats(sums);
    if (mask && (g.flags & ACCUMULATE)) v = masked(v, floats(at<float>(g.mask) + place, count));
    if (added) v += floats(y, count);
    if (post) {
      v += bias;
      if (g.flags & RESIDUAL) v += floats(at<float>(g.residual) + place, count);
      if (g.flags & RELU) v = rectified(v);
    }
    if (mask && !(g.flags & ACCUMULATE)) v = masked(v, floats(at<float>(g.mask) + place, count));
    store(y, v, count);
  }
}

struct Tile {
  const float* x;  // rows `stride` apart
  int64_t stride;
  const float* w;
  int64_t length;
  const float* ahead;  // what to fetch, `lines` cache lines every STEPS inputs
  int64_t lines;
};

// rows: every third row.
template <int U, int V>
INLINE void step(Floats (&sums)[U][V], const float* const (&rows)[(U + 2) / 3], int64_t stride, int64_t l, const float* w) {
  Floats b[V];
#pragma GCC unroll 2
  for (int v = 0; v < V; v++) b[v] = floats(w + v * WIDTH);
#pragma GCC unroll 16
  for (int u = 0; u < U; u++) {
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) sums[u][v] += b[v] * rows[u / 3][u % 3 * stride + l];
  }
}

// U rows of V vectors of outputs. FIXED: the stride if the compiler may know it, else 0.
template <int U, int V, int FIXED>
void tile(const Tile& t, float* out) {
  const int64_t stride = FIXED ? FIXED : t.stride;
  Floats sums[U][V] = {};
  const float *w = t.w, *ahead = t.ahead;
  const float* rows[(U + 2) / 3];
#pragma GCC unroll 5
  for (int k = 0; k < (U + 2) / 3; k++) rows[k] = t.x + 3 * k * stride;
  int64_t l = 0;
  for (; l + STEPS <= t.length; l += STEPS) {
    for (int64_t k = 0; k < t.lines; k++, ahead += 16) __builtin_prefetch(ahead, 0, 2);
#pragma GCC unroll 4
    for (int s = 0; s < STEPS; s++) step<U, V>(sums, rows, stride, l + s, w + s * V * WIDTH);
    w += STEPS * V * WIDTH;
  }
  for (; l < t.length; l++, w += V * WIDTH) step<U, V>(sums, rows, stride, l, w);
#pragma GCC unroll 16
  for (int u = 0; u < U; u++) {
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) store(out + (u * V + v) * WIDTH, sums[u][v]);
  }
}

// R rows of O outputs, WIDTH apart: sums over vectors of inputs.
template <int R, int O>
INLINE void dots(const float* x, int64_t stride, const float* w, int64_t length, float* out) {
  Floats sums[R][O] = {};
  for (int64_t l = 0; l < length; l += WIDTH) {
    Floats a[R];
#pragma GCC unroll 2
    for (int r = 0; r < R; r++) a[r] = floats(x + r * stride + l, length - l);
#pragma GCC unroll 4
    for (int o = 0; o < O; o++) {
      const Floats b = floats(w + o * length + l, length - l);
#pragma GCC unroll 2
      for (int r = 0; r < R; r++) sums[r][o] += b * a[r];
    }
  }
#pragma GCC unroll 2
  for (int r = 0; r < R; r++) {
#pragma GCC unroll 4
    for (int o = 0; o < O; o++) out[r * WIDTH + o] = total(sums[r][o]);
  }
}

// The outputs of a narrow panel.
template <int O>
void narrow_tile(const Tile& t, int64_t rows, float* out) {
  int64_t r = 0;
  for (; r + 2 <= rows; r += 2) dots<2, O>(t.x + r * t.stride, t.stride, t.w, t.length, out + r * WIDTH);
  if (r < rows) dots<1, O>(t.x + r * t.stride, t.stride, t.w, t.length, out + r * WIDTH);
}

typedef void (*NarrowFunction)(const Tile&, int64_t, float*);
const NarrowFunction narrow_tiles[4] = {narrow_tile<1>, narrow_tile<2>, narrow_tile<3>, narrow_tile<4>};

typedef void (*TileFunction)(const Tile&, float*);

#if WIDTH == 16
#define MORE(V, F) , tile<7, V, F>, tile<8, V, F>, tile<9, V, F>, tile<10, V, F>, tile<11, V, F>, tile<12, V, F>, \
    tile<13, V, F>, tile<14, V, F>
#else
#define MORE(V, F)
#endif
#define TILES(V, F) \
  {tile<1, V, F>, tile<2, V, F>, tile<3, V, F>, tile<4, V, F>, tile<5, V, F>, tile<6, V, F> MORE(V, F)}

const TileFunction copied[2][TALL] = {TILES(1, STRIDE), TILES(2, STRIDE)};
const TileFunction direct[2][TALL] = {TILES(1, 0), TILES(2, 0)};

// Lines of the next panel to fetch in STEPS inputs, for all of it to be there after so many tiles.
inline int64_t lines(int64_t vectors, int64_t pieces) { return ceil_div(vectors * STEPS * WIDTH / 16, pieces); }

// Whether zeros of these rows are worth passing over: where nothing but a sum of one chunk is asked for.
bool sparse(const PackedArgs& g, int64_t i, int64_t rows, NonZero* n) {
  if (g.flags != 0 || g.inputs > CHUNK || at<int32_t>(g.weights)[g.inputs * padded(g.outputs)] != 0) return false;
  return find_nonzero(at<float>(g.x) + i * g.inputs, rows, g.inputs, n) * 10 < rows * g.inputs * DENSE;
}

// Outputs of so many rows from i on that whole sparse tiles take: from..; returns where they end.
int64_t sparse_columns(const PackedArgs& g, int64_t i, int64_t rows, int64_t from, int64_t to) {
  NonZero n;
  const int64_t step = SPARSE_PANELS * PANEL;
  if (from + step > to || !sparse(g, i, rows, &n)) return from;
  for (; from + step <= to; from += step) {
    sparse_panels(n, at<float>(g.x) + i * g.inputs, rows, g.inputs, at<float>(g.weights) + from * g.inputs, g.outputs,
                  at<float>(g.y) + i * g.outputs + from);
  }
  return from;
}

// Outputs from..to-1 (multiples of PANEL, but for the end) of all rows.
void columns(const PackedArgs& g, int64_t from, int64_t to, float* rows) {
  alignas(64) float sums[TALL * PANEL];
  const float* x = at<float>(g.x);
  const int64_t width = padded(g.outputs), most = chunk_of(g.inputs);
  // So few outputs that copying shows, and rows that lie in different sets of the first-level cache.
  const bool thin = narrow(g.inputs, g.outputs);
  const bool inPlace = g.outputs <= 256 && g.inputs % 256 != 0;
  const int64_t stride = inPlace ? g.inputs : STRIDE;
  for (int64_t i = 0; i < g.n; i += ROWS) {
    const int64_t high = least(ROWS, g.n - i), pieces = ceil_div(high, TALL);
    const int64_t begin = sparse_columns(g, i, high, from, to);
    for (int64_t l = 0; l < g.inputs && begin < to; l += most) {
      const int64_t length = least(most, g.inputs - l);
      for (int64_t r = 0; r < high && !inPlace; r++) {
        float* copy = rows + r * STRIDE;
        const float* row = x + (i + r) * g.inputs + l;
        for (int64_t k = 0; k < length; k += WIDTH) store(copy + k, floats(row + k, length - k));
      }
      const Finish f = {&g, l == 0, l + length == g.inputs};
      const float* chunk = at<float>(g.weights) + l * width;
      for (int64_t j = begin; j < to; j += PANEL) {
        const int64_t vectors = j + WIDTH < to ? 2 : 1;
        const float* w = chunk + j * length;
        Tile t = {nullptr, stride, w, length, w + length * vectors * WIDTH, lines(vectors, pieces)};
        int64_t r = 0;
        for (int64_t p = 0; p < pieces; p++) {
          const int64_t tall = high * (p + 1) / pieces - r;
          t.x = inPlace ? x + (i + r) * stride + l : rows + r * stride;
          if (thin && j + PANEL > g.outputs) {
            narrow_tiles[g.outputs - j - 1](t, tall, sums);
          } else {
            (inPlace ? direct : copied)[vectors - 1][tall - 1](t, sums);
          }
          for (int64_t v = 0; v < vectors; v++) {
            finish(f, i + r, j + v * WIDTH, sums + v * WIDTH, tall, vectors * WIDTH, g.outputs - j - v * WIDTH);
          }
          r += tall;
          t.ahead += t.lines * 16 * (length / STEPS);
        }
      }
    }
  }
}

// A grid of tasks, at most one for each thread.
struct Split {
  const PackedArgs* g;
  int64_t rows, panels;  // parts of the rows, of the panels
  float* workspace;
};

// The grid whose largest task is least: it multiplies its rows, and reads its weights in the time of two rows more.
// Fewer than 8 rows take as long as 8.
Split split(const PackedArgs& g, int64_t threads) {
  const int64_t panels = ceil_div(g.outputs, PANEL);
  Split best = {&g, 1, 1, nullptr};
  int64_t least_time = INT64_MAX;
  for (int64_t rows = 1; rows <= least(threads, g.n); rows++) {
    const int64_t parts = least(panels, threads / rows);
    const int64_t outputs = least(ceil_div(panels, parts) * PANEL, g.outputs);
    const int64_t time = (most(ceil_div(g.n, rows), 8) + 2) * outputs;
    if (time < least_time) best = {&g, rows, parts, nullptr}, least_time = time;
  }
  return best;
}

void part(const void* raw, int64_t task, int thread) {
  const Split& s = *(const Split*)raw;
  PackedArgs g = *s.g;
  const int64_t row = task / s.panels, panel = task % s.panels, panels = ceil_div(g.outputs, PANEL);
  const int64_t first = g.n * row / s.rows, bytes = first * sizeof(float);
  float* workspace = s.workspace + thread * least(g.n, ROWS) * STRIDE;
  g.n = g.n * (row + 1) / s.rows - first;
  g.x += bytes * g.inputs;
  g.y += bytes * g.outputs;
  g.residual += bytes * g.outputs;
  g.mask += bytes * g.outputs;
  const int64_t from = panels * panel / s.panels * PANEL;
  const int64_t to = least(panels * (panel + 1) / s.panels * PANEL, g.outputs);
  const WithoutDenormals scope;
  columns(g, from, to, workspace);
}

void packed_linear(bs_context* ctx, const void* args) {
  const PackedArgs& g = *(const PackedArgs*)args;
  Split s = split(g, g.n * g.inputs * g.outputs < SMALL ? 1 : bs_threads(ctx));
  s.workspace = (float*)bs_workspace(ctx);
  bs_parallel(ctx, s.rows * s.panels, part, &s);
}

// ---- Packing

bool finite(const float* w, int64_t count) {
  Floats sum = {};
  for (int64_t k = 0; k < count; k += WIDTH) {
    const Floats v = floats(w + k, count - k);
    sum += v - v;  // NaN where v is not finite
  }
  return !any_nan(sum);
}

// inputs l..l+length-1 of at most WIDTH outputs from j on, to lines `wide` apart.
void pack_transposed(const PackArgs& g, int64_t l, int64_t length, int64_t j, int64_t wide, float* to) {
  const int64_t count = least(WIDTH, g.outputs - j);
  const float* w = at<float>(g.w) + j * g.inputs + l;
  for (int64_t k = 0; k < length; k += WIDTH) {
    const int64_t lines = least(WIDTH, length - k);
    Floats v[WIDTH];
    for (int64_t o = 0; o < WIDTH; o++) v[o] = o < count ? floats(w + o * g.inputs + k, lines) : Floats{};
    transpose(v);
    for (int64_t r = 0; r < lines; r++) store(to + (k + r) * wide, v[r]);
  }
}

void pack_rows(const PackArgs& g, int64_t l, int64_t length, int64_t j, int64_t wide, float* to) {
  const float* w = at<float>(g.w) + l * g.outputs + j;
  for (int64_t k = 0; k < length; k++) store(to + k * wide, floats(w + k * g.outputs, g.outputs - j));
}

void pack_narrow(const PackArgs& g, int64_t l, int64_t length, int64_t j, float* to) {
  const float* w = at<float>(g.w);
  for (int64_t o = j; o < g.outputs; o++) {
    for (int64_t k = l; k < l + length; k++) *to++ = g.transposed ? w[o * g.inputs + k] : w[k * g.outputs + o];
  }
}

// Panels from..to-1 of all chunks.
void pack_panels(const void* raw, int64_t from, int64_t to) {
  const PackArgs& g = *(const PackArgs*)raw;
  const int64_t width = padded(g.outputs), most = chunk_of(g.inputs);
  for (int64_t l = 0; l < g.inputs; l += most) {
    const int64_t length = least(most, g.inputs - l);
    for (int64_t j = from * PANEL; j < least(to * PANEL, width); j += PANEL) {
      const int64_t wide = least(PANEL, width - j);
      float* panel = at<float>(g.packed) + l * width + j * length;
      if (j + PANEL > g.outputs && narrow(g.inputs, g.outputs)) {
        pack_narrow(g, l, length, j, panel);
        continue;
      }
      for (int64_t v = 0; v < wide; v += WIDTH) {
        (g.transposed ? pack_transposed : pack_rows)(g, l, length, j + v, wide, panel + v);
      }
      if (!finite(panel, length * wide)) {
        __atomic_store_n(at<int32_t>(g.packed) + g.inputs * width, 1, __ATOMIC_RELAXED);
      }
    }
  }
}

void pack_linear(bs_context* ctx, const void* args) {
  const PackArgs& g = *(const PackArgs*)args;
  at<int32_t>(g.packed)[g.inputs * padded(g.outputs)] = 0;
  bs_parallel_ranges(ctx, ceil_div(g.outputs, PANEL), 32768 / (g.inputs * PANEL) + 1, pack_panels, args);
}

}  // namespace

BS_TABLE(packed_linear){
    {"packed_linear", packed_linear},
    {"pack_linear", pack_linear},
    {nullptr, nullptr},
};
