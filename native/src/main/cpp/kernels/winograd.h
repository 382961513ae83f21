// Convolution by Winograd's F(2x2, 3x3) (Lavin and Gray 2016, section 4.1): a tile of 2x2 outputs is
// A^T [(G g G^T) * (B^T d B)] A of its 4x4 inputs d, 16 products instead of 36. Summed over channels each of
// the 16 is a matrix product [outputs x inputs][inputs x tiles].
// B^T = 1 0 -1  0    G = 1    0   0    A^T = 1 1  1  0
//       0 1  1  0        1/2  1/2 1/2        0 1 -1 -1
//       0 -1 1  0        1/2 -1/2 1/2
//       0 1  0 -1        0    0   1
// Larger filters are cut into sections of at most 3 taps a dimension, with a stride of 2 each of taps that
// are 2 apart. The products of all sections are summed before they are transformed back. A section of 2 or 1
// taps is filled up with zeros, (a, b, 0) or (0, a, 0), and so is 0 at one or two of the 4 points: those are
// left out. A 5x5 filter has 7x7 products a tile instead of 100, 3x3 with a stride of 2 has 5x5 instead of 36.
#pragma once
#include "direct.h"

namespace {

// Points of a tile.
const int64_t POINTS = 16;

// As ConvBlocking.java has them: the largest block of tiles, and most sections of a dimension.
const int64_t MOST_TILES = 288, MOST_SECTIONS = 4;

// In DirectArgs: vectors and outputs of a register tile, bandColumns: tiles of a block (whole register tiles),
// chunk: most products that are summed up one by one, packedFloats: transformed inputs of a thread,
// partialFloats: its products.

// One dimension of a section.
struct Section {
  int64_t offset;    // of the input that meets its first tap, from the first output's place times the stride
  int64_t taps;      // 1 to 3
  int64_t tap[3];    // indices in w; -1: none, 0
};

// The points at which so many taps are not 0.
constexpr int64_t first_point(int64_t taps) { return taps == 1 ? 1 : 0; }
constexpr int64_t last_point(int64_t taps) { return taps == 3 ? 3 : 2; }

struct Sections {
  int64_t count;
  Section section[MOST_SECTIONS];
};

inline Section section_of(int64_t first, int64_t taps, int64_t stride, int64_t pad) {
  Section s = {first - pad, taps, {-1, -1, -1}};
  for (int64_t t = 0; t < taps; t++) s.tap[first_point(taps) + t] = first + t * stride;
  return s;
}

// Backward-data (stride 1 only) reads dy through the filter turned round.
inline Sections sections_of(int64_t backward, int64_t size, int64_t stride, int64_t pad) {
  Sections all;
  all.count = 0;
  for (int64_t phase = 0; phase < least(stride, size); phase++) {
    for (int64_t left = ceil_div(size - phase, stride), first = phase; left > 0; left -= 3, first += 3 * stride) {
      Section s = section_of(first, least(left, 3), stride, backward ? size - 1 - pad : pad);
      for (int64_t& tap : s.tap) tap = backward && tap >= 0 ? size - 1 - tap : tap;
      all.section[all.count++] = s;
    }
  }
  return all;
}

inline bool has_point(const Section& s, int64_t point) {
  return point >= first_point(s.taps) && point <= last_point(s.taps);
}

// The sections of a filter, and where their transforms lie: [point][section that is not 0 there][channel].
struct Filter {
  Sections rows, columns;
  int64_t first[POINTS + 1];                                // matrices before each point
  int64_t place[MOST_SECTIONS * MOST_SECTIONS][POINTS];     // of a section's matrix, or -1: it is 0
};

inline Filter filter_of(const DirectArgs& g) {
  Filter f;
  f.rows = sections_of(g.backward, g.r, g.strideH, g.padTop);
  f.columns = sections_of(g.backward, g.s, g.strideW, g.padLeft);
  int64_t places = 0;
  for (int64_t point = 0; point < POINTS; point++) {
    f.first[point] = places;
    for (int64_t i = 0; i < f.rows.count * f.columns.count; i++) {
      const Section& row = f.rows.section[i / f.columns.count];
      const Section& column = f.columns.section[i % f.columns.count];
      const bool zero = !has_point(row, point / 4) || !has_point(column, point % 4);
      f.place[i][point] = zero ? -1 : places++;
    }
  }
  f.first[POINTS] = places;
  return f;
}

// Floats from one point's products to the next's, and more than its inputs: not a multiple of 4096 bytes, or 16
// stores meet in one set.
const int64_t BETWEEN = 16;
inline int64_t point_stride(int64_t channels, int64_t pitch) { return channels * pitch + BETWEEN; }

}  // namespace
