// A direction of a convolution as the tile kernels see it: outputs that gather inputs, for each phase of a stride, and
// where the packed filters lie. Static, as all of a level.
#pragma once
#include "tile_split.h"
#include "integers.h"

namespace {

struct ConvArgs {
  int64_t n, c, h, w, k, r, s, strideH, strideW, padTop, padLeft, dilationH, dilationW, groups, p, q;
  int64_t flags, backward, parts, rows;  // rows of a phase in one band
  int64_t partBytes, positions;          // of a band: bytes of each part, positions rounded up to PANEL
  int64_t in, packed, weights, bias, residual, mask, out;
};

inline int64_t gcd(int64_t a, int64_t b) { return b ? gcd(b, a % b) : a; }

// ---- One direction as a gather

// Taps of one phase of one axis, by growing offsets: output t reads input t * step + offset.
struct Taps {
  int64_t count, first, step;      // tap i is number first + i * step
  int64_t offset, offsetStep;      // of tap i: offset + i * offsetStep
};

inline Taps taps_of(bool backward, int64_t taps, int64_t stride, int64_t dilation, int64_t pad, int64_t phase) {
  if (!backward) return {taps, 0, 1, -pad, dilation};
  // Those of which phase + pad - tap * dilation is a multiple of the stride.
  const int64_t step = stride / gcd(stride, dilation);
  int64_t first = 0;
  while (first < step && first < taps && (phase + pad - first * dilation) % stride != 0) first++;
  if (first >= step || first >= taps) return {0, 0, 0, 0, 0};
  const int64_t count = (taps - 1 - first) / step + 1, last = first + (count - 1) * step;
  return {count, last, -step, (phase + pad - last * dilation) / stride, step * dilation / stride};
}

// A direction: `in` is x or dy, `out` is y or dx.
struct View {
  int64_t inputs, outputs;  // channels of a group, padded to pairs: inputs + (inputs & 1)
  int64_t height, width;    // of the input
  int64_t rows, columns;    // of the output
  int64_t phasesH, phasesW, stepH, stepW;
  int64_t top, left;        // least offsets
  int64_t bottom, right;    // greatest offsets
};

inline int64_t padded_channels(const View& v) { return v.inputs + (v.inputs & 1); }

inline Taps row_taps(const ConvArgs& g, int64_t phase) {
  return taps_of(g.backward, g.r, g.strideH, g.dilationH, g.padTop, phase);
}

inline Taps column_taps(const ConvArgs& g, int64_t phase) {
  return taps_of(g.backward, g.s, g.strideW, g.dilationW, g.padLeft, phase);
}

// The least and the greatest offset of some phases.
inline void offsets_of(const ConvArgs& g, Taps (*taps)(const ConvArgs&, int64_t), int64_t phases, int64_t* low,
                       int64_t* high) {
  bool any = false;
  *low = *high = 0;
  for (int64_t i = 0; i < phases; i++) {
    const Taps t = taps(g, i);
    if (t.count == 0) continue;
    const int64_t end = t.offset + (t.count - 1) * t.offsetStep;
    *low = !any || t.offset < *low ? t.offset : *low;
    *high = !any || end > *high ? end : *high;
    any = true;
  }
}

inline View view_of(const ConvArgs& g) {
  View v;
  const bool b = g.backward;
  v.inputs = (b ? g.k : g.c) / g.groups, v.outputs = (b ? g.c : g.k) / g.groups;
  v.height = b ? g.p : g.h, v.width = b ? g.q : g.w, v.rows = b ? g.h : g.p, v.columns = b ? g.w : g.q;
  v.phasesH = b ? g.strideH : 1, v.phasesW = b ? g.strideW : 1;
  v.stepH = b ? 1 : g.strideH, v.stepW = b ? 1 : g.strideW;
  offsets_of(g, row_taps, v.phasesH, &v.top, &v.bottom);
  offsets_of(g, column_taps, v.phasesW, &v.left, &v.right);
  return v;
}

// Depth of one phase: equal segments, each of neighbours in the packed rows. A segment has all taps of a row if those
// are neighbours, else one tap.
struct Depth {
  Taps rows, columns;
  bool whole;         // a segment has a row's taps
  int64_t segments, length, chunks;  // of a segment: elements, chunks
};

inline Depth depth_of(const ConvArgs& g, const View& v, int64_t phase) {
  Depth d = {row_taps(g, phase / v.phasesW), column_taps(g, phase % v.phasesW), false, 0, 0, 0};
  d.whole = d.columns.count == 1 || d.columns.offsetStep == 1;
  d.segments = d.rows.count * (d.whole ? least(d.columns.count, 1) : d.columns.count);
  d.length = padded_channels(v) * (d.whole ? d.columns.count : 1);
  d.chunks = ceil_div(d.length, CHUNK);
  return d;
}

inline int64_t all_chunks(const Depth& d) { return d.segments * d.chunks; }

// Element i of segment j: which tap, which channel (or a padded one).
struct Place {
  int64_t u, v, channel;
};

inline Place place_of(const View& v, const Depth& d, int64_t j, int64_t i) {
  const int64_t inRow = d.whole ? i / padded_channels(v) : j % d.columns.count;
  const int64_t row = d.whole ? j : j / d.columns.count;
  return {d.rows.first + row * d.rows.step, d.columns.first + inRow * d.columns.step, i % padded_channels(v)};
}

// Bytes of one group's and phase's packed filters: tiles, then a guard for each block and panel.
inline int64_t filter_bytes(const ConvArgs& g, const View& v, int64_t phase) {
  const int64_t chunks = all_chunks(depth_of(g, v, phase)), panels = ceil_div(v.outputs, PANEL);
  return panels * (chunks * g.parts * 2 * TILE_BYTES + ceil_div(chunks, CHUNKS) * (int64_t)sizeof(PanelGuard));
}

inline char* filters_of(const ConvArgs& g, const View& v, int64_t group, int64_t phase) {
  int64_t each = 0, before = 0;
  for (int64_t i = 0; i < v.phasesH * v.phasesW; i++) {
    if (i == phase) before = each;
    each += filter_bytes(g, v, i);
  }
  return (char*)g.packed + group * each + before;
}

inline PanelGuard* filter_guards(const ConvArgs& g, const View& v, const Depth& d, char* filters) {
  return (PanelGuard*)(filters + ceil_div(v.outputs, PANEL) * all_chunks(d) * g.parts * 2 * TILE_BYTES);
}

// The weight between output `o` and the place, both within a group.
inline float weight(const ConvArgs& g, int64_t group, int64_t o, const Place& from) {
  const int64_t filters = g.k / g.groups, channels = g.c / g.groups;
  const int64_t filter = group * filters + (g.backward ? from.channel : o), channel = g.backward ? o : from.channel;
  return ((const float*)g.weights)[((filter * channels + channel) * g.r + from.u) * g.s + from.v];
}

}  // namespace
