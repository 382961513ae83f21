// Transposes WIDTH vectors in registers. Static, as all of a level.
#pragma once
#include "floats.h"

// Rows become columns: v[i][j] and v[j][i] change places.
static inline void transpose(Floats v[WIDTH]) {
#if WIDTH == 16
  // By __builtin_shuffle: the intrinsics draw false warnings from GCC 12.
  Floats a[16], b[16];
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    a[i] = __builtin_shuffle(v[i], v[i + 1], Ints{0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29});
    a[i + 1] = __builtin_shuffle(v[i], v[i + 1], Ints{2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31});
  }
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 4) {
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
      Floats x = a[i + j], y = a[i + j + 2];
      b[i + 2 * j] = __builtin_shuffle(x, y, Ints{0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29});
      b[i + 2 * j + 1] = __builtin_shuffle(x, y, Ints{2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31});
    }
  }
  // b[i + j] holds column 4q + j of rows i..i+3 in its quarter q.
  const Ints even = {0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27}, odd = even + 4;
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    Floats low = __builtin_shuffle(b[j], b[j + 4], even), high = __builtin_shuffle(b[j + 8], b[j + 12], even);
    v[j] = __builtin_shuffle(low, high, even);
    v[j + 8] = __builtin_shuffle(low, high, odd);
    low = __builtin_shuffle(b[j], b[j + 4], odd), high = __builtin_shuffle(b[j + 8], b[j + 12], odd);
    v[j + 4] = __builtin_shuffle(low, high, even);
    v[j + 12] = __builtin_shuffle(low, high, odd);
  }
#elif WIDTH == 8
  __m256 a[8], b[8];
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    a[i] = _mm256_unpacklo_ps((__m256)v[i], (__m256)v[i + 1]);
    a[i + 1] = _mm256_unpackhi_ps((__m256)v[i], (__m256)v[i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
      b[i + 2 * j] = _mm256_shuffle_ps(a[i + j], a[i + j + 2], 0x44);
      b[i + 2 * j + 1] = _mm256_shuffle_ps(a[i + j], a[i + j + 2], 0xee);
    }
  }
#pragma GCC unroll 4
  for (int j = 0; j < 4; j++) {
    v[j] = (Floats)_mm256_permute2f128_ps(b[j], b[j + 4], 0x20);
    v[j + 4] = (Floats)_mm256_permute2f128_ps(b[j], b[j + 4], 0x31);
  }
#else
  _MM_TRANSPOSE4_PS(v[0], v[1], v[2], v[3]);
#endif
}
