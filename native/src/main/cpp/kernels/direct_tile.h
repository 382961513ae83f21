// The innermost loops of the direct convolution: a tile of outputs x vectors accumulators stays in
// registers over all input channels and taps. Each step multiplies `vectors` vectors by `outputs`
// broadcast scalars:
//   ROWS:     vectors are neighbouring inputs of a row, scalars are weights [outputs]
//   CHANNELS: vectors are weights of neighbouring output channels, scalars are inputs of `outputs`
//             neighbouring positions
#pragma once
#include "direct.h"

namespace {

#if WIDTH == 16
const int MOST_OUTPUTS_1 = 28, MOST_OUTPUTS_2 = 14;
#else
const int MOST_OUTPUTS_1 = 12, MOST_OUTPUTS_2 = 6;
#endif

// Steps ahead of which a tile fetches what lies beyond the first cache: weights (CHANNELS), inputs (ROWS).
const int AHEAD = 8;

struct TileInput {
  const float* x;         // packed inputs of the tile's first output
  const int32_t* taps;    // their offsets from x; ROWS: of each channel and tap
  int64_t tapCount;
  bool far;               // ROWS: so many channels that inputs are fetched ahead; taps go on by AHEAD
  const float* w;         // ROWS: [channel][tap][outputs], CHANNELS: [block][tap][channel][lanes]
  // CHANNELS:
  int64_t tapsBefore, tapsAfter;  // taps with weights that read only padding
  int64_t channels, block;  // channels packed beside each other
  int64_t run;              // taps that lie one behind the other
  int64_t blockStride;     // floats from one block of channels to the next
  int64_t positionStride;  // from one output's input to the next one's
};

// What a tile's sums are added to. Sums of earlier chunks are added at the end: rounding errors grow
// with the terms of a chunk, not with all.
struct TileStart {
  const float* bias;     // for each output channel; null: zeros
  const float* partial;  // null unless earlier chunks left sums here, [outputs][vectors][WIDTH]
};

// y[u * outputStride + lane] for lanes 0..count-1.
struct TileStore {
  float* y;
  int64_t outputStride, count;
  bool relu;
};

template <int V, int U, int LANES>
inline __attribute__((always_inline)) void start(Floats (&sum)[U][V], const TileStart& from) {
#pragma GCC unroll 32
  for (int u = 0; u < U; u++) {
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) {
      if (from.bias) {
        sum[u][v] = LANES == ROWS ? all(from.bias[u]) : floats(from.bias + v * WIDTH);
      } else {
        sum[u][v] = Floats{};
      }
    }
  }
}

template <int V, int U>
inline __attribute__((always_inline)) void add_partial(Floats (&sum)[U][V], const TileStart& from) {
  if (!from.partial) return;
#pragma GCC unroll 32
  for (int u = 0; u < U; u++) {
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) sum[u][v] += floats(from.partial + (u * V + v) * WIDTH);
  }
}

template <int V, int U>
inline __attribute__((always_inline)) void accumulate_rows(Floats (&sum)[U][V], const TileInput& t) {
  const float* w = t.w;
  for (int64_t tap = 0; tap < t.tapCount; tap++, w += U) {
    const float* x = t.x + t.taps[tap];
    if (t.far) {
      __builtin_prefetch(t.x + t.taps[tap + AHEAD]);
      if (V > 1) __builtin_prefetch(t.x + t.taps[tap + AHEAD] + WIDTH);
      __builtin_prefetch(t.x + t.taps[tap + AHEAD] + V * WIDTH - 1);
    }
    Floats a[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) a[v] = floats(x + v * WIDTH);
#pragma GCC unroll 32
    for (int u = 0; u < U; u++) {
#pragma GCC unroll 2
      for (int v = 0; v < V; v++) sum[u][v] += a[v] * w[u];
    }
  }
}

