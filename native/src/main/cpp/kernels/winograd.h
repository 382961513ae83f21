// Convolution of 3x3 filters, stride 1, by Winograd's F(2x2, 3x3) (Lavin and Gray 2016, section 4.1): a tile
// of 2x2 outputs is A^T [(G g G^T) * (B^T d B)] A of its 4x4 inputs d, 16 products instead of 36. Summed
// over channels each of the 16 is a matrix product [outputs x inputs][inputs x tiles].
// B^T = 1 0 -1  0    G = 1    0   0    A^T = 1 1  1  0
//       0 1  1  0        1/2  1/2 1/2        0 1 -1 -1
//       0 -1 1  0        1/2 -1/2 1/2
//       0 1  0 -1        0    0   1
#pragma once
#include "direct.h"

namespace {

// Products of a tile.
const int64_t POINTS = 16;

// As ConvBlocking.java has it: the largest block of tiles.
const int64_t MOST_TILES = 288;

// In DirectArgs: vectors and outputs of a register tile, bandColumns: tiles of a block (whole register tiles),
// chunk: input channels summed at once, packedFloats: transformed inputs of a thread, partialFloats: its
// products.

// Floats from one point's matrix to the next: not a multiple of 4096 bytes, or 16 stores meet in one set.
inline int64_t point_stride(int64_t channels, int64_t pitch) { return channels * pitch + 16; }

// Output channels of a product: nearly equal numbers of at most g.outputs.
inline int64_t winograd_groups(const DirectArgs& g) { return ceil_div(outs_of(g), g.outputs); }

inline Span winograd_group(const DirectArgs& g, int64_t index) {
  const int64_t outs = outs_of(g), groups = winograd_groups(g);
  return {outs * index / groups, outs * (index + 1) / groups};
}

}  // namespace
