// What the files of pooling share: x [planes,h,w] to y [planes,p,q], F32. Everything is static:
// nothing is shared between instruction sets.
#pragma once
#include "floats.h"
#include "integers.h"
#include "level.h"

namespace {

enum Kind { MAX, AVERAGE_INCLUDE_PAD, AVERAGE_EXCLUDE_PAD };

struct Args {
  int64_t kind, planes, h, w, r, s, strideH, strideW, padTop, padLeft, p, q, accumulate;
  int64_t x, y;   // dx, dy backward
  int64_t saved;  // x of the forward pass, for MAX backward and for the mask
  int64_t mask;   // multiply dx by (x > 0)
};

const int64_t SOON = 1024;  // floats

// Asks for `length` floats that come SOON / share later, beyond the end of the tensor too: the processor's own prefetch
// begins anew with each page, and comes late where the rows of a window are read at once.
inline void fetch(const float* p, int64_t length, int64_t share) {
  for (int64_t k = 0; k < length; k += 16) __builtin_prefetch(p + k + SOON / share);
}

struct Window {
  int64_t top, bottom, left, right;  // cells inside the input
};

inline Window window(const Args& g, int64_t i, int64_t j) {
  int64_t row = i * g.strideH - g.padTop, column = j * g.strideW - g.padLeft;
  return {most(0, row), least(g.h, row + g.r), most(0, column), least(g.w, column + g.s)};
}

// Index of the first maximum in scan order; of the first NaN if there is one.
inline int64_t first(const Args& g, const float* x, Window v) {
  int64_t best = v.top * g.w + v.left;
  for (int64_t row = v.top; row < v.bottom; row++) {
    for (int64_t k = row * g.w + v.left; k < row * g.w + v.right; k++) {
      if (x[k] > x[best] || (x[k] != x[k] && x[best] == x[best])) best = k;
    }
  }
  return best;
}

inline float sum(const Args& g, const float* x, Window v) {
  Floats lanes = {};
  for (int64_t row = v.top; row < v.bottom; row++) {
    for (int64_t c = v.left; c < v.right; c += WIDTH) lanes += floats(x + row * g.w + c, v.right - c);
  }
  return total(lanes);
}

inline float divisor(const Args& g, Window v) {
  return g.kind == AVERAGE_INCLUDE_PAD ? (float)(g.r * g.s) : (float)((v.bottom - v.top) * (v.right - v.left));
}

inline bool pairs(const Args& g) {
  return g.kind == MAX && g.r == 2 && g.s == 2 && g.strideH == 2 && g.strideW == 2 && g.padTop == 0 &&
         g.padLeft == 0 && 2 * g.p <= g.h && 2 * g.q <= g.w;
}

// The average of whole planes.
inline bool global(const Args& g) {
  return g.kind != MAX && g.r == g.h && g.s == g.w && g.padTop == 0 && g.padLeft == 0 && g.p == 1 && g.q == 1;
}

// ---- Columns by phase: padded column (from + m) strideW + f of a row is the m-th of phase f, so
// that what neighbouring windows take from one of their columns lies side by side.

struct Columns {
  int64_t from, count;  // columns of y
  int64_t extent;       // of each phase
  int64_t pitch;        // floats from one phase to the next
  int64_t first;        // column of x of cell 0 of phase 0; negative in the padding
};

// Windows too few for vectors.
const int64_t FEW = 3;

// Most columns of y whose phases of `rows` rows fit into so many floats; at most q, 0 if none do or
// if vectors do not pay.
inline int64_t columns_that_fit(const Args& g, int64_t rows, int64_t room) {
  if (g.q <= FEW) return 0;
  int64_t extent = room / (rows * g.strideW) - 2 * WIDTH;
  return least(g.q, most(0, extent - (g.s - 1) / g.strideW));
}

inline Columns columns(const Args& g, int64_t from, int64_t most_columns) {
  int64_t count = least(most_columns, g.q - from);
  int64_t extent = count + (g.s - 1) / g.strideW;
  return {from, count, extent, ceil_div(extent, WIDTH) * WIDTH + WIDTH, from * g.strideW - g.padLeft};
}

struct Greatest {
  static inline float none() { return -__builtin_inff(); }
  static inline Floats join(Floats earlier, Floats later) { return greatest(earlier, later); }
};

struct Total {
  static inline float none() { return 0; }
  static inline Floats join(Floats earlier, Floats later) { return earlier + later; }
};

// Columns c.. of rows top..bottom-1, joined; lanes behind the row's end are not Op::none().
template <class Op>
INLINE Floats joined(const Args& g, const float* x, int64_t top, int64_t bottom, int64_t c) {
  const float* at = x + top * g.w + c;
  int64_t left = g.w - c;
  Floats v;
  if (left >= WIDTH) {
    v = floats(at);
    for (int64_t row = top + 1; row < bottom; row++) v = Op::join(v, floats(at += g.w));
  } else {
    v = floats(at, left);
    for (int64_t row = top + 1; row < bottom; row++) v = Op::join(v, floats(at += g.w, left));
  }
  return v;
}

// Rows top..bottom-1 joined, by phase, Op::none() in the padding.
template <class Op>
INLINE void phases(const Args& g, const float* x, int64_t top, int64_t bottom, const Columns& b, float* cells) {
  const int64_t step = g.strideW;
  int64_t m = b.first >= 0 ? 0 : least(b.extent, ceil_div(-b.first, step));
  for (int64_t k = 0; k < m * step; k++) {
    int64_t c = b.first + k;
    float* cell = cells + k % step * b.pitch + k / step;
    *cell = c >= 0 && c < g.w ? joined<Op>(g, x, top, bottom, c)[0] : Op::none();
  }
  if (step == 1) {
    for (; m < b.extent && b.first + m < g.w; m += WIDTH) store(cells + m, joined<Op>(g, x, top, bottom, b.first + m));
  } else if (step == 2) {
    for (; m < b.extent && b.first + 2 * m < g.w; m += WIDTH) {
      int64_t c = b.first + 2 * m;
      Floats v = joined<Op>(g, x, top, bottom, c), next = joined<Op>(g, x, top, bottom, c + WIDTH);
      store(cells + m, even(v, next));
      store(cells + b.pitch + m, odd(v, next));
    }
  } else {
    int64_t f = 0, end = least(g.w, b.first + b.extent * step);
    for (int64_t c = b.first + m * step; c < end; c += WIDTH) {
      Floats v = joined<Op>(g, x, top, bottom, c);
      for (int64_t k = 0; k < WIDTH && m < b.extent; k++) {
        cells[f * b.pitch + m] = v[k];
        f = f + 1 == step ? 0 : f + 1;
        m += f == 0;
      }
    }
  }
  for (int64_t k = most(0, g.w - b.first); k < b.extent * step; k++) cells[k % step * b.pitch + k / step] = Op::none();
}

}  // namespace
