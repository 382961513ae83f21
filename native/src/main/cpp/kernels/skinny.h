// Products of few rows, F32: c [m,n] = alpha a b + beta c with m or k small, so that b is read once
// at the speed of memory and nothing is packed but a. Everything is static: nothing is shared
// between instruction sets.
#pragma once
#include "floats.h"

namespace {

struct Skinny {
  int64_t m, n, k;
  const float* a;  // element (i, l) at i aRow + l aColumn
  int64_t aRow, aColumn;
  const float* b;  // rows of length ldb: k of them, or n for dots()
  int64_t ldb;
  float* c;
  float alpha, beta;
  // Of the sum, in this order, where not null: bias [n], residual [m,n]; ReLU; mask [m,n] > 0.
  const float *bias, *residual;
  bool relu;
  const float* mask;
};

// Elements (i, j..) of c from what is added to them; only the first and the last of several
// additions meet beta and what follows the sum.
INLINE void give(const Skinny& g, int64_t i, int64_t j, int64_t count, Floats v, bool first, bool last) {
  float* c = g.c + i * g.n + j;
  v *= all(g.alpha);
  if (!first) v += floats(c, count);
  if (first && g.beta != 0) v += all(g.beta) * floats(c, count);
  if (last) {
    if (g.bias) v += floats(g.bias + j, count);
    if (g.residual) v += floats(g.residual + i * g.n + j, count);
    if (g.relu) v = choose(greater(Floats{}, v), Floats{}, v);
    if (g.mask) {
      const Floats mask = floats(g.mask + i * g.n + j, count);
      v = choose(unordered(mask), mask, only(greater(mask, Floats{}), v));
    }
  }
  store(c, v, count);
}

// ---- b [k,n]: multiples of its rows are added up, WIDTH columns in a vector

const int64_t ROWS = 8;         // of a in a tile
const int64_t DEPTH = 128;      // rows of b whose multiples stay in registers, at most
const int64_t STREAMS = 16;     // so many if c is small: rows that the processor fetches ahead of their use
const int64_t TILES = 8;        // tiles of a that a strip of b meets while it is in the cache

struct Depth {
  int64_t from, count;
  bool first, last;
  bool plain;  // the sum is c
};

// a's rows i.. as tile[l][r]; missing rows are 0.
inline void pack(const Skinny& g, int64_t i, int64_t rows, const Depth& d, int64_t height, float* tile) {
  for (int64_t l = 0; l < d.count; l++) {
    const float* a = g.a + i * g.aRow + (d.from + l) * g.aColumn;
    for (int64_t r = 0; r < height; r++) tile[l * height + r] = r < rows ? a[r * g.aRow] : 0;
  }
}

// Rows i.. of c (at most R) times columns j.. (V vectors; `count` columns if V is 1).
template <int R, int V>
INLINE void strip(const Skinny& g, const float* tile, int64_t i, int64_t rows, int64_t j, int64_t count, const Depth& d,
                  bool fetch) {
  Floats sums[R][V] = {};
  const float* b = g.b + d.from * g.ldb + j;
  for (int64_t l = 0; l < d.count; l++, b += g.ldb, tile += R) {
    Floats row[V];
    for (int v = 0; v < V; v++) {
      row[v] = V == 1 ? floats(b, count) : floats(b + v * WIDTH);
      // The strip to the right comes next; so many rows are too many for the processor to foresee.
      if (fetch) __builtin_prefetch(b + (V + v) * WIDTH);
    }
    for (int r = 0; r < R; r++) {
      const Floats a = all(tile[r]);
      for (int v = 0; v < V; v++) sums[r][v] += a * row[v];
    }
  }
  for (int r = 0; r < R; r++) {
    if (r >= rows) break;
    for (int v = 0; v < V; v++) {
      if (d.plain && V > 1) {
        store(g.c + (i + r) * g.n + j + v * WIDTH, sums[r][v]);
      } else {
        give(g, i + r, j + v * WIDTH, V == 1 ? count : WIDTH, sums[r][v], d.first, d.last);
      }
    }
  }
}

// Columns from..to-1 of c, R rows at once.
template <int R, int V>
void rows_columns(const Skinny& args, int64_t from, int64_t to) {
  const Skinny g = args;
  alignas(64) float tiles[TILES][DEPTH * R];
  const int64_t depth = g.m <= ROWS ? STREAMS : DEPTH;
  for (int64_t i = 0; i < g.m; i += TILES * R) {
    const int64_t rows = g.m - i < TILES * R ? g.m - i : TILES * R;
    for (int64_t l = 0; l < g.k; l += depth) {
      const int64_t deep = g.k - l < depth ? g.k - l : depth;
      const bool last = l + deep == g.k;
      const bool sum = g.alpha == 1 && g.beta == 0 && !(last && (g.bias || g.residual || g.relu || g.mask));
      const Depth d = {l, deep, l == 0, last, l == 0 && sum};
      for (int64_t t = 0; t * R < rows; t++) pack(g, i + t * R, rows - t * R, d, R, tiles[t]);
      int64_t j = from;
      for (; j + V * WIDTH <= to; j += V * WIDTH) {
        for (int64_t t = 0; t * R < rows; t++) {
          strip<R, V>(g, tiles[t], i + t * R, rows - t * R, j, V * WIDTH, d, t == 0);
        }
      }
      for (; j < to; j += WIDTH) {
        for (int64_t t = 0; t * R < rows; t++) {
          strip<R, 1>(g, tiles[t], i + t * R, rows - t * R, j, to - j, d, false);
        }
      }
    }
  }
}

// Adds S rows of b, each a stream from memory, to a piece of the only row of c.
template <int S>
INLINE void streams(const Skinny& g, int64_t l, int64_t j, int64_t count, bool first, float* sums) {
  Floats a[S];
  for (int s = 0; s < S; s++) a[s] = all(g.a[(l + s) * g.aColumn]);
  const float* b = g.b + l * g.ldb + j;
  int64_t t = 0;
  for (; t + WIDTH <= count; t += WIDTH) {
    Floats v = {}, next = first ? Floats{} : floats(sums + t);
    for (int s = 0; s < S; s++) (s % 2 ? next : v) += a[s] * floats(b + s * g.ldb + t);
    store(sums + t, v + next);
  }
  if (t < count) {
    Floats v = first ? Floats{} : floats(sums + t);
    for (int s = 0; s < S; s++) v += a[s] * floats(b + s * g.ldb + t, count - t);
    store(sums + t, v);
  }
}

const int64_t PIECE = 2048;  // of the row while it is in the cache
const int64_t RUN = 256;     // rows of b summed up before they are added to c: keeps the error small

inline void row_product(const Skinny& args, int64_t from, int64_t to) {
  const Skinny g = args;
  alignas(64) float sums[PIECE];
  for (int64_t j = from; j < to; j += PIECE) {
    const int64_t count = to - j < PIECE ? to - j : PIECE;
    for (int64_t run = 0; run < g.k; run += RUN) {
      const int64_t end = run + RUN < g.k ? run + RUN : g.k;
      int64_t l = run;
      for (; l + 8 <= end; l += 8) streams<8>(g, l, j, count, l == run, sums);
      for (; l + 2 <= end; l += 2) streams<2>(g, l, j, count, l == run, sums);
      for (; l < end; l++) streams<1>(g, l, j, count, l == run, sums);
      for (int64_t t = 0; t < count; t += WIDTH) give(g, 0, j + t, count - t, floats(sums + t), run == 0, end == g.k);
    }
  }
}

inline void rows_product(const Skinny& g, int64_t from, int64_t to) {
  if (g.m == 1) return row_product(g, from, to);
#if WIDTH == 16
  if (g.m <= 2) return rows_columns<2, 8>(g, from, to);
  if (g.m <= 4) return rows_columns<4, 6>(g, from, to);
  rows_columns<ROWS, 3>(g, from, to);
#else
  if (g.m <= 2) return rows_columns<2, 5>(g, from, to);
  rows_columns<4, 3>(g, from, to);
#endif
}

// ---- b [n,k]: dot products of its rows with those of a, WIDTH of k in a vector

const int64_t BLOCK = 48;    // rows of b that meet all of a while they are in the cache
const int64_t LENGTH = 1024; // of a row of a while it is in the cache

// Sums of rows i.. of a (exactly R) times rows j.. of b (exactly S), over l..l+length-1.
template <int R, int S>
INLINE void tile_of_dots(const Skinny& g, int64_t i, int64_t j, int64_t l, int64_t length, float* out) {
  Floats sums[R][S] = {};
  const float *a[R], *b[S];
  for (int r = 0; r < R; r++) a[r] = g.a + (i + r) * g.aRow + l;
  for (int s = 0; s < S; s++) b[s] = g.b + (j + s) * g.ldb + l;
  const int64_t whole = length / WIDTH * WIDTH;
  for (int64_t t = 0; t < whole; t += WIDTH) {
    Floats x[R];
    for (int r = 0; r < R; r++) x[r] = floats(a[r] + t);
    for (int s = 0; s < S; s++) {
      const Floats w = floats(b[s] + t);
      for (int r = 0; r < R; r++) sums[r][s] += x[r] * w;
    }
  }
  if (whole < length) {
    for (int s = 0; s < S; s++) {
      const Floats w = floats(b[s] + whole, length - whole);
      for (int r = 0; r < R; r++) sums[r][s] += floats(a[r] + whole, length - whole) * w;
    }
  }
  for (int r = 0; r < R; r++) {
    for (int s = 0; s < S; s++) out[r * BLOCK + s] = total(sums[r][s]);
  }
}

template <int R, int S>
INLINE void rows_of_dots(const Skinny& g, int64_t i, int64_t j, int64_t count, int64_t l, int64_t length, bool first,
                         bool last) {
  alignas(64) float out[R * BLOCK];
  int64_t s = 0;
  for (; s + S <= count; s += S) tile_of_dots<R, S>(g, i, j + s, l, length, out + s);
  for (; s < count; s++) tile_of_dots<R, 1>(g, i, j + s, l, length, out + s);
  for (int r = 0; r < R; r++) {
    for (s = 0; s < count; s += WIDTH) give(g, i + r, j + s, count - s, floats(out + r * BLOCK + s), first, last);
  }
}

// Columns from..to-1 of c.
inline void dots_columns(const Skinny& args, int64_t from, int64_t to) {
  const Skinny g = args;
  const int64_t most = g.m == 1 ? 8 * LENGTH : LENGTH;
  for (int64_t l = 0; l < g.k; l += most) {
    const int64_t length = g.k - l < most ? g.k - l : most;
    const bool first = l == 0, last = l + length == g.k;
    for (int64_t j = from; j < to; j += BLOCK) {
      const int64_t count = to - j < BLOCK ? to - j : BLOCK;
      int64_t i = 0;
#if WIDTH == 16
      for (; i + 8 <= g.m; i += 8) rows_of_dots<8, 3>(g, i, j, count, l, length, first, last);
      for (; i + 4 <= g.m; i += 4) rows_of_dots<4, 6>(g, i, j, count, l, length, first, last);
#else
      for (; i + 3 <= g.m; i += 3) rows_of_dots<3, 4>(g, i, j, count, l, length, first, last);
#endif
      for (; i + 2 <= g.m; i += 2) rows_of_dots<2, 4>(g, i, j, count, l, length, first, last);
      for (; i < g.m; i++) rows_of_dots<1, 8>(g, i, j, count, l, length, first, last);
    }
  }
}

}  // namespace
