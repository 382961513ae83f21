// Winograd's convolution, F32, NCHW, forward and backward-data: a task takes a block of consecutive tiles
// of the batch, transforms the inputs they read, multiplies and transforms back. See winograd.h.
#include "direct_finish.h"
#include "winograd_input.h"
#include "winograd_tile.h"

namespace {

// Neighbouring tiles of one row of an image, at most WIDTH; of narrow images at most half as many, and two pieces
// are transformed at once.
struct Piece {
  int64_t lane;                // of the first tile in the block
  int64_t image, row, column;  // its first output, of each phase
  int64_t y;                   // the same, of the first phase and channel
  int64_t rows, columns;       // outputs, of all phases
};

struct Block {
  const DirectArgs* g;
  const Filter* filter;  // of the phase
  int64_t part;   // group of the convolution
  int64_t tiles;
  int64_t pitch;  // tiles, padded to whole vectors
  int64_t groups, outputs, rest;  // of outputs, outs_of / groups and what it leaves
  int64_t pieces;
  Piece piece[MOST_TILES + 1];
  float* inputs;    // [point][section][channel][pitch]
  float* products;  // [phase of columns][point][output channel][pitch]
};

inline int64_t tiles_across(const DirectArgs& g) { return ceil_div(g.q, 2 * phases_w(g)); }
inline bool in_pairs(const DirectArgs& g) { return PAIRS && g.strideW == 1 && 2 * tiles_across(g) <= WIDTH; }
inline int64_t tiles_of_image(const DirectArgs& g) { return ceil_div(g.p, 2 * phases_h(g)) * tiles_across(g); }

void find_pieces(Block* b, int64_t first) {
  const DirectArgs& g = *b->g;
  const int64_t across = tiles_across(g), of_image = tiles_of_image(g);
  b->pieces = 0;
  for (int64_t lane = 0; lane < b->tiles;) {
    const int64_t tile = first + lane, own = tile % of_image, left = own % across;
    const int64_t count = least(least(across - left, b->tiles - lane), WIDTH);
    const int64_t image = tile / of_image, row = own / across * 2, column = left * 2;
    const int64_t top = row * phases_h(g), first_column = column * phases_w(g);
    const int64_t y = image * g.k * g.p * g.q + top * g.q + first_column;
    const int64_t rows = least(2 * phases_h(g), g.p - top);
    const int64_t columns = least(2 * phases_w(g) * count, g.q - first_column);
    b->piece[b->pieces++] = {lane, image, row, column, y, rows, columns};
    lane += count;
  }
  b->piece[b->pieces] = {b->tiles, 0, 0, 0, 0, 0, 0};  // of the last pair
}

// Floats before a point's transformed inputs.
inline int64_t inputs_of(const Block& b, int64_t place, int64_t point) {
  return place * ins_of(*b.g) * b.pitch + point * BETWEEN;
}

// Where the tiles of each piece read a section, and of a pair's missing piece: nowhere.
void find_views(const Block& b, int64_t index, bool pairs, View* views) {
  const DirectArgs& g = *b.g;
  const Sections &rows = b.filter->rows, &columns = b.filter->columns;
  const Section &row = rows.section[index / columns.count], &column = columns.section[index % columns.count];
  for (int64_t i = 0; i < b.pieces; i++) {
    const Piece& p = b.piece[i];
    views[i] = view(g, row, column, p.image, p.row, p.column, pairs ? 2 : WIDTH);
  }
  views[b.pieces] = {};
}

// STRIDE 0: of 1, in pairs. In ascending order: a piece's last lanes are overwritten by the next one.
template <int STRIDE, int ROWS, int COLUMNS>
void transform_section(const Block& b, int64_t index) {
  const DirectArgs& g = *b.g;
  View views[MOST_TILES + 1];
  find_views(b, index, STRIDE == 0, views);
  const int64_t* place = b.filter->place[index];
  int64_t offset[POINTS];
  for (int64_t point = 0; point < POINTS; point++) {
    offset[point] = place[point] < 0 ? -1 : inputs_of(b, place[point], point);
  }
  const int64_t ins = ins_of(g);
  const float* x = at<float>(g.x) + b.part * ins * g.h * g.w;
  float* to = b.inputs;
  for (int64_t c = 0; c < ins; c++, x += g.h * g.w, to += b.pitch) {
    for (int64_t i = 0; i < b.pieces; i += STRIDE == 0 ? 2 : 1) {
      const int64_t lane = b.piece[i].lane;
      if constexpr (STRIDE == 0) {
        transform_pair<ROWS, COLUMNS>(g, views + i, b.piece[i + 1].lane - lane, x, offset, to + lane);
      } else {
        transform_piece<STRIDE, ROWS, COLUMNS>(g, views[i], x, offset, to + lane);
      }
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
      const Transform run = step_w(*b.g) == 4   ? transform_of<4>(taps, across)
                            : step_w(*b.g) == 2 ? transform_of<2>(taps, across)
                            : in_pairs(*b.g)    ? transform_of<0>(taps, across)
                                                : transform_of<1>(taps, across);
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

// u: the filters of the phase; m: its products.
void multiply(const Block& b, const float* u, float* m) {
  const int64_t ins = ins_of(*b.g), outs = outs_of(*b.g), *first = b.filter->first;
  for (int64_t point = 0; point < POINTS; point++, m += point_stride(outs, b.pitch)) {
    const int64_t rows = (first[point + 1] - first[point]) * ins;
    if (rows > 0) multiply_point(b, b.inputs + inputs_of(b, first[point], point), u, rows, m);
    u += rows * outs;
  }
}

// One row of a piece's outputs: those of even and of odd columns.
INLINE void finish_row(const DirectArgs& g, const Piece* p, int64_t y, Floats even, Floats odd) {
  finish(g, y, interleaved_low(even, odd), p->columns);
  if (p->columns > WIDTH) finish(g, y + WIDTH, interleaved_high(even, odd), p->columns - WIDTH);
}

// The same of a pair.
INLINE void finish_rows(const DirectArgs& g, const Piece* p, int64_t row, int64_t y, Floats even, Floats odd) {
  const Ints lane = lane_numbers();
  const Ints second = (int32_t)(p[1].lane - p[0].lane) + (lane >> 1) + (lane & 1) * WIDTH;
  if (row < p[0].rows) finish(g, y + p[0].y, interleaved_low(even, odd), p[0].columns);
  if (row < p[1].rows) finish(g, y + p[1].y, picked(even, odd, second), p[1].columns);
}

// One row of two phases of columns.
INLINE void finish_phases(const DirectArgs& g, const Piece* p, int64_t y, const Floats even[2], const Floats odd[2]) {
  const Floats a = interleaved_low(even[0], odd[0]), b = interleaved_low(even[1], odd[1]);
  const Floats c = interleaved_high(even[0], odd[0]), d = interleaved_high(even[1], odd[1]);
  const Floats line[4] = {interleaved_low(a, b), interleaved_high(a, b), interleaved_low(c, d), interleaved_high(c, d)};
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    if (p->columns > j * WIDTH) finish(g, y + j * WIDTH, line[j], p->columns - j * WIDTH);
  }
}

// A^T m, the rows of A^T m A; points that no section has are 0.
INLINE void sum_rows(const Filter& f, const float* m, int64_t stride, Floats s[2][4]) {
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++, m += stride) {
    s[0][j] = s[1][j] = Floats{};
    if (!f.column[j]) continue;
    if (f.row[1]) s[0][j] = floats(m + 4 * stride) + floats(m + 8 * stride);
    if (f.row[1]) s[1][j] = floats(m + 4 * stride) - floats(m + 8 * stride);
    if (f.row[0]) s[0][j] += floats(m);
    if (f.row[3]) s[1][j] -= floats(m + 12 * stride);
  }
}

// How the outputs of a vector of tiles lie: in one row, in the rows of two pieces, every other one in a row.
enum Rows { ONE_PIECE, PAIR, TWO_PHASES };

// A^T m A of the tiles of a piece or pair, one output channel and phase of rows, which begin at y. m: [point] of the
// first tile; f: of the phases of columns.
template <Rows ROWS>
INLINE void finish_piece(const DirectArgs& g, const Filter* f, const Piece* p, const float* m, int64_t stride,
                         Floats bias, int64_t phase, int64_t y) {
  const int64_t phases = ROWS == TWO_PHASES ? 2 : 1;
  Floats s[2][2][4];
#pragma GCC unroll 2
  for (int k = 0; k < phases; k++) sum_rows(f[k], m + k * POINTS * stride, stride, s[k]);
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    const int64_t row = i * phases_h(g) + phase;
    Floats even[2], odd[2];
#pragma GCC unroll 2
    for (int k = 0; k < phases; k++) {
      even[k] = s[k][i][0] + s[k][i][1] + s[k][i][2] + bias;
      odd[k] = s[k][i][1] - s[k][i][2] - s[k][i][3] + bias;
    }
    if (ROWS == PAIR) {
      finish_rows(g, p, row, y + row * g.q, even[0], odd[0]);
    } else if (row < p->rows) {
      const int64_t at = y + p->y + row * g.q;
      ROWS == TWO_PHASES ? finish_phases(g, p, at, even, odd) : finish_row(g, p, at, even[0], odd[0]);
    }
  }
}

// The lines of the next channel, which are to be written and lie far away.
INLINE void fetch_outputs(const DirectArgs& g, const Piece& p, int64_t phase, int64_t channel) {
  const float* y = (const float*)g.y + p.y + channel * g.p * g.q;
  for (int64_t i = phase; i < p.rows; i += phases_h(g)) {
    for (int64_t j = 0; j < p.columns; j += 16) __builtin_prefetch(y + i * g.q + j, 1);
  }
}

// phase: of rows.
template <Rows ROWS>
void transform_outputs(const Block& b, int64_t phase) {
  const DirectArgs& g = *b.g;
  const int64_t outs = outs_of(g), stride = point_stride(outs, b.pitch);
  const Filter* f = b.filter - (phases_w(g) - 1);  // of the first phase of columns
  const float* m = b.products;
  for (int64_t channel = b.part * outs; channel < (b.part + 1) * outs; channel++, m += b.pitch) {
    const Floats bias = g.flags & BIAS ? all(at<float>(g.b)[channel]) : Floats{};
    for (int64_t i = 0; i < b.pieces; i += ROWS == PAIR ? 2 : 1) {
      const Piece* p = b.piece + i;
      fetch_outputs(g, p[0], phase, channel + 1);
      if (ROWS == PAIR) fetch_outputs(g, p[1], phase, channel + 1);
      finish_piece<ROWS>(g, f, p, m + p->lane, stride, bias, phase, channel * g.p * g.q);
    }
  }
}

void transform_outputs(const Block& b, int64_t phase) {
  if (in_pairs(*b.g)) {
    transform_outputs<PAIR>(b, phase);
  } else if (phases_w(*b.g) == 2) {
    transform_outputs<TWO_PHASES>(b, phase);
  } else {
    transform_outputs<ONE_PIECE>(b, phase);
  }
}

struct WinogradCall {
  const DirectArgs* g;
  Filters filters;
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
  b.groups = call.groups;
  b.outputs = outs_of(g) / b.groups;
  b.rest = outs_of(g) % b.groups;
  b.part = task / call.blocks;
  b.tiles = least(call.tiles, call.units * (block + 1) / call.blocks * unit) - first;
  b.pitch = ceil_div(b.tiles, WIDTH) * WIDTH;
  b.inputs = call.workspace + thread * (g.packedFloats + g.partialFloats);
  b.products = b.inputs + g.packedFloats;
  find_pieces(&b, first);
  const int64_t ins = ins_of(g), outs = outs_of(g), across = phases_w(g);
  const float* u = at<float>(g.weights) + b.part * call.filters.places * ins * outs;
  for (int64_t i = 0; i < call.filters.count; i++) {
    b.filter = &call.filters.filter[i];
    transform_inputs(b);
    multiply(b, u, b.products + i % across * POINTS * point_stride(outs, b.pitch));
    u += b.filter->first[POINTS] * ins * outs;
    if (i % across == across - 1) transform_outputs(b, i / across);
  }
}

void winograd(bs_context* ctx, const void* args) {
  const DirectArgs& g = *(const DirectArgs*)args;
  const int64_t tiles = g.n * tiles_of_image(g);
  const int64_t units = ceil_div(tiles, g.vectors * WIDTH), most = g.bandColumns / (g.vectors * WIDTH);
  WinogradCall call = {&g, filters_of(g), (float*)bs_workspace(ctx), tiles, units, ceil_div(units, most), group_count(g)};
  bs_parallel(ctx, g.groups * call.blocks, run_block, &call);
}

}  // namespace

BS_TABLE(winograd){
    {"winograd_f32", winograd},
    {nullptr, nullptr},
};
