// Winograd's convolution, F32, NCHW, forward and backward-data: a task takes a block of consecutive tiles
// of the batch, transforms the inputs they read, multiplies and transforms back. See winograd.h.
#include "direct_finish.h"
#include "winograd_input.h"
#include "winograd_tile.h"

namespace {

// Neighbouring tiles of one row of an image, at most WIDTH.
struct Piece {
  int64_t lane;                // of the first tile in the block
  int64_t image, row, column;  // its first output
  int64_t y;                   // the same, of the first channel
  int64_t rows, columns;       // outputs
};

struct Block {
  const DirectArgs* g;
  const Filter* filter;
  int64_t part;   // group of the convolution
  int64_t tiles;
  int64_t pitch;  // tiles, padded to whole vectors
  int64_t groups, outputs, rest;  // of outputs, outs_of / groups and what it leaves
  int64_t pieces;
  Piece piece[MOST_TILES];
  float* inputs;    // [point][section][channel][pitch]
  float* products;  // [point][output channel][pitch]
};

inline int64_t tiles_across(const DirectArgs& g) { return ceil_div(g.q, 2); }
inline int64_t tiles_of_image(const DirectArgs& g) { return ceil_div(g.p, 2) * tiles_across(g); }

void find_pieces(Block* b, int64_t first) {
  const DirectArgs& g = *b->g;
  const int64_t across = tiles_across(g), of_image = tiles_of_image(g);
  b->pieces = 0;
  for (int64_t lane = 0; lane < b->tiles;) {
    const int64_t tile = first + lane, own = tile % of_image, left = own % across;
    const int64_t count = least(least(across - left, b->tiles - lane), WIDTH);
    const int64_t image = tile / of_image, row = own / across * 2, column = left * 2;
    const int64_t y = image * g.k * g.p * g.q + row * g.q + column;
    b->piece[b->pieces++] = {lane, image, row, column, y, least(2, g.p - row), least(2 * count, g.q - column)};
    lane += count;
  }
}

// Floats before a point's transformed inputs.
inline int64_t inputs_of(const Block& b, int64_t place, int64_t point) {
  return place * ins_of(*b.g) * b.pitch + point * BETWEEN;
}

// In ascending order: a piece's last lanes are overwritten by the next one.
template <int STRIDE, int ROWS, int COLUMNS>
void transform_section(const Block& b, int64_t index) {
  const DirectArgs& g = *b.g;
  const Sections &rows = b.filter->rows, &columns = b.filter->columns;
  const int64_t* place = b.filter->place[index];
  View views[MOST_TILES];
  for (int64_t i = 0; i < b.pieces; i++) {
    const Piece& p = b.piece[i];
    views[i] =
        view(g, rows.section[index / columns.count], columns.section[index % columns.count], p.image, p.row, p.column);
  }
  int64_t offset[POINTS];
  for (int64_t point = 0; point < POINTS; point++) {
    offset[point] = place[point] < 0 ? -1 : inputs_of(b, place[point], point);
  }
  const int64_t ins = ins_of(g);
  const float* x = at<float>(g.x) + b.part * ins * g.h * g.w;
  float* to = b.inputs;
  for (int64_t c = 0; c < ins; c++, x += g.h * g.w, to += b.pitch) {
    for (int64_t i = 0; i < b.pieces; i++) {
      transform_piece<STRIDE, ROWS, COLUMNS>(g, views[i], x + views[i].x, offset, to + b.piece[i].lane);
    }
  }
}

// Lanes without a tile are 0.
void clear_behind(const Block& b) {
  if (b.tiles == b.pitch) return;
  const int64_t ins = ins_of(*b.g);
  for (int64_t point = 0; point < POINTS; point++) {
    const int64_t* first = b.filter->first + point;
    float* v = b.inputs + inputs_of(b, first[0], point) + b.tiles;
    for (int64_t i = 0; i < (first[1] - first[0]) * ins; i++, v += b.pitch) store(v, Floats{}, b.pitch - b.tiles);
  }
}

typedef void (*Transform)(const Block&, int64_t);

// By the taps of the section's rows and columns, one less.
template <int STRIDE>
Transform transform_of(int64_t rows, int64_t columns) {
  static const Transform all[9] = {
      transform_section<STRIDE, 1, 1>, transform_section<STRIDE, 1, 2>, transform_section<STRIDE, 1, 3>,
      transform_section<STRIDE, 2, 1>, transform_section<STRIDE, 2, 2>, transform_section<STRIDE, 2, 3>,
      transform_section<STRIDE, 3, 1>, transform_section<STRIDE, 3, 2>, transform_section<STRIDE, 3, 3>};
  return all[3 * (rows - 1) + columns - 1];
}

void transform_inputs(const Block& b) {
  const Sections &rows = b.filter->rows, &columns = b.filter->columns;
  for (int64_t i = 0; i < rows.count; i++) {
    for (int64_t j = 0; j < columns.count; j++) {
      const int64_t taps = rows.section[i].taps, across = columns.section[j].taps;
      const Transform run = b.g->strideW == 2 ? transform_of<2>(taps, across) : transform_of<1>(taps, across);
      run(b, i * columns.count + j);
    }
  }
  clear_behind(b);
}

// One point's products, of so many rows of transformed inputs v and filters u. The groups of outputs are those
// of group_of, without its divisions.
void multiply_point(const Block& b, const float* v, const float* u, int64_t rows, float* m) {
  const DirectArgs& g = *b.g;
  const int64_t outs = outs_of(g), step = g.vectors * WIDTH;
  const int64_t chunk = rows <= g.chunk ? rows : ceil_div(rows, ceil_div(rows, g.chunk));
  for (int64_t first = 0, count, rest = 0; first < outs; first += count) {
    rest += b.rest;
    count = b.outputs + (rest >= b.groups);
    rest -= rest >= b.groups ? b.groups : 0;
    for (int64_t c = 0; c < rows; c += chunk) {
      const int64_t summed = least(chunk, rows - c);
      for (int64_t t = 0; t < b.pitch; t += step) {
        const Product product = product_of(least(g.vectors, (b.pitch - t) / WIDTH), count);
        product(v + c * b.pitch + t, u, summed, b.pitch, c > 0, m + first * b.pitch + t);
      }
      u += summed * count;
    }
  }
}

void multiply(const Block& b) {
  const DirectArgs& g = *b.g;
  const int64_t ins = ins_of(g), outs = outs_of(g), *first = b.filter->first;
  const float* u = at<float>(g.weights) + b.part * first[POINTS] * ins * outs;
  for (int64_t point = 0; point < POINTS; point++) {
    const int64_t rows = (first[point + 1] - first[point]) * ins;
    float* m = b.products + point * point_stride(outs, b.pitch);
    if (rows == 0) {
      __builtin_memset(m, 0, 4 * outs * b.pitch);
    } else {
      multiply_point(b, b.inputs + inputs_of(b, first[point], point), u, rows, m);
    }
    u += rows * outs;
  }
}

// A^T m A of the tiles of a piece, one output channel. m: [point] of the first tile.
INLINE void finish_piece(const DirectArgs& g, const Piece& p, const float* m, int64_t stride, Floats bias, int64_t y) {
  Floats s[2][4];
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const Floats m0 = floats(m + j * stride), m1 = floats(m + (4 + j) * stride);
    const Floats m2 = floats(m + (8 + j) * stride), m3 = floats(m + (12 + j) * stride);
    s[0][j] = m0 + m1 + m2;
    s[1][j] = m1 - m2 - m3;
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    if (i == p.rows) return;
    const Floats a = s[i][0] + s[i][1] + s[i][2] + bias, b = s[i][1] - s[i][2] - s[i][3] + bias;
    finish(g, y + i * g.q, interleaved_low(a, b), p.columns);
    if (p.columns > WIDTH) finish(g, y + i * g.q + WIDTH, interleaved_high(a, b), p.columns - WIDTH);
  }
}

