// The operations of rows_elementwise.cuh, each on all elements; and the count of masks.
#include "reduce.cuh"
#include "rows_elementwise.cuh"

//: elementwise thread 2
KERNEL(elementwise)(const ElementwiseArgs k) { elementwise_of(k, of_grid(k.count)); }

// alpha [n], a and y [n,length]
//: rowwise thread 2 3
KERNEL(rowwise)(const RowwiseArgs k) { rowwise_of(k, of_grid(k.n * k.length)); }

//: compare thread 2
KERNEL(compare)(const CompareArgs k) { compare_of(k, of_grid(k.count)); }

//: mask thread 1
KERNEL(mask)(const MaskArgs k) { mask_of(k, of_grid(k.count)); }

// mask [n,length], count [n], saturating
//: count block 0
KERNEL(count)(const CountArgs k) {
  EACH_BLOCK(i, k.n) {
    const uint8_t* m = (const uint8_t*)k.mask + i * k.length;
    int64_t trues = 0;
    EACH_OF_BLOCK(j, k.length) trues += m[j] != 0;
    const double all = block_sum((double)trues);
    if (threadIdx.x == 0) ((int32_t*)k.count)[i] = integer(all);
  }
}

// mask [n] or [n,length], a, b, y [n,length]
//: select thread 1 2
KERNEL(select)(const SelectArgs k) { select_of(k, of_grid(k.n * k.length)); }
