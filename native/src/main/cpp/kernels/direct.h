// Direct convolution, F32, NCHW: the geometry of one direction, forward or backward-data, as a
// gather: output (i, j) reads the inputs that its taps name. Backward-data with a stride falls into
// strideH x strideW phases of outputs, each with its own taps and stride 1.
#pragma once
#include "dense.h"
#include "integers.h"
#include "transpose.h"

namespace {

// Lists of instances of a template.
#define BS_UP_TO_6(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define BS_UP_TO_9(X) BS_UP_TO_6(X) X(7) X(8) X(9)

// What lies in the lanes of a vector.
enum Lanes { ROWS, CHANNELS };  // neighbouring outputs of a row; neighbouring output channels

struct DirectArgs {
  int64_t n, c, h, w, k, r, s, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups, p, q, flags;
  // As ConvBlocking.java computes them: c, h, w are the input's, k, p, q the output's here, so
  // backward c is the number of filters and k that of the channels of x.
  int64_t backward, lanes;
  int64_t vectors, outputs;      // size of a tile: vectors x outputs accumulators
  int64_t bandRows, bandColumns;  // outputs of a phase that share packed inputs
  int64_t chunk;                  // input channels packed at once; CHANNELS: a multiple of WIDTH
  int64_t parts;                  // tasks that share the output channels of a band
  int64_t packedFloats, partialFloats, phaseFloats;  // workspace of a thread
  int64_t x, weights, b, residual, y, mask;
};

// The largest number of taps and of phases in one dimension.
const int64_t MOST_TAPS = 32, MOST_PHASES = 8;

// The largest number of taps times channels of a chunk (ROWS).
const int64_t MOST_OFFSETS = 4096;

// Input, output channels of a group.
inline int64_t ins_of(const DirectArgs& g) { return quotient(g.c, g.groups); }
inline int64_t outs_of(const DirectArgs& g) { return quotient(g.k, g.groups); }

// CHANNELS: input channels that are packed beside each other.
inline int64_t block_of(const DirectArgs& g) { return least(ins_of(g), WIDTH); }

struct Span {
  int64_t from, to;
  int64_t length() const { return to - from; }
};

// The taps of one phase in one dimension: tap t of an output i reads input i * step + offset[t].
struct Taps {
  int64_t count;
  int64_t offset[MOST_TAPS], index[MOST_TAPS];
  int64_t low, high;  // least and greatest offset
};

// In ascending order of their offsets.
inline Taps taps_of(int64_t backward, int64_t size, int64_t stride, int64_t pad, int64_t dilation, int64_t phase) {
  Taps t;
  t.count = t.low = t.high = 0;
  for (int64_t step = 0; step < size; step++) {
    const int64_t i = backward ? size - 1 - step : step;
    int64_t offset = backward ? phase + pad - i * dilation : i * dilation - pad;
    if (backward && remainder(offset, stride) != 0) continue;
    offset = backward ? quotient(offset, stride) : offset;
    t.low = t.count == 0 || offset < t.low ? offset : t.low;
    t.high = t.count == 0 || offset > t.high ? offset : t.high;
    t.offset[t.count] = offset;
    t.index[t.count++] = i;
  }
  return t;
}

inline Taps row_taps(const DirectArgs& g, int64_t phase) {
  return taps_of(g.backward, g.r, g.strideH, g.padTop, g.dilationH, phase);
}

inline Taps column_taps(const DirectArgs& g, int64_t phase) {
  return taps_of(g.backward, g.s, g.strideW, g.padLeft, g.dilationW, phase);
}

inline int64_t phases_h(const DirectArgs& g) { return g.backward ? g.strideH : 1; }
inline int64_t phases_w(const DirectArgs& g) { return g.backward ? g.strideW : 1; }
inline int64_t step_h(const DirectArgs& g) { return g.backward ? 1 : g.strideH; }
inline int64_t step_w(const DirectArgs& g) { return g.backward ? 1 : g.strideW; }

// Output channels of a tile group: nearly equal numbers of outputs (ROWS), or of full vectors.
struct Group {
  int64_t first, count;  // output channels; with CHANNELS padded to whole vectors
  int64_t size;          // accumulators across: outputs (ROWS) or vectors (CHANNELS)
};

inline int64_t group_count(const DirectArgs& g) {
  int64_t channels = outs_of(g);
  return g.lanes == ROWS ? ceil_div(channels, g.outputs) : ceil_div(ceil_div(channels, WIDTH), g.vectors);
}

inline Group group_of(const DirectArgs& g, int64_t index) {
  int64_t channels = outs_of(g), groups = group_count(g);
  if (g.lanes == ROWS) {
    int64_t first = channels * index / groups;
    int64_t count = channels * (index + 1) / groups - first;
    return {first, count, count};
  }
  int64_t first = index * g.vectors * WIDTH;
  int64_t vectors = least(g.vectors, ceil_div(channels - first, WIDTH));
  return {first, vectors * WIDTH, vectors};
}

// Floats of the packed weights of output channels before `channel` (the first of a group).
inline int64_t padded_channels(const DirectArgs& g) {
  int64_t channels = outs_of(g);
  return g.lanes == ROWS ? channels : ceil_div(channels, WIDTH) * WIDTH;
}

}  // namespace