// The lines of the next channel, which are to be written and lie far away.
INLINE void fetch_outputs(const DirectArgs& g, const Piece& p, int64_t at) {
  const float* y = (const float*)g.y + at;
  for (int64_t i = 0; i < p.rows; i++, y += g.q) {
    for (int64_t j = 0; j < p.columns; j += 16) __builtin_prefetch(y + j, 1);
  }
}

void transform_outputs(const Block& b) {
  const DirectArgs& g = *b.g;
  const int64_t outs = outs_of(g), stride = point_stride(outs, b.pitch);
  const float* m = b.products;
  for (int64_t channel = b.part * outs; channel < (b.part + 1) * outs; channel++, m += b.pitch) {
    const Floats bias = g.flags & BIAS ? all(at<float>(g.b)[channel]) : Floats{};
    for (int64_t i = 0; i < b.pieces; i++) {
      const Piece& p = b.piece[i];
      fetch_outputs(g, p, p.y + (channel + 1) * g.p * g.q);
      finish_piece(g, p, m + p.lane, stride, bias, p.y + channel * g.p * g.q);
    }
  }
}

struct WinogradCall {
  const DirectArgs* g;
  Filter filter;
  float* workspace;
  int64_t tiles, units, blocks, groups;
};

// Tasks: [group of the convolution][block of tiles]
void run_block(const void* raw, int64_t task, int thread) {
  const WinogradCall& call = *(const WinogradCall*)raw;
  const DirectArgs& g = *call.g;
  const int64_t block = task % call.blocks, unit = g.vectors * WIDTH;
  const int64_t first = call.units * block / call.blocks * unit;
  Block b;
  b.g = &g;
  b.filter = &call.filter;
  b.groups = call.groups;
  b.outputs = outs_of(g) / b.groups;
  b.rest = outs_of(g) % b.groups;
  b.part = task / call.blocks;
  b.tiles = least(call.tiles, call.units * (block + 1) / call.blocks * unit) - first;
  b.pitch = ceil_div(b.tiles, WIDTH) * WIDTH;
  b.inputs = call.workspace + thread * (g.packedFloats + g.partialFloats);
  b.products = b.inputs + g.packedFloats;
  find_pieces(&b, first);
  transform_inputs(b);
  multiply(b);
  transform_outputs(b);
}

void winograd(bs_context* ctx, const void* args) {
  const DirectArgs& g = *(const DirectArgs*)args;
  const int64_t tiles = g.n * tiles_of_image(g);
  const int64_t units = ceil_div(tiles, g.vectors * WIDTH), most = g.bandColumns / (g.vectors * WIDTH);
  WinogradCall call = {&g, filter_of(g), (float*)bs_workspace(ctx), tiles, units, ceil_div(units, most), group_count(g)};
  bs_parallel(ctx, g.groups * call.blocks, run_block, &call);
}

}  // namespace

BS_TABLE(winograd){
    {"winograd_f32", winograd},
    {nullptr, nullptr},
};
