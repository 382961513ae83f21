// L-BFGS directions of rows, each with its own history, a block a row.
#include "rows_lbfgs.cuh"

// accept [n] or 0; s, y [n,length]; keptS, keptY [n,memory,length]; count [n]
//: lbfgs_update block 1
KERNEL(lbfgs_update)(const LbfgsUpdateArgs k) {
  EACH_BLOCK(i, k.n) update_of(k, i);
}

// g, d [n,length], d may be g; free [n,length] or 0
//: lbfgs_direction block 1
KERNEL(lbfgs_direction)(const LbfgsDirectionArgs k) {
  EACH_BLOCK(i, k.n) direction_of(k, i);
}
