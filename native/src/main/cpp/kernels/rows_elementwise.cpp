// Element-wise operations, operations of one number for each row, comparisons, masks, selection.
// y may be an operand (exactly the same memory), which is what "ivdep" tells the compiler.
#include "rows.h"

namespace {

// ---- Elementwise

// Not memcpy, which keeps the compiler from vectorising.
inline uint64_t bits(double x) { return __builtin_bit_cast(uint64_t, x); }
inline double number(uint64_t b) { return __builtin_bit_cast(double, b); }

// e^x by reduction to |r| <= ln(2)/2 and Taylor's polynomial of degree 13 (truncation 4e-18).
inline double exponential(double x) {
  const double magic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
  x = x > 710.0 ? 710.0 : x;
  x = x < -746.0 ? -746.0 : x;
  double t = x * 1.4426950408889634 + magic;
  double k = t - magic;
  double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
  double p = 1.0 / 6227020800;
  p = p * r + 1.0 / 479001600;
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * (r * r) + r + 1;
  // Two factors, because 2^k itself may be beyond the range of normal numbers.
  uint64_t n = bits(t) - bits(magic) + 4096;
  uint64_t half = n >> 1;
  double y = p * number((half - 1025) << 52) * number((n - half - 1025) << 52);
  return x != x ? x : y;
}

// Natural logarithm: 2^e m with m in [1/sqrt(2), sqrt(2)), log m = 2 artanh((m-1)/(m+1)) by its
// series (truncation 1e-18).
inline double logarithm(double x) {
  bool tiny = x < 2.2250738585072014e-308;
  uint64_t scaled = bits(tiny ? x * 18014398509481984.0 : x);  // 2^54
  // Subtracting the bits of 1/sqrt(2) gives the exponent for the interval above.
  uint64_t e = ((scaled - 0x3FE6A09E667F3BCD + (1023ULL << 52)) >> 52) - 1023;
  double m = number(scaled - (e << 52));
  const double magic = 6755399441055744.0;  // 1.5 * 2^52: its low bits hold an integer
  double k = number(e + bits(magic)) - magic - (tiny ? 54.0 : 0.0);
  double f = (m - 1) / (m + 1);
  double s = f * f;
  double p = 1.0 / 21;
  p = p * s + 1.0 / 19;
  p = p * s + 1.0 / 17;
  p = p * s + 1.0 / 15;
  p = p * s + 1.0 / 13;
  p = p * s + 1.0 / 11;
  p = p * s + 1.0 / 9;
  p = p * s + 1.0 / 7;
  p = p * s + 1.0 / 5;
  p = p * s + 1.0 / 3;
  double y = k * 6.93147180369123816490e-01 + (2 * f + (2 * f * (s * p) + k * 1.90821492927058770002e-10));
  const double infinity = __builtin_inf();
  y = x == infinity ? infinity : y;
  y = x == 0 ? -infinity : y;
  return x >= 0 ? y : __builtin_nan("");
}

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }
inline float magnitude(float x) { return __builtin_fabsf(x); }
inline double magnitude(double x) { return __builtin_fabs(x); }

// Towards zero, saturating; NaN gives 0: as Java's cast.
inline int32_t integer(double v) {
  v = v < 2147483647.0 ? v : v != v ? 0 : 2147483647.0;
  return (int32_t)(v > -2147483648.0 ? v : -2147483648.0);
}

// alpha a + beta with both roundings, also where the instruction set has fused multiply-add.
inline double affine(double alpha, int32_t a, double beta) {
  double p = alpha * a;
  __asm__("" : "+x"(p));
  return p + beta;
}

template <class T>
struct Operands {
  const T* a;
  const T* b;
  T* y;
  double alpha, beta;
};

#define EACH(expression)                                       \
  {                                                            \
    _Pragma("GCC ivdep") for (int64_t j = from; j < to; j++) { \
      y[j] = (expression);                                     \
    }                                                          \
    return;                                                    \
  }

