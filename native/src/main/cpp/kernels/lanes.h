// Vectors of doubles as wide as the instruction set this file is compiled for, for loops that the
// compiler may not vectorise by itself (sums). Everything is static: nothing is shared between
// instruction sets.
#pragma once
#include <immintrin.h>
#include <stdint.h>

#if defined(__AVX512F__)
#define LANES 8
#elif defined(__AVX2__)
#define LANES 4
#else
#define LANES 2
#endif

typedef double Doubles __attribute__((vector_size(8 * LANES)));
typedef int64_t Longs __attribute__((vector_size(8 * LANES)));

static inline Doubles load(const double* p) {
  Doubles v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline Doubles load(const float* p) {
#if LANES == 8
  // The form without a mask draws a false warning from GCC 12.
  return (Doubles)_mm512_maskz_cvtps_pd((__mmask8)-1, _mm256_loadu_ps(p));
#elif LANES == 4
  return (Doubles)_mm256_cvtps_pd(_mm_loadu_ps(p));
#else
  return Doubles{p[0], p[1]};
#endif
}

static inline double total(Doubles v) {
  for (int width = LANES / 2; width > 0; width /= 2) {
    for (int k = 0; k < width; k++) v[k] += v[k + width];
  }
  return v[0];
}

static inline Doubles all(double v) { return v - (Doubles){}; }

static inline Doubles magnitude(Doubles v) { return (Doubles)((Longs)v & INT64_MAX); }

// The sum of f(j) over j = from..to-1, where f gives LANES terms at once from f.many(j) and one
// from f.one(j). Blocks of 16 steps of four accumulators, joined with compensation (Neumaier
// 1974): the error stays under 20 half-ulps of the sum of magnitudes at any length.
template <class F>
static double sum(int64_t length, const F& f) {
  double plain = 0, lost = 0;
  int64_t j = 0;
  while (j + LANES <= length) {
    int64_t stop = j + 64 * LANES < length ? j + 64 * LANES : length;
    Doubles s0 = {}, s1 = {}, s2 = {}, s3 = {};
    for (; j + 4 * LANES <= stop; j += 4 * LANES) {
      s0 += f.many(j);
      s1 += f.many(j + LANES);
      s2 += f.many(j + 2 * LANES);
      s3 += f.many(j + 3 * LANES);
    }
    for (; j + LANES <= stop; j += LANES) s0 += f.many(j);
    double v = total((s0 + s1) + (s2 + s3));
    double next = plain + v;
    lost += __builtin_fabs(plain) >= __builtin_fabs(v) ? (plain - next) + v : (v - next) + plain;
    plain = next;
  }
  double tail = 0;
  for (; j < length; j++) tail += f.one(j);
  double whole = plain + tail;
  double joined = whole + (__builtin_fabs(plain) >= __builtin_fabs(tail) ? (plain - whole) + tail + lost
                                                                       : (tail - whole) + plain + lost);
  // With infinities the compensation is NaN where the sum need not be.
  return joined == joined ? joined : whole;
}
