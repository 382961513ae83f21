// Sizes: divisions, least and most.
#pragma once
#include <stdint.h>

namespace {

// Divisions take some 50 cycles and are mostly by 1. The empty statement keeps the compiler from
// taking the branch out again.
inline int64_t quotient(int64_t a, int64_t b) {
  if (b != 1) return a / b;
  __asm__("" : "+r"(a));
  return a;
}

inline int64_t remainder(int64_t a, int64_t b) {
  if (b != 1) return a % b;
  __asm__("" : "=r"(a) : "0"(0L));
  return a;
}

inline int64_t ceil_div(int64_t a, int64_t b) { return quotient(a + b - 1, b); }
inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }

}  // namespace