template <class T>
void floating(int64_t op, const Operands<T>& o, int64_t from, int64_t to) {
  const T* a = o.a;
  const T* b = o.b;
  T* y = o.y;
  const T alpha = (T)o.alpha, beta = (T)o.beta;
  switch (op) {
    case FILL: EACH(alpha)
    case COPY: EACH(a[j])
    case NEGATE: EACH(-a[j])
    case ABS: EACH(magnitude(a[j]))
    case SIGN: EACH(a[j] > 0 ? T(1) : a[j] < 0 ? T(-1) : a[j])
    case SQUARE: EACH(a[j] * a[j])
    case SQRT: EACH(root(a[j]))
    case RECIPROCAL: EACH(T(1) / a[j])
    case EXP: EACH(T(exponential(a[j])))
    case LOG: EACH(T(logarithm(a[j])))
    case AFFINE: EACH(alpha * a[j] + beta)
    case CLIP: {
      if (alpha != alpha || beta != beta) EACH(alpha + beta)
      _Pragma("GCC ivdep") for (int64_t j = from; j < to; j++) {
        T v = a[j] < alpha ? alpha : a[j];
        y[j] = v > beta ? beta : v;
      }
      return;
    }
    case ADD: EACH(a[j] + b[j])
    case SUBTRACT: EACH(a[j] - b[j])
    case MULTIPLY: EACH(a[j] * b[j])
    case DIVIDE: EACH(a[j] / b[j])
    case MINIMUM: EACH(a[j] < b[j] || a[j] != a[j] ? a[j] : b[j])
    case MAXIMUM: EACH(a[j] > b[j] || a[j] != a[j] ? a[j] : b[j])
    case LINEAR_COMBINATION: EACH(alpha * a[j] + beta * b[j])
  }
}

void integral(int64_t op, const Operands<int32_t>& o, int64_t from, int64_t to) {
  const int32_t* a = o.a;
  const int32_t* b = o.b;
  int32_t* y = o.y;
  const double alpha = o.alpha, beta = o.beta;
  const int32_t value = integer(alpha);
  switch (op) {
    case FILL: EACH(value)
    case COPY: EACH(a[j])
    case AFFINE: EACH(integer(affine(alpha, a[j], beta)))
    case ADD: EACH(integer((double)a[j] + b[j]))
    case SUBTRACT: EACH(integer((double)a[j] - b[j]))
    case MINIMUM: EACH(a[j] < b[j] ? a[j] : b[j])
    case MAXIMUM: EACH(a[j] > b[j] ? a[j] : b[j])
  }
}

void bytes(int64_t op, const Operands<uint8_t>& o, int64_t from, int64_t to) {
  const uint8_t value = o.alpha >= 255 ? 255 : o.alpha > 0 ? (uint8_t)o.alpha : 0;
  if (op == FILL) {
    __builtin_memset(o.y + from, value, to - from);
  } else if (o.y != o.a) {
    __builtin_memcpy(o.y + from, o.a + from, to - from);
  }
}
#undef EACH

void elementwise_range(const void* raw, int64_t from, int64_t to) {
  const ElementwiseArgs& k = *(const ElementwiseArgs*)raw;
  switch (k.type) {
    case F32: {
      Operands<float> o = {(const float*)k.a, (const float*)k.b, (float*)k.y, k.alpha, k.beta};
      return floating(k.op, o, from, to);
    }
    case F64: {
      Operands<double> o = {(const double*)k.a, (const double*)k.b, (double*)k.y, k.alpha, k.beta};
      return floating(k.op, o, from, to);
    }
    case I32: {
      Operands<int32_t> o = {(const int32_t*)k.a, (const int32_t*)k.b, (int32_t*)k.y, k.alpha, k.beta};
      return integral(k.op, o, from, to);
    }
    case U8: {
      Operands<uint8_t> o = {(const uint8_t*)k.a, 0, (uint8_t*)k.y, k.alpha, k.beta};
      return bytes(k.op, o, from, to);
    }
  }
}

// ---- Rowwise

