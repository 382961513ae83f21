// Convolution, dense layers, matrix products (by OpenBLAS, one thread a call, split by our pool) and
// bias. x [n,c,h,w], w [k,c/groups,r,s], y [n,k,p,q], all NCHW.
#include "../blas.h"
#include "level.h"

namespace {

enum Flags { BIAS = 1, RESIDUAL = 2, RELU = 4, MASK = 8, ACCUMULATE = 16 };

struct ConvArgs {
  int64_t n, c, h, w, k, r, s, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups, p, q, flags;
  int64_t rows;  // output rows of one block
  int64_t x, weights, b, residual, y, mask;
};

struct LinearArgs {
  int64_t n, c, k, flags, x, weights, b, residual, y, mask;
};

struct MatMulArgs {
  int64_t m, n, k, transposeA, transposeB, a, b, c;
  double alpha, beta;
};

struct BiasArgs {
  int64_t n, c, spatial, accumulate, x, b, y;
};

const int64_t SMALL = 200000;  // multiply-adds for which waking a thread does not pay

template <class T>
T* at(int64_t address) {
  return (T*)address;
}

inline void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const float* a, int64_t lda,
                 const float* b, int64_t ldb, double beta, float* c, int64_t ldc) {
  bs_blas.sgemm(BS_ROW_MAJOR, ta ? BS_TRANS : BS_NO_TRANS, tb ? BS_TRANS : BS_NO_TRANS, (int)m, (int)n, (int)k,
                (float)alpha, a, (int)lda, b, (int)ldb, (float)beta, c, (int)ldc);
}

