// The step of the iterated fast gradient sign method, a block a row.
#include "rows_step.cuh"

// centre, x, g, z [n,length], radius, size [n]; z may be x
//: sign_step block 1
KERNEL(sign_step)(const SignStepArgs k) {
  EACH_BLOCK(i, k.n) sign_step_of(k, i);
}
