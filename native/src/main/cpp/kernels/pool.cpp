// Pooling of x [n,c,h,w] to y [n,c,p,q], F32; one plane (image and channel) a task.
#include "level.h"

namespace {

enum Kind { MAX, AVERAGE_INCLUDE_PAD, AVERAGE_EXCLUDE_PAD };

struct Args {
  int64_t kind, planes, h, w, r, s, strideH, strideW, padTop, padLeft, p, q, accumulate;
  int64_t x, y;  // dx, dy backward
  int64_t saved;  // x of the forward pass, for MAX backward and for the mask
  int64_t mask;   // multiply dx by (x > 0)
};

struct Window {
  int64_t top, bottom, left, right;  // cells inside the input
};

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

inline Window window(const Args& g, int64_t i, int64_t j) {
  int64_t row = i * g.strideH - g.padTop, column = j * g.strideW - g.padLeft;
  return {most(0, row), least(g.h, row + g.r), most(0, column), least(g.w, column + g.s)};
}

// The greater; NaN if either is.
inline float greater(float a, float b) { return a > b || a != a ? a : b; }

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

inline bool pairs(const Args& g) {
  return g.r == 2 && g.s == 2 && g.strideH == 2 && g.strideW == 2 && g.padTop == 0 && g.padLeft == 0 &&
         2 * g.p <= g.h && 2 * g.q <= g.w;
}

void max_pairs(const Args& g, const float* x, float* y) {
  for (int64_t i = 0; i < g.p; i++) {
    const float* a = x + 2 * i * g.w;
    const float* b = a + g.w;
    float* out = y + i * g.q;
    _Pragma("GCC ivdep") for (int64_t j = 0; j < g.q; j++) {
      out[j] = greater(greater(a[2 * j], a[2 * j + 1]), greater(b[2 * j], b[2 * j + 1]));
    }
  }
}

inline float divisor(const Args& g, Window v) {
  return g.kind == AVERAGE_INCLUDE_PAD ? (float)(g.r * g.s) : (float)((v.bottom - v.top) * (v.right - v.left));
}

void forward_plane(const Args& g, const float* x, float* y) {
  if (g.kind == MAX && pairs(g)) return max_pairs(g, x, y);
  for (int64_t i = 0; i < g.p; i++) {
    for (int64_t j = 0; j < g.q; j++) {
      Window v = window(g, i, j);
      if (g.kind == MAX) {
        y[i * g.q + j] = x[first(g, x, v)];
        continue;
      }
      float sum = 0;
      for (int64_t row = v.top; row < v.bottom; row++) {
        for (int64_t column = v.left; column < v.right; column++) sum += x[row * g.w + column];
      }
      y[i * g.q + j] = sum / divisor(g, v);
    }
  }
}

// The gradient goes to the first maximum of each pair of pairs; every cell is written once.
void backward_pairs(const Args& g, const float* x, const float* dy, float* dx) {
  for (int64_t i = 0; i < g.p; i++) {
    const float* a = x + 2 * i * g.w;
    const float* b = a + g.w;
    float* da = dx + 2 * i * g.w;
    float* db = da + g.w;
    _Pragma("GCC ivdep") for (int64_t j = 0; j < g.q; j++) {
      float v0 = a[2 * j], v1 = a[2 * j + 1], v2 = b[2 * j], v3 = b[2 * j + 1], d = dy[i * g.q + j];
      int best = 0;
      float m = v0;
      bool later = (v1 > m) | ((v1 != v1) & (m == m));
      best = later ? 1 : best;
      m = later ? v1 : m;
      later = (v2 > m) | ((v2 != v2) & (m == m));
      best = later ? 2 : best;
      m = later ? v2 : m;
      later = (v3 > m) | ((v3 != v3) & (m == m));
      best = later ? 3 : best;
      da[2 * j] = best == 0 ? d : 0;
      da[2 * j + 1] = best == 1 ? d : 0;
      db[2 * j] = best == 2 ? d : 0;
      db[2 * j + 1] = best == 3 ? d : 0;
    }
    for (int64_t j = 2 * g.q; j < g.w; j++) da[j] = db[j] = 0;
  }
  for (int64_t k = 2 * g.p * g.w; k < g.h * g.w; k++) dx[k] = 0;
}

void backward_plane(const Args& g, const float* x, const float* dy, float* dx) {
  if (g.kind == MAX && pairs(g) && !g.accumulate && !g.mask) return backward_pairs(g, x, dy, dx);
  if (!g.accumulate) __builtin_memset(dx, 0, g.h * g.w * sizeof(float));
  for (int64_t i = 0; i < g.p; i++) {
    for (int64_t j = 0; j < g.q; j++) {
      Window v = window(g, i, j);
      float d = dy[i * g.q + j];
      if (g.kind == MAX) {
        int64_t best = first(g, x, v);
        if (!g.mask || x[best] > 0) dx[best] += d;
        continue;
      }
      d /= divisor(g, v);
      for (int64_t row = v.top; row < v.bottom; row++) {
        for (int64_t column = v.left; column < v.right; column++) {
          if (!g.mask || x[row * g.w + column] > 0) dx[row * g.w + column] += d;
        }
      }
    }
  }
  for (int64_t k = 0; g.mask && k < g.h * g.w; k++) dx[k] = x[k] != x[k] ? x[k] : dx[k];
}

void forward_range(const void* raw, int64_t from, int64_t to) {
  const Args& g = *(const Args*)raw;
  for (int64_t k = from; k < to; k++) {
    forward_plane(g, (const float*)g.x + k * g.h * g.w, (float*)g.y + k * g.p * g.q);
  }
}

void backward_range(const void* raw, int64_t from, int64_t to) {
  const Args& g = *(const Args*)raw;
  for (int64_t k = from; k < to; k++) {
    const float* saved = g.saved ? (const float*)g.saved + k * g.h * g.w : nullptr;
    backward_plane(g, saved, (const float*)g.y + k * g.p * g.q, (float*)g.x + k * g.h * g.w);
  }
}

void forward(bs_context* ctx, const void* args) {
  const Args& g = *(const Args*)args;
  bs_parallel_ranges(ctx, g.planes, 16384 / (g.h * g.w) + 1, forward_range, args);
}

void backward(bs_context* ctx, const void* args) {
  const Args& g = *(const Args*)args;
  bs_parallel_ranges(ctx, g.planes, 16384 / (g.h * g.w) + 1, backward_range, args);
}

}  // namespace

BS_TABLE(pool){
    {"pool_forward_f32", forward},
    {"pool_backward_f32", backward},
    {nullptr, nullptr},
};
