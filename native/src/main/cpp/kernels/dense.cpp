// Dense layers and matrix products (by OpenBLAS, one thread a call, or of few rows by skinny.h; split
// by our pool), and bias.
#include "dense.h"
#include "skinny.h"

namespace {

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

// ---- The same of few rows, F32

struct SkinnyParts {
  const Skinny* product;
  bool dots;  // b is [n,k], else [k,n]
  int64_t parts;
};

void skinny_part(const void* raw, int64_t task, int) {
  const SkinnyParts& g = *(const SkinnyParts*)raw;
  const int64_t n = g.product->n, units = (n + 15) / 16;  // parts begin at multiples of 16
  const int64_t from = units * task / g.parts * 16, to = units * (task + 1) / g.parts * 16;
  if (g.dots) {
    dots_columns(*g.product, from, to < n ? to : n);
  } else {
    rows_product(*g.product, from, to < n ? to : n);
  }
}

void skinny_product(bs_context* ctx, const Skinny& g, bool dots) {
  int64_t parts = g.m * g.n * g.k < SMALL ? 1 : bs_threads(ctx), units = (g.n + 15) / 16;
  SkinnyParts split = {&g, dots, units < parts ? units : parts};
  bs_parallel(ctx, split.parts, skinny_part, &split);
}

// Where ours was measured to be as fast as OpenBLAS's, or faster: with so few rows that packing does
// not pay, or with a b that is larger than the cache.
inline bool dots_pay(int64_t m, int64_t n, int64_t k) { return m <= 4 || (m <= 16 && n * k >= 1 << 18); }

inline bool rows_pay(int64_t m, int64_t n, int64_t k) { return m <= 4 || (m <= 64 && n * k >= 1 << 16); }

void skinny_forward(bs_context* ctx, const void* args) {
  const LinearArgs& g = *(const LinearArgs*)args;
  if (!dots_pay(g.n, g.k, g.c)) return linear_forward<float>(ctx, args);
  skinny_product(ctx, {g.n, g.k, g.c, at<float>(g.x), g.c, 1, at<float>(g.weights), g.c, at<float>(g.y), 1, 0,
                       g.flags & BIAS ? at<float>(g.b) : nullptr, g.flags & RESIDUAL ? at<float>(g.residual) : nullptr,
                       (g.flags & RELU) != 0, nullptr}, true);
}

void skinny_backward_data(bs_context* ctx, const void* args) {
  const LinearArgs& g = *(const LinearArgs*)args;
  bool apart = (g.flags & MASK) && (g.flags & ACCUMULATE);  // the mask is not for what dx held
  if (apart || !rows_pay(g.n, g.c, g.k)) return linear_backward_data<float>(ctx, args);
  skinny_product(ctx, {g.n, g.c, g.k, at<float>(g.y), g.k, 1, at<float>(g.weights), g.c, at<float>(g.x), 1,
                       g.flags & ACCUMULATE ? 1.0f : 0.0f, nullptr, nullptr, false,
                       g.flags & MASK ? at<float>(g.mask) : nullptr}, false);
}

void skinny_matmul(bs_context* ctx, const void* args) {
  const MatMulArgs& k = *(const MatMulArgs*)args;
  const float *a = at<float>(k.a), *b = at<float>(k.b);
  Skinny g = {k.m, k.n, k.k, a, k.transposeA ? 1 : k.k, k.transposeA ? k.m : 1, b, k.transposeB ? k.k : k.n,
              at<float>(k.c), (float)k.alpha, (float)k.beta, nullptr, nullptr, false, nullptr};
  if (k.n == 1 && k.m > 1) {  // matrix times vector: the vector's product with the transpose
    g.m = 1, g.n = k.m, g.a = b, g.aRow = k.k, g.aColumn = 1, g.b = a, g.ldb = k.transposeA ? k.m : k.k;
    return skinny_product(ctx, g, !k.transposeA);
  }
  if (k.transposeB ? k.transposeA || !dots_pay(g.m, g.n, g.k) : !rows_pay(g.m, g.n, g.k)) return matmul<float>(ctx, args);
  skinny_product(ctx, g, k.transposeB);
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

const int STEP = 16;

// db of channels from..to-1, summed in double.
template <class T>
void bias_backward_range(const void* raw, int64_t from, int64_t to) {
  const BiasArgs& g = *(const BiasArgs*)raw;
  const T* dy = at<T>(g.x);
  T* db = at<T>(g.b);
  for (int64_t c = from; c < to;) {
    double sums[STEP] = {};
    int64_t width = g.spatial == 1 ? (to - c < STEP ? to - c : STEP) : 1;
    for (int64_t i = 0; i < g.n; i++) {
      const T* line = dy + (i * g.c + c) * g.spatial;
      if (g.spatial == 1) {
        for (int64_t j = 0; j < width; j++) sums[j] += line[j];
        continue;
      }
      double lanes[STEP] = {};
      int64_t j = 0;
      for (; j + STEP <= g.spatial; j += STEP) {
        for (int l = 0; l < STEP; l++) lanes[l] += line[j + l];
      }
      for (; j < g.spatial; j++) lanes[0] += line[j];
      for (int l = 0; l < STEP; l++) sums[0] += lanes[l];
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
    {"linear_forward_f32", linear_forward<float>},
    {"linear_forward_f64", linear_forward<double>},
    {"linear_backward_data_f32", linear_backward_data<float>},
    {"linear_backward_data_f64", linear_backward_data<double>},
    {"linear_backward_weights_f32", linear_backward_weights<float>},
    {"linear_backward_weights_f64", linear_backward_weights<double>},
    {"skinny_linear_forward_f32", skinny_forward},
    {"skinny_linear_backward_data_f32", skinny_backward_data},
    {"skinny_matmul_f32", skinny_matmul},
    {"matmul_f32", matmul<float>},
    {"matmul_f64", matmul<double>},
    {"bias_forward_f32", bias_forward<float>},
    {"bias_forward_f64", bias_forward<double>},
    {"bias_backward_f32", bias_backward<float>},
    {"bias_backward_f64", bias_backward<double>},
    {nullptr, nullptr},
};
