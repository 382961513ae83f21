// The innermost loop of backward-data to few channels: `vectors` vectors of neighbouring positions
// of dy, each used for all sums of a position.
#pragma once
#include "direct.h"

namespace {

#if WIDTH == 16
const int REGISTERS = 32, MOST_VECTORS = 6;
#else
const int REGISTERS = 16, MOST_VECTORS = 6;
#endif

// Filters lie too far apart for the processor to foresee: so many ahead they are fetched.
const int FILTERS_AHEAD = 2;

// Vectors of a tile, so that sums, vectors and a weight fit the registers.
constexpr int few_vectors(int64_t sums) {
  const int64_t vectors = (REGISTERS - 1) / (sums + 1);
  return vectors < 1 ? 1 : vectors > MOST_VECTORS ? MOST_VECTORS : (int)vectors;
}

struct FewInput {
  const float* dy;         // first position
  const int64_t* offsets;  // of the tap rows
  int64_t taps, filters;
  int64_t plane;           // floats from one filter of dy to the next
  const float* w;          // [filter][tap row][sums]
  int64_t filterWeights;   // floats from one filter's weights to the next
};

typedef void (*FewTile)(const FewInput&, float* sums, int64_t pitch);

// sums[u * pitch + position]
template <int V, int U>
void few_tile_of(const FewInput& t, float* sums, int64_t pitch) {
  Floats sum[U][V] = {};
  const float* plane = t.dy;
  const float* weights = t.w;
  for (int64_t k = 0; k < t.filters; k++, plane += t.plane, weights += t.filterWeights) {
    const float* w = weights;
    for (int64_t tap = 0; tap < t.taps; tap++, w += U) {
      const float* x = plane + t.offsets[tap];
      Floats a[V];
#pragma GCC unroll 8
      for (int v = 0; v < V; v++) {
        a[v] = floats(x + v * WIDTH);
        __builtin_prefetch(x + FILTERS_AHEAD * t.plane + v * WIDTH);
      }
#pragma GCC unroll 32
      for (int u = 0; u < U; u++) {
#pragma GCC unroll 8
        for (int v = 0; v < V; v++) sum[u][v] += a[v] * w[u];
      }
    }
  }
#pragma GCC unroll 32
  for (int u = 0; u < U; u++) {
#pragma GCC unroll 8
    for (int v = 0; v < V; v++) store(sums + u * pitch + v * WIDTH, sum[u][v]);
  }
}

#define BS_SUMS_1(U) few_tile_of<1, U>,
#define BS_SUMS_2(U) few_tile_of<(few_vectors(U) > 1 ? 2 : 1), U>,
#define BS_SUMS_MANY(U) few_tile_of<few_vectors(U), U>,
#if WIDTH == 16
#define BS_SUMS(X)                                                                                        \
  X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) \
      X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28)
#else
#define BS_SUMS(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12)
#endif

// vectors: 1, 2 or few_vectors(sums).
inline FewTile few_tile(int64_t vectors, int64_t sums) {
  static const FewTile one[] = {BS_SUMS(BS_SUMS_1)};
  static const FewTile two[] = {BS_SUMS(BS_SUMS_2)};
  static const FewTile many[] = {BS_SUMS(BS_SUMS_MANY)};
  return vectors == 1 ? one[sums - 1] : vectors == 2 ? two[sums - 1] : many[sums - 1];
}

}  // namespace
