// Element-wise operations, operations of one number for each row, comparisons, masks, selection, each
// on a range of elements. y may be an operand (exactly the same memory).
#ifndef BS_ROWS_ELEMENTWISE_CUH
#define BS_ROWS_ELEMENTWISE_CUH
#include "rows.cuh"

namespace {

// ---- Elementwise

__device__ inline float root(float v) { return sqrtf(v); }
__device__ inline double root(double v) { return sqrt(v); }
__device__ inline float exponential(float v) { return expf(v); }
__device__ inline double exponential(double v) { return exp(v); }
__device__ inline float logarithm(float v) { return logf(v); }
__device__ inline double logarithm(double v) { return log(v); }

// Towards zero, saturating; NaN gives 0: as Java's cast.
__device__ inline int32_t integer(double v) {
  v = v < 2147483647.0 ? v : v != v ? 0 : 2147483647.0;
  return (int32_t)(v > -2147483648.0 ? v : -2147483648.0);
}

#define EACH(expression)                                   \
  {                                                        \
    EACH_OF(j, r) y[j] = (expression);                     \
    return;                                                \
  }

template <class T>
__device__ void floating(const ElementwiseArgs& k, Range r) {
  const T* a = (const T*)k.a;
  const T* b = (const T*)k.b;
  T* y = (T*)k.y;
  const T alpha = (T)k.alpha, beta = (T)k.beta;
  switch (k.op) {
    case FILL: EACH(alpha)
    case COPY: EACH(a[j])
    case NEGATE: EACH(-a[j])
    case ABS: EACH(magnitude(a[j]))
    case SIGN: EACH(a[j] > 0 ? T(1) : a[j] < 0 ? T(-1) : a[j])
    case SQUARE: EACH(a[j] * a[j])
    case SQRT: EACH(root(a[j]))
    case RECIPROCAL: EACH(T(1) / a[j])
    case EXP: EACH(exponential(a[j]))
    case LOG: EACH(logarithm(a[j]))
    case AFFINE: EACH(alpha * a[j] + beta)
    case CLIP: {
      if (alpha != alpha || beta != beta) EACH(alpha + beta)
      EACH_OF(j, r) {
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

__device__ inline void integral(const ElementwiseArgs& k, Range r) {
  const int32_t* a = (const int32_t*)k.a;
  const int32_t* b = (const int32_t*)k.b;
  int32_t* y = (int32_t*)k.y;
  const int32_t value = integer(k.alpha);
  switch (k.op) {
    case FILL: EACH(value)
    case COPY: EACH(a[j])
    case AFFINE: EACH(integer(__dadd_rn(__dmul_rn(k.alpha, a[j]), k.beta)))  // both roundings
    case ADD: EACH(integer((double)a[j] + b[j]))
    case SUBTRACT: EACH(integer((double)a[j] - b[j]))
    case MINIMUM: EACH(a[j] < b[j] ? a[j] : b[j])
    case MAXIMUM: EACH(a[j] > b[j] ? a[j] : b[j])
  }
}

__device__ inline void bytes(const ElementwiseArgs& k, Range r) {
  const uint8_t value = k.alpha >= 255 ? 255 : k.alpha > 0 ? (uint8_t)k.alpha : 0;
  const uint8_t* a = (const uint8_t*)k.a;
  uint8_t* y = (uint8_t*)k.y;
  if (k.op == FILL) EACH(value)
  EACH(a[j])
}
#undef EACH

__device__ inline void elementwise_of(const ElementwiseArgs& k, Range r) {
  switch (k.type) {
    case F32: return floating<float>(k, r);
    case F64: return floating<double>(k, r);
    case I32: return integral(k, r);
    case U8: return bytes(k, r);
  }
}

// ---- Rowwise

// A number of 0 hides what the row holds, but in ADD_TO_ROW.
template <class T>
__device__ void rowwise_in(const RowwiseArgs& k, Range r) {
  const T* s = (const T*)k.alpha;
  const T* a = (const T*)k.a;
  T* y = (T*)k.y;
  EACH_OF(j, r) {
    const T factor = s[quotient(j, k.length)];
    switch (k.op) {
      case SCALE: y[j] = factor == 0 ? T(0) : factor * a[j]; break;
      case ADD_TO_ROW: y[j] = a[j] + factor; break;
      case AXPY:
        if (factor != 0) y[j] += factor * a[j];
        break;
    }
  }
}

__device__ inline void rowwise_of(const RowwiseArgs& k, Range r) {
  k.type == F32 ? rowwise_in<float>(k, r) : rowwise_in<double>(k, r);
}

// ---- Compare

template <class T>
__device__ void compare_in(const CompareArgs& k, Range r) {
  const T* a = (const T*)k.a;
  const T* b = (const T*)k.b;
  const T number = (T)k.number;
  uint8_t* mask = (uint8_t*)k.mask;
#define EACH(operation)                                                               \
  EACH_OF(j, r) mask[j] = a[j] operation(b ? b[j] : number) ? 1 : 0;                  \
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

__device__ inline void compare_of(const CompareArgs& k, Range r) {
  switch (k.type) {
    case F32: return compare_in<float>(k, r);
    case F64: return compare_in<double>(k, r);
    case I32: return compare_in<int32_t>(k, r);
  }
}

// ---- Mask

__device__ inline void mask_of(const MaskArgs& k, Range r) {
  const uint8_t* a = (const uint8_t*)k.a;
  const uint8_t* b = (const uint8_t*)k.b;
  uint8_t* y = (uint8_t*)k.y;
  EACH_OF(j, r) {
    const bool u = a[j] != 0, v = k.op != NOT && b[j] != 0;
    y[j] = k.op == AND ? u && v : k.op == OR ? u || v : k.op == AND_NOT ? u && !v : !u;
  }
}

// ---- Select

template <class T>
__device__ void select_in(const SelectArgs& k, Range r) {
  const uint8_t* mask = (const uint8_t*)k.mask;
  const T* a = (const T*)k.a;
  const T* b = (const T*)k.b;
  T* y = (T*)k.y;
  EACH_OF(j, r) {
    y[j] = mask[k.perRow ? quotient(j, k.length) : j] ? a[j] : b[j];
  }
}

__device__ inline void select_of(const SelectArgs& k, Range r) {
  switch (k.bytes) {
    case 1: return select_in<uint8_t>(k, r);
    case 2: return select_in<uint16_t>(k, r);
    case 4: return select_in<uint32_t>(k, r);
    case 8: return select_in<uint64_t>(k, r);
  }
}

}  // namespace

#endif
