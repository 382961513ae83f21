// Row reductions and argmax. Sums are formed in double.
#include "lanes.h"
#include "rows.h"

namespace {

// ---- Terms of sums: LANES at once, or one

template <class T>
struct Plain {
  const T* a;
  Doubles many(int64_t j) const { return load(a + j); }
  double one(int64_t j) const { return a[j]; }
};

template <class T>
struct Product {
  const T* a;
  const T* b;
  Doubles many(int64_t j) const { return load(a + j) * load(b + j); }
  double one(int64_t j) const { return (double)a[j] * b[j]; }
};

template <class T>
struct Magnitude {
  const T* a;
  Doubles many(int64_t j) const { return magnitude(load(a + j)); }
  double one(int64_t j) const { return __builtin_fabs((double)a[j]); }
};

template <class T>
struct NotZero {
  const T* a;
  // 1 where not 0, NaN where NaN.
  Doubles many(int64_t j) const {
    Doubles v = load(a + j);
    Doubles one = (v != all(0)) ? all(1) : all(0);
    return (v != v) ? v : one;
  }
  double one(int64_t j) const { return a[j] != a[j] ? a[j] : a[j] != 0; }
};

// ---- Extremes; NaN wins

template <class T, bool ABSOLUTE, bool LEAST>
double extreme(const T* a, int64_t length) {
  const double worst = LEAST ? __builtin_inf() : -__builtin_inf();
  double best = worst;
  bool bad = false;
  int64_t j = 0;
  if (length >= 4 * LANES) {
    Doubles m[4] = {all(worst), all(worst), all(worst), all(worst)};
    Longs nan = {};
    for (; j + 4 * LANES <= length; j += 4 * LANES) {
      for (int k = 0; k < 4; k++) {
        Doubles v = load(a + j + k * LANES);
        nan |= v != v;
        if (ABSOLUTE) v = magnitude(v);
        m[k] = (LEAST ? v < m[k] : v > m[k]) ? v : m[k];
      }
    }
    for (int k = 0; k < 4; k++) {
      for (int l = 0; l < LANES; l++) {
        double v = m[k][l];
        best = (LEAST ? v < best : v > best) ? v : best;
        bad |= nan[l] != 0;
      }
    }
  }
  for (; j < length; j++) {
    double v = ABSOLUTE ? __builtin_fabs((double)a[j]) : (double)a[j];
    bad |= v != v;
    best = (LEAST ? v < best : v > best) ? v : best;
  }
  return bad ? __builtin_nan("") : best;
}

template <class T>
double reduce(int64_t reduction, const T* a, const T* b, int64_t length) {
  switch (reduction) {
    case SUM: return sum(length, Plain<T>{a});
    case DOT: return sum(length, Product<T>{a, b});
    case L1: return sum(length, Magnitude<T>{a});
    case L2: return __builtin_sqrt(sum(length, Product<T>{a, a}));
    case SQUARED_L2: return sum(length, Product<T>{a, a});
    case LINF: return extreme<T, true, false>(a, length);
    case MAX: return extreme<T, false, false>(a, length);
    case MIN: return extreme<T, false, true>(a, length);
    case L0: return sum(length, NotZero<T>{a});
  }
  return 0;
}

// Rows of one element: one loop over all.
template <class T>
void numbers(int64_t reduction, const T* a, const T* b, T* y, int64_t from, int64_t to) {
  for (int64_t i = from; i < to; i++) {
    switch (reduction) {
      case DOT: y[i] = a[i] * b[i]; break;
      case SQUARED_L2: y[i] = a[i] * a[i]; break;
      case L1:
      case L2:
      case LINF: y[i] = a[i] < 0 ? -a[i] : a[i]; break;
      case L0: y[i] = a[i] != a[i] ? a[i] : T(a[i] != 0); break;
      default: y[i] = a[i]; break;
    }
  }
}

template <class T>
void row_reduce(const RowReduceArgs& k, int64_t from, int64_t to) {
  const T* a = (const T*)k.a;
  const T* b = (const T*)k.b;
  T* y = (T*)k.y;
  if (k.length == 1) return numbers(k.reduction, a, b, y, from, to);
  for (int64_t i = from; i < to; i++) {
    y[i] = (T)reduce(k.reduction, a + i * k.length, b ? b + i * k.length : 0, k.length);
  }
}

void row_reduce_range(const void* raw, int64_t from, int64_t to) {
  const RowReduceArgs& k = *(const RowReduceArgs*)raw;
  k.type == F32 ? row_reduce<float>(k, from, to) : row_reduce<double>(k, from, to);
}

// ---- Argmax

template <class T>
void argmax(const ArgmaxArgs& k, int64_t from, int64_t to) {
  int32_t* index = (int32_t*)k.index;
  for (int64_t i = from; i < to; i++) {
    const T* a = (const T*)k.x + i * k.length;
    int64_t at = 0;
    if (k.length < 64) {
      for (int64_t j = 1; j < k.length; j++) {
        if (a[j] > a[at] || (a[j] != a[j] && a[at] == a[at])) at = j;
      }
    } else {
      double best = extreme<T, false, false>(a, k.length);
      if (best == best) {
        while (a[at] != best) at++;
      } else {
        while (a[at] == a[at]) at++;
      }
    }
    index[i] = (int32_t)at;
  }
}

void argmax_range(const void* raw, int64_t from, int64_t to) {
  const ArgmaxArgs& k = *(const ArgmaxArgs*)raw;
  k.type == F32 ? argmax<float>(k, from, to) : argmax<double>(k, from, to);
}

// ---- Entries

void row_reduce(bs_context* ctx, const void* args) {
  const RowReduceArgs& k = *(const RowReduceArgs*)args;
  bs_parallel_ranges(ctx, k.n, row_grain(k.length), row_reduce_range, args);
}

void argmax(bs_context* ctx, const void* args) {
  const ArgmaxArgs& k = *(const ArgmaxArgs*)args;
  bs_parallel_ranges(ctx, k.n, row_grain(k.length), argmax_range, args);
}

}  // namespace

BS_TABLE(rows_reduce){
    {"row_reduce", row_reduce},
    {"argmax", argmax},
    {nullptr, nullptr},
};
