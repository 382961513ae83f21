// Products of rows in which many numbers are 0, as gradients behind a ReLU are: zeros are passed over. Each output's
// sum has the same terms in the same order as without that, so the same value wherever the weights are finite.
#pragma once
#include "floats.h"
#include "integers.h"

namespace {

// Panels of a register tile, which is one row by 8 vectors; inputs whose weights of that many outputs stay in the
// first-level cache; most of those and most rows of a product.
const int64_t SPARSE_PANELS = 4, SEGMENT = WIDTH == 16 ? 56 : 64, MOST_SEGMENTS = 8, SPARSE_ROWS = 112;

// Which numbers of each row are not 0.
struct NonZero {
  int64_t segments, length;  // inputs of a segment
  uint64_t bits[MOST_SEGMENTS][SPARSE_ROWS];
};

// Of at most 64 numbers.
inline uint64_t nonzero_bits(const float* x, int64_t count) {
  uint64_t bits = 0;
  for (int64_t k = 0; k < count; k += WIDTH) {
    const Floats v = floats(x + k, count - k);
#if WIDTH == 16
    const uint64_t here = _mm512_cmp_ps_mask((__m512)v, _mm512_setzero_ps(), _CMP_NEQ_UQ);
#elif WIDTH == 8
    const uint64_t here = (uint64_t)_mm256_movemask_ps((__m256)(v != Floats{}));
#else
    const uint64_t here = (uint64_t)_mm_movemask_ps((__m128)(v != Floats{}));
#endif
    bits |= here << k;
  }
  return bits;
}

inline int64_t bits_of(uint64_t v) {
  v -= v >> 1 & 0x5555555555555555;
  v = (v & 0x3333333333333333) + (v >> 2 & 0x3333333333333333);
  return (int64_t)(((v + (v >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56);
}

// How many numbers are not 0.
inline int64_t find_nonzero(const float* x, int64_t rows, int64_t inputs, NonZero* n) {
  n->segments = ceil_div(inputs, SEGMENT);
  n->length = ceil_div(inputs, n->segments);
  int64_t count = 0;
  for (int64_t r = 0; r < rows; r++, x += inputs) {
    for (int64_t s = 0; s < n->segments; s++) {
      const int64_t first = s * n->length, left = inputs - first;
      const uint64_t bits = nonzero_bits(x + first, least(left, n->length));
      n->bits[s][r] = bits;
      count += bits_of(bits);
    }
  }
  return count;
}

// y [8 vectors], from 0 or what it holds. w: rows of a panel, the panels `stride` apart.
template <bool MORE>
INLINE void sparse_row(uint64_t bits, const float* x, const float* w, int64_t stride, float* y) {
  Floats sums[8];
#pragma GCC unroll 8
  for (int v = 0; v < 8; v++) sums[v] = MORE ? floats(y + v * WIDTH) : Floats{};
  for (; bits; bits &= bits - 1) {
    const int64_t k = __builtin_ctzll(bits);
    const float a = x[k];
    const float* b = w + k * 2 * WIDTH;
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++, b += stride) {
      sums[2 * p] += floats(b) * a;
      sums[2 * p + 1] += floats(b + WIDTH) * a;
    }
  }
#pragma GCC unroll 8
  for (int v = 0; v < 8; v++) store(y + v * WIDTH, sums[v]);
}

// So many rows by SPARSE_PANELS panels of outputs; y: the first of them, rows `outputs` apart.
inline void sparse_panels(const NonZero& n, const float* x, int64_t rows, int64_t inputs, const float* w, int64_t outputs,
                          float* y) {
  for (int64_t s = 0; s < n.segments; s++) {
    const float* row = x + s * n.length;
    const float* own = w + s * n.length * 2 * WIDTH;
    for (int64_t r = 0; r < rows; r++, row += inputs) {
      (s > 0 ? sparse_row<true> : sparse_row<false>)(n.bits[s][r], row, own, inputs * 2 * WIDTH, y + r * outputs);
    }
  }
}

}  // namespace
