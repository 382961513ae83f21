// Numbers split into bfloat16 parts, a = a1 + a2 + a3, each the nearest to what is left, and packed into tiles.
// Tiles count numbers below 2^-126 as 0, which would cut off the low parts of products below 2^-100, and the greatest
// numbers of float32 would round to infinity. So rows of a panel with very small or great numbers are scaled by powers
// of two first. What is not finite is left out, and put into the product later (tile_repair). Static, as all of a
// level.
#pragma once
#include "floats.h"
#include "tile_product.h"
#include "transpose.h"

namespace {

typedef uint32_t Words __attribute__((vector_size(4 * WIDTH)));

// A matrix by its rows: element (i, k) is p[i * row + k * depth], one of row and depth is 1. Of a right operand the
// columns are these rows.
struct Source {
  const float* p;
  int64_t row, depth;
};

inline float element(const Source& s, int64_t i, int64_t k) { return s.p[i * s.row + k * s.depth]; }

// What was done to one row of a panel.
struct RowGuard {
  double unscale;     // takes the row's products back
  int64_t notFinite;  // some numbers are, and were left out
};

// To the rows of a panel.
struct PanelGuard {
  RowGuard row[PANEL];
  int64_t special;  // some row is
  int64_t unused[7];
};

const uint32_t LEAST = 0x26800000;     // 2^-50
const uint32_t GREATEST = 0x5c800000;  // 2^58: with its like, 512 products stay below 2^126
const uint32_t INFINITE = 0x7f800000;

inline uint32_t magnitude(float v) {
  uint32_t bits;
  __builtin_memcpy(&bits, &v, 4);
  return bits & 0x7fffffff;
}

inline bool finite(float v) { return magnitude(v) < INFINITE; }

// Whether count neighbours are all 0 or of ordinary magnitude.
inline bool ordinary(const float* p, int64_t count) {
  Words wrong = {};
  for (int64_t j = 0; j < count; j += WIDTH) {
    const Words bits = (Words)floats(p + j, count - j) & 0x7fffffff;
    wrong |= (Words)(bits - LEAST > GREATEST - LEAST) & (Words)(bits != 0);
  }
  uint32_t any = 0;
  for (int l = 0; l < WIDTH; l++) any |= wrong[l];
  return any == 0;
}

inline bool ordinary(const Source& s, int64_t rows, int64_t count) {
  bool all = true;
  if (s.depth == 1) {
    for (int64_t i = 0; i < rows; i++) all = all && ordinary(s.p + i * s.row, count);
  } else {
    for (int64_t k = 0; k < count; k++) all = all && ordinary(s.p + k * s.depth, rows);
  }
  return all;
}

// 2^e, -1022 <= e <= 1023
inline double power_of_two(int64_t e) {
  const int64_t bits = (e + 1023) << 52;
  double v;
  __builtin_memcpy(&v, &bits, 8);
  return v;
}

// The power of two that brings a number of this magnitude to 2^57 .. 2^58.
inline double scale_for(uint32_t magnitude) {
  int64_t e = (int64_t)(magnitude >> 23) - 127;
  if (e == -127) e = -118 - __builtin_clz(magnitude);
  return power_of_two(57 - e);
}

// The greatest finite magnitude of count numbers, and whether all are finite.
inline uint32_t greatest(const Source& s, int64_t i, int64_t count, bool* all) {
  uint32_t most = 0;
  for (int64_t k = 0; k < count; k++) {
    const uint32_t m = magnitude(element(s, i, k));
    if (m >= INFINITE) {
      *all = false;
    } else if (m > most) {
      most = m;
    }
  }
  return most;
}

// Copies a panel to room[PANEL][BLOCK]: every row scaled so that its greatest number is below 2^58, 0 in place of
// what is not finite.
inline __attribute__((noinline)) Source cleaned(const Source& s, int64_t rows, int64_t count, float* room, PanelGuard* guard) {
  guard->special = 1;
  for (int64_t i = 0; i < rows; i++) {
    bool all = true;
    const uint32_t most = greatest(s, i, count, &all);
    const double scale = most ? scale_for(most) : 1;
    guard->row[i] = {1 / scale, !all};
    for (int64_t k = 0; k < count; k++) {
      const float v = element(s, i, k);
      room[i * BLOCK + k] = finite(v) ? (float)(v * scale) : 0;
    }
  }
  return {room, BLOCK, 1};
}

// The nearest bfloat16, in the upper half of each lane. Not for numbers that round to infinity.
inline Words nearest(Floats v) {
  const Words bits = (Words)v;
  return (bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000;
}

// Parts of pairs of numbers; parts[p] has those of the first in the lower halves.
template <int PARTS>
inline void split_pairs(Floats first, Floats second, Words* parts) {
#pragma GCC unroll 3
  for (int p = 0; p < PARTS; p++) {
    const Words a = nearest(first), b = nearest(second);
    parts[p] = (a >> 16) | b;
    first -= (Floats)a;
    second -= (Floats)b;
  }
}

// 16 x 16 pairs from in[16][16] to rows of `stride` bytes, transposed.
inline void transpose_tile(const uint32_t* in, char* out, int64_t stride) {
  for (int i = 0; i < 16; i += WIDTH) {
    for (int j = 0; j < 16; j += WIDTH) {
      Floats v[WIDTH];
      for (int l = 0; l < WIDTH; l++) v[l] = floats((const float*)(in + (i + l) * 16 + j));
      transpose(v);
      for (int l = 0; l < WIDTH; l++) store((float*)(out + (j + l) * stride) + i, v[l]);
    }
  }
}

// One tile of each part, from up to 16 rows and CHUNK numbers of each, the rest 0. As rows of pairs, as a left operand
// has them; or as columns of pairs, if `right`.
template <int PARTS>
inline void split_tile(const Source& s, int64_t rows, int64_t count, bool right, char* out, int64_t part) {
  alignas(64) uint32_t own[PARTS][16][16];
  const bool rowWise = s.depth == 1, turned = rowWise == right;
  for (int64_t i = 0; i < 16; i++) {  // rowWise: row i; else pair i of all rows
    for (int64_t j = 0; j < 16; j += WIDTH) {
      Words pairs[PARTS];
      Floats first, second;
      if (rowWise) {
        const float* p = s.p + i * s.row + 2 * j;
        const int64_t left = i < rows ? count - 2 * j : 0;
        const Floats low = left > 0 ? floats(p, left) : Floats{};
        const Floats high = left > WIDTH ? floats(p + WIDTH, left - WIDTH) : Floats{};
        first = even(low, high), second = odd(low, high);
      } else {
        const float* p = s.p + 2 * i * s.depth + j;
        first = 2 * i < count && j < rows ? floats(p, rows - j) : Floats{};
        second = 2 * i + 1 < count && j < rows ? floats(p + s.depth, rows - j) : Floats{};
      }
      split_pairs<PARTS>(first, second, pairs);
      for (int p = 0; p < PARTS; p++) {
        char* to = turned ? (char*)&own[p][i][j] : out + p * part + i * 64 + j * 4;
        __builtin_memcpy(to, &pairs[p], sizeof(Words));
      }
    }
  }
  if (!turned) return;
  for (int p = 0; p < PARTS; p++) transpose_tile(own[p][0], out + p * part, 64);
}

// Packs a panel: up to 32 rows and up to BLOCK numbers of each, for each chunk and part two tiles. room: of
// PANEL * BLOCK floats.
template <int PARTS>
inline void pack_panel(Source s, int64_t rows, int64_t count, bool right, char* out, PanelGuard* guard, float* room) {
  guard->special = 0;
  for (int64_t i = 0; i < PANEL; i++) guard->row[i] = {1, 0};
  if (!ordinary(s, rows, count)) s = cleaned(s, rows, count, room, guard);
  for (int64_t k = 0; k < count; k += CHUNK) {
    for (int64_t t = 0; t < 2; t++, out += TILE_BYTES) {
      const int64_t left = rows - 16 * t < 16 ? rows - 16 * t : 16;
      split_tile<PARTS>({s.p + 16 * t * s.row + k * s.depth, s.row, s.depth}, left > 0 ? left : 0,
                        count - k < CHUNK ? count - k : CHUNK, right, out, 2 * TILE_BYTES);
    }
    out += (PARTS - 1) * 2 * TILE_BYTES;
  }
}

inline void pack_panel(int64_t parts, const Source& s, int64_t rows, int64_t count, bool right, char* out,
                       PanelGuard* guard, float* room) {
  if (parts == 1) {
    pack_panel<1>(s, rows, count, right, out, guard, room);
  } else if (parts == 2) {
    pack_panel<2>(s, rows, count, right, out, guard, room);
  } else {
    pack_panel<3>(s, rows, count, right, out, guard, room);
  }
}

// Scales out[32][32] back. A sum with numbers that are not finite is that of their products alone.
inline __attribute__((noinline)) void tile_repair(const PanelGuard& left, const PanelGuard& right, const Source& a,
                                           const Source& b, int64_t rows, int64_t columns, int64_t count, float* out) {
  for (int64_t i = 0; i < rows; i++) {
    for (int64_t j = 0; j < columns; j++) {
      float v = (float)(out[i * PANEL + j] * left.row[i].unscale * right.row[j].unscale);
      if (left.row[i].notFinite | right.row[j].notFinite) {
        float sum = 0;
        bool any = false;
        for (int64_t k = 0; k < count; k++) {
          const float x = element(a, i, k), y = element(b, j, k);
          if (finite(x) && finite(y)) continue;
          sum += x * y;
          any = true;
        }
        if (any) v = sum;
      }
      out[i * PANEL + j] = v;
    }
  }
}

}  // namespace
