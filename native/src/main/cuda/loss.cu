// Losses and margins on logits, F32, a block a row.
#include "loss.cuh"

//: loss_f32 block 1
KERNEL(loss_f32)(const LossArgs g) {
  EACH_BLOCK(i, g.n) loss_of(g, i);
}

//: margin_f32 block 1
KERNEL(margin_f32)(const LossArgs g) {
  EACH_BLOCK(i, g.n) margin_of(g, i);
}
