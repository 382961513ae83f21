// L-BFGS direction of one row with its own history, by a block; products in double.
#ifndef BS_ROWS_LBFGS_CUH
#define BS_ROWS_LBFGS_CUH
#include "reduce.cuh"
#include "rows.cuh"

namespace {

const int MOST_PAIRS = 64;
const double USABLE = 1e-6;  // LbfgsPlan.USABLE

enum Products { SS, SY, YY, SQ };

// The products of a pair on the free unknowns, and s.q where q is 0 off them.
template <class T>
__device__ void measure(const T* s, const T* y, const T* q, const uint8_t* free, int64_t length, double (&p)[4]) {
  p[SS] = p[SY] = p[YY] = p[SQ] = 0;
  EACH_OF_BLOCK(j, length) {
    const bool in = !free || free[j];
    const double u = in ? (double)s[j] : 0, v = in ? (double)y[j] : 0;
    p[SS] += u * u;
    p[SY] += u * v;
    p[YY] += v * v;
    p[SQ] += u * q[j];
  }
  block_sums(p);
}

__device__ inline bool usable(const double (&p)[4]) {
  return p[SY] > USABLE * sqrt(p[SS]) * sqrt(p[YY]) && p[SY] < infinity();
}

template <class T>
__device__ void update(const LbfgsUpdateArgs& k, int64_t i) {
  if (k.accept && !((const uint8_t*)k.accept)[i]) return;
  const T* s = (const T*)k.s + i * k.length;
  const T* y = (const T*)k.y + i * k.length;
  double p[4];
  measure(s, y, s, 0, k.length, p);
  if (!usable(p)) return;
  int32_t* count = (int32_t*)k.count + i;
  const int64_t at = (i * k.memory + *count % k.memory) * k.length;
  EACH_OF_BLOCK(j, k.length) {
    ((T*)k.keptS)[at + j] = s[j];
    ((T*)k.keptY)[at + j] = y[j];
  }
  __syncthreads();  // all have read the count
  if (threadIdx.x == 0) ++*count;
}

// q += factor v on the free unknowns; each thread works on the elements that it alone reads.
template <class T>
__device__ void add(double factor, const T* v, const uint8_t* free, T* q, int64_t length) {
  const T c = (T)factor;
  EACH_OF_BLOCK(j, length) q[j] += c * (!free || free[j] ? v[j] : T(0));
}

template <class T>
__device__ double dot(const T* a, const T* b, int64_t length) {
  double s = 0;
  EACH_OF_BLOCK(j, length) s += (double)a[j] * b[j];
  return block_sum(s);
}

template <class T>
__device__ void direction(const LbfgsDirectionArgs& k, int64_t i) {
  __shared__ double alpha[MOST_PAIRS], curvature[MOST_PAIRS];  // curvature 0: not usable
  const T* g = (const T*)k.g + i * k.length;
  const uint8_t* free = k.free ? (const uint8_t*)k.free + i * k.length : 0;
  T* q = (T*)k.d + i * k.length;
  EACH_OF_BLOCK(j, k.length) q[j] = !free || free[j] ? g[j] : T(0);
  const int64_t stored = ((const int32_t*)k.count)[i];
  const int64_t kept = stored < k.memory ? stored : k.memory;
  const int64_t ring = i * k.memory;
  double gamma = 0;
  for (int64_t m = 0; m < kept; m++) {  // newest first
    const int64_t at = (ring + (stored - 1 - m) % k.memory) * k.length;
    const T* y = (const T*)k.keptY + at;
    double p[4];
    measure((const T*)k.keptS + at, y, q, free, k.length, p);
    const bool use = usable(p);
    const double a = use ? p[SQ] / p[SY] : 0;
    if (threadIdx.x == 0) {
      alpha[m] = a;
      curvature[m] = use ? p[SY] : 0;
    }
    if (!use) continue;
    add(-a, y, free, q, k.length);
    gamma = gamma == 0 ? p[SY] / p[YY] : gamma;
  }
  __syncthreads();
  const T start = gamma == 0 ? T(1) : (T)gamma;
  EACH_OF_BLOCK(j, k.length) q[j] *= start;
  for (int64_t m = kept - 1; m >= 0; m--) {
    if (curvature[m] == 0) continue;
    const int64_t at = (ring + (stored - 1 - m) % k.memory) * k.length;
    const double beta = dot((const T*)k.keptY + at, q, k.length) / curvature[m];
    add(alpha[m] - beta, (const T*)k.keptS + at, free, q, k.length);
  }
  EACH_OF_BLOCK(j, k.length) q[j] = -q[j];
}

__device__ inline void update_of(const LbfgsUpdateArgs& k, int64_t i) {
  k.type == F32 ? update<float>(k, i) : update<double>(k, i);
}

__device__ inline void direction_of(const LbfgsDirectionArgs& k, int64_t i) {
  k.type == F32 ? direction<float>(k, i) : direction<double>(k, i);
}

}  // namespace

#endif
