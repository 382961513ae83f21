// Pooling of x [n,c,h,w] to y [n,c,p,q], F32; planes is n c. A thread computes a cell of y, or of
// dx, which gathers from the windows that hold it, in scan order. Cells of a plane lie `step` apart:
// 1, or c with channels last.
#include "kernels.cuh"

namespace {

enum Kind { MAX, AVERAGE_INCLUDE_PAD, AVERAGE_EXCLUDE_PAD };

struct Args {
  int64_t kind, planes, h, w, r, s, strideH, strideW, padTop, padLeft, p, q, accumulate;
  int64_t x, y;   // dx, dy backward
  int64_t saved;  // x of the forward pass, for MAX backward and for the mask
  int64_t mask;   // multiply dx by (x > 0)
};

struct LastArgs {
  Args plane;
  int64_t c;
};

struct Window {
  int64_t top, bottom, left, right;  // cells inside the input
};

__device__ inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

__device__ inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

__device__ inline Window window(const Args& g, int64_t i, int64_t j) {
  const int64_t row = i * g.strideH - g.padTop, column = j * g.strideW - g.padLeft;
  return {most(0, row), least(g.h, row + g.r), most(0, column), least(g.w, column + g.s)};
}

// The cell of the first maximum in scan order; of the first NaN if there is one.
__device__ inline int64_t first(const Args& g, const float* x, int64_t step, const Window& v) {
  int64_t best = v.top * g.w + v.left;
  float value = x[best * step];
  for (int64_t row = v.top; row < v.bottom; row++) {
    for (int64_t k = row * g.w + v.left; k < row * g.w + v.right; k++) {
      const float next = x[k * step];
      if (next > value || (next != next && value == value)) {
        best = k;
        value = next;
      }
    }
  }
  return best;
}

__device__ inline float divisor(const Args& g, const Window& v) {
  return g.kind == AVERAGE_INCLUDE_PAD ? (float)(g.r * g.s) : (float)((v.bottom - v.top) * (v.right - v.left));
}

// The first window, and one behind the last, of a dimension that hold a cell.
__device__ inline int64_t first_window(int64_t cell, int64_t pad, int64_t size, int64_t stride) {
  return cell + pad < size ? 0 : quotient(cell + pad - size, stride) + 1;
}

__device__ inline int64_t behind_windows(int64_t cell, int64_t pad, int64_t stride, int64_t count) {
  return least(count, quotient(cell + pad, stride) + 1);
}

// Cell (i, j) of a plane of y.
__device__ inline float forward(const Args& g, const float* x, int64_t step, int64_t i, int64_t j) {
  const Window v = window(g, i, j);
  if (g.kind == MAX) return x[first(g, x, step, v) * step];
  float sum = 0;
  for (int64_t row = v.top; row < v.bottom; row++) {
    for (int64_t column = v.left; column < v.right; column++) sum += x[(row * g.w + column) * step];
  }
  return sum / divisor(g, v);
}

// Gives the gradient of cell (row, column) of a plane.
__device__ inline void backward(const Args& g, const float* saved, const float* dy, int64_t step, int64_t row,
                                int64_t column, float* dx) {
  const int64_t own = row * g.w + column;
  const int64_t bottom = behind_windows(row, g.padTop, g.strideH, g.p);
  const int64_t right = behind_windows(column, g.padLeft, g.strideW, g.q);
  float sum = 0;
  for (int64_t i = first_window(row, g.padTop, g.r, g.strideH); i < bottom; i++) {
    for (int64_t j = first_window(column, g.padLeft, g.s, g.strideW); j < right; j++) {
      const Window v = window(g, i, j);
      const float d = dy[(i * g.q + j) * step];
      if (g.kind != MAX) {
        sum += d / divisor(g, v);
      } else if (first(g, saved, step, v) == own) {
        sum += d;
      }
    }
  }
  if (g.mask) {
    const float x = saved[own * step];
    sum = x > 0 ? sum : x != x ? x : 0;
  }
  *dx = g.accumulate ? *dx + sum : sum;
}

}  // namespace

//: pool_forward_f32 thread 1 10 11
KERNEL(pool_forward_f32)(const Args g) {
  EACH_THREAD(t, g.planes * g.p * g.q) {
    const int64_t line = quotient(t, g.q), plane = quotient(line, g.p);
    const float* x = (const float*)g.x + plane * g.h * g.w;
    ((float*)g.y)[t] = forward(g, x, 1, line - plane * g.p, t - line * g.q);
  }
}

//: pool_backward_f32 thread 1 2 3
KERNEL(pool_backward_f32)(const Args g) {
  EACH_THREAD(t, g.planes * g.h * g.w) {
    const int64_t line = quotient(t, g.w), plane = quotient(line, g.h);
    const float* saved = (const float*)g.saved + plane * g.h * g.w;
    const float* dy = (const float*)g.y + plane * g.p * g.q;
    backward(g, saved, dy, 1, line - plane * g.h, t - line * g.w, (float*)g.x + t);
  }
}

// As above of [n,h,w,c] and [n,p,q,c]: neighbouring threads have neighbouring channels
//: pool_channels_last_forward_f32 thread 1 10 11
KERNEL(pool_channels_last_forward_f32)(const LastArgs k) {
  const Args& g = k.plane;
  EACH_THREAD(t, g.planes * g.p * g.q) {
    const int64_t cell = quotient(t, k.c), line = quotient(cell, g.q), image = quotient(line, g.p);
    const float* x = (const float*)g.x + image * g.h * g.w * k.c + (t - cell * k.c);
    ((float*)g.y)[t] = forward(g, x, k.c, line - image * g.p, cell - line * g.q);
  }
}

//: pool_channels_last_backward_f32 thread 1 2 3
KERNEL(pool_channels_last_backward_f32)(const LastArgs k) {
  const Args& g = k.plane;
  EACH_THREAD(t, g.planes * g.h * g.w) {
    const int64_t cell = quotient(t, k.c), line = quotient(cell, g.w), image = quotient(line, g.h);
    const int64_t channel = t - cell * k.c;
    const float* saved = (const float*)g.saved + image * g.h * g.w * k.c + channel;
    const float* dy = (const float*)g.y + image * g.p * g.q * k.c + channel;
    backward(g, saved, dy, k.c, line - image * g.h, cell - line * g.w, (float*)g.x + t);
  }
}