template <class T>
void rowwise(int64_t op, T s, const T* a, T* y, int64_t length) {
  if (op != ADD_TO_ROW && s == 0) {
    // The row counts as zeros, whatever it holds.
    if (op == SCALE) __builtin_memset(y, 0, length * sizeof(T));
    return;
  }
  switch (op) {
    case SCALE:
      _Pragma("GCC ivdep") for (int64_t j = 0; j < length; j++) y[j] = s * a[j];
      return;
    case ADD_TO_ROW:
      _Pragma("GCC ivdep") for (int64_t j = 0; j < length; j++) y[j] = a[j] + s;
      return;
    case AXPY:
      _Pragma("GCC ivdep") for (int64_t j = 0; j < length; j++) y[j] += s * a[j];
      return;
  }
}

// Rows of one element: one loop over all.
template <class T>
void numbers(int64_t op, const T* s, const T* a, T* y, int64_t from, int64_t to) {
  switch (op) {
    case SCALE:
      _Pragma("GCC ivdep") for (int64_t i = from; i < to; i++) {
        T p = s[i] * a[i];
        y[i] = s[i] == 0 ? T(0) : p;
      }
      return;
    case ADD_TO_ROW:
      _Pragma("GCC ivdep") for (int64_t i = from; i < to; i++) y[i] = a[i] + s[i];
      return;
    case AXPY:
      _Pragma("GCC ivdep") for (int64_t i = from; i < to; i++) {
        T p = s[i] * a[i];
        y[i] += s[i] == 0 ? T(0) : p;
      }
      return;
  }
}

template <class T>
void rowwise(const RowwiseArgs& k, int64_t from, int64_t to) {
  const T* s = (const T*)k.alpha;
  const T* a = (const T*)k.a;
  T* y = (T*)k.y;
  if (k.length == 1) return numbers(k.op, s, a, y, from, to);
  for (int64_t i = from; i < to; i++) rowwise(k.op, s[i], a + i * k.length, y + i * k.length, k.length);
}

void rowwise_range(const void* raw, int64_t from, int64_t to) {
  const RowwiseArgs& k = *(const RowwiseArgs*)raw;
  k.type == F32 ? rowwise<float>(k, from, to) : rowwise<double>(k, from, to);
}

// Part of a single row.
void rowwise_columns(const void* raw, int64_t from, int64_t to) {
  RowwiseArgs k = *(const RowwiseArgs*)raw;
  const int64_t bytes = from * (k.type == F32 ? 4 : 8);
  k.length = to - from;
  k.a += bytes;
  k.y += bytes;
  rowwise_range(&k, 0, 1);
}

// ---- Compare

template <class T>
void compare(const CompareArgs& k, int64_t from, int64_t to) {
  const T* a = (const T*)k.a;
  const T* b = (const T*)k.b;
  const T number = (T)k.number;
  uint8_t* out = (uint8_t*)k.mask;
#define EACH(operation)                                                              \
  if (b) {                                                                           \
    for (int64_t j = from; j < to; j++) out[j] = a[j] operation b[j];               \
  } else {                                                                           \
    for (int64_t j = from; j < to; j++) out[j] = a[j] operation number;             \
  }                                                                                  \
  return;
  switch (k.comparison) {
    case LESS: EACH(<)
    case LESS_EQUAL: EACH(<=)
    case GREATER: EACH(>)
    case GREATER_EQUAL: EACH(>=)
    case EQUAL: EACH(==)
    case NOT_EQUAL: EACH(!=)
  }
#undef EACH
}

void compare_range(const void* raw, int64_t from, int64_t to) {
  const CompareArgs& k = *(const CompareArgs*)raw;
  switch (k.type) {
    case F32: return compare<float>(k, from, to);
    case F64: return compare<double>(k, from, to);
    case I32: return compare<int32_t>(k, from, to);
  }
}

// ---- Mask, Count

void mask_range(const void* raw, int64_t from, int64_t to) {
  const MaskArgs& k = *(const MaskArgs*)raw;
  const uint8_t* a = (const uint8_t*)k.a;
  const uint8_t* b = (const uint8_t*)k.b;
  uint8_t* y = (uint8_t*)k.y;
#define EACH(expression)                                                              \
  _Pragma("GCC ivdep") for (int64_t j = from; j < to; j++) y[j] = (expression);       \
  return;
  switch (k.op) {
    case AND: EACH((a[j] != 0) & (b[j] != 0))
    case OR: EACH((a[j] != 0) | (b[j] != 0))
    case AND_NOT: EACH((a[j] != 0) & (b[j] == 0))
    case NOT: EACH(a[j] == 0)
  }
#undef EACH
}

