// e^x in float for loops that the compiler vectorises; static, so each level has its own.
#pragma once
#include <stdint.h>

// Reduction to |r| <= ln(2)/2 in two parts, Taylor's polynomial of degree 7 (truncation 5e-9, below
// half a unit in the last place); error under 2 units in the last place. Underflows to 0, overflows
// to infinity; NaN stays NaN.
static inline float bs_expf(float x) {
  const float magic = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  float v = x > 89.0f ? 89.0f : x;
  v = v < -104.0f ? -104.0f : v;
  float t = v * 1.44269504f + magic;
  float k = t - magic;
  float r = (v - k * 0.693145752f) - k * 1.42860677e-6f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * (r * r) + r + 1;
  // Two factors, because 2^k itself may be beyond the range of normal numbers.
  int32_t n = (int32_t)k;
  int32_t half = n >> 1;
  union {
    int32_t i;
    float f;
  } a = {(half + 127) << 23}, b = {(n - half + 127) << 23};
  float y = p * a.f * b.f;
  return x != x ? x : y;
}