// STRIDE: positionStride where the compiler may know it, else 0.
template <int V, int U, int STRIDE>
inline __attribute__((always_inline)) void accumulate_channels(Floats (&sum)[U][V], const TileInput& t) {
  const int64_t stride = STRIDE ? STRIDE : t.positionStride;
  const float* w = t.w;
  const float* block = t.x;
  for (int64_t left = t.channels; left > 0; left -= t.block, block += t.blockStride) {
    const int64_t channels = left < t.block ? left : t.block;
    const int64_t run = channels < t.block ? 1 : t.run;
    w += t.tapsBefore * channels * V * WIDTH;
    for (int64_t tap = 0; tap < t.tapCount; tap += run) {
      const float* x = block + t.taps[tap];
      const float* end = x + channels * run;
      for (; x < end; x++, w += V * WIDTH) {
        Floats a[V];
#pragma GCC unroll 2
        for (int v = 0; v < V; v++) {
          a[v] = floats(w + v * WIDTH);
          if (V > 1) __builtin_prefetch(w + (AHEAD * V + v) * WIDTH);
        }
#pragma GCC unroll 32
        for (int u = 0; u < U; u++) {
#pragma GCC unroll 2
          for (int v = 0; v < V; v++) sum[u][v] += a[v] * x[u * stride];
        }
      }
    }
    w += t.tapsAfter * channels * V * WIDTH;
  }
}

// Leaves the sums in scratch [outputs][vectors][WIDTH].
template <int V, int U, int LANES, int STRIDE>
void tile_to_scratch(const TileInput& t, const TileStart& from, float* scratch) {
  Floats sum[U][V];
  start<V, U, LANES>(sum, from);
  if (LANES == ROWS) {
    accumulate_rows<V, U>(sum, t);
  } else {
    accumulate_channels<V, U, STRIDE>(sum, t);
  }
  add_partial<V, U>(sum, from);
#pragma GCC unroll 32
  for (int u = 0; u < U; u++) {
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) store(scratch + (u * V + v) * WIDTH, sum[u][v]);
  }
}

// Rows go to y at once.
template <int V, int U>
void tile_to_rows(const TileInput& t, const TileStart& from, const TileStore& to) {
  Floats sum[U][V];
  start<V, U, ROWS>(sum, from);
  accumulate_rows<V, U>(sum, t);
  add_partial<V, U>(sum, from);
#pragma GCC unroll 32
  for (int u = 0; u < U; u++) {
#pragma GCC unroll 2
    for (int v = 0; v < V; v++) {
      Floats s = sum[u][v];
      if (to.relu) s = rectified(s);
      store(to.y + u * to.outputStride + v * WIDTH, s, to.count - v * WIDTH);
    }
  }
}

typedef void (*ScratchTile)(const TileInput&, const TileStart&, float*);
typedef void (*RowsTile)(const TileInput&, const TileStart&, const TileStore&);

#if WIDTH == 16
#define BS_MORE_2(X) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define BS_MORE_1(X) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28)
#else
#define BS_MORE_2(X)
#define BS_MORE_1(X)
#endif
#define BS_OUTPUTS_1(X) BS_UP_TO_9(X) X(10) X(11) X(12) BS_MORE_1(X)

#define BS_SCRATCH_1(U) tile_to_scratch<1, U, LANES, STRIDE>,
#define BS_SCRATCH_2(U) tile_to_scratch<2, U, LANES, STRIDE>,
#define BS_ROWS_1(U) tile_to_rows<1, U>,
#define BS_ROWS_2(U) tile_to_rows<2, U>,

template <int LANES, int STRIDE>
inline ScratchTile scratch_tile(int64_t vectors, int64_t outputs) {
  static const ScratchTile one[] = {BS_OUTPUTS_1(BS_SCRATCH_1)};
  static const ScratchTile two[] = {BS_UP_TO_6(BS_SCRATCH_2) BS_MORE_2(BS_SCRATCH_2)};
  return vectors == 1 ? one[outputs - 1] : two[outputs - 1];
}

inline RowsTile rows_tile(int64_t vectors, int64_t outputs) {
  static const RowsTile one[] = {BS_OUTPUTS_1(BS_ROWS_1)};
  static const RowsTile two[] = {BS_UP_TO_6(BS_ROWS_2) BS_MORE_2(BS_ROWS_2)};
  return vectors == 1 ? one[outputs - 1] : two[outputs - 1];
}

}  // namespace
