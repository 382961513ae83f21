// Row reductions and argmax, a block a row.
#include "rows_reduce.cuh"

// a, b [n,length], y [n]
//: row_reduce block 2
KERNEL(row_reduce)(const RowReduceArgs k) {
  EACH_BLOCK(i, k.n) reduce_of(k, i);
}

// x [n,length], index [n]
//: argmax block 1
KERNEL(argmax)(const ArgmaxArgs k) {
  EACH_BLOCK(i, k.n) argmax_of(k, i);
}
