// The weights' gradient of a convolution, F32, NCHW: dw[k, t] = sum over images and positions of
// dy[k, position] x[t, position], t being a channel and a tap. Lanes are filters: a tile of sums for
// some t and k stays in registers over the positions of a band;
// bands are added up, so that no sum is long. x [n,c,h,w], dy [n,k,p,q].
#include "direct_band.h"

namespace {

#if WIDTH == 16
const int MOST_LANES = 4;  // vectors of filters
#else
const int MOST_LANES = 1;
#endif
const int TILE_TAPS = 6;  // channels and taps

struct GradientTask {
  const DirectArgs* g;
  Band band;
  const float* x;    // packed
  const float* dy;   // packed [filters / lanes][position][lanes]
  float* sums;       // [channel and tap][padded filters]
};

inline int64_t padded_filters(const DirectArgs& g) { return ceil_div(outs_of(g), WIDTH) * WIDTH; }

// dy's rows of a band, positions and filters changing places.
void pack_filters(const DirectArgs& g, const float* dy, Span rows, float* to) {
  const int64_t positions = rows.length() * g.q, filters = outs_of(g);
  for (int64_t k = 0; k < filters; k += MOST_LANES * WIDTH) {
    const int64_t lanes = least(MOST_LANES * WIDTH, padded_filters(g) - k);
    for (int64_t v = 0; v < lanes; v += WIDTH) {
      for (int64_t j = 0; j < positions; j += WIDTH) {
        const int64_t count = least(WIDTH, positions - j);
        Floats block[WIDTH];
        for (int64_t i = 0; i < WIDTH; i++) {
          const float* from = dy + (k + v + i) * g.p * g.q + rows.from * g.q + j;
          block[i] = k + v + i < filters ? floats(from, count) : Floats{};
        }
        transpose(block);
        for (int64_t i = 0; i < count; i++) store(to + (j + i) * lanes + v, block[i]);
      }
    }
    to += positions * lanes;
  }
}

typedef void (*GradientTile)(const DirectArgs& g, int64_t rows, const float* const* x, int64_t row_pitch, const float* dy,
                             float* sums, int64_t pitch);

// sums[u * pitch + lane] += sum over positions of x[u][position] dy[position][lane].
template <int V, int U>
void gradient_tile(const DirectArgs& g, int64_t rows, const float* const* x, int64_t row_pitch, const float* dy,
                   float* sums, int64_t pitch) {
  Floats sum[U][V] = {};
  const float* from[U];
#pragma GCC unroll 8
  for (int u = 0; u < U; u++) from[u] = x[u];
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < g.q; j++, dy += V * WIDTH) {
      Floats a[V];
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) a[v] = floats(dy + v * WIDTH);
#pragma GCC unroll 8
      for (int u = 0; u < U; u++) {
        const float scalar = from[u][j];
#pragma GCC unroll 4
        for (int v = 0; v < V; v++) sum[u][v] += a[v] * scalar;
      }
    }
#pragma GCC unroll 8
    for (int u = 0; u < U; u++) from[u] += row_pitch;
  }
#pragma GCC unroll 8
  for (int u = 0; u < U; u++) {
#pragma GCC unroll 4
    for (int v = 0; v < V; v++) {
      float* to = sums + u * pitch + v * WIDTH;
      store(to, floats(to) + sum[u][v]);
    }
  }
}

template <int V>
inline GradientTile gradient_tiles(int64_t taps) {
  static const GradientTile tiles[] = {gradient_tile<V, 1>, gradient_tile<V, 2>, gradient_tile<V, 3>,
                                       gradient_tile<V, 4>, gradient_tile<V, 5>, gradient_tile<V, 6>};
  return tiles[taps - 1];
}

inline GradientTile gradient_tile_of(int64_t vectors, int64_t taps) {
#if WIDTH == 16
  if (vectors == 4) return gradient_tiles<4>(taps);
  if (vectors == 3) return gradient_tiles<3>(taps);
  if (vectors == 2) return gradient_tiles<2>(taps);
#endif
  return vectors == 1 ? gradient_tiles<1>(taps) : nullptr;
}

// Adds a band's products to the sums.
void add_band(const GradientTask& t, const int64_t* offsets) {
  const DirectArgs& g = *t.g;
  const int64_t area = g.r * g.s, all = ins_of(g) * area, padded = padded_filters(g), positions = t.band.outRows.length() * g.q;
  const float* dy = t.dy;
  for (int64_t k = 0; k < padded; k += MOST_LANES * WIDTH) {
    const int64_t lanes = least(MOST_LANES * WIDTH, padded - k);
    const float* plane = t.x;
    int64_t next = 0;
    for (int64_t tap = 0; tap < all; tap += TILE_TAPS) {
      const int64_t taps = least(TILE_TAPS, all - tap);
      const float* from[TILE_TAPS];
      for (int64_t u = 0; u < taps; u++) {
        from[u] = plane + offsets[next];
        if (++next == area) next = 0, plane += t.band.plane;
      }
      gradient_tile_of(lanes / WIDTH, taps)(g, t.band.outRows.length(), from, t.band.rowPitch * g.strideH, dy,
                                            t.sums + tap * padded + k, padded);
    }
    dy += positions * lanes;
  }
}

