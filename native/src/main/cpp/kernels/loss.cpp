// Losses and margins on logits z [n,classes] with labels [n], F32.
#include "level.h"
#include "power.h"
#include "softmax.h"

namespace {

enum Kind { CROSS_ENTROPY, MARGIN };

struct Args {
  int64_t kind, n, classes;
  double kappa, scale;
  int64_t z, labels, loss, dz;
};

const float NAN_F = __builtin_nanf("");

void fill(float* dz, int64_t classes, float v) {
  for (int64_t j = 0; dz && j < classes; j++) dz[j] = v;
}

float cross_entropy(const Args& g, const float* z, int32_t label, float* dz) {
  const float own = z[label];  // dz may be z
  const Exponentials e = exponentials(z, g.classes, dz);
  if (dz) {
    const float inverse = (float)(1 / e.total);
    const float gradient = (float)g.scale * (dz[label] * inverse - 1);
    scale(dz, g.classes, (float)g.scale * inverse);
    dz[label] = gradient;
  }
  return (float)((double)e.max - own + (e.total != e.total ? e.total : bs_log(e.total)));
}

float margin_loss(const Args& g, const float* z, int32_t label, float* dz) {
  int64_t other = label == 0 ? 1 : 0;
  bool nan = false;
  for (int64_t j = 0; j < g.classes; j++) {
    nan |= z[j] != z[j];
    if (j != label && z[j] > z[other]) other = j;
  }
  float value = (float)(g.kappa - ((double)z[label] - z[other]));
  fill(dz, g.classes, nan ? NAN_F : 0);
  if (nan) return NAN_F;
  if (value > 0 && dz) {
    dz[label] = (float)-g.scale;
    dz[other] = (float)g.scale;
  }
  return value > 0 ? value : 0;
}

void loss_range(const void* raw, int64_t from, int64_t to) {
  const Args& g = *(const Args*)raw;
  for (int64_t i = from; i < to; i++) {
    const float* z = (const float*)g.z + i * g.classes;
    float* dz = g.dz ? (float*)g.dz + i * g.classes : nullptr;
    int32_t label = ((const int32_t*)g.labels)[i];
    float value = NAN_F;
    if (label < 0 || label >= g.classes) {
      fill(dz, g.classes, NAN_F);
    } else {
      value = g.kind == MARGIN ? margin_loss(g, z, label, dz) : cross_entropy(g, z, label, dz);
    }
    if (g.loss) ((float*)g.loss)[i] = value;
  }
}

void loss(bs_context* ctx, const void* args) {
  const Args& g = *(const Args*)args;
  bs_parallel_ranges(ctx, g.n, 2048 / g.classes + 1, loss_range, args);
}

// z[label] - max of the others
void margin_range(const void* raw, int64_t from, int64_t to) {
  const Args& g = *(const Args*)raw;
  for (int64_t i = from; i < to; i++) {
    const float* z = (const float*)g.z + i * g.classes;
    int32_t label = ((const int32_t*)g.labels)[i];
    float other = -__builtin_inff();
    for (int64_t j = 0; j < g.classes; j++) {
      if (j != label) other = other > z[j] || other != other ? other : z[j];
    }
    ((float*)g.loss)[i] = label >= 0 && label < g.classes ? z[label] - other : NAN_F;
  }
}

void margin(bs_context* ctx, const void* args) {
  const Args& g = *(const Args*)args;
  bs_parallel_ranges(ctx, g.n, 4096 / g.classes + 1, margin_range, args);
}

}  // namespace

BS_TABLE(loss){
    {"loss_f32", loss},
    {"margin_f32", margin},
    {nullptr, nullptr},
};
