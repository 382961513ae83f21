// The way into Winograd's transforms: neighbouring tiles of a row are the lanes of a vector. See winograd.h.
#pragma once
#include "winograd.h"

namespace {

// Which lanes of a vector lie inside the image.
#if WIDTH == 16
typedef Mask Inside;
inline Inside inside(int64_t column, int64_t width) { return without(below(width - column), below(-column)); }
// The vector at p, 0 outside, where nothing is read.
INLINE Floats window(const float* p, Inside k) { return floats_of(k, p); }
#else
struct Inside {
  int8_t from, to;
};
inline Inside inside(int64_t column, int64_t width) {
  const int64_t from = column < 0 ? least(-column, WIDTH) : 0;
  return {(int8_t)from, (int8_t)most(from, least(width - column, WIDTH))};
}
INLINE Floats window(const float* p, Inside k) { return floats(p, k.from, k.to); }
#endif

// v with the first lane gone, and behind it a lane of next.
#if WIDTH == 16
#define BS_SHIFTED(LAST) 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, LAST
#elif WIDTH == 8
#define BS_SHIFTED(LAST) 1, 2, 3, 4, 5, 6, 7, LAST
#else
#define BS_SHIFTED(LAST) 1, 2, 3, LAST
#endif
template <int LANE>
INLINE Floats shifted(Floats v, Floats next) {
  return __builtin_shufflevector(v, next, BS_SHIFTED(WIDTH + LANE));
}

// What the tiles of a piece read of a section.
struct View {
  int64_t x;  // first input, of the first channel
  Inside inside[4][10];
};

// apart: columns from one vector of a row to the next.
inline View view(const DirectArgs& g, const Section& rows, const Section& columns, int64_t image, int64_t row,
                 int64_t column, int64_t apart) {
  const int64_t top = row * step_h(g) + rows.offset, left = column * step_w(g) + columns.offset;
  View v = {};
  v.x = image * g.c * g.h * g.w + top * g.w + left;
  for (int64_t i = 0; i <= rows.taps; i++) {
    if (top + i * step_h(g) < 0 || top + i * step_h(g) >= g.h) continue;
    for (int64_t j = 0; j <= 2 * step_w(g) + 1; j++) v.inside[i][j] = inside(left + j * apart, g.w);
  }
  return v;
}

// d: the TAPS + 1 columns that the tiles of a row read, 2 STRIDE floats from tile to tile.
template <int STRIDE, int TAPS>
INLINE void read_row(const float* row, const Inside* in, Floats* d) {
  Floats v[2 * STRIDE];
#pragma GCC unroll 8
  for (int j = 0; j < 2 * STRIDE; j++) v[j] = window(row + j * WIDTH, in[j]);
#pragma GCC unroll 2
  for (int step = STRIDE; step > 1; step /= 2) {
#pragma GCC unroll 4
    for (int j = 0; j < step; j++) v[j] = even(v[2 * j], v[2 * j + 1]);
  }
  d[0] = even(v[0], v[1]);
  d[1] = odd(v[0], v[1]);
  if (TAPS == 1) return;
  // The next tile's, and of the last tile behind them.
  const int BEHIND = 2 * STRIDE;
  const Floats next = window(row + BEHIND * WIDTH, in[BEHIND]);
  d[2] = shifted<0>(d[0], next);
  if (TAPS < 3) return;
  const Floats last = STRIDE < WIDTH ? next : window(row + (BEHIND + 1) * WIDTH, in[BEHIND + 1]);
  d[3] = shifted<STRIDE % WIDTH>(d[1], last);
}

// B^T d of what so many taps read, at the points that they have.
template <int TAPS>
INLINE void to_points(Floats a, Floats b, Floats c, Floats e, Floats* t) {
  if (TAPS == 1) {
    t[1] = a + b;
    t[2] = b - a;
    return;
  }
  t[0] = a - c;
  t[1] = b + c;
  t[2] = c - b;
  if (TAPS == 3) t[3] = b - e;
}

// B^T d B of tiles, one channel, to the offset of each point.
template <int ROWS, int COLUMNS>
INLINE void transform_tiles(const Floats d[4][4], const int64_t* offset, float* to) {
  Floats t[4][4] = {};
#pragma GCC unroll 4
  for (int j = 0; j <= COLUMNS; j++) {
    Floats column[4] = {};
    to_points<ROWS>(d[0][j], d[1][j], d[2][j], d[3][j], column);
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) t[i][j] = column[i];
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    if (i < first_point(ROWS) || i > last_point(ROWS)) continue;
    Floats row[4];
    to_points<COLUMNS>(t[i][0], t[i][1], t[i][2], t[i][3], row);
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
      if (j >= first_point(COLUMNS) && j <= last_point(COLUMNS)) store(to + offset[4 * i + j], row[j]);
    }
  }
}

// Of the tiles of a piece; x: of its channel.
template <int STRIDE, int ROWS, int COLUMNS>
INLINE void transform_piece(const DirectArgs& g, const View& v, const float* x, const int64_t* offset, float* to) {
  Floats d[4][4] = {};
  const float* row = x + v.x;
#pragma GCC unroll 4
  for (int i = 0; i <= ROWS; i++, row += step_h(g) * g.w) read_row<STRIDE, COLUMNS>(row, v.inside[i], d[i]);
  transform_tiles<ROWS, COLUMNS>(d, offset, to);
}

// Two pieces of at most WIDTH / 2 tiles each fill a vector.
#if WIDTH == 16
const bool PAIRS = true;
INLINE Floats picked(Floats a, Floats b, Ints from) {
  return (Floats)_mm512_permutex2var_ps((__m512)a, (__m512i)from, (__m512)b);
}
#else
const bool PAIRS = false;
INLINE Floats picked(Floats a, Floats, Ints) { return a; }
#endif

// Of a pair's first piece of so many tiles and its second: the even elements of both, as lanes.
inline Ints even_of_pair(int64_t tiles) {
  const Ints lane = lane_numbers(), first = all((int32_t)tiles);
  return lane < first ? 2 * lane : WIDTH + 2 * (lane - first);
}

template <int TAPS>
INLINE void read_pair(const float* a, const Inside* ina, const float* b, const Inside* inb, Ints even, Floats* d) {
  const Floats v = window(a, ina[0]), w = window(b, inb[0]);
  d[0] = picked(v, w, even);
  d[1] = picked(v, w, even + 1);
  if (TAPS == 1) return;
  const Floats v2 = window(a + 2, ina[1]), w2 = window(b + 2, inb[1]);
  d[2] = picked(v2, w2, even);
  if (TAPS == 3) d[3] = picked(v2, w2, even + 1);
}

// Of two pieces, of which the first has so many tiles.
template <int ROWS, int COLUMNS>
INLINE void transform_pair(const DirectArgs& g, const View* v, int64_t tiles, const float* x, const int64_t* offset,
                           float* to) {
  Floats d[4][4] = {};
  const Ints even = even_of_pair(tiles);
  const float *a = x + v[0].x, *b = x + v[1].x;
#pragma GCC unroll 4
  for (int i = 0; i <= ROWS; i++, a += step_h(g) * g.w, b += step_h(g) * g.w) {
    read_pair<COLUMNS>(a, v[0].inside[i], b, v[1].inside[i], even, d[i]);
  }
  transform_tiles<ROWS, COLUMNS>(d, offset, to);
}

}  // namespace
