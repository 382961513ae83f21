// What softmax and cross-entropy share. Everything is static: nothing is shared between instruction
// sets.
#pragma once
#include "floats.h"

// e^x as expf.h's, WIDTH at once.
static inline Floats exponential(Floats x) {
  const Floats magic = all(12582912.0f);
  Floats v = choose(greater(x, all(89.0f)), all(89.0f), x);
  v = choose(greater(all(-104.0f), v), all(-104.0f), v);
  const Floats k = (v * all(1.44269504f) + magic) - magic;
  const Floats r = (v - k * all(0.693145752f)) - k * all(1.42860677e-6f);
  Floats p = all(1.0f / 5040);
  p = p * r + all(1.0f / 720);
  p = p * r + all(1.0f / 120);
  p = p * r + all(1.0f / 24);
  p = p * r + all(1.0f / 6);
  p = p * r + all(0.5f);
  p = p * (r * r) + r + all(1.0f);
  const Ints n = __builtin_convertvector(k, Ints), half = n >> 1;
  const Floats y = p * (Floats)((half + 127) << 23) * (Floats)((n - half + 127) << 23);
  return choose(unordered(x), x, y);
}

struct Exponentials {
  float max;
  double total;
};

// max = the greatest of a row, NaN if one is; total = sum of e^(x - max), each of which goes to y
// (which may be x) unless that is null. The sum is compensated (Kahan 1965).
static inline Exponentials exponentials(const float* x, int64_t count, float* y) {
  Floats most = all(-__builtin_inff());
  for (int64_t j = 0; j < count; j += WIDTH) {
    most = greatest(most, choose(below(count - j), floats(x + j, count - j), most));
  }
  for (int by = WIDTH / 2; by > 0; by /= 2) most = greatest(most, rotated(most, by));
  const float max = most[0];
  Floats sum = {}, excess = {};
  for (int64_t j = 0; j < count; j += WIDTH) {
    const Floats e = only(below(count - j), exponential(floats(x + j, count - j) - all(max)));
    const Floats term = e - excess, next = sum + term;
    excess = (next - sum) - term;
    sum = next;
    if (y) store(y + j, e, count - j);
  }
  return {max, (double)total(sum) - total(excess)};
}

static inline void scale(float* y, int64_t count, float factor) {
  for (int64_t j = 0; j < count; j += WIDTH) store(y + j, floats(y + j, count - j) * all(factor), count - j);
}