struct GradientCall {
  const DirectArgs* g;
  float* workspace;
  int64_t parts;
};

inline int64_t sums_floats(const DirectArgs& g) { return g.groups * ins_of(g) * g.r * g.s * padded_filters(g); }

// A part takes every parts-th band of all images into sums of its own.
void gradient_part(const void* raw, int64_t part, int) {
  const GradientCall& call = *(const GradientCall*)raw;
  const DirectArgs& g = *call.g;
  float* own = call.workspace + part * (g.packedFloats + g.partialFloats);
  float* sums = call.workspace + call.parts * (g.packedFloats + g.partialFloats) + part * sums_floats(g);
  __builtin_memset(sums, 0, sums_floats(g) * sizeof(float));
  const Taps rows = row_taps(g, 0), columns = column_taps(g, 0);
  const int64_t bands = ceil_div(g.p, g.bandRows), tasks = g.n * g.groups * bands;
  for (int64_t task = tasks * part / call.parts; task < tasks * (part + 1) / call.parts; task++) {
    const int64_t band = task % bands, group = task / bands % g.groups, image = task / bands / g.groups;
    GradientTask t = {&g, band_of(g, {band * g.bandRows, least(g.p, (band + 1) * g.bandRows)}, {0, g.q}), own,
                      own + g.packedFloats, sums + group * ins_of(g) * g.r * g.s * padded_filters(g)};
    pack_rows(g, t.band, at<float>(g.x) + (image * g.c + group * ins_of(g)) * g.h * g.w, {0, ins_of(g)}, own);
    pack_filters(g, at<float>(g.y) + (image * g.k + group * outs_of(g)) * g.p * g.q, t.band.outRows, own + g.packedFloats);
    int64_t offsets[MOST_TAPS * MOST_TAPS];
    for (int64_t i = 0; i < g.r; i++) {
      const int64_t row = t.band.outRows.from * g.strideH + rows.offset[i] - t.band.rows.from;
      for (int64_t j = 0; j < g.s; j++) {
        const int64_t x = columns.offset[j] - t.band.columns.from;
        offsets[i * g.s + j] =
            row * t.band.rowPitch + remainder(x, g.strideW) * t.band.pitch + quotient(x, g.strideW);
      }
    }
    add_band(t, offsets);
  }
}

// dw[k, t] (= or +=) the parts' sums, in their order, for blocks of WIDTH filters from..to-1.
void sum_parts(const void* raw, int64_t from, int64_t to) {
  const GradientCall& call = *(const GradientCall*)raw;
  const DirectArgs& g = *call.g;
  const int64_t all = ins_of(g) * g.r * g.s, padded = padded_filters(g), blocks = padded / WIDTH;
  const float* parts = call.workspace + call.parts * (g.packedFloats + g.partialFloats);
  for (int64_t block = from; block < to; block++) {
    const int64_t group = block / blocks, k = block % blocks * WIDTH, filters = least(WIDTH, outs_of(g) - k);
    float* dw = at<float>(g.weights) + (group * outs_of(g) + k) * all;
    for (int64_t t = 0; t < all; t += WIDTH) {
      const int64_t taps = least(WIDTH, all - t);
      Floats sum[WIDTH] = {};
      for (int64_t p = 0; p < call.parts; p++) {
        const float* column = parts + p * sums_floats(g) + (group * all + t) * padded + k;
        for (int64_t i = 0; i < taps; i++) sum[i] += floats(column + i * padded);
      }
      transpose(sum);
      for (int64_t i = 0; i < filters; i++) {
        float* to_row = dw + i * all + t;
        if (g.flags & ACCUMULATE) sum[i] += floats(to_row, taps);
        store(to_row, sum[i], taps);
      }
    }
  }
}

// x, y: x and dy; weights: dw; parts: as many as threads, or fewer.
void gradient(bs_context* ctx, const void* args) {
  const DirectArgs& g = *(const DirectArgs*)args;
  GradientCall call = {&g, (float*)bs_workspace(ctx), g.parts};
  bs_parallel(ctx, g.parts, gradient_part, &call);
  const int64_t blocks = g.groups * padded_filters(g) / WIDTH;
  bs_parallel_ranges(ctx, blocks, 2048 / (ins_of(g) * g.r * g.s) + 1, sum_parts, &call);
}

}  // namespace

BS_TABLE(direct_gradient){
    {"direct_gradient_f32", gradient},
    {nullptr, nullptr},
};
