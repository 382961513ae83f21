// What convolutions and dense layers share. Everything is static: nothing is shared between
// instruction sets.
#pragma once
#include <xmmintrin.h>

#include "../blas.h"
#include "level.h"

namespace {

enum Flags { BIAS = 1, RESIDUAL = 2, RELU = 4, MASK = 8, ACCUMULATE = 16 };

template <class T>
T* at(int64_t address) {
  return (T*)address;
}

// While it lives, numbers below 2^-126 count as 0: gradients of saturated units are such, and a product with them
// takes 300 times as long. Error bounds of products allow for it.
class WithoutDenormals {
 public:
  WithoutDenormals() : mode(_mm_getcsr()) { _mm_setcsr(mode | 0x8040); }  // flush to zero, denormals are zero
  ~WithoutDenormals() { _mm_setcsr(mode); }

 private:
  const unsigned mode;
};

inline void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const float* a, int64_t lda,
                 const float* b, int64_t ldb, double beta, float* c, int64_t ldc) {
  const WithoutDenormals scope;
  bs_blas.sgemm(BS_ROW_MAJOR, ta ? BS_TRANS : BS_NO_TRANS, tb ? BS_TRANS : BS_NO_TRANS, (int)m, (int)n, (int)k,
                (float)alpha, a, (int)lda, b, (int)ldb, (float)beta, c, (int)ldc);
}

inline void gemm(bool ta, bool tb, int64_t m, int64_t n, int64_t k, double alpha, const double* a, int64_t lda,
                 const double* b, int64_t ldb, double beta, double* c, int64_t ldc) {
  bs_blas.dgemm(BS_ROW_MAJOR, ta ? BS_TRANS : BS_NO_TRANS, tb ? BS_TRANS : BS_NO_TRANS, (int)m, (int)n, (int)k, alpha,
                a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
}

// mask > 0 keeps, NaN in the mask is handed on.
template <class T>
inline T masked(T gradient, T mask) {
  return mask > 0 ? gradient : mask != mask ? mask : 0;
}

}  // namespace
