// The end of a convolution: post-operations of one direction, and rows put together from their phases.
#pragma once
#include "direct.h"

namespace {

// The last things done to `count` outputs of one channel that lie at y[at].
inline void finish(const DirectArgs& g, int64_t at, Floats v, int64_t count) {
  float* y = (float*)g.y + at;
  if (g.flags & RESIDUAL) v += floats((const float*)g.residual + at, count);
  if (g.flags & RELU) v = rectified(v);
  if (g.flags & MASK) v = masked(v, floats((const float*)g.mask + at, count));
  if (g.flags & ACCUMULATE) v += floats(y, count);
  store(y, v, count);
}

// Sums of a register tile to `count` positions of K rows, `stride` floats apart, of more than V - 1 vectors. Everything
// is told beforehand: a store may change whatever the compiler does not keep in registers.
template <int V, int K>
INLINE void store_rows(Floats (&sum)[K][V], bool relu, float* y, int64_t stride, int64_t count) {
  if (relu) {
#pragma GCC unroll 32
    for (int k = 0; k < K; k++) {
#pragma GCC unroll 4
      for (int v = 0; v < V; v++) sum[k][v] = rectified(sum[k][v]);
    }
  }
  const int64_t last = count - (V - 1) * WIDTH;
  const Mask lanes = below(last);
#pragma GCC unroll 32
  for (int k = 0; k < K; k++, y += stride) {
#pragma GCC unroll 4
    for (int v = 0; v < V - 1; v++) store(y + v * WIDTH, sum[k][v]);
    if (last >= WIDTH) {
      store(y + (V - 1) * WIDTH, sum[k][V - 1]);
    } else {
      store_of(lanes, y + (V - 1) * WIDTH, sum[k][V - 1]);
    }
  }
}

// `columns` outputs of one channel from y[at] on: output j is element j / phases of phase j % phases;
// the phases lie `width` floats apart.
inline void finish_phases(const DirectArgs& g, const float* from, int64_t width, int64_t at, int64_t columns) {
  const int64_t phases = phases_w(g);
  if (phases == 1) {
    for (int64_t j = 0; j < columns; j += WIDTH) finish(g, at + j, floats(from + j), least(WIDTH, columns - j));
    return;
  }
  if (phases == 2) {
    for (int64_t j = 0; j < columns; j += 2 * WIDTH) {
      Floats a = floats(from + j / 2), b = floats(from + width + j / 2);
      finish(g, at + j, interleaved_low(a, b), least(WIDTH, columns - j));
      if (columns - j > WIDTH) {
        finish(g, at + j + WIDTH, interleaved_high(a, b), least(WIDTH, columns - j - WIDTH));
      }
    }
    return;
  }
  int64_t phase = 0, place = 0;
  for (int64_t j = 0; j < columns; j += WIDTH) {
    Floats line = {};
    const int64_t count = least(WIDTH, columns - j);
    for (int64_t i = 0; i < count; i++) {
      line[i] = from[phase * width + place];
      if (++phase == phases) phase = 0, place++;
    }
    finish(g, at + j, line, count);
  }
}

}  // namespace
