// Packs weights w [k, c/groups, r, s] for the direct convolution: [group of the convolution][phase]
// [tile group][block of channels][tap][channel of the block][output channel of the tile group]. Blocks
// are one channel (ROWS) or WIDTH channels (CHANNELS).
#include "direct.h"

namespace {

struct Pack {
  const DirectArgs* g;
  const float* w;
  float* out;
};

// w of an input channel and an output channel of group `part`, at a tap; backward they change roles.
inline float weight(const DirectArgs& g, const float* w, int64_t part, int64_t in, int64_t out, int64_t tap) {
  int64_t ins = ins_of(g), outs = outs_of(g), area = g.r * g.s;
  int64_t at = g.backward ? (part * ins + in) * outs + out : (part * outs + out) * ins + in;
  return w[at * area + tap];
}

float* pack_phase(const Pack& p, int64_t part, const Taps& rows, const Taps& columns, float* to) {
  const DirectArgs& g = *p.g;
  int64_t ins = ins_of(g), outs = outs_of(g), size = g.lanes == ROWS ? 1 : WIDTH;
  for (int64_t t = 0; t < group_count(g); t++) {
    Group group = group_of(g, t);
    for (int64_t block = 0; block < ins; block += size) {
      int64_t end = least(ins, block + size);
      for (int64_t i = 0; i < rows.count; i++) {
        for (int64_t j = 0; j < columns.count; j++) {
          int64_t tap = rows.index[i] * g.s + columns.index[j];
          for (int64_t in = block; in < end; in++) {
            for (int64_t out = group.first; out < group.first + group.count; out++) {
              *to++ = out < outs ? weight(g, p.w, part, in, out, tap) : 0;
            }
          }
        }
      }
    }
  }
  return to;
}

void pack_part(const void* raw, int64_t part, int) {
  const Pack& p = *(const Pack*)raw;
  const DirectArgs& g = *p.g;
  float* to = p.out + part * padded_channels(g) * ins_of(g) * g.r * g.s;
  for (int64_t a = 0; a < phases_h(g); a++) {
    for (int64_t b = 0; b < phases_w(g); b++) to = pack_phase(p, part, row_taps(g, a), column_taps(g, b), to);
  }
}

// x: the weights as they are; weights: where they go.
void pack_weights(bs_context* ctx, const void* args) {
  const DirectArgs& g = *(const DirectArgs*)args;
  Pack p = {&g, at<float>(g.x), at<float>(g.weights)};
  bs_parallel(ctx, g.groups, pack_part, &p);
}

}  // namespace

BS_TABLE(direct_weights){
    {"direct_pack_f32", pack_weights},
    {nullptr, nullptr},
};
