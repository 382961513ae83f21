// The innermost loop of 1x1 convolutions: V vectors of neighbouring positions x K output channels stay in
// registers over all input channels, y [k][position] = sum over c of w [c][k] x [c][position].
#pragma once
#include "direct_finish.h"

namespace {

// Steps ahead of which the weights are fetched.
const int WEIGHTS_AHEAD = 16;

// Floats of a line of the cache.
const int64_t LINE = 16;

struct PointTile {
  const DirectArgs* g;
  const float* x;     // first position of the first channel; channels lie `pitch` floats apart
  int64_t pitch;
  float* copy;        // where the inputs are copied to, [channel][V * WIDTH]
  const float* w;     // [channel][K]
  const float* bias;  // or null
  int64_t at;         // of the first position and output in y
  int64_t plane;      // floats from one channel of x or y to the next
  int64_t count;      // positions
  // What a tile fetches for later ones while it multiplies: rows of y, then of x, `width` floats of each.
  const float *nextY, *nextX;
  int64_t rowsY, rowsX, widthY, widthX;
};

// COPY: x is read where it lies, no further than the last position, and copied, with zeros behind it.
template <int V, int K, bool COPY>
INLINE void point_step(Floats (&sum)[K][V], const float* x, const float* w, float* copy, int64_t count) {
  Floats a[V];
  __builtin_prefetch(w + WEIGHTS_AHEAD * K);
#pragma GCC unroll 4
  for (int j = 0; j < V; j++) {
    a[j] = COPY ? floats(x + j * WIDTH, count - j * WIDTH) : floats(x + j * WIDTH);
    if (COPY) store(copy + j * WIDTH, a[j]);
  }
#pragma GCC unroll 16
  for (int k = 0; k < K; k++) {
    const Floats b = all(w[k]);
#pragma GCC unroll 4
    for (int j = 0; j < V; j++) sum[k][j] += a[j] * b;
  }
}

template <int V, int K>
INLINE void finish_tile(const PointTile& t, const Floats (&sum)[K][V]) {
  alignas(64) float sums[K * V * WIDTH];
#pragma GCC unroll 16
  for (int k = 0; k < K; k++) {
#pragma GCC unroll 4
    for (int j = 0; j < V; j++) store(sums + (k * V + j) * WIDTH, sum[k][j]);
  }
#pragma GCC unroll 1
  for (int k = 0; k < K; k++) {
#pragma GCC unroll 1
    for (int j = 0; j < V; j++) {
      finish(*t.g, t.at + k * t.plane + j * WIDTH, floats(sums + (k * V + j) * WIDTH), t.count - j * WIDTH);
    }
  }
}

template <int V, int K, bool COPY>
void point_tile(const PointTile& t) {
  const DirectArgs& g = *t.g;
  Floats sum[K][V];
#pragma GCC unroll 16
  for (int k = 0; k < K; k++) {
#pragma GCC unroll 4
    for (int j = 0; j < V; j++) sum[k][j] = t.bias ? all(t.bias[k]) : Floats{};
  }
  const float *x = t.x, *w = t.w, *fetch = t.rowsY > 0 ? t.nextY : t.nextX;
  float* copy = t.copy;
  const int64_t channels = ins_of(g);
  int64_t step = t.plane, row = 0, line = 0, width = t.rowsY > 0 ? t.widthY : t.widthX;
  for (int64_t c = 0; c < channels; c++, x += t.pitch, w += K, copy += V * WIDTH) {
    __builtin_prefetch(fetch + line, 0, 2);
    line += LINE;
    if (line >= width) {
      line = 0;
      row++;
      fetch += step;
      if (row == t.rowsY) fetch = t.nextX, width = t.widthX;
      if (row >= t.rowsY + t.rowsX) step = 0, width = 0;
    }
    point_step<V, K, COPY>(sum, x, w, copy, t.count);
  }
  if (g.flags & (RESIDUAL | MASK | ACCUMULATE)) return finish_tile<V, K>(t, sum);
  store_rows<V, K>(sum, g.flags & RELU, at<float>(g.y) + t.at, t.plane, t.count);
}

typedef void (*PointwiseTile)(const PointTile&);

#define BS_POINT_1(K) point_tile<1, K, COPY>,
#define BS_POINT_2(K) point_tile<2, K, COPY>,
#define BS_POINT_3(K) point_tile<3, K, COPY>,

// Register tiles of up to 3 vectors x 9 outputs, where there are but 16 registers 2 x 6.
template <bool COPY>
inline PointwiseTile pointwise_tile(int64_t vectors, int64_t outputs) {
#if WIDTH == 16
  static const PointwiseTile one[] = {BS_UP_TO_9(BS_POINT_1)};
  static const PointwiseTile two[] = {BS_UP_TO_9(BS_POINT_2)};
  static const PointwiseTile three[] = {BS_UP_TO_9(BS_POINT_3)};
  if (vectors == 3) return three[outputs - 1];
#else
  static const PointwiseTile one[] = {BS_UP_TO_6(BS_POINT_1)};
  static const PointwiseTile two[] = {BS_UP_TO_6(BS_POINT_2)};
#endif
  return vectors == 2 ? two[outputs - 1] : one[outputs - 1];
}

}  // namespace
