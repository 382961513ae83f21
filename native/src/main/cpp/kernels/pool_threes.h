// Backward of maxima over windows of 3x3, 2 apart, with at most one row and column of padding on a side. Each cell
// of dx is gathered from the up to four windows over it, in a fixed order, and written once.
#pragma once
#include "pool.h"

namespace {

// Lanes of two vectors: from the last of the first; from the second of the first; the lower half of each.
#if WIDTH == 16
#define BEHIND 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
#define AHEAD 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
#define HALVES 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23
#elif WIDTH == 8
#define BEHIND 7, 8, 9, 10, 11, 12, 13, 14
#define AHEAD 1, 2, 3, 4, 5, 6, 7, 8
#define HALVES 0, 1, 2, 3, 8, 9, 10, 11
#else
#define BEHIND 3, 4, 5, 6
#define AHEAD 1, 2, 3, 4
#define HALVES 0, 1, 4, 5
#endif

const int64_t BLOCKS = 64;  // vectors of windows in a row, at most

inline bool threes(const Args& g) {
  return g.kind == MAX && g.r == 3 && g.s == 3 && g.strideH == 2 && g.strideW == 2 && g.padTop <= 1 && g.padLeft <= 1 &&
         2 * g.p - g.padTop <= g.h && g.h <= 2 * g.p + 2 - g.padTop && 2 * g.q - g.padLeft <= g.w &&
         g.w <= 2 * g.q + 2 - g.padLeft && g.q < BLOCKS * WIDTH;
}

// How the windows of a row lie in vectors: in several; in one with a lane left over; in half of one, the other half
// of which has those of the next plane.
enum Span { SEVERAL, ONE, HALF };

// Whether a window reaches into the padding.
inline bool padded(const Args& g) { return g.padTop > 0 || g.padLeft > 0 || g.h <= 2 * g.p || g.w <= 2 * g.q; }

inline Span span(const Args& g) {
  return g.q >= WIDTH ? SEVERAL : 2 * g.q >= WIDTH || g.w > WIDTH || padded(g) ? ONE : HALF;
}

// WIDTH windows beside each other, and the first two of each one's three columns.
struct Block {
  int64_t column;   // of x: the first; -1 in the padding
  int64_t apart;    // floats from the first WIDTH columns to the others
  Mask low, high;   // which of those, and of the others, are in x
  Mask windows;     // which there are; for HALF, in a half
  Mask outside;     // those whose first cell is in the padding
  Mask inside;      // those whose last cell is not
  bool full;        // all there and inside
  bool after;       // whether there is a column behind these
};

inline Block block(const Args& g, int64_t m, Span span) {
  const int64_t column = 2 * m - g.padLeft, left = g.w - column, others = span == HALF ? left : left - WIDTH;
  const Mask outside = below(column < 0), inside = span == HALF ? below(WIDTH) : below((left - 1) / 2);
  return {column, span == HALF ? g.h * g.w : WIDTH, without(below(left), outside), below(others), below(g.q - m),
          outside, inside, span == SEVERAL && column >= 0 && left > 2 * WIDTH && g.q - m >= WIDTH, left > 2 * WIDTH};
}

// The cells of each window in one row: the first greatest of three, and where it is not the first of them.
struct Three {
  Floats best;
  Mask middle, last;  // of both, the last
};

// What a row of windows hands on to the next one, whose first row is its last.
struct Carry {
  Three cells;
  Floats first, middle, last;  // gradient of each window's three cells
};

template <Span SPAN, bool PADDED, bool FULL>
INLINE Three three(const Block& b, const float* row) {
  const float* x = row + b.column;
  const Floats v = FULL ? floats(x) : floats_of(b.low, x);
  const Floats next = FULL ? floats(x + WIDTH) : floats_of(b.high, x + b.apart);
  const Floats first = even(v, next), middle = odd(v, next);
  const Floats after = SPAN != SEVERAL ? first : FULL || b.after ? all(x[2 * WIDTH]) : Floats{};
  const Floats last = __builtin_shufflevector(first, after, AHEAD);
  Three t;
  t.middle = overtakes(middle, first);
  if (PADDED && !FULL) t.middle = either(t.middle, b.outside);
  t.best = choose(t.middle, middle, first);
  t.last = overtakes(last, t.best);
  if (PADDED && !FULL) t.last = both(t.last, b.inside);
  t.best = choose(t.last, last, t.best);
  return t;
}

// Gives the gradient to one of the three.
INLINE void give(const Three& t, Floats d, Floats& first, Floats& middle, Floats& last) {
  first = except(either(t.middle, t.last), d);
  middle = only(without(t.middle, t.last), d);
  last = only(t.last, d);
}

// Writes or adds a row of dx: what windows gave to their three cells, where the last of one is the first of the next.
template <bool FULL>
INLINE void put(const Block& b, bool accumulate, Floats first, Floats middle, Floats last, Floats before, float* row) {
  const Floats e = first + __builtin_shufflevector(before, last, BEHIND);
  Floats v = interleaved_low(e, middle), next = interleaved_high(e, middle);
  float* dx = row + b.column;
  if (accumulate) {
    v += FULL ? floats(dx) : floats_of(b.low, dx);
    next += FULL ? floats(dx + WIDTH) : floats_of(b.high, dx + b.apart);
  }
  if (FULL) {
    store(dx, v);
    store(dx + WIDTH, next);
  } else {
    store_of(b.low, dx, v);
    store_of(b.high, dx + b.apart, next);
  }
}

// What the blocks to the left gave to the next column, in the two rows that are written.
struct Before {
  Floats upper, lower;
};

// Windows of the row from row `top` of x: writes the upper two of their rows.
template <Span SPAN, bool PADDED, bool FULL>
INLINE void windows_of(const Args& g, const Block& b, const float* x, const float* dy, float* dx, int64_t top,
                       Carry& carry, Before& before) {
  const bool upper = !PADDED || top >= 0, lower = !PADDED || top + 2 < g.h;
  const float* row = x + top * g.w;
  float* out = dx + top * g.w;
  const Three middle = three<SPAN, PADDED, FULL>(b, row + g.w);
  const Three last = lower ? three<SPAN, PADDED, FULL>(b, row + 2 * g.w) : Three{};
  Three rows;
  rows.middle = upper ? overtakes(middle.best, carry.cells.best) : below(WIDTH);
  rows.best = choose(rows.middle, middle.best, carry.cells.best);
  rows.last = lower ? overtakes(last.best, rows.best) : below(0);
  rows.best = choose(rows.last, last.best, rows.best);
  Floats d = FULL ? floats(dy) : floats_of(b.windows, dy);
  if (SPAN == HALF) d = __builtin_shufflevector(d, floats_of(b.windows, dy + g.p * g.q), HALVES);
  if (g.mask) d = only(greater(rows.best, Floats{}), d);
  Floats d0, d1, d2, v0, v1, v2;
  give(rows, d, d0, d1, d2);
  if (upper) {
    give(carry.cells, d0, v0, v1, v2);
    v0 += carry.first, v1 += carry.middle, v2 += carry.last;
    put<FULL>(b, g.accumulate, v0, v1, v2, before.upper, out);
    before.upper = v2;
  }
  give(middle, d1, v0, v1, v2);
  put<FULL>(b, g.accumulate, v0, v1, v2, before.lower, out + g.w);
  before.lower = v2;
  carry.cells = last;
  give(last, d2, carry.first, carry.middle, carry.last);
}

// One plane, or for HALF two.
template <Span SPAN, bool PADDED>
void threes_plane(const Args& args, const Block* blocks, const float* x, const float* dy, float* dx) {
  const Args g = args;  // of its own, so that stores leave it in registers
  Carry carries[SPAN == SEVERAL ? BLOCKS : 1];
  const int64_t count = SPAN == SEVERAL ? g.q / WIDTH + 1 : 1;
  for (int64_t m = 0; m < count; m++) {
    carries[m] = Carry{g.padTop > 0 ? Three{} : three<SPAN, PADDED, false>(blocks[m], x), {}, {}, {}};
  }
  for (int64_t top = -g.padTop; top < 2 * g.p - g.padTop; top += 2, dy += g.q) {
    Before before = {};
    for (int64_t k = 0; k < (SPAN == HALF ? 2 : 1); k++) {
      fetch(x + (k * g.h + top) * g.w, 2 * g.w, 1);
      fetch(dx + (k * g.h + top) * g.w, 2 * g.w, 1);
      fetch(dy + k * g.p * g.q, g.q, 4);
    }
    for (int64_t m = 0; m < count; m++) {
      if (SPAN == SEVERAL && blocks[m].full) {
        windows_of<SPAN, PADDED, true>(g, blocks[m], x, dy + m * WIDTH, dx, top, carries[m], before);
      } else {
        windows_of<SPAN, PADDED, false>(g, blocks[m], x, dy + m * WIDTH, dx, top, carries[m], before);
      }
    }
  }
  const int64_t row = 2 * g.p - g.padTop;
  if (PADDED && row >= g.h) return;
  Floats before = {};
  for (int64_t m = 0; m < count; m++) {
    const Carry& c = carries[m];
    put<false>(blocks[m], g.accumulate, c.first, c.middle, c.last, before, dx + row * g.w);
    before = c.last;
  }
  if (g.accumulate || row + 1 == g.h) return;
  for (int64_t k = 0; k < (SPAN == HALF ? 2 : 1); k++) {
    __builtin_memset(dx + k * g.h * g.w + (row + 1) * g.w, 0, (g.h - row - 1) * g.w * sizeof(float));
  }
}

void threes_planes(const Args& g, int64_t planes, const float* x, const float* dy, float* dx) {
  Block blocks[BLOCKS];
  Span kind = span(g);
  const bool pads = padded(g);
  for (int64_t m = 0; m <= g.q; m += WIDTH) blocks[m / WIDTH] = block(g, m, kind);
  for (int64_t k = 0; k < planes; k++, x += g.h * g.w, dy += g.p * g.q, dx += g.h * g.w) {
    if (kind == HALF && k % 2 == 1) continue;
    if (kind == HALF && k + 1 == planes) {
      kind = ONE;
      blocks[0] = block(g, 0, ONE);
    }
    if (kind == HALF) {
      threes_plane<HALF, false>(g, blocks, x, dy, dx);
    } else if (kind == ONE) {
      pads ? threes_plane<ONE, true>(g, blocks, x, dy, dx) : threes_plane<ONE, false>(g, blocks, x, dy, dx);
    } else {
      pads ? threes_plane<SEVERAL, true>(g, blocks, x, dy, dx) : threes_plane<SEVERAL, false>(g, blocks, x, dy, dx);
    }
  }
}

#undef BEHIND
#undef AHEAD
#undef HALVES

}  // namespace