void count_range(const void* raw, int64_t from, int64_t to) {
  const CountArgs& k = *(const CountArgs*)raw;
  int32_t* out = (int32_t*)k.count;
  for (int64_t i = from; i < to; i++) {
    const uint8_t* m = (const uint8_t*)k.mask + i * k.length;
    int64_t trues = 0;
    for (int64_t j = 0; j < k.length;) {
      int64_t stop = j + (1 << 20) < k.length ? j + (1 << 20) : k.length;
      int32_t part = 0;
      for (; j < stop; j++) part += m[j] != 0;
      trues += part;
    }
    out[i] = trues < INT32_MAX ? (int32_t)trues : INT32_MAX;
  }
}

// ---- Select

template <class T>
void select(const SelectArgs& k, int64_t from, int64_t to) {
  const uint8_t* m = (const uint8_t*)k.mask;
  const T* a = (const T*)k.a;
  const T* b = (const T*)k.b;
  T* y = (T*)k.y;
  if (!k.perRow || k.length == 1) {
    int64_t stop = to * k.length;
    _Pragma("GCC ivdep") for (int64_t j = from * k.length; j < stop; j++) {
      T u = a[j], v = b[j];
      y[j] = m[j] ? u : v;
    }
    return;
  }
  for (int64_t i = from; i < to; i++) {
    const T* chosen = (m[i] ? a : b) + i * k.length;
    T* row = y + i * k.length;
    if (row != chosen) __builtin_memcpy(row, chosen, k.length * sizeof(T));
  }
}

void select_range(const void* raw, int64_t from, int64_t to) {
  const SelectArgs& k = *(const SelectArgs*)raw;
  switch (k.bytes) {
    case 1: return select<uint8_t>(k, from, to);
    case 2: return select<uint16_t>(k, from, to);
    case 4: return select<uint32_t>(k, from, to);
    case 8: return select<uint64_t>(k, from, to);
  }
}

// ---- Entries

void elementwise(bs_context* ctx, const void* args) {
  const ElementwiseArgs& k = *(const ElementwiseArgs*)args;
  const bool slow = k.op == EXP || k.op == LOG;
  bs_parallel_ranges(ctx, k.count, slow ? GRAIN / 8 : GRAIN, elementwise_range, args);
}

void rowwise(bs_context* ctx, const void* args) {
  const RowwiseArgs& k = *(const RowwiseArgs*)args;
  if (k.n == 1) return bs_parallel_ranges(ctx, k.length, GRAIN, rowwise_columns, args);
  bs_parallel_ranges(ctx, k.n, row_grain(k.length), rowwise_range, args);
}

void compare(bs_context* ctx, const void* args) {
  const CompareArgs& k = *(const CompareArgs*)args;
  bs_parallel_ranges(ctx, k.count, GRAIN, compare_range, args);
}

void mask(bs_context* ctx, const void* args) {
  const MaskArgs& k = *(const MaskArgs*)args;
  bs_parallel_ranges(ctx, k.count, 4 * GRAIN, mask_range, args);
}

void count(bs_context* ctx, const void* args) {
  const CountArgs& k = *(const CountArgs*)args;
  bs_parallel_ranges(ctx, k.n, row_grain(k.length), count_range, args);
}

void select(bs_context* ctx, const void* args) {
  const SelectArgs& k = *(const SelectArgs*)args;
  bs_parallel_ranges(ctx, k.n, row_grain(k.length), select_range, args);
}

}  // namespace

BS_TABLE(rows_elementwise){
    {"elementwise", elementwise},
    {"rowwise", rowwise},
    {"compare", compare},
    {"mask", mask},
    {"count", count},
    {"select", select},
    {nullptr, nullptr},
};
