// Convolution through a column matrix [c/groups r s, rows q] of some output rows, multiplied by
// OpenBLAS, one thread a call. x [n,c,h,w], w [k,c/groups,r,s], y [n,k,p,q], all NCHW.
#include "dense.h"

namespace {

struct ConvArgs {
  int64_t n, c, h, w, k, r, s, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups, p, q, flags;
  int64_t rows;  // output rows of one block
  int64_t x, weights, b, residual, y, mask;
};

struct Block {
  int64_t first, rows;  // output rows
};

inline int64_t taps(const ConvArgs& g) { return g.c / g.groups * g.r * g.s; }

inline bool pointwise(const ConvArgs& g) {
  return g.r == 1 && g.s == 1 && g.strideH == 1 && g.strideW == 1 && g.padTop == 0 && g.padLeft == 0 && g.p == g.h &&
         g.q == g.w;
}

// Output columns j whose input column lies inside: from .. to-1.
inline void inside(const ConvArgs& g, int64_t offset, int64_t* from, int64_t* to) {
  int64_t low = offset < 0 ? (-offset + g.strideW - 1) / g.strideW : 0;
  int64_t high = offset < g.w ? (g.w - 1 - offset) / g.strideW + 1 : 0;
  *from = low < g.q ? low : g.q;
  *to = high < g.q ? high : g.q;
  if (*to < *from) *to = *from;
}

// columns[c,u,v][i,j] = x[c, row, column] or 0
template <class T>
void gather_columns(const ConvArgs& g, const T* x, Block block, T* columns) {
  for (int64_t c = 0; c < g.c / g.groups; c++) {
    for (int64_t u = 0; u < g.r; u++) {
      for (int64_t v = 0; v < g.s; v++) {
        int64_t offset = v * g.dilationW - g.padLeft, from, to;
        inside(g, offset, &from, &to);
        for (int64_t i = 0; i < block.rows; i++, columns += g.q) {
          int64_t row = (block.first + i) * g.strideH - g.padTop + u * g.dilationH;
          if (row < 0 || row >= g.h) {
            __builtin_memset(columns, 0, g.q * sizeof(T));
            continue;
          }
          const T* line = x + (c * g.h + row) * g.w + offset;
          for (int64_t j = 0; j < from; j++) columns[j] = 0;
          if (g.strideW == 1) {
            __builtin_memcpy(columns + from, line + from, (to - from) * sizeof(T));
          } else {
            for (int64_t j = from; j < to; j++) columns[j] = line[j * g.strideW];
          }
          for (int64_t j = to; j < g.q; j++) columns[j] = 0;
        }
      }
    }
  }
}

// x[c, row, column] += columns[c,u,v][i,j]
template <class T>
void scatter_columns(const ConvArgs& g, const T* columns, Block block, T* x) {
  for (int64_t c = 0; c < g.c / g.groups; c++) {
    for (int64_t u = 0; u < g.r; u++) {
      for (int64_t v = 0; v < g.s; v++) {
        int64_t offset = v * g.dilationW - g.padLeft, from, to;
        inside(g, offset, &from, &to);
        for (int64_t i = 0; i < block.rows; i++, columns += g.q) {
          int64_t row = (block.first + i) * g.strideH - g.padTop + u * g.dilationH;
          if (row < 0 || row >= g.h) continue;
          T* line = x + (c * g.h + row) * g.w + offset;
          if (g.strideW == 1) {
            _Pragma("GCC ivdep") for (int64_t j = from; j < to; j++) line[j] += columns[j];
          } else {
            for (int64_t j = from; j < to; j++) line[j * g.strideW] += columns[j];
          }
        }
      }
    }
  }
}

template <class T>
void conv_epilogue(const ConvArgs& g, int64_t image, int64_t group, Block block) {
  int64_t filters = g.k / g.groups;
  for (int64_t k = group * filters; k < (group + 1) * filters; k++) {
    int64_t start = (image * g.k + k) * g.p * g.q + block.first * g.q, count = block.rows * g.q;
    T* y = at<T>(g.y) + start;
    const T* residual = at<T>(g.residual) + start;
    T b = g.flags & BIAS ? at<T>(g.b)[k] : 0;
    if (g.flags & BIAS) _Pragma("GCC ivdep") for (int64_t i = 0; i < count; i++) y[i] += b;
    if (g.flags & RESIDUAL) _Pragma("GCC ivdep") for (int64_t i = 0; i < count; i++) y[i] += residual[i];
    if (g.flags & RELU) _Pragma("GCC ivdep") for (int64_t i = 0; i < count; i++) y[i] = y[i] > 0 || y[i] != y[i] ? y[i] : 0;
  }
}

struct ConvTask {
  const ConvArgs* args;
  char* workspace;
  int64_t each;  // bytes of one thread's workspace
  int64_t threads, parts;
};

inline int64_t blocks(const ConvArgs& g) { return (g.p + g.rows - 1) / g.rows; }

inline Block block_of(const ConvArgs& g, int64_t index) {
  int64_t first = index * g.rows;
  return {first, g.p - first < g.rows ? g.p - first : g.rows};
}

template <class T>
void conv_forward_task(const void* raw, int64_t task, int thread) {
  const ConvTask& t = *(const ConvTask*)raw;
  const ConvArgs& g = *t.args;
  Block block = block_of(g, task % blocks(g));
  int64_t group = task / blocks(g) % g.groups, image = task / blocks(g) / g.groups;
  int64_t filters = g.k / g.groups, channels = g.c / g.groups, depth = taps(g);
  const T* x = at<T>(g.x) + (image * g.c + group * channels) * g.h * g.w;
  const T* columns = x + block.first * g.q;
  int64_t width = g.p * g.q;
  if (!pointwise(g)) {
    T* own = (T*)(t.workspace + thread * t.each);
    gather_columns(g, x, block, own);
    columns = own;
    width = block.rows * g.q;
  }
  gemm(false, false, filters, block.rows * g.q, depth, 1, at<T>(g.weights) + group * filters * depth, depth, columns,
       width, 0, at<T>(g.y) + (image * g.k + group * filters) * g.p * g.q + block.first * g.q, g.p * g.q);
  conv_epilogue<T>(g, image, group, block);
}

inline ConvTask conv_task(bs_context* ctx, const ConvArgs& g, int64_t element) {
  int64_t columns = (taps(g) * g.rows * g.q * element + 63) / 64 * 64;
  int64_t image = (g.c / g.groups * g.h * g.w * element + 63) / 64 * 64;
  return {&g, (char*)bs_workspace(ctx), columns + image, bs_threads(ctx), 1};
}

template <class T>
void conv_forward(bs_context* ctx, const void* args) {
  const ConvArgs& g = *(const ConvArgs*)args;
  ConvTask t = conv_task(ctx, g, sizeof(T));
  bs_parallel(ctx, g.n * g.groups * blocks(g), conv_forward_task<T>, &t);
}

template <class T>
void conv_backward_data_task(const void* raw, int64_t task, int thread) {
  const ConvTask& t = *(const ConvTask*)raw;
  const ConvArgs& g = *t.args;
  int64_t group = task % g.groups, image = task / g.groups;
  int64_t filters = g.k / g.groups, channels = g.c / g.groups, depth = taps(g), area = channels * g.h * g.w;
  char* own = t.workspace + thread * t.each;
  T* columns = (T*)own;
  T* target = at<T>(g.x) + (image * g.c + group * channels) * g.h * g.w;
  T* dx = g.flags & ACCUMULATE ? (T*)(own + (depth * g.rows * g.q * sizeof(T) + 63) / 64 * 64) : target;
  const T* dy = at<T>(g.y) + (image * g.k + group * filters) * g.p * g.q;
  const T* w = at<T>(g.weights) + group * filters * depth;
  if (pointwise(g)) {
    gemm(true, false, depth, g.p * g.q, filters, 1, w, depth, dy, g.p * g.q, 0, dx, g.p * g.q);
  } else {
    __builtin_memset(dx, 0, area * sizeof(T));
    for (int64_t b = 0; b < blocks(g); b++) {
      Block block = block_of(g, b);
      gemm(true, false, depth, block.rows * g.q, filters, 1, w, depth, dy + block.first * g.q, g.p * g.q, 0, columns,
           block.rows * g.q);
      scatter_columns(g, columns, block, dx);
    }
  }
  if (g.flags & MASK) {
    const T* mask = at<T>(g.mask) + (image * g.c + group * channels) * g.h * g.w;
    _Pragma("GCC ivdep") for (int64_t i = 0; i < area; i++) dx[i] = masked(dx[i], mask[i]);
  }
  if (g.flags & ACCUMULATE) _Pragma("GCC ivdep") for (int64_t i = 0; i < area; i++) target[i] += dx[i];
}

template <class T>
void conv_backward_data(bs_context* ctx, const void* args) {
  const ConvArgs& g = *(const ConvArgs*)args;
  ConvTask t = conv_task(ctx, g, sizeof(T));
  bs_parallel(ctx, g.n * g.groups, conv_backward_data_task<T>, &t);
}

// Each part sums its own range of images into its own copy of dw, which lie behind the threads'
// workspaces.
template <class T>
void conv_backward_weights_task(const void* raw, int64_t part, int thread) {
  const ConvTask& t = *(const ConvTask*)raw;
  const ConvArgs& g = *t.args;
  int64_t filters = g.k / g.groups, channels = g.c / g.groups, depth = taps(g), size = g.k * depth;
  T* own = (T*)(t.workspace + thread * t.each);
  T* dw = (T*)(t.workspace + t.threads * t.each) + part * size;
  __builtin_memset(dw, 0, size * sizeof(T));
  for (int64_t image = g.n * part / t.parts; image < g.n * (part + 1) / t.parts; image++) {
    for (int64_t task = 0; task < g.groups * blocks(g); task++) {
      Block block = block_of(g, task % blocks(g));
      int64_t group = task / blocks(g);
      const T* x = at<T>(g.x) + (image * g.c + group * channels) * g.h * g.w;
      const T* dy = at<T>(g.y) + (image * g.k + group * filters) * g.p * g.q + block.first * g.q;
      const T* columns = x + block.first * g.q;
      int64_t width = g.p * g.q;
      if (!pointwise(g)) {
        gather_columns(g, x, block, own);
        columns = own;
        width = block.rows * g.q;
      }
      gemm(false, true, filters, depth, block.rows * g.q, 1, dy, g.p * g.q, columns, width, 1,
           dw + group * filters * depth, depth);
    }
  }
}

// dw (= or +=) the parts, in their order.
template <class T>
void conv_sum_parts(const void* raw, int64_t from, int64_t to) {
  const ConvTask& t = *(const ConvTask*)raw;
  const ConvArgs& g = *t.args;
  int64_t size = g.k * taps(g);
  const T* parts = (const T*)(t.workspace + t.threads * t.each);
  T* dw = at<T>(g.weights);
  for (int64_t part = 0; part < t.parts; part++) {
    const T* p = parts + part * size;
    if (part == 0 && !(g.flags & ACCUMULATE)) {
      __builtin_memcpy(dw + from, p + from, (to - from) * sizeof(T));
    } else {
      _Pragma("GCC ivdep") for (int64_t i = from; i < to; i++) dw[i] += p[i];
    }
  }
}

template <class T>
void conv_backward_weights(bs_context* ctx, const void* args) {
  const ConvArgs& g = *(const ConvArgs*)args;
  ConvTask t = conv_task(ctx, g, sizeof(T));
  t.parts = g.n < t.threads ? g.n : t.threads;
  bs_parallel(ctx, t.parts, conv_backward_weights_task<T>, &t);
  bs_parallel_ranges(ctx, g.k * taps(g), 32768, conv_sum_parts<T>, &t);
}

}  // namespace

BS_TABLE(convolution){
    {"conv_forward_f32", conv_forward<float>},
    {"conv_forward_f64", conv_forward<double>},
    {"conv_backward_data_f32", conv_backward_data<float>},
    {"conv_backward_data_f64", conv_backward_data<double>},
    {"conv_backward_weights_f32", conv_backward_weights<float>},
    {"conv_backward_weights_f64", conv_backward_weights<double>},
    {nullptr, nullptr},
};
