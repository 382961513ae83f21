// Row reductions and argmax of one row by a block. Sums are formed in double.
#ifndef BS_ROWS_REDUCE_CUH
#define BS_ROWS_REDUCE_CUH
#include "order.cuh"
#include "reduce.cuh"
#include "rows.cuh"

namespace {

// ---- Sums

// A sum of doubles with the rounding errors beside it (Neumaier 1974), so that F64 stays under 32
// half-units of the sum of magnitudes at any length.
struct Sum {
  double total, lost;
};

__device__ inline Sum joined(Sum a, double v, double lost) {
  const double next = a.total + v, back = next - a.total;
  return {next, (a.lost + lost) + ((a.total - (next - back)) + (v - back))};
}

template <class T, class F>
__device__ double sum(int64_t length, const F& term) {
  Sum s = {0, 0};
  if (sizeof(T) == 8) {
    EACH_OF_BLOCK(j, length) s = joined(s, term(j), 0);
  } else {
    EACH_OF_BLOCK(j, length) s.total += term(j);
  }
  for (int distance = 16; distance > 0; distance /= 2) {
    s = joined(s, __shfl_xor_sync(~0u, s.total, distance), __shfl_xor_sync(~0u, s.lost, distance));
  }
  __shared__ Sum part[8];
  __syncthreads();  // the last row's parts have been read
  if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = s;
  __syncthreads();
  s = part[0];
  for (int k = 1; k < 8; k++) s = joined(s, part[k].total, part[k].lost);
  const double whole = s.total + s.lost;
  return whole == whole ? whole : s.total;  // infinities spoil the errors where the sum is a number
}

// ---- Extremes; NaN wins

template <class T>
__device__ T greatest(const T* a, int64_t length, bool absolute) {
  T best = (T)-infinity();
  EACH_OF_BLOCK(j, length) best = greater(best, absolute ? magnitude(a[j]) : a[j]);
  return block_max(best);
}

template <class T>
__device__ T least(const T* a, int64_t length) {
  T best = (T)infinity();
  EACH_OF_BLOCK(j, length) best = a[j] < best || a[j] != a[j] ? a[j] : best;
  return block_min(best);
}

template <class T>
__device__ T reduce(int64_t reduction, const T* a, const T* b, int64_t length) {
  switch (reduction) {
    case SUM: return (T)sum<T>(length, [=](int64_t j) { return (double)a[j]; });
    case DOT: return (T)sum<T>(length, [=](int64_t j) { return (double)a[j] * b[j]; });
    case L1: return (T)sum<T>(length, [=](int64_t j) { return fabs((double)a[j]); });
    case L2: return (T)sqrt(sum<T>(length, [=](int64_t j) { return (double)a[j] * a[j]; }));
    case SQUARED_L2: return (T)sum<T>(length, [=](int64_t j) { return (double)a[j] * a[j]; });
    case LINF: return greatest(a, length, true);
    case MAX: return greatest(a, length, false);
    case MIN: return least(a, length);
    // 1 where not 0, NaN where NaN.
    case L0: return (T)sum<T>(length, [=](int64_t j) { return a[j] != a[j] ? (double)a[j] : a[j] != 0 ? 1.0 : 0.0; });
  }
  return 0;
}

template <class T>
__device__ void reduce_row(const RowReduceArgs& k, int64_t i) {
  const T* b = k.b ? (const T*)k.b + i * k.length : 0;
  const T v = reduce(k.reduction, (const T*)k.a + i * k.length, b, k.length);
  if (threadIdx.x == 0) ((T*)k.y)[i] = v;
}

// ---- Argmax: the first of the greatest, of NaN if there is one

template <class T>
__device__ void argmax_row(const ArgmaxArgs& k, int64_t i) {
  const T* x = (const T*)k.x + i * k.length;
  uint64_t best = 0;
  int64_t at = k.length;
  EACH_OF_BLOCK(j, k.length) {
    const uint64_t key = ordered(x[j]);
    if (at == k.length || key > best) {
      best = key;
      at = j;
    }
  }
  const uint64_t greatest = block_max(best);
  const int64_t first = block_min(best == greatest ? at : k.length);
  if (threadIdx.x == 0) ((int32_t*)k.index)[i] = (int32_t)first;
}

__device__ inline void reduce_of(const RowReduceArgs& k, int64_t i) {
  k.type == F32 ? reduce_row<float>(k, i) : reduce_row<double>(k, i);
}

__device__ inline void argmax_of(const ArgmaxArgs& k, int64_t i) {
  k.type == F32 ? argmax_row<float>(k, i) : argmax_row<double>(k, i);
}

}  // namespace

#endif
