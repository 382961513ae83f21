// Losses and margins on one row of logits z [n,classes] with labels [n], F32, by a block. A label
// outside the classes gives NaN.
#ifndef BS_LOSS_CUH
#define BS_LOSS_CUH
#include "reduce.cuh"

namespace {

enum LossKind { CROSS_ENTROPY, MARGIN };

struct LossArgs {
  int64_t kind, n, classes;
  double kappa, scale;
  int64_t z, labels, loss, dz;
};

// Both kinds return the loss and write the gradient, unless dz is 0; dz may be z, which is
// therefore read before a reduction and written behind it, or each element by one thread.

__device__ float cross_entropy(const LossArgs& g, const float* z, int32_t label, float* dz) {
  float max = -(float)infinity();
  EACH_OF_BLOCK(j, g.classes) max = greater(max, z[j]);
  max = block_max(max);
  double total = 0;
  EACH_OF_BLOCK(j, g.classes) total += expf(z[j] - max);
  const float own = z[label];
  total = block_sum(total);
  const float inverse = (float)(1 / total), scale = (float)g.scale;
  if (dz) {
    EACH_OF_BLOCK(j, g.classes) {
      const float p = expf(z[j] - max) * inverse;
      dz[j] = scale * (j == label ? p - 1 : p);
    }
  }
  return (float)((double)max - own + log(total));
}

__device__ float margin_loss(const LossArgs& g, const float* z, int32_t label, float* dz) {
  float best = -(float)infinity();
  bool nan = false;
  EACH_OF_BLOCK(j, g.classes) {
    nan |= z[j] != z[j];
    if (j != label && z[j] > best) best = z[j];
  }
  best = block_max(best);
  int64_t other = g.classes;
  EACH_OF_BLOCK(j, g.classes) {
    if (j != label && z[j] == best && j < other) other = j;
  }
  const float value = (float)(g.kappa - ((double)z[label] - best));
  other = block_min(other);
  nan = block_any(nan);
  if (dz) {
    const float scale = (float)g.scale;
    EACH_OF_BLOCK(j, g.classes) {
      const float slope = j == label ? -scale : j == other ? scale : 0;
      dz[j] = nan ? not_a_number(0.0f) : value > 0 ? slope : 0;
    }
  }
  return nan ? not_a_number(0.0f) : value > 0 ? value : 0;
}

// loss [n] or 0; dz [n,classes] or 0
__device__ inline void loss_of(const LossArgs& g, int64_t i) {
  const float* z = (const float*)g.z + i * g.classes;
  float* dz = g.dz ? (float*)g.dz + i * g.classes : 0;
  const int32_t label = ((const int32_t*)g.labels)[i];
  float value = not_a_number(0.0f);
  if (label < 0 || label >= g.classes) {
    if (dz) {
      EACH_OF_BLOCK(j, g.classes) dz[j] = value;
    }
  } else {
    value = g.kind == MARGIN ? margin_loss(g, z, label, dz) : cross_entropy(g, z, label, dz);
  }
  if (g.loss && threadIdx.x == 0) ((float*)g.loss)[i] = value;
}

// loss [n] = z[label] - max of the others
__device__ inline void margin_of(const LossArgs& g, int64_t i) {
  const float* z = (const float*)g.z + i * g.classes;
  const int32_t label = ((const int32_t*)g.labels)[i];
  float other = -(float)infinity();
  EACH_OF_BLOCK(j, g.classes) {
    if (j != label) other = greater(other, z[j]);
  }
  other = block_max(other);
  if (threadIdx.x == 0) {
    ((float*)g.loss)[i] = label >= 0 && label < g.classes ? z[label] - other : not_a_number(0.0f);
  }
}

}  // namespace

#endif
