// Logarithm, exponential and power of positive normal doubles, for loops; static, so each level has
// its own. Errors of a few units in the last place of the exponent's magnitude.
#pragma once
#include <stdint.h>

// 2^e m with m in [1/sqrt 2, sqrt 2); log m = 2 artanh((m-1)/(m+1)) by its series (truncation 2e-16).
static inline double bs_log(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, 8);
  // Subtracting the bits of 1/sqrt 2 gives the exponent for the interval above.
  int64_t e = (int64_t)(bits - 0x3FE6A09E667F3BCDULL) >> 52;
  uint64_t mantissa = bits - ((uint64_t)e << 52);
  double m;
  __builtin_memcpy(&m, &mantissa, 8);
  double f = (m - 1) / (m + 1), s = f * f;
  double p = 1.0 / 17;
  p = p * s + 1.0 / 15;
  p = p * s + 1.0 / 13;
  p = p * s + 1.0 / 11;
  p = p * s + 1.0 / 9;
  p = p * s + 1.0 / 7;
  p = p * s + 1.0 / 5;
  p = p * s + 1.0 / 3;
  return (double)e * 0.69314718055994531 + (2 * f + 2 * f * (s * p));
}

// |x| < 700: reduction to |r| <= ln(2)/2, Taylor's polynomial of degree 12 (truncation 2e-16).
static inline double bs_exp(double x) {
  const double magic = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer
  double k = (x * 1.4426950408889634 + magic) - magic;
  double r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
  double p = 1.0 / 479001600;
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
  uint64_t scale = (uint64_t)((int64_t)k + 1023) << 52;
  double two;
  __builtin_memcpy(&two, &scale, 8);
  return p * two;
}

// x^y for positive x with a result inside the range of doubles; NaN stays NaN.
static inline double bs_pow(double x, double y) { return x != x ? x : bs_exp(y * bs_log(x)); }
