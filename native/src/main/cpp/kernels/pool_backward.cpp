// Pooling, backward; one plane (image and channel) a task. A maximum is looked for again in x: the
// comparisons of a window cost less than an index that the forward pass would write and this one read.
#include "pool_threes.h"

namespace {

const int64_t ROOM = 4096;   // floats for the phases of all rows of a window
const int64_t LEAD = 64;     // windows to the left that reach into a column, at most
const int64_t MOST = 2048;   // windows at once, at most

// ---- Windows of 2x2 side by side, without padding: every cell is written once

// Windows from cells in two rows: WIDTH columns at x, WIDTH more `apart` floats away, of which `left` and `next` exist.
INLINE void pairs_block(const Args& g, const float* x, int64_t apart, int64_t left, int64_t next, Floats d, float* dx) {
  Floats a = floats(x, left), b = floats(x + apart, next);
  Floats e = floats(x + g.w, left), f = floats(x + g.w + apart, next);
  Floats v1 = odd(a, b), v2 = even(e, f), v3 = odd(e, f);
  Floats best = even(a, b);
  const Mask k1 = overtakes(v1, best);
  best = choose(k1, v1, best);
  const Mask k2 = overtakes(v2, best);
  best = choose(k2, v2, best);
  const Mask k3 = overtakes(v3, best);
  best = choose(k3, v3, best);
  if (g.mask) d = only(greater(best, Floats{}), d);
  const Mask k23 = either(k2, k3);
  Floats d0 = except(either(k1, k23), d), d1 = except(k23, only(k1, d)), d2 = except(k3, only(k2, d)), d3 = only(k3, d);
  Floats o0 = interleaved_low(d0, d1), o1 = interleaved_high(d0, d1);
  Floats o2 = interleaved_low(d2, d3), o3 = interleaved_high(d2, d3);
  if (g.accumulate) {
    o0 += floats(dx, left);
    o1 += floats(dx + apart, next);
    o2 += floats(dx + g.w, left);
    o3 += floats(dx + g.w + apart, next);
  }
  store(dx, o0, left);
  store(dx + apart, o1, next);
  store(dx + g.w, o2, left);
  store(dx + g.w + apart, o3, next);
}

// Writes zeros to the last column of two rows, if no window covers it.
inline void last_column(const Args& g, float* dx) {
  for (int64_t c = 2 * g.q; c < g.w; c++) dx[c] = dx[g.w + c] = 0;
}

// Rows of at most WIDTH / 2 windows, two at once.
void narrow_pairs(const Args& args, int64_t rows, const float* x, const float* dy, float* dx) {
  const Args g = args;  // of its own, so that stores leave it in registers
  Ints apart;           // the windows of two rows to half a vector each
  for (int k = 0; k < WIDTH; k++) apart[k] = k < WIDTH / 2 ? k : (k - WIDTH / 2 + (int)g.q) & (WIDTH - 1);
  for (; rows >= 2; rows -= 2, x += 4 * g.w, dy += 2 * g.q, dx += 4 * g.w) {
    fetch(x, 4 * g.w, 1);
    fetch(dx, 4 * g.w, 1);
    fetch(dy, 2 * g.q, 4);
    pairs_block(g, x, 2 * g.w, 2 * g.q, 2 * g.q, __builtin_shuffle(floats(dy, 2 * g.q), apart), dx);
    if (!g.accumulate) last_column(g, dx), last_column(g, dx + 2 * g.w);
  }
  if (rows == 0) return;
  pairs_block(g, x, 0, 2 * g.q, 0, floats(dy, g.q), dx);
  if (!g.accumulate) last_column(g, dx);
}

void pairs_rows(const Args& args, int64_t rows, const float* x, const float* dy, float* dx) {
  const Args g = args;  // of its own, so that stores leave it in registers
  const int64_t whole = g.q / WIDTH * WIDTH, left = 2 * (g.q - whole);
  for (; rows > 0; rows--, x += 2 * g.w, dy += g.q, dx += 2 * g.w) {
    fetch(x, 2 * g.w, 1);
    fetch(dx, 2 * g.w, 1);
    fetch(dy, g.q, 4);
    int64_t j = 0;
    for (; j < whole; j += WIDTH) pairs_block(g, x + 2 * j, WIDTH, WIDTH, WIDTH, floats(dy + j), dx + 2 * j);
    if (left > 0) pairs_block(g, x + 2 * j, WIDTH, left, left - WIDTH, floats(dy + j, left / 2), dx + 2 * j);
    if (!g.accumulate) last_column(g, dx);
  }
}

void pairs_planes(const Args& g, int64_t planes, const float* x, const float* dy, float* dx) {
  // Without a row left over, planes are one tall plane.
  const bool tall = g.h == 2 * g.p;
  const int64_t rows = tall ? g.p * planes : g.p;
  for (int64_t k = 0; k < (tall ? 1 : planes); k++, x += g.h * g.w, dy += g.p * g.q, dx += g.h * g.w) {
    if (2 * g.q <= WIDTH) {
      narrow_pairs(g, rows, x, dy, dx);
    } else {
      pairs_rows(g, rows, x, dy, dx);
    }
    if (!g.accumulate && !tall) __builtin_memset(dx + 2 * g.p * g.w, 0, (g.h - 2 * g.p) * g.w * sizeof(float));
  }
}

// ---- Whole planes

void fill(float d, int64_t area, const float* masked, bool accumulate, float* dx) {
  for (int64_t k = 0; k < area; k += WIDTH) {
    Floats v = all(d);
    if (masked) v = only(greater(floats(masked + k, area - k), Floats{}), v);
    store(dx + k, accumulate ? floats(dx + k, area - k) + v : v, area - k);
  }
}

// ---- Any windows

// A row of windows: the gradient of each, and which of its cells inside the rows takes it.
struct Row {
  alignas(64) float d[MOST + 2 * LEAD];
  alignas(64) int32_t taken[MOST + 2 * LEAD];
  alignas(64) float cells[ROOM];  // of x by phase, then of dx row by row
};

void cell(Args g, const float* x, const float* dy, float* dx, int64_t i, int64_t j) {
  const Window v = window(g, i, j);
  float d = dy[i * g.q + j];
  if (g.kind == MAX) {
    const int64_t best = first(g, x, v);
    if (!g.mask || x[best] > 0) dx[best] += d;
    return;
  }
  d /= divisor(g, v);
  for (int64_t row = v.top; row < v.bottom; row++) {
    for (int64_t c = v.left; c < v.right; c += WIDTH) {
      const int64_t at = row * g.w + c, left = v.right - c;
      const Floats all_d = all(d), given = g.mask ? only(greater(floats(x + at, left), Floats{}), all_d) : all_d;
      store(dx + at, floats(dx + at, left) + given, left);
    }
  }
}

// Which cell of each window is the first maximum, counted in scan order from row v.top.
INLINE void choose_cells(const Args& g, const float* x, int64_t i, const Columns& b, Row& r) {
  const Window v = window(g, i, 0);
  const int64_t plane = g.strideW * b.pitch;
  for (int64_t u = v.top; u < v.bottom; u++) phases<Greatest>(g, x, u, u + 1, b, r.cells + (u - v.top) * plane);
  for (int64_t m = 0; m < b.count; m += WIDTH) {
    Floats best = floats(r.cells + m);
    Ints index = {}, tap = {};
    for (int64_t u = 0; u < v.bottom - v.top; u++) {
      int64_t f = 0, shift = 0;
      for (int64_t k = 0; k < g.s; k++) {
        const Floats next = floats(r.cells + u * plane + f * b.pitch + m + shift);
        const Mask later = overtakes(next, best);
        best = choose(later, next, best);
        index = choose(later, tap, index);
        tap += 1;
        f++;
        if (f == g.strideW) f = 0, shift++;
      }
    }
    store(r.taken + LEAD + m, index);
    if (g.mask) store(r.d + LEAD + m, only(greater(best, Floats{}), floats(r.d + LEAD + m)));
  }
}

// A window over the left or right edge must not choose a cell of the padding.
INLINE void edge(const Args& g, const float* x, const float* dy, int64_t i, const Columns& b, int64_t m, Row& r) {
  const Window v = window(g, i, b.from + m);
  if (g.kind == MAX) {
    const int64_t best = first(g, x, v);
    r.taken[LEAD + m] = (int32_t)((best / g.w - v.top) * g.s + best % g.w - (b.first + m * g.strideW));
  } else {
    r.d[LEAD + m] = dy[i * g.q + b.from + m] / divisor(g, v);
  }
}

// What the windows of a row give to the cells of row u of theirs, in order of columns.
template <bool MAXIMUM>
INLINE void spread(const Args& g, int64_t u, const Columns& b, const Row& r, float* line) {
  const int64_t step = g.strideW;
  for (int64_t m = 0; m < b.extent; m += WIDTH) {
    Floats phase[2];
    for (int64_t f = 0; f < step; f++) {
      Floats total = {};
      for (int64_t k = f, shift = 0; k < g.s; k += step, shift++) {
        const Floats d = floats(r.d + LEAD + m - shift);
        total += MAXIMUM ? only(equal(ints(r.taken + LEAD + m - shift), all((int32_t)(u * g.s + k))), d) : d;
      }
      if (step > 2) {
        for (int64_t l = 0; l < WIDTH; l++) line[(m + l) * step + f] = total[l];
      } else {
        phase[f] = total;
      }
    }
    if (step == 1) store(line + m, phase[0]);
    if (step == 2) {
      store(line + 2 * m, interleaved_low(phase[0], phase[1]));
      store(line + 2 * m + WIDTH, interleaved_high(phase[0], phase[1]));
    }
  }
}

// Adds a line of cells to a row of dx; or makes it the row, if the row is still empty.
INLINE void add(const Args& g, const float* x, float* dx, const Columns& b, const float* line, bool empty) {
  const int64_t end = least(g.w, b.first + b.extent * g.strideW);
  for (int64_t c = most(0, b.first); c < end; c += WIDTH) {
    Floats v = floats(line + (c - b.first));
    if (x) v = only(greater(floats(x + c, end - c), Floats{}), v);
    store(dx + c, empty ? v : floats(dx + c, end - c) + v, end - c);
  }
  for (int64_t c = end; empty && c < g.w; c++) dx[c] = 0;
}

INLINE void windows(const Args& g, const float* x, const float* dy, float* dx, int64_t i, int64_t ready, const Columns& b,
                    Row& r) {
  const Window v = window(g, i, 0);
  const int64_t rows = v.bottom - v.top, line = g.strideW * b.pitch;
  const Floats divisor = all((float)(g.kind == AVERAGE_INCLUDE_PAD ? g.r * g.s : rows * g.s));
  for (int64_t m = 0; m < b.extent + WIDTH; m += WIDTH) {
    const Floats d = floats(dy + i * g.q + b.from + m, b.count - m);
    store(r.d + LEAD + m, g.kind == MAX ? d : d / divisor);
  }
  if (g.kind == MAX) choose_cells(g, x, i, b, r);
  if (g.kind != AVERAGE_INCLUDE_PAD) {
    for (int64_t m = 0; m < b.count && b.first + m * g.strideW < 0; m++) edge(g, x, dy, i, b, m, r);
    for (int64_t m = b.count - 1; m >= 0 && b.first + m * g.strideW + g.s > g.w; m--) edge(g, x, dy, i, b, m, r);
  }
  if (g.kind == MAX) {
    for (int64_t u = 0; u < rows; u++) spread<true>(g, u, b, r, r.cells + u * line);
  } else {
    spread<false>(g, 0, b, r, r.cells);
  }
  for (int64_t u = 0; u < rows; u++) {
    const float* masked = g.mask && g.kind != MAX ? x + (v.top + u) * g.w : nullptr;
    add(g, masked, dx + (v.top + u) * g.w, b, r.cells + (g.kind == MAX ? u * line : 0), v.top + u >= ready);
  }
}

// Windows of S columns, STEP apart, or 0 and 0: any.
template <int64_t S, int64_t STEP>
void plane(const Args& args, const float* x, const float* dy, float* dx) {
  Args g = args;  // of its own, so that stores leave it in registers
  if (S > 0) g.s = S, g.strideW = STEP;
  const int64_t rows = g.kind == MAX ? g.r : 1, room = least(ROOM, MOST * rows * g.strideW);
  const int64_t most_columns = (g.s - 1) / g.strideW < LEAD - 2 * WIDTH ? columns_that_fit(g, rows, room) : 0;
  Row r;
  for (int64_t m = 0; most_columns > 0 && m < LEAD; m++) r.d[m] = 0, r.taken[m] = 0;
  int64_t ready = g.accumulate ? g.h : 0;  // rows before it have been written
  const bool whole = most_columns == g.q;  // so that the first windows over a row write it
  for (int64_t i = 0; i < g.p; i++) {
    const Window v = window(g, i, 0);
    const int64_t clear = most(ready, whole ? v.top : v.bottom);
    __builtin_memset(dx + ready * g.w, 0, (clear - ready) * g.w * sizeof(float));
    for (int64_t from = 0; most_columns > 0 && from < g.q; from += most_columns) {
      windows(g, x, dy, dx, i, clear, columns(g, from, most_columns), r);
    }
    for (int64_t j = 0; most_columns == 0 && j < g.q; j++) cell(g, x, dy, dx, i, j);
    ready = most(clear, v.bottom);
  }
  __builtin_memset(dx + ready * g.w, 0, (g.h - ready) * g.w * sizeof(float));
}

void plane_of(const Args& g, const float* x, const float* dy, float* dx) {
  if (g.s == 3 && g.strideW == 2) return plane<3, 2>(g, x, dy, dx);
  if (g.s == 2 && g.strideW == 2) return plane<2, 2>(g, x, dy, dx);
  if (g.s == 3 && g.strideW == 1) return plane<3, 1>(g, x, dy, dx);
  plane<0, 0>(g, x, dy, dx);
}

// A mask hands on the NaN of its cells, chosen or not.
void hand_on_nan(const float* x, int64_t length, float* dx) {
  for (int64_t k = 0; k < length; k += WIDTH) {
    const Floats v = floats(x + k, length - k);
    if (any_nan(v)) {
      for (int64_t l = k; l < least(length, k + WIDTH); l++) dx[l] = x[l] != x[l] ? x[l] : dx[l];
    }
  }
}

void planes(const void* raw, int64_t from, int64_t to) {
  const Args& g = *(const Args*)raw;
  const int64_t area = g.h * g.w;
  // Several small planes at once, few enough to stay in the cache.
  const int64_t step = pairs(g) || threes(g) ? 2 * (8192 / area + 1) : 1;
  for (int64_t k = from; k < to; k += step) {
    const int64_t end = least(to, k + step);
    const float* x = g.saved ? (const float*)g.saved + k * area : nullptr;
    const float* dy = (const float*)g.y + k * g.p * g.q;
    float* dx = (float*)g.x + k * area;
    if (pairs(g)) {
      pairs_planes(g, end - k, x, dy, dx);
    } else if (threes(g)) {
      threes_planes(g, end - k, x, dy, dx);
    } else if (global(g)) {
      fill(*dy / (float)area, area, g.mask ? x : nullptr, g.accumulate, dx);
    } else {
      plane_of(g, x, dy, dx);
    }
    if (g.mask) hand_on_nan(x, (end - k) * area, dx);
  }
}

void backward(bs_context* ctx, const void* args) {
  const Args& g = *(const Args*)args;
  bs_parallel_ranges(ctx, g.planes, 16384 / (g.h * g.w) + 1, planes, args);
}

}  // namespace

BS_TABLE(pool_backward){
    {"pool_backward_f32", backward},
    {nullptr, nullptr},
};
