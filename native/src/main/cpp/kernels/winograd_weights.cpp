// Packs weights w [k, c/groups, 3, 3] for Winograd's convolution, G g G^T of each: [group of the
// convolution][point][outputs of a product][input channel][output]. See winograd.h.
#include "winograd.h"

namespace {

struct Pack {
  const DirectArgs* g;
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

void pack_group(const void* raw, int64_t task, int) {
  const Pack& p = *(const Pack*)raw;
  const DirectArgs& g = *p.g;
  const int64_t ins = ins_of(g), outs = outs_of(g), part = task / winograd_groups(g);
  const Span k = winograd_group(g, task % winograd_groups(g));
  float* to = p.out + part * POINTS * ins * outs + k.from * ins;
  for (int64_t in = 0; in < ins; in++) {
    for (int64_t out = k.from; out < k.to; out++, to++) {
      const int64_t at = g.backward ? (part * ins + in) * outs + out : (part * outs + out) * ins + in;
      const float* w = p.w + 9 * at;
      float rows[12], u[16];
      for (int64_t j = 0; j < 3; j++) {
        const int64_t column = g.backward ? 2 - j : j;
        const float top = w[g.backward ? 6 + column : column], bottom = w[g.backward ? column : 6 + column];
        spread(top, w[3 + column], bottom, rows + j, 3);
      }
      for (int64_t i = 0; i < 4; i++) spread(rows[3 * i], rows[3 * i + 1], rows[3 * i + 2], u + 4 * i, 1);
      for (int64_t point = 0; point < POINTS; point++) to[point * ins * outs] = u[point];
    }
  }
}

// x: the weights as they are; weights: where they go.
void pack_winograd(bs_context* ctx, const void* args) {
  const DirectArgs& g = *(const DirectArgs*)args;
  Pack p = {&g, at<float>(g.x), at<float>(g.weights)};
  bs_parallel(ctx, g.groups * winograd_groups(g), pack_group, &p);
}

}  // namespace

BS_TABLE(winograd_weights){
    {"winograd_pack_f32", pack_winograd},
    {nullptr, nullptr},
};
