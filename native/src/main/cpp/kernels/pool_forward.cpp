// Pooling, forward; one plane (image and channel) a task. Rows of a window are joined first, then
// its columns, WIDTH windows at once.
#include "pool.h"

namespace {

const int64_t ROOM = 2048;  // floats for the phases of a row

// ---- Windows of 2x2 side by side, without padding

// Windows c/2.. of two rows, from `left` columns.
inline Floats pair(const float* above, const float* below, int64_t c, int64_t left) {
  Floats v, next;
  if (left >= 2 * WIDTH) {
    v = greatest(floats(above + c), floats(below + c));
    next = greatest(floats(above + c + WIDTH), floats(below + c + WIDTH));
  } else {
    v = greatest(floats(above + c, left), floats(below + c, left));
    next = greatest(floats(above + c + WIDTH, left - WIDTH), floats(below + c + WIDTH, left - WIDTH));
  }
  return greatest(even(v, next), odd(v, next));
}

#if WIDTH > 4
// Rows of at most WIDTH / 2 windows, two at once; the rows of windows lie one behind the other.
void narrow_pairs(int64_t rows, int64_t q, int64_t w, const float* x, float* y) {
  Ints together;  // the windows of two rows without the gap between them
  for (int k = 0; k < WIDTH; k++) together[k] = k < q ? k : (k - (int)q + WIDTH / 2) & (WIDTH - 1);
  int64_t i = 0;
  for (; i + 2 <= rows; i += 2, x += 4 * w, y += 2 * q) {
    fetch(x, 4 * w, 1);
    fetch(y, 2 * q, 4);
    const Floats v = greatest(floats(x, 2 * q), floats(x + w, 2 * q));
    const Floats next = greatest(floats(x + 2 * w, 2 * q), floats(x + 3 * w, 2 * q));
    store(y, __builtin_shuffle(greatest(even(v, next), odd(v, next)), together), 2 * q);
  }
  if (i < rows) store(y, pair(x, x + w, 0, 2 * q), q);
}
#endif

void pairs_rows(int64_t rows, int64_t q, int64_t w, const float* x, float* y) {
  const int64_t whole = q / WIDTH * WIDTH;
  for (int64_t i = 0; i < rows; i++, x += 2 * w, y += q) {
    fetch(x, 2 * w, 1);
    fetch(y, q, 4);
    for (int64_t j = 0; j < whole; j += WIDTH) store(y + j, pair(x, x + w, 2 * j, 2 * WIDTH));
    if (whole < q) store(y + whole, pair(x, x + w, 2 * whole, 2 * (q - whole)), q - whole);
  }
}

// Planes from..to-1.
void pairs_planes(const Args& g, int64_t from, int64_t to) {
  // Without a row left over, planes are one tall plane.
  const bool tall = g.h == 2 * g.p;
  const int64_t rows = tall ? g.p * (to - from) : g.p;
  for (int64_t k = from; k < (tall ? from + 1 : to); k++) {
    const float* x = (const float*)g.x + k * g.h * g.w;
    float* y = (float*)g.y + k * g.p * g.q;
#if WIDTH > 4
    if (2 * g.q <= WIDTH) {
      narrow_pairs(rows, g.q, g.w, x, y);
      continue;
    }
#endif
    pairs_rows(rows, g.q, g.w, x, y);
  }
}

// ---- Windows of 3x3, 2 apart, without padding

inline bool threes(const Args& g) {
  return g.kind == MAX && g.r == 3 && g.s == 3 && g.strideH == 2 && g.strideW == 2 && g.padTop == 0 && g.padLeft == 0 &&
         2 * g.p < g.h && 2 * g.q < g.w;
}

// From the greatest of 2 WIDTH columns the first WIDTH - 1 windows.
INLINE Floats threes_of(Floats a, Floats b) {
  const Floats columns = even(a, b);
  return greatest(greatest(columns, odd(a, b)), rotated(columns, 1));
}

// Rows of at most WIDTH - 1 windows; each row of x is read once.
template <bool TWO>
INLINE void threes_narrow(const Args& g, const float* x, float* y) {
  const int64_t left = 2 * g.q + 1;
  Floats a = floats(x, left), b = TWO ? floats(x + WIDTH, left - WIDTH) : Floats{};
  for (int64_t i = 0; i < g.p; i++, y += g.q) {
    fetch(x, 2 * g.w, 1);
    fetch(y, g.q, 4);
    const float *second = x + g.w, *third = second + g.w;
    const Floats last = floats(third, left), lastB = TWO ? floats(third + WIDTH, left - WIDTH) : Floats{};
    a = greatest(greatest(a, floats(second, left)), last);
    if (TWO) b = greatest(greatest(b, floats(second + WIDTH, left - WIDTH)), lastB);
    store(y, threes_of(a, b), g.q);
    a = last;
    b = lastB;
    x = third;
  }
}

// The greatest of three rows, `left` columns.
INLINE Floats of_rows(const float* x, int64_t w, int64_t left) {
  return greatest(greatest(floats(x, left), floats(x + w, left)), floats(x + 2 * w, left));
}

void threes_wide(const Args& g, const float* x, float* y) {
  for (int64_t i = 0; i < g.p; i++, x += 2 * g.w, y += g.q) {
    fetch(x, 2 * g.w, 1);
    fetch(y, g.q, 4);
    int64_t j = 0;
    for (; j + WIDTH - 1 <= g.q; j += WIDTH - 1) {
      const float* at = x + 2 * j;
      store(y + j, threes_of(of_rows(at, g.w, WIDTH), of_rows(at + WIDTH, g.w, WIDTH - 1)), WIDTH - 1);
    }
    if (j == g.q) continue;
    const float* at = x + 2 * j;
    const int64_t left = 2 * (g.q - j) + 1;
    store(y + j, threes_of(of_rows(at, g.w, left), of_rows(at + WIDTH, g.w, left - WIDTH)), g.q - j);
  }
}

void threes_plane(const Args& args, const float* x, float* y) {
  const Args g = args;  // of its own, so that stores leave it in registers
  if (g.q >= WIDTH) {
    threes_wide(g, x, y);
  } else if (2 * g.q >= WIDTH) {
    threes_narrow<true>(g, x, y);
  } else {
    threes_narrow<false>(g, x, y);
  }
}

// ---- Whole planes

float average(const float* x, int64_t area) {
  Floats even_sum = {}, odd_sum = {};
  for (int64_t k = 0; k < area; k += 2 * WIDTH) {
    even_sum += floats(x + k, area - k);
    odd_sum += floats(x + k + WIDTH, area - k - WIDTH);
  }
  return total(even_sum + odd_sum) / (float)area;
}

// ---- Any windows

void cell(Args g, const float* x, float* y, int64_t i, int64_t j) {
  const Window v = window(g, i, j);
  y[i * g.q + j] = g.kind == MAX ? x[first(g, x, v)] : sum(g, x, v) / divisor(g, v);
}

// The columns of a row of windows, from phases.
template <class Op>
INLINE Floats across(const Args& g, const Columns& b, const float* cells, int64_t m) {
  Floats v = floats(cells + m);
  int64_t f = 0, shift = 0;
  for (int64_t k = 1; k < g.s; k++) {
    f++;
    if (f == g.strideW) f = 0, shift++;
    v = Op::join(v, floats(cells + f * b.pitch + m + shift));
  }
  return v;
}

template <class Op>
INLINE void row(const Args& g, const float* x, float* y, int64_t i, const Columns& b, const float* cells) {
  const Window inner = window(g, i, 0);
  const int64_t rows = inner.bottom - inner.top;
  const float count = (float)(g.kind == AVERAGE_INCLUDE_PAD ? g.r * g.s : rows * g.s);
  float* out = y + i * g.q + b.from;
  for (int64_t m = 0; m < b.count; m += WIDTH) {
    Floats v = across<Op>(g, b, cells, m);
    store(out + m, g.kind == MAX ? v : v / all(count), b.count - m);
  }
  if (g.kind != AVERAGE_EXCLUDE_PAD) return;
  // Windows over the left and right edge have fewer cells.
  for (int64_t m = 0; m < b.count && b.first + m * g.strideW < 0; m++) cell(g, x, y, i, b.from + m);
  for (int64_t m = b.count - 1; m >= 0 && b.first + m * g.strideW + g.s > g.w; m--) cell(g, x, y, i, b.from + m);
}

// Windows of S columns, STEP apart, or 0 and 0: any.
template <class Op, int64_t S, int64_t STEP>
void plane(const Args& args, const float* x, float* y) {
  Args g = args;  // of its own, so that stores leave it in registers
  if (S > 0) g.s = S, g.strideW = STEP;
  const int64_t most_columns = columns_that_fit(g, 1, ROOM);
  if (most_columns == 0) {
    for (int64_t k = 0; k < g.p * g.q; k++) cell(g, x, y, k / g.q, k % g.q);
    return;
  }
  // Each row is read again only after the next one was written: a load that spans two stores just
  // made would wait for both.
  alignas(64) float cells[2][ROOM];
  for (int64_t from = 0; from < g.q; from += most_columns) {
    const Columns b = columns(g, from, most_columns);
    for (int64_t i = 0; i <= g.p; i++) {
      if (i < g.p) {
        const Window v = window(g, i, 0);
        phases<Op>(g, x, v.top, v.bottom, b, cells[i % 2]);
      }
      if (i > 0) row<Op>(g, x, y, i - 1, b, cells[(i - 1) % 2]);
    }
  }
}

template <class Op>
void plane_of(const Args& g, const float* x, float* y) {
  if (g.s == 3 && g.strideW == 2) return plane<Op, 3, 2>(g, x, y);
  if (g.s == 2 && g.strideW == 2) return plane<Op, 2, 2>(g, x, y);
  if (g.s == 3 && g.strideW == 1) return plane<Op, 3, 1>(g, x, y);
  plane<Op, 0, 0>(g, x, y);
}

void planes(const void* raw, int64_t from, int64_t to) {
  const Args& g = *(const Args*)raw;
  if (pairs(g)) return pairs_planes(g, from, to);
  for (int64_t k = from; k < to; k++) {
    const float* x = (const float*)g.x + k * g.h * g.w;
    float* y = (float*)g.y + k * g.p * g.q;
    if (threes(g)) {
      threes_plane(g, x, y);
    } else if (global(g)) {
      *y = average(x, g.h * g.w);
    } else if (g.kind == MAX) {
      plane_of<Greatest>(g, x, y);
    } else {
      plane_of<Total>(g, x, y);
    }
  }
}

void forward(bs_context* ctx, const void* args) {
  const Args& g = *(const Args*)args;
  bs_parallel_ranges(ctx, g.planes, 16384 / (g.h * g.w) + 1, planes, args);
}

}  // namespace

BS_TABLE(pool_forward){
    {"pool_forward_f32", forward},
    {nullptr, nullptr},
};
