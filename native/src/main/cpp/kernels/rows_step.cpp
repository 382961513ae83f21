// The step of the iterated fast gradient sign method, one pass over each row.
#include "rows.h"

namespace {

inline int32_t magnitude_bits(float v) { return __builtin_bit_cast(int32_t, v) & INT32_MAX; }
inline int64_t magnitude_bits(double v) { return __builtin_bit_cast(int64_t, v) & INT64_MAX; }
inline float number(int32_t bits) { return __builtin_bit_cast(float, bits); }
inline double number(int64_t bits) { return __builtin_bit_cast(double, bits); }

// The largest |g|. As integers magnitudes have their order, infinity behind all numbers and NaN
// behind infinity, and their maximum is one that the compiler vectorises.
template <class T>
T largest(const T* g, int64_t length) {
  decltype(magnitude_bits(T())) most = 0;
  for (int64_t j = 0; j < length; j++) {
    const auto m = magnitude_bits(g[j]);
    most = m > most ? m : most;
  }
  return number(most);
}

// Sums of two floats rounded once are those of the projection, which forms them in double.
template <class T>
void sign_step(const SignStepArgs& k, int64_t i) {
  const T* centre = (const T*)k.centre + i * k.length;
  const T* x = (const T*)k.x + i * k.length;
  const T* g = (const T*)k.g + i * k.length;
  T* z = (T*)k.z + i * k.length;
  const T radius = ((const T*)k.radius)[i], low = (T)k.low, high = (T)k.high;
  const T size = largest(g, k.length);
  ((T*)k.size)[i] = size;
  const T up = size <= (sizeof(T) == 4 ? T(__FLT_MAX__) : T(__DBL_MAX__)) ? (T)k.alpha : T(0);
  if (!(radius >= 0)) {
    for (int64_t j = 0; j < k.length; j++) z[j] = T(__builtin_nan(""));
    return;
  }
  _Pragma("GCC ivdep") for (int64_t j = 0; j < k.length; j++) {
    const T s = g[j] > 0 ? up : g[j] < 0 ? -up : T(0);
    const T least = centre[j] - radius, most = centre[j] + radius;
    T y = x[j] + s;
    y = y < least ? least : y;
    y = y > most ? most : y;
    y = y < low ? low : y;
    z[j] = y > high ? high : y;
  }
}

void sign_step_range(const void* raw, int64_t from, int64_t to) {
  const SignStepArgs& k = *(const SignStepArgs*)raw;
  for (int64_t i = from; i < to; i++) k.type == F32 ? sign_step<float>(k, i) : sign_step<double>(k, i);
}

void sign_step(bs_context* ctx, const void* args) {
  const SignStepArgs& k = *(const SignStepArgs*)args;
  bs_parallel_ranges(ctx, k.n, row_grain(k.length), sign_step_range, args);
}

}  // namespace

BS_TABLE(rows_step){
    {"sign_step", sign_step},
    {nullptr, nullptr},
};
