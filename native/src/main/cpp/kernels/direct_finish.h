// The end of a convolution: post-operations of one direction, and rows put together from their phases.
#pragma once
#include "direct.h"

namespace {

// The last things done to `count` outputs of one channel that lie at y[at].
inline void finish(const DirectArgs& g, int64_t at, Floats v, int64_t count) {
  float* y = (float*)g.y + at;
  if (g.flags & RESIDUAL) v += floats((const float*)g.residual + at, count);
  if (g.flags & RELU) v = v > 0 || v != v ? v : Floats{};
  if (g.flags & MASK) {
    Floats m = floats((const float*)g.mask + at, count);
    v = m > 0 ? v : m != m ? m : Floats{};
  }
  if (g.flags & ACCUMULATE) v += floats(y, count);
  store(y, v, count);
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