inline void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const double* a, int64_t lda,
                 const double* b, int64_t ldb, double beta, double* c, int64_t ldc) {
  bs_blas.dgemm(BS_ROW_MAJOR, ta ? BS_TRANS : BS_NO_TRANS, tb ? BS_TRANS : BS_NO_TRANS, (int)m, (int)n, (int)k, alpha,
                a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

// ---- Products split among threads

template <class T>
struct Product {
  bool ta, tb;
  int64_t m, n, k, lda, ldb, ldc, parts;
  bool byRows;
  double alpha, beta;
  const T* a;
  const T* b;
  T* c;
};

template <class T>
void product_part(const void* raw, int64_t task, int) {
  const Product<T>& g = *(const Product<T>*)raw;
  int64_t whole = g.byRows ? g.m : g.n;
  int64_t unit = (whole + 15) / 16;  // parts begin at multiples of 16
  int64_t from = unit * task / g.parts * 16, to = unit * (task + 1) / g.parts * 16;
  to = to < whole ? to : whole;
  if (from >= to) return;
  if (g.byRows) {
    const T* a = g.ta ? g.a + from : g.a + from * g.lda;
    gemm(g.ta, g.tb, to - from, g.n, g.k, g.alpha, a, g.lda, g.b, g.ldb, g.beta, g.c + from * g.ldc, g.ldc);
  } else {
    const T* b = g.tb ? g.b + from * g.ldb : g.b + from;
    gemm(g.ta, g.tb, g.m, to - from, g.k, g.alpha, g.a, g.lda, b, g.ldb, g.beta, g.c + from, g.ldc);
  }
}

template <class T>
void product(bs_context* ctx, Product<T> g) {
  g.byRows = g.m >= g.n;
  int64_t longest = g.byRows ? g.m : g.n;
  int64_t parts = bs_threads(ctx);
  parts = (longest + 15) / 16 < parts ? (longest + 15) / 16 : parts;
  g.parts = g.m * g.n * g.k < SMALL ? 1 : parts;
  bs_parallel(ctx, g.parts, product_part<T>, &g);
}

template <class T>
void matmul(bs_context* ctx, const void* args) {
  const MatMulArgs& k = *(const MatMulArgs*)args;
  product<T>(ctx, {k.transposeA != 0, k.transposeB != 0, k.m, k.n, k.k, k.transposeA ? k.m : k.k,
                   k.transposeB ? k.k : k.n, k.n, 1, true, k.alpha, k.beta, at<T>(k.a), at<T>(k.b), at<T>(k.c)});
}

// ---- Dense layer: x [n,c], w [k,c], y [n,k]

template <class T>
void linear_epilogue(const void* raw, int64_t from, int64_t to) {
  const LinearArgs& g = *(const LinearArgs*)raw;
  const T* b = at<T>(g.b);
  for (int64_t i = from; i < to; i++) {
    T* y = at<T>(g.y) + i * g.k;
    const T* residual = at<T>(g.residual) + i * g.k;
    if (g.flags & BIAS) _Pragma("GCC ivdep") for (int64_t j = 0; j < g.k; j++) y[j] += b[j];
    if (g.flags & RESIDUAL) _Pragma("GCC ivdep") for (int64_t j = 0; j < g.k; j++) y[j] += residual[j];
    if (g.flags & RELU) _Pragma("GCC ivdep") for (int64_t j = 0; j < g.k; j++) y[j] = y[j] > 0 || y[j] != y[j] ? y[j] : 0;
  }
}

template <class T>
void linear_forward(bs_context* ctx, const void* args) {
  const LinearArgs& g = *(const LinearArgs*)args;
  product<T>(ctx, {false, true, g.n, g.k, g.c, g.c, g.c, g.k, 1, true, 1, 0, at<T>(g.x), at<T>(g.weights), at<T>(g.y)});
  if (g.flags & (BIAS | RESIDUAL | RELU)) bs_parallel_ranges(ctx, g.n, 32768 / g.k + 1, linear_epilogue<T>, args);
}

// mask > 0 keeps, NaN in the mask is handed on.
template <class T>
inline T masked(T gradient, T mask) {
  return mask > 0 ? gradient : mask != mask ? mask : 0;
}

template <class T>
void linear_mask(const void* raw, int64_t from, int64_t to) {
  const LinearArgs& g = *(const LinearArgs*)raw;
  const T* mask = at<T>(g.mask);
  T* dx = at<T>(g.x);
  _Pragma("GCC ivdep") for (int64_t i = from * g.c; i < to * g.c; i++) dx[i] = masked(dx[i], mask[i]);
}

template <class T>
void linear_add(const void* raw, int64_t from, int64_t to) {
  const LinearArgs& g = *(const LinearArgs*)raw;
  const T* mask = at<T>(g.mask);
  const T* fresh = at<T>(g.b);
  T* dx = at<T>(g.x);
  for (int64_t i = from * g.c; i < to * g.c; i++) dx[i] += g.flags & MASK ? masked(fresh[i], mask[i]) : fresh[i];
}

// dx = dy w; with a mask and accumulation the fresh gradient is formed in the workspace.
template <class T>
void linear_backward_data(bs_context* ctx, const void* args) {
  LinearArgs g = *(const LinearArgs*)args;
  bool apart = (g.flags & MASK) && (g.flags & ACCUMULATE);
  T* out = apart ? (T*)bs_workspace(ctx) : at<T>(g.x);
  double beta = (g.flags & ACCUMULATE) && !apart ? 1 : 0;
  product<T>(ctx, {false, false, g.n, g.c, g.k, g.k, g.c, g.c, 1, true, 1, beta, at<T>(g.y), at<T>(g.weights), out});
  g.b = (int64_t)out;
  if (apart) bs_parallel_ranges(ctx, g.n, 32768 / g.c + 1, linear_add<T>, &g);
  if ((g.flags & MASK) && !apart) bs_parallel_ranges(ctx, g.n, 32768 / g.c + 1, linear_mask<T>, &g);
}

// dw = dy^T x
template <class T>
void linear_backward_weights(bs_context* ctx, const void* args) {
  const LinearArgs& g = *(const LinearArgs*)args;
  product<T>(ctx, {true, false, g.k, g.c, g.n, g.k, g.c, g.c, 1, true, 1, g.flags & ACCUMULATE ? 1.0 : 0.0, at<T>(g.y),
                   at<T>(g.x), at<T>(g.weights)});
}

// ---- Convolution through a column matrix [c/groups r s, rows q] of some output rows

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

// ---- Bias: x [n,c,spatial], b [c]

template <class T>
void bias_forward_range(const void* raw, int64_t from, int64_t to) {
  const BiasArgs& g = *(const BiasArgs*)raw;
  const T* b = at<T>(g.b);
  for (int64_t i = from; i < to; i++) {
    const T* x = at<T>(g.x) + i * g.c * g.spatial;
    T* y = at<T>(g.y) + i * g.c * g.spatial;
    if (g.spatial == 1) {
      _Pragma("GCC ivdep") for (int64_t c = 0; c < g.c; c++) y[c] = x[c] + b[c];
      continue;
    }
    for (int64_t c = 0; c < g.c; c++, x += g.spatial, y += g.spatial) {
      T v = b[c];
      _Pragma("GCC ivdep") for (int64_t j = 0; j < g.spatial; j++) y[j] = x[j] + v;
    }
  }
}

template <class T>
void bias_forward(bs_context* ctx, const void* args) {
  const BiasArgs& g = *(const BiasArgs*)args;
  bs_parallel_ranges(ctx, g.n, 32768 / (g.c * g.spatial) + 1, bias_forward_range<T>, args);
}

const int LANES = 16;

// db of channels from..to-1, summed in double.
template <class T>
void bias_backward_range(const void* raw, int64_t from, int64_t to) {
  const BiasArgs& g = *(const BiasArgs*)raw;
  const T* dy = at<T>(g.x);
  T* db = at<T>(g.b);
  for (int64_t c = from; c < to;) {
    double sums[LANES] = {};
    int64_t width = g.spatial == 1 ? (to - c < LANES ? to - c : LANES) : 1;
    for (int64_t i = 0; i < g.n; i++) {
      const T* line = dy + (i * g.c + c) * g.spatial;
      if (g.spatial == 1) {
        for (int64_t j = 0; j < width; j++) sums[j] += line[j];
        continue;
      }
      double lanes[LANES] = {};
      int64_t j = 0;
      for (; j + LANES <= g.spatial; j += LANES) {
        for (int l = 0; l < LANES; l++) lanes[l] += line[j + l];
      }
      for (; j < g.spatial; j++) lanes[0] += line[j];
      for (int l = 0; l < LANES; l++) sums[0] += lanes[l];
    }
    for (int64_t j = 0; j < width; j++) db[c + j] = (T)(g.accumulate ? db[c + j] + sums[j] : sums[j]);
    c += width;
  }
}

template <class T>
void bias_backward(bs_context* ctx, const void* args) {
  const BiasArgs& g = *(const BiasArgs*)args;
  bs_parallel_ranges(ctx, g.c, 32768 / (g.n * g.spatial) + 1, bias_backward_range<T>, args);
}

}  // namespace

BS_TABLE(dense){
    {"conv_forward_f32", conv_forward<float>},
    {"conv_forward_f64", conv_forward<double>},
    {"conv_backward_data_f32", conv_backward_data<float>},
    {"conv_backward_data_f64", conv_backward_data<double>},
    {"conv_backward_weights_f32", conv_backward_weights<float>},
    {"conv_backward_weights_f64", conv_backward_weights<double>},
    {"linear_forward_f32", linear_forward<float>},
    {"linear_forward_f64", linear_forward<double>},
    {"linear_backward_data_f32", linear_backward_data<float>},
    {"linear_backward_data_f64", linear_backward_data<double>},
    {"linear_backward_weights_f32", linear_backward_weights<float>},
    {"linear_backward_weights_f64", linear_backward_weights<double>},
    {"matmul_f32", matmul<float>},
    {"matmul_f64", matmul<double>},
    {"bias_forward_f32", bias_forward<float>},
    {"bias_forward_f64", bias_forward<double>},
    {"bias_backward_f32", bias_backward<float>},
    {"bias_backward_f64", bias_backward<double>},
    {nullptr, nullptr},
};
