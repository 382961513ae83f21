// The step of the iterated fast gradient sign method on few long rows: each is shared by several
// blocks, first for the largest component of the gradient, then for the step. Bits as rows_step.cuh's.
#include "rows_step.cuh"

namespace {

// A row in `parts` pieces; largest [n,parts].
struct LongSignStepArgs {
  SignStepArgs step;
  int64_t parts, largest;
};

__device__ inline Range piece(const LongSignStepArgs& k, int64_t part) {
  const int64_t length = (k.step.length - 1) / k.parts + 1, from = part * length;
  return of_block(from, from + length < k.step.length ? from + length : k.step.length);
}

template <class T>
__device__ void largest_of_piece(const LongSignStepArgs& k, int64_t i) {
  const int64_t row = quotient(i, k.parts);
  const T* g = (const T*)k.step.g + row * k.step.length;
  T most = 0;
  EACH_OF(j, piece(k, i - row * k.parts)) most = greater(most, magnitude(g[j]));
  most = block_max(most);
  if (threadIdx.x == 0) ((T*)k.largest)[i] = most;
}

template <class T>
__device__ void step_of_piece(const LongSignStepArgs& k, int64_t i) {
  const int64_t row = quotient(i, k.parts), part = i - row * k.parts;
  const T* largest = (const T*)k.largest + row * k.parts;
  T most = 0;
  EACH_OF_BLOCK(p, k.parts) most = greater(most, largest[p]);
  const T size = block_max(most);
  if (part == 0 && threadIdx.x == 0) ((T*)k.step.size)[row] = size;
  sign_step_in<T>(k.step, row, size, piece(k, part));
}

}  // namespace

//: sign_step_largest block 1 12
KERNEL(sign_step_largest)(const LongSignStepArgs k) {
  EACH_BLOCK(i, k.step.n * k.parts) {
    k.step.type == F32 ? largest_of_piece<float>(k, i) : largest_of_piece<double>(k, i);
  }
}

//: sign_step_pieces block 1 12
KERNEL(sign_step_pieces)(const LongSignStepArgs k) {
  EACH_BLOCK(i, k.step.n * k.parts) {
    k.step.type == F32 ? step_of_piece<float>(k, i) : step_of_piece<double>(k, i);
  }
}
