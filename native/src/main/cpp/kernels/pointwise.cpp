// 1x1 convolution with stride 1, F32, NCHW, forward and backward-data: an image is a matrix [channel][position],
// multiplied panel by panel. A panel is a run of positions of all input channels; the first output channels that read
// it copy it, those after them read the copy. Meanwhile the next panel, and the rows of y that are written next, are
// fetched from memory.
#include "pointwise_tile.h"

namespace {

// In DirectArgs: vectors and outputs of a register tile, bandRows: positions of a panel, bandColumns: positions of a
// task (both whole register tiles), parts: tasks that share the output channels, packedFloats: a thread's panel.

struct PointCall {
  const DirectArgs* g;
  float* workspace;
  int64_t bands;
};

// Some output channels of some positions of an image.
struct Band {
  Span groups, positions;
  const float *x, *w, *b;  // of the first channel of the group of the convolution; b may be null
  int64_t y;               // where its first output lies
};

// A panel, and how far the next one is fetched.
struct Panel {
  Span positions, next;
  int64_t fetched, share;  // channels of the next one; for each tile
};

inline Span next_panel(const DirectArgs& g, const Band& b, int64_t from) {
  return {least(from, b.positions.to), least(from + g.bandRows, b.positions.to)};
}

// What tile `index` of a panel for group `i` fetches: its share of the next group's rows of y, of the next panel's x.
void fetch(const Band& b, int64_t i, int64_t index, Panel* p, PointTile* t) {
  const DirectArgs& g = *t->g;
  const bool wraps = i + 1 == b.groups.to;
  const Group next = group_of(g, wraps ? b.groups.from : i + 1);
  const Span columns = wraps ? p->next : p->positions;
  const int64_t tiles = ceil_div(p->positions.length(), g.vectors * WIDTH), row = next.count * index / tiles;
  t->nextY = at<float>(g.y) + b.y + (next.first + row) * t->plane + columns.from;
  t->rowsY = next.count * (index + 1) / tiles - row;
  t->widthY = columns.length();
  t->nextX = b.x + p->fetched * t->plane + p->next.from;
  t->rowsX = p->next.length() > 0 ? least(p->share, ins_of(g) - p->fetched) : 0;
  t->widthX = p->next.length();
  p->fetched += t->rowsX;
}

// All outputs of a panel; copy: room for it, [tile][channel][positions].
void multiply(const DirectArgs& g, const Band& b, Panel p, float* copy) {
  const int64_t ins = ins_of(g), tile = g.vectors * WIDTH;
  PointTile t = {};
  t.g = &g;
  t.plane = g.p * g.q;
  for (int64_t i = b.groups.from; i < b.groups.to; i++) {
    const Group k = group_of(g, i);
    const bool first = i == b.groups.from;
    t.w = b.w + k.first * ins;
    t.bias = b.b ? b.b + k.first : nullptr;
    for (int64_t j = 0; j < p.positions.length(); j += tile) {
      t.count = least(tile, p.positions.length() - j);
      const int64_t vectors = ceil_div(t.count, WIDTH);
      t.copy = copy + j * ins;
      t.x = first ? b.x + p.positions.from + j : t.copy;
      t.pitch = first ? t.plane : vectors * WIDTH;
      t.at = b.y + k.first * t.plane + p.positions.from + j;
      fetch(b, i, j / tile, &p, &t);
      (first ? pointwise_tile<true> : pointwise_tile<false>)(vectors, k.count)(t);
    }
  }
}

// Tasks: [image][group of the convolution][band of positions][part of the output channels]
void run_band(const void* raw, int64_t task, int thread) {
  const PointCall& call = *(const PointCall*)raw;
  const DirectArgs& g = *call.g;
  const int64_t area = g.p * g.q, ins = ins_of(g), outs = outs_of(g), groups = group_count(g);
  const int64_t share = task % g.parts, band = task / g.parts % call.bands;
  task /= g.parts * call.bands;
  const int64_t part = task % g.groups, image = task / g.groups;
  Band b = {};
  b.groups = {groups * share / g.parts, groups * (share + 1) / g.parts};
  b.positions = {band * g.bandColumns, least(area, (band + 1) * g.bandColumns)};
  b.x = at<float>(g.x) + (image * g.c + part * ins) * area;
  b.w = at<float>(g.weights) + part * outs * ins;
  b.b = g.flags & BIAS ? at<float>(g.b) + part * outs : nullptr;
  b.y = (image * g.k + part * outs) * area;
  const int64_t tiles = b.groups.length() * (g.bandRows / (g.vectors * WIDTH));
  if (tiles == 0) return;
  Panel p = {};
  p.share = ceil_div(ins, tiles);
  for (p.positions = next_panel(g, b, b.positions.from); p.positions.length() > 0; p.positions = p.next) {
    p.next = next_panel(g, b, p.positions.to);
    multiply(g, b, p, call.workspace + thread * g.packedFloats);
  }
}

void pointwise(bs_context* ctx, const void* args) {
  const DirectArgs& g = *(const DirectArgs*)args;
  const PointCall call = {&g, (float*)bs_workspace(ctx), ceil_div(g.p * g.q, g.bandColumns)};
  bs_parallel(ctx, g.n * g.groups * call.bands * g.parts, run_band, &call);
}

}  // namespace

BS_TABLE(pointwise){
    {"pointwise_f32", pointwise},
    {nullptr, nullptr},
};
