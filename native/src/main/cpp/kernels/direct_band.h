// A band: the inputs that some neighbouring outputs read, packed with zeros for the padding, so
// that tiles need no edges.
//   ROWS:     [channel][row][residue of the column by the step][column]
//   CHANNELS: [channel / block][row][column][block], block = WIDTH or all channels where they are fewer
#pragma once
#include "direct.h"

namespace {

// How many outputs of a phase lie before output `from`.
inline int64_t before_span(int64_t from, int64_t phase, int64_t phases) { return quotient(from - phase + phases - 1, phases); }

struct Band {
  Span outRows, outColumns;  // outputs, all phases
  Span rows, columns;        // inputs
  int64_t pitch;             // floats of a row (CHANNELS: of a block's row; ROWS: of a residue)
  int64_t rowPitch;          // floats of a row
  int64_t plane;             // floats of a channel (ROWS) or block (CHANNELS)
};

// Inputs that outputs from..to-1 read, whose phases are `phases`.
template <class F>
inline Span inputs_of(Span outputs, int64_t phases, int64_t step, F taps) {
  Span s = {0, 0};
  bool any = false;
  for (int64_t phase = 0; phase < phases; phase++) {
    Taps t = taps(phase);
    int64_t first = ceil_div(outputs.from - phase, phases), last = quotient(outputs.to - 1 - phase + phases, phases) - 1;
    first = outputs.from <= phase ? 0 : first;
    if (t.count == 0 || last < first) continue;
    int64_t low = first * step + t.low, high = last * step + t.high + 1;
    s.from = any ? least(s.from, low) : low;
    s.to = any ? most(s.to, high) : high;
    any = true;
  }
  return s;
}

inline Band band_of(const DirectArgs& g, Span outRows, Span outColumns) {
  Band b;
  b.outRows = outRows;
  b.outColumns = outColumns;
  b.rows = inputs_of(outRows, phases_h(g), step_h(g), [&](int64_t phase) { return row_taps(g, phase); });
  b.columns = inputs_of(outColumns, phases_w(g), step_w(g), [&](int64_t phase) { return column_taps(g, phase); });
  if (g.lanes == ROWS) {
    b.pitch = ceil_div(b.columns.length(), step_w(g));
    b.rowPitch = b.pitch * step_w(g);
  } else {
    b.pitch = b.rowPitch = b.columns.length() * block_of(g);
  }
  b.plane = b.rows.length() * b.rowPitch;
  return b;
}

inline void zero(float* to, int64_t count) { __builtin_memset(to, 0, (count > 0 ? count : 0) * sizeof(float)); }

// One row of one channel; in: the row of the image, null outside.
inline void pack_row(const DirectArgs& g, const Band& b, const float* in, float* to) {
  int64_t step = step_w(g);
  if (!in) return zero(to, b.pitch * step);
  for (int64_t residue = 0; residue < step; residue++, to += b.pitch) {
    // Column j of the residue is input b.columns.from + residue + j * step.
    int64_t base = b.columns.from + residue;
    int64_t from = base < 0 ? least(b.pitch, ceil_div(-base, step)) : 0;
    int64_t until = base < g.w ? least(b.pitch, quotient(g.w - 1 - base, step) + 1) : 0;
    until = most(until, from);
    zero(to, from);
    if (step == 1) {
      __builtin_memcpy(to + from, in + base + from, (until - from) * sizeof(float));
    } else {
      for (int64_t j = from; j < until; j++) to[j] = in[base + j * step];
    }
    zero(to + until, b.pitch - until);
  }
}

// channels from..to-1 of a group whose first channel of this image lies at x.
inline void pack_rows(const DirectArgs& g, const Band& b, const float* x, Span channels, float* to) {
  for (int64_t c = channels.from; c < channels.to; c++) {
    for (int64_t row = b.rows.from; row < b.rows.to; row++, to += b.pitch * step_w(g)) {
      pack_row(g, b, row >= 0 && row < g.h ? x + (c * g.h + row) * g.w : nullptr, to);
    }
  }
}

// to[column][CHANNELS] = in[channel][column], channels `plane` apart.
template <int CHANNELS>
inline void interleave(const float* in, int64_t plane, int64_t columns, float* to) {
  for (int64_t column = 0; column < columns; column++) {
    for (int c = 0; c < CHANNELS; c++) to[column * CHANNELS + c] = in[c * plane + column];
  }
}

// The same for any `block` up to WIDTH, of which `channels` are there, the others 0. Writes up to
// WIDTH - block floats behind the last column.
inline void interleave(const float* in, int64_t plane, int64_t channels, int64_t columns, int64_t block, float* to) {
  if (block == 1) return (void)__builtin_memcpy(to, in, columns * sizeof(float));
  if (block == 2) return interleave<2>(in, plane, columns, to);
  if (block == 3) return interleave<3>(in, plane, columns, to);
  for (int64_t column = 0; column < columns; column += WIDTH) {
    int64_t count = least(WIDTH, columns - column);
    Floats v[WIDTH];
    for (int c = 0; c < WIDTH; c++) v[c] = c < channels ? floats(in + c * plane + column, count) : Floats{};
    transpose(v);
    for (int i = 0; i < count; i++, to += block) store(to, v[i]);
  }
}

// One row of the channels of a block, h*w apart.
inline void pack_channels_row(const DirectArgs& g, const Band& b, const float* in, int64_t channels, float* to) {
  const int64_t block = block_of(g);
  int64_t first = most(b.columns.from, 0), last = most(first, least(b.columns.to, g.w));
  zero(to, (first - b.columns.from) * block);
  to += (first - b.columns.from) * block;
  interleave(in + first, g.h * g.w, channels, last - first, block, to);
  zero(to + (last - first) * block, (b.columns.to - last) * block);
}

inline void pack_channels(const DirectArgs& g, const Band& b, const float* x, Span channels, float* to) {
  const int64_t block = block_of(g);
  for (int64_t c = channels.from; c < channels.to; c += block) {
    for (int64_t row = b.rows.from; row < b.rows.to; row++, to += b.pitch) {
      if (row < 0 || row >= g.h) {
        zero(to, b.pitch);
      } else {
        pack_channels_row(g, b, x + (c * g.h + row) * g.w, least(block, channels.to - c), to);
      }
    }
  }
}

}  // namespace
