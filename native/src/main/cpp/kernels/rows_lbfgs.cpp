// L-BFGS directions of rows, each with its own history; products in double.
#include "lanes.h"
#include "rows.h"

namespace {

const int MOST_PAIRS = 64;
const double USABLE = 1e-6;  // LbfgsPlan.USABLE

inline Doubles freed(Doubles v, const uint8_t* free, int64_t j) {
  if (!free) return v;
#if LANES == 8
  __mmask8 m = _mm_test_epi8_mask(_mm_loadl_epi64((const __m128i*)(free + j)), _mm_set1_epi8(-1)) & 0xff;
  return (Doubles)_mm512_maskz_mov_pd(m, (__m512d)v);
#elif LANES == 4
  int32_t four;
  __builtin_memcpy(&four, free + j, 4);
  __m256i wide = _mm256_cvtepu8_epi64(_mm_cvtsi32_si128(four));
  return (Doubles)_mm256_andnot_pd((__m256d)_mm256_cmpeq_epi64(wide, _mm256_setzero_si256()), (__m256d)v);
#else
  return (Doubles)((Longs)v & Longs{free[j] ? -1 : 0, free[j + 1] ? -1 : 0});
#endif
}

template <class T>
struct Dot {
  const T* a;
  const T* b;
  Doubles many(int64_t j) const { return load(a + j) * load(b + j); }
  double one(int64_t j) const { return (double)a[j] * b[j]; }
};

template <class T>
struct Pair {
  const T* s;
  const T* y;
  const uint8_t* free;
  double ss, sy, yy, sq;

  // The products of the pair on the free unknowns, and s.q where q is 0 off them.
  void measure(const T* q, int64_t length) {
    Doubles a = {}, b = {}, c = {}, d = {};
    int64_t j = 0;
    for (; j + LANES <= length; j += LANES) {
      Doubles u = freed(load(s + j), free, j), v = freed(load(y + j), free, j);
      a += u * u;
      b += u * v;
      c += v * v;
      d += u * load(q + j);
    }
    ss = total(a);
    sy = total(b);
    yy = total(c);
    sq = total(d);
    for (; j < length; j++) {
      double u = !free || free[j] ? s[j] : 0, v = !free || free[j] ? y[j] : 0;
      ss += u * u;
      sy += u * v;
      yy += v * v;
      sq += u * q[j];
    }
  }

  bool usable() const {
    return sy > USABLE * __builtin_sqrt(ss) * __builtin_sqrt(yy) && sy < __builtin_inf();
  }
};

template <class T>
void update(const LbfgsUpdateArgs& k, int64_t i) {
  const uint8_t* accept = (const uint8_t*)k.accept;
  if (accept && !accept[i]) return;
  const T* s = (const T*)k.s + i * k.length;
  const T* y = (const T*)k.y + i * k.length;
  Pair<T> p = {s, y, 0, 0, 0, 0, 0};
  p.measure(s, k.length);
  if (!p.usable()) return;
  int32_t* count = (int32_t*)k.count + i;
  const int64_t at = (i * k.memory + *count % k.memory) * k.length;
  __builtin_memcpy((T*)k.keptS + at, s, k.length * sizeof(T));
  __builtin_memcpy((T*)k.keptY + at, y, k.length * sizeof(T));
  ++*count;
}

// v where the mask holds, else 0: without a branch, which would be mispredicted.
inline float masked(float v, uint8_t mask) {
  return __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, v) & (mask ? ~0u : 0u));
}
inline double masked(double v, uint8_t mask) {
  return __builtin_bit_cast(double, __builtin_bit_cast(uint64_t, v) & (mask ? ~0ull : 0ull));
}

// q += factor v on the free unknowns.
template <class T>
void add(double factor, const T* v, const uint8_t* free, T* q, int64_t length) {
  const T c = (T)factor;
  if (!free) {
    _Pragma("GCC ivdep") for (int64_t j = 0; j < length; j++) q[j] += c * v[j];
    return;
  }
  _Pragma("GCC ivdep") for (int64_t j = 0; j < length; j++) {
    q[j] += c * masked(v[j], free[j]);
  }
}

template <class T>
void direction(const LbfgsDirectionArgs& k, int64_t i) {
  const T* g = (const T*)k.g + i * k.length;
  const uint8_t* free = k.free ? (const uint8_t*)k.free + i * k.length : 0;
  T* q = (T*)k.d + i * k.length;
  if (free) {
    _Pragma("GCC ivdep") for (int64_t j = 0; j < k.length; j++) q[j] = masked(g[j], free[j]);
  } else if (q != g) {
    __builtin_memcpy(q, g, k.length * sizeof(T));
  }
  const int64_t stored = ((const int32_t*)k.count)[i];
  const int64_t kept = stored < k.memory ? stored : k.memory;
  double alpha[MOST_PAIRS];
  Pair<T> pairs[MOST_PAIRS];
  double gamma = 0;
  for (int64_t m = 0; m < kept; m++) {  // newest first
    const int64_t at = (i * k.memory + (stored - 1 - m) % k.memory) * k.length;
    Pair<T>& p = pairs[m];
    p = Pair<T>{(const T*)k.keptS + at, (const T*)k.keptY + at, free, 0, 0, 0, 0};
    p.measure(q, k.length);
    if (!p.usable()) continue;
    alpha[m] = p.sq / p.sy;
    add(-alpha[m], p.y, free, q, k.length);
    gamma = gamma == 0 ? p.sy / p.yy : gamma;
  }
  const T start = gamma == 0 ? T(1) : (T)gamma;
  for (int64_t j = 0; j < k.length; j++) q[j] *= start;
  for (int64_t m = kept - 1; m >= 0; m--) {
    const Pair<T>& p = pairs[m];
    if (!p.usable()) continue;
    const double beta = sum(k.length, Dot<T>{p.y, q}) / p.sy;
    add(alpha[m] - beta, p.s, free, q, k.length);
  }
  for (int64_t j = 0; j < k.length; j++) q[j] = -q[j];
}

void lbfgs_update_range(const void* raw, int64_t from, int64_t to) {
  const LbfgsUpdateArgs& k = *(const LbfgsUpdateArgs*)raw;
  for (int64_t i = from; i < to; i++) k.type == F32 ? update<float>(k, i) : update<double>(k, i);
}

void lbfgs_direction_range(const void* raw, int64_t from, int64_t to) {
  const LbfgsDirectionArgs& k = *(const LbfgsDirectionArgs*)raw;
  for (int64_t i = from; i < to; i++) k.type == F32 ? direction<float>(k, i) : direction<double>(k, i);
}

void lbfgs_update(bs_context* ctx, const void* args) {
  const LbfgsUpdateArgs& k = *(const LbfgsUpdateArgs*)args;
  bs_parallel_ranges(ctx, k.n, row_grain(4 * k.length), lbfgs_update_range, args);
}

void lbfgs_direction(bs_context* ctx, const void* args) {
  const LbfgsDirectionArgs& k = *(const LbfgsDirectionArgs*)args;
  bs_parallel_ranges(ctx, k.n, row_grain(4 * k.length * k.memory), lbfgs_direction_range, args);
}

}  // namespace

BS_TABLE(rows_lbfgs){
    {"lbfgs_update", lbfgs_update},
    {"lbfgs_direction", lbfgs_direction},
    {nullptr, nullptr},
};
