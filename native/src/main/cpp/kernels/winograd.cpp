// Winograd's convolution, F32, NCHW, forward and backward-data: a task takes a block of consecutive tiles
// of the batch, transforms the inputs they read, multiplies and transforms back. See winograd.h.
#include "direct_finish.h"
#include "winograd_tile.h"

namespace {

// Which lanes of a vector lie inside the image.
#if WIDTH == 16
typedef __mmask16 Inside;
inline Inside inside(int64_t column, int64_t width) {
  return lanes_below(width - column) & (__mmask16)~lanes_below(-column);
}
// The vector at p, 0 outside, where nothing is read.
INLINE Floats window(const float* p, Inside k) { return (Floats)_mm512_maskz_loadu_ps(k, p); }
#else
struct Inside {
  int32_t from, to;
};
inline Inside inside(int64_t column, int64_t width) {
  const int64_t from = column < 0 ? least(-column, WIDTH) : 0;
  return {(int32_t)from, (int32_t)most(from, least(width - column, WIDTH))};
}
INLINE Floats window(const float* p, Inside k) {
  if (k.to - k.from == WIDTH) return floats(p);
  Floats v = {};
  for (int32_t i = k.from; i < k.to; i++) v[i] = p[i];
  return v;
}
#endif

// The four vectors of a row that the tiles of a piece read begin at these columns.
const int64_t STARTS[4] = {0, WIDTH, 2, WIDTH + 2};

// Neighbouring tiles of one row of an image, at most WIDTH.
struct Piece {
  int64_t lane;           // of the first tile in the block
  int64_t x, y;           // first input and output, of the first channel
  int64_t rows, columns;  // outputs
  Inside inside[4][4];    // rows of a tile, vectors of a row
};

struct Block {
  const DirectArgs* g;
  int64_t part;   // group of the convolution
  int64_t tiles;
  int64_t pitch;  // tiles, padded to whole vectors
  int64_t pieces;
  Piece piece[MOST_TILES + 1];
  float* inputs;    // [point][channel][pitch]
  float* products;  // [point][output channel][pitch]
};

inline int64_t tiles_across(const DirectArgs& g) { return ceil_div(g.q, 2); }
inline int64_t tiles_of_image(const DirectArgs& g) { return ceil_div(g.p, 2) * tiles_across(g); }
inline int64_t pad_of(const DirectArgs& g, int64_t pad) { return g.backward ? 2 - pad : pad; }

Piece piece(const DirectArgs& g, int64_t image, int64_t row, int64_t column, int64_t count, int64_t lane) {
  const int64_t top = row - pad_of(g, g.padTop), left = column - pad_of(g, g.padLeft);
  Piece p = {};
  p.lane = lane;
  p.x = image * g.c * g.h * g.w + top * g.w + left;
  p.y = image * g.k * g.p * g.q + row * g.q + column;
  p.rows = least(2, g.p - row);
  p.columns = least(2 * count, g.q - column);
  for (int64_t i = 0; i < 4; i++) {
    if (top + i < 0 || top + i >= g.h) continue;
    for (int64_t j = 0; j < 4; j++) p.inside[i][j] = inside(left + STARTS[j], g.w);
  }
  return p;
}

void find_pieces(Block* b, int64_t first) {
  const DirectArgs& g = *b->g;
  const int64_t across = tiles_across(g), image = tiles_of_image(g);
  b->pieces = 0;
  for (int64_t lane = 0; lane < b->tiles;) {
    const int64_t tile = first + lane, own = tile % image, column = own % across;
    const int64_t count = least(least(across - column, b->tiles - lane), WIDTH);
    b->piece[b->pieces++] = piece(g, tile / image, own / across * 2, column * 2, count, lane);
    lane += count;
  }
  if (b->tiles == b->pitch) return;
  // Lanes without a tile are 0.
  b->piece[b->pieces] = {};
  b->piece[b->pieces++].lane = b->tiles;
}

// B^T d B of the tiles of a piece, one channel, from its first input on. to: [point] of the first tile.
INLINE void transform_piece(const DirectArgs& g, const Piece& p, const float* x, int64_t stride, float* to) {
  Floats d[4][4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    const float* row = x + i * g.w;
    const Floats a = window(row, p.inside[i][0]), b = window(row + STARTS[1], p.inside[i][1]);
    const Floats c = window(row + STARTS[2], p.inside[i][2]), e = window(row + STARTS[3], p.inside[i][3]);
    d[i][0] = even(a, b);
    d[i][1] = odd(a, b);
    d[i][2] = even(c, e);
    d[i][3] = odd(c, e);
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    const Floats t0 = d[0][j] - d[2][j], t1 = d[1][j] + d[2][j], t2 = d[2][j] - d[1][j], t3 = d[1][j] - d[3][j];
    d[0][j] = t0, d[1][j] = t1, d[2][j] = t2, d[3][j] = t3;
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++, to += 4 * stride) {
    store(to, d[i][0] - d[i][2]);
    store(to + stride, d[i][1] + d[i][2]);
    store(to + 2 * stride, d[i][2] - d[i][1]);
    store(to + 3 * stride, d[i][1] - d[i][3]);
  }
}

// In ascending order: a piece's last lanes are overwritten by the next one.
void transform_inputs(const Block& b) {
  const DirectArgs& g = *b.g;
  const int64_t ins = ins_of(g), stride = point_stride(ins, b.pitch);
  const float* x = at<float>(g.x) + b.part * ins * g.h * g.w;
  float* to = b.inputs;
  for (int64_t c = 0; c < ins; c++, x += g.h * g.w, to += b.pitch) {
    for (int64_t i = 0; i < b.pieces; i++) {
      const Piece& p = b.piece[i];
      transform_piece(g, p, x + p.x, stride, to + p.lane);
    }
  }
}

void multiply(const Block& b) {
  const DirectArgs& g = *b.g;
  const int64_t ins = ins_of(g), outs = outs_of(g), groups = winograd_groups(g), step = g.vectors * WIDTH;
  const float* u = at<float>(g.weights) + b.part * POINTS * outs * ins;
  for (int64_t point = 0; point < POINTS; point++) {
    const float* v = b.inputs + point * point_stride(ins, b.pitch);
    float* m = b.products + point * point_stride(outs, b.pitch);
    for (int64_t i = 0; i < groups; i++) {
      const Span k = winograd_group(g, i);
      for (int64_t c = 0; c < ins; c += g.chunk) {
        const int64_t channels = least(g.chunk, ins - c);
        for (int64_t t = 0; t < b.pitch; t += step) {
          const Product product = product_of(least(g.vectors, (b.pitch - t) / WIDTH), k.length());
          product(v + c * b.pitch + t, u, channels, b.pitch, c > 0, m + k.from * b.pitch + t);
        }
        u += channels * k.length();
      }
    }
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

void transform_outputs(const Block& b) {
  const DirectArgs& g = *b.g;
  const int64_t outs = outs_of(g), stride = point_stride(outs, b.pitch);
  const float* m = b.products;
  for (int64_t channel = b.part * outs; channel < (b.part + 1) * outs; channel++, m += b.pitch) {
    const Floats bias = g.flags & BIAS ? all(at<float>(g.b)[channel]) : Floats{};
    for (int64_t i = 0; i < b.pieces; i++) {
      const Piece& p = b.piece[i];
      finish_piece(g, p, m + p.lane, stride, bias, p.y + channel * g.p * g.q);
    }
  }
}

struct WinogradCall {
  const DirectArgs* g;
  float* workspace;
  int64_t tiles, units, blocks;
};

// Tasks: [group of the convolution][block of tiles]
void run_block(const void* raw, int64_t task, int thread) {
  const WinogradCall& call = *(const WinogradCall*)raw;
  const DirectArgs& g = *call.g;
  const int64_t block = task % call.blocks, unit = g.vectors * WIDTH;
  const int64_t first = call.units * block / call.blocks * unit;
  Block b;
  b.g = &g;
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
  WinogradCall call = {&g, (float*)bs_workspace(ctx), tiles, units, ceil_div(units, most)};
  bs_parallel(ctx, g.groups * call.blocks, run_block, &call);
}

}  // namespace

BS_TABLE(winograd){
    {"winograd_f32", winograd},
    {nullptr, nullptr},
};
