// Convolution by Winograd's F(2x2, 3x3) (Lavin and Gray 2016, section 4.1): a tile of 2x2 outputs is
// A^T [(G g G^T) * (B^T d B)] A of its 4x4 inputs d, 16 products instead of 36. Summed over channels each of
// the 16 is a matrix product [outputs x inputs][inputs x tiles].
// B^T = 1 0 -1  0    G = 1    0   0    A^T = 1 1  1  0
//       0 1  1  0        1/2  1/2 1/2        0 1 -1 -1
//       0 -1 1  0        1/2 -1/2 1/2
//       0 1  0 -1        0    0   1
// Larger filters are cut into sections of at most 3 taps a dimension, with a stride each of taps that
// are a stride apart. The products of all sections are summed before they are transformed back. A section of 2 or 1
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
  int64_t offset;    // of the input that meets its first tap for the first output
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

// Of one phase of outputs, those at phase, phase + stride, ... (backward; forward there is one phase). Backward-data
// with a stride of 2 has an F(2x2, 3x3) for each of them.
inline Sections sections_of(int64_t backward, int64_t size, int64_t stride, int64_t pad, int64_t phase) {
  Sections all;
  all.count = 0;
  // Taps that meet every stride-th input, in the order of the inputs, next taps apart.
  const int64_t next = backward ? -stride : stride;
  for (int64_t i = 0; i < (backward ? 1 : least(stride, size)); i++) {
    const int64_t lowest = backward ? (phase + pad) % stride : i;
    int64_t left = lowest < size ? ceil_div(size - lowest, stride) : 0;
    for (int64_t first = backward ? lowest + (left - 1) * stride : lowest; left > 0; left -= 3, first += 3 * next) {
      Section& s = all.section[all.count++];
      s.taps = least(left, 3);
      s.offset = backward ? (phase + pad - first) / stride : first - pad;
      for (int64_t t = 0; t < 3; t++) s.tap[t] = -1;
      for (int64_t t = 0; t < s.taps; t++) s.tap[first_point(s.taps) + t] = first + t * next;
    }
  }
  return all;
}

inline bool has_point(const Section& s, int64_t point) {
  return point >= first_point(s.taps) && point <= last_point(s.taps);
}

inline bool have_point(const Sections& all, int64_t point) {
  bool any = false;
  for (int64_t i = 0; i < all.count; i++) any |= has_point(all.section[i], point);
  return any;
}

// The sections of a filter, and where their transforms lie: [point][section that is not 0 there][channel].
struct Filter {
  Sections rows, columns;
  bool row[4], column[4];                                   // points that a section has
  int64_t first[POINTS + 1];                                // matrices before each point
  int64_t place[MOST_SECTIONS * MOST_SECTIONS][POINTS];     // of a section's matrix, or -1: it is 0
};

inline Filter filter_of(const DirectArgs& g, int64_t phase) {
  Filter f;
  f.rows = sections_of(g.backward, g.r, g.strideH, g.padTop, phase / phases_w(g));
  f.columns = sections_of(g.backward, g.s, g.strideW, g.padLeft, phase % phases_w(g));
  for (int64_t point = 0; point < 4; point++) {
    f.row[point] = have_point(f.rows, point);
    f.column[point] = have_point(f.columns, point);
  }
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

// Of all phases.
const int64_t MOST_FILTERS = 4;

struct Filters {
  int64_t count, places;  // matrices of all
  Filter filter[MOST_FILTERS];
};

inline Filters filters_of(const DirectArgs& g) {
  Filters all;
  all.count = phases_h(g) * phases_w(g);
  all.places = 0;
  for (int64_t i = 0; i < all.count; i++) {
    all.filter[i] = filter_of(g, i);
    all.places += all.filter[i].first[POINTS];
  }
  return all;
}

// Floats from one point's products to the next's, and more than its inputs: not a multiple of 4096 bytes, or 16
// stores meet in one set.
const int64_t BETWEEN = 16;
inline int64_t point_stride(int64_t channels, int64_t pitch) { return channels * pitch + BETWEEN; }

}  // namespace
