// The innermost loop of Winograd's convolution: m [k][tile] = sum over c of u [c][k] v [c][tile].
#pragma once
#include "winograd.h"

namespace {

// Steps ahead of which the filters are fetched.
const int FILTERS_AHEAD = 16;

// V vectors of tiles, K outputs; rows of v and m lie `pitch` floats apart. add: to what m holds.
template <int V, int K>
void product(const float* v, const float* u, int64_t channels, int64_t pitch, bool add, float* m) {
  Floats sum[K][V] = {};
  for (int64_t c = 0; c < channels; c++, v += pitch, u += K) {
    __builtin_prefetch(u + FILTERS_AHEAD * K);
    Floats a[V];
#pragma GCC unroll 4
    for (int j = 0; j < V; j++) a[j] = floats(v + j * WIDTH);
#pragma GCC unroll 16
    for (int k = 0; k < K; k++) {
      const Floats b = all(u[k]);
#pragma GCC unroll 4
      for (int j = 0; j < V; j++) sum[k][j] += a[j] * b;
    }
  }
#pragma GCC unroll 16
  for (int k = 0; k < K; k++) {
#pragma GCC unroll 4
    for (int j = 0; j < V; j++) {
      float* to = m + k * pitch + j * WIDTH;
      store(to, add ? floats(to) + sum[k][j] : sum[k][j]);
    }
  }
}

typedef void (*Product)(const float*, const float*, int64_t, int64_t, bool, float*);

#define BS_PRODUCT_1(K) product<1, K>,
#define BS_PRODUCT_2(K) product<2, K>,
#define BS_PRODUCT_3(K) product<3, K>,

// Register tiles of up to 3 vectors x 9 outputs, where there are but 16 registers 2 x 6.
inline Product product_of(int64_t vectors, int64_t outputs) {
#if WIDTH == 16
  static const Product three[] = {BS_UP_TO_9(BS_PRODUCT_3)};
  static const Product two[] = {BS_UP_TO_9(BS_PRODUCT_2)};
  static const Product one[] = {BS_UP_TO_9(BS_PRODUCT_1)};
  if (vectors == 3) return three[outputs - 1];
#else
  static const Product two[] = {BS_UP_TO_6(BS_PRODUCT_2)};
  static const Product one[] = {BS_UP_TO_6(BS_PRODUCT_1)};
#endif
  return vectors == 2 ? two[outputs - 1] : one[outputs - 1];
}

}  // namespace
