// Packs weights w [k, c/groups, r, s] for Winograd's convolution, G g G^T of each section: [group of the
// convolution][phase][point][outputs of a product][section][input channel][output]. See winograd.h.
#include "winograd.h"

namespace {

struct Pack {
  const DirectArgs* g;
  Filters filters;
  const float* w;
  float* out;
};

// G g: three values to four.
INLINE void spread(float a, float b, float c, float* to, int64_t stride) {
  to[0] = a;
  to[stride] = (a + c + b) / 2;
  to[2 * stride] = (a + c - b) / 2;
  to[3 * stride] = c;
}

// The tap of a section in one filter, 0 where it has none.
inline float tap(const DirectArgs& g, const float* w, int64_t row, int64_t column) {
  return row < 0 || column < 0 ? 0 : w[row * g.s + column];
}

// G g G^T of one section of one filter.
void transform(const DirectArgs& g, const float* w, const Section& rows, const Section& columns, float* u) {
  float part[12];
  for (int64_t j = 0; j < 3; j++) {
    const int64_t column = columns.tap[j];
    spread(tap(g, w, rows.tap[0], column), tap(g, w, rows.tap[1], column), tap(g, w, rows.tap[2], column), part + j, 3);
  }
  for (int64_t i = 0; i < 4; i++) spread(part[3 * i], part[3 * i + 1], part[3 * i + 2], u + 4 * i, 1);
}

// The filters of one phase, from group k of the outputs of a group of the convolution.
void pack_phase(const Pack& p, const Filter& f, int64_t part, const Group& k, float* to) {
  const DirectArgs& g = *p.g;
  const int64_t ins = ins_of(g), outs = outs_of(g), columns = f.columns.count;
  for (int64_t section = 0; section < f.rows.count * columns; section++) {
    for (int64_t in = 0; in < ins; in++) {
      for (int64_t out = 0; out < k.count; out++) {
        const int64_t at = g.backward ? (part * ins + in) * outs + k.first + out : (part * outs + k.first + out) * ins + in;
        float u[POINTS];
        transform(g, p.w + at * g.r * g.s, f.rows.section[section / columns], f.columns.section[section % columns], u);
        for (int64_t point = 0; point < POINTS; point++) {
          const int64_t first = f.first[point], place = f.place[section][point];
          if (place < 0) continue;
          // Matrices before the point, outputs before the group, matrices and channels before this one.
          const int64_t before = (first * outs + k.first * (f.first[point + 1] - first)) * ins;
          to[before + ((place - first) * ins + in) * k.count + out] = u[point];
        }
      }
    }
  }
}

void pack_group(const void* raw, int64_t task, int) {
  const Pack& p = *(const Pack*)raw;
  const DirectArgs& g = *p.g;
  const int64_t part = task / group_count(g), matrix = ins_of(g) * outs_of(g);
  const Group k = group_of(g, task % group_count(g));
  float* to = p.out + part * p.filters.places * matrix;
  for (int64_t i = 0; i < p.filters.count; i++) {
    pack_phase(p, p.filters.filter[i], part, k, to);
    to += p.filters.filter[i].first[POINTS] * matrix;
  }
}

// x: the weights as they are; weights: where they go.
void pack_winograd(bs_context* ctx, const void* args) {
  const DirectArgs& g = *(const DirectArgs*)args;
  Pack p = {&g, filters_of(g), at<float>(g.x), at<float>(g.weights)};
  bs_parallel(ctx, g.groups * group_count(g), pack_group, &p);
}

}  // namespace

BS_TABLE(winograd_weights){
    {"winograd_pack_f32", pack_winograd},
    {nullptr, nullptr},
};
