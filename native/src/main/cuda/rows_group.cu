// Several operations on rows in one launch: a block takes a row, or a tile of elements, through all of
// them. Whoever lists them sees to it that row i of any operand is used for row i of results only.
#include "activation.cuh"
#include "gradient_mask.cuh"
#include "loss.cuh"
#include "rows_elementwise.cuh"
#include "rows_lbfgs.cuh"
#include "rows_project.cuh"
#include "rows_reduce.cuh"
#include "rows_step.cuh"

namespace {

// As CudaRowGroup.KERNELS.
enum GroupCode {
  ELEMENTWISE_CALL, COMPARE_CALL, MASK_CALL, SELECT_CALL, GRADIENT_MASK_CALL,
  ACTIVATION_BACKWARD_CALL,  // these also by tiles
  ROWWISE_CALL, ROW_REDUCE_CALL, ARGMAX_CALL, SIGN_STEP_CALL, PROJECTION_CALL, LBFGS_UPDATE_CALL,
  LBFGS_DIRECTION_CALL, LOSS_CALL, MARGIN_CALL
};

const int GROUP_WORDS = 509;  // with the rest, 4096 bytes: what any launch may be given

// items rows if tile is 0, else tiles of so many elements. Each call: its code + 256 times its words,
// then the arguments of the kernel of its name.
struct GroupArgs {
  int64_t items, calls, tile, words[GROUP_WORDS];
};

template <class Args>
__device__ const Args& arguments(const int64_t* call) {
  return *(const Args*)(call + 1);
}

// The part of 0..count-1 that is item i's.
__device__ inline Range part(int64_t count, int64_t i, const GroupArgs& g) {
  const int64_t length = g.tile ? g.tile : quotient(count, g.items), from = i * length;
  return of_block(from, from + length < count ? from + length : count);
}

__device__ inline void perform(const int64_t* call, int64_t i, const GroupArgs& g) {
  switch (call[0] & 255) {
    case ELEMENTWISE_CALL: {
      const ElementwiseArgs k = arguments<ElementwiseArgs>(call);
      return elementwise_of(k, part(k.count, i, g));
    }
    case COMPARE_CALL: {
      const CompareArgs k = arguments<CompareArgs>(call);
      return compare_of(k, part(k.count, i, g));
    }
    case MASK_CALL: {
      const MaskArgs k = arguments<MaskArgs>(call);
      return mask_of(k, part(k.count, i, g));
    }
    case SELECT_CALL: {
      const SelectArgs k = arguments<SelectArgs>(call);
      return select_of(k, part(k.n * k.length, i, g));
    }
    case GRADIENT_MASK_CALL: {
      const GradientMaskArgs k = arguments<GradientMaskArgs>(call);
      return mask_gradient<float>(k, part(k.count, i, g));
    }
    case ACTIVATION_BACKWARD_CALL: {
      const ActivationArgs k = arguments<ActivationArgs>(call);
      return activation_backward_of(k, part(k.count, i, g));
    }
    case ROWWISE_CALL: {
      const RowwiseArgs k = arguments<RowwiseArgs>(call);
      return rowwise_of(k, part(k.n * k.length, i, g));
    }
    case ROW_REDUCE_CALL: return reduce_of(arguments<RowReduceArgs>(call), i);
    case ARGMAX_CALL: return argmax_of(arguments<ArgmaxArgs>(call), i);
    case SIGN_STEP_CALL: return sign_step_of(arguments<SignStepArgs>(call), i);
    case PROJECTION_CALL: return project_of(arguments<ProjectionArgs>(call), i);
    case LBFGS_UPDATE_CALL: return update_of(arguments<LbfgsUpdateArgs>(call), i);
    case LBFGS_DIRECTION_CALL: return direction_of(arguments<LbfgsDirectionArgs>(call), i);
    case LOSS_CALL: return loss_of(arguments<LossArgs>(call), i);
    case MARGIN_CALL: return margin_of(arguments<LossArgs>(call), i);
  }
}

}  // namespace

//: row_group block 0
KERNEL(row_group)(const GroupArgs g) {
  __shared__ int64_t words[GROUP_WORDS];
  EACH_OF_BLOCK(j, GROUP_WORDS) words[j] = g.words[j];
  EACH_BLOCK(i, g.items) {
    const int64_t* call = words;
    for (int64_t c = 0; c < g.calls; c++) {
      __syncthreads();  // what the call before wrote is read now
      perform(call, i, g);
      call += call[0] >> 8;
    }
  }
}
