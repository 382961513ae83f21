// Arguments of the row kernels: as cpp/kernels/rows.h. The codes are the ordinals of the Java enums.
#ifndef BS_ROWS_CUH
#define BS_ROWS_CUH
#include "kernels.cuh"

enum ElementwiseCode {
  FILL, COPY, NEGATE, ABS, SIGN, SQUARE, SQRT, RECIPROCAL, EXP, LOG, AFFINE, CLIP,
  ADD, SUBTRACT, MULTIPLY, DIVIDE, MINIMUM, MAXIMUM, LINEAR_COMBINATION
};
struct ElementwiseArgs { int64_t op, type, count, a, b, y; double alpha, beta; };

enum RowwiseCode { SCALE, ADD_TO_ROW, AXPY };
struct RowwiseArgs { int64_t op, type, n, length, alpha, a, y; };

enum ComparisonCode { LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL };
struct CompareArgs { int64_t comparison, type, count, a, b; double number; int64_t mask; };  // b 0: number

enum MaskCode { AND, OR, AND_NOT, NOT };
struct MaskArgs { int64_t op, count, a, b, y; };

struct CountArgs { int64_t n, length, mask, count; };

struct SelectArgs { int64_t bytes, n, length, perRow, mask, a, b, y; };

enum ReductionCode { SUM, DOT, L1, L2, SQUARED_L2, LINF, MAX, MIN, L0 };
struct RowReduceArgs { int64_t reduction, type, n, length, a, b, y; };

struct ArgmaxArgs { int64_t type, n, length, x, index; };

enum IndexCode { GATHER_ROWS, SCATTER_ROWS, GATHER_ELEMENTS };
struct IndexArgs { int64_t op, bytes, floating, n, rows, length, index, x, y; };

// values, indices: 0 if unwanted.
struct SortArgs { int64_t type, n, length, k, descending, x, values, indices, scratch; };

enum NormCode { NORM_L1, NORM_L2, NORM_LINF };
struct ProjectionArgs { int64_t norm, type, n, length, x, radius, y, z; double low, high; };

struct SignStepArgs { int64_t type, n, length, centre, radius, x, g, z, size; double alpha, low, high; };

enum DistributionCode { UNIFORM, NORMAL };
struct RandomArgs { int64_t distribution, type, n, length, seed, stream, sample, step, y; double a, b; };

struct LbfgsUpdateArgs { int64_t type, n, length, memory, accept, s, y, keptS, keptY, count; };
struct LbfgsDirectionArgs { int64_t type, n, length, memory, g, free, keptS, keptY, count, d; };

#endif
