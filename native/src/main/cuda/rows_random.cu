// Counter-based random numbers with the bits of the Java reference: compiled without contraction
// to fused multiply-add, and each operation in the reference's order.
// BS_NO_CONTRACTION
#include "philox.cuh"
#include "rows.cuh"

namespace {

__device__ inline double logarithm(double x) {
  int64_t bits = __double_as_longlong(x);
  int64_t e = (int64_t)((uint64_t)bits >> 52) - 1023;
  bits = (bits & 0xFFFFFFFFFFFFFLL) | 0x3FF0000000000000LL;
  double m = __longlong_as_double(bits);
  if (m >= 1.4142135623730951) {
    m = m * 0.5;
    e = e + 1;
  }
  double f = (m - 1) / (m + 1);
  double s = f * f;
  double series = 1.0 / 21;
  for (int k = 19; k >= 3; k -= 2) series = series * s + 1.0 / k;
  double log_m = 2 * f + 2 * f * (s * series);
  return (double)e * 0.6931471805599453 + log_m;
}

__device__ inline double polynomial(const double* c, double r) {
  double value = c[0];
  for (int k = 1; k < 8; k++) value = value * r + c[k];
  return value;
}

// Wichura's AS 241 (PPND16), 1988; coefficients from the highest power down.
static __device__ const double CENTRE[8] = {
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987,
    13731.69376550946, 1971.5909503065513, 133.14166789178438, 3.3871328727963665};
static __device__ const double CENTRE_BELOW[8] = {
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597,
    5394.196021424751, 687.1870074920579, 42.31333070160091, 1.0};
static __device__ const double SHOULDER[8] = {
    0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684,
    3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835};
static __device__ const double SHOULDER_BELOW[8] = {
    1.0507500716444169e-09, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008,
    0.6897673349851, 1.6763848301838038, 2.053191626637759, 1.0};
static __device__ const double TAIL[8] = {
    2.0103343992922881e-07, 2.7115555687434876e-05, 0.0012426609473880784, 0.026532189526576124,
    0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103};
static __device__ const double TAIL_BELOW[8] = {
    2.0442631033899397e-15, 1.421511758316446e-07, 1.8463183175100548e-05, 0.0007868691311456133,
    0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1.0};

__device__ double quantile(double p) {
  const double q = p - 0.5;
  if (fabs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(CENTRE, r) / polynomial(CENTRE_BELOW, r);
  }
  const double r = sqrt(-logarithm(q < 0 ? p : 1 - p));
  const double z = r <= 5 ? polynomial(SHOULDER, r - 1.6) / polynomial(SHOULDER_BELOW, r - 1.6)
                          : polynomial(TAIL, r - 5) / polynomial(TAIL_BELOW, r - 5);
  return q < 0 ? -z : z;
}

// The number before a finite number that is not the least.
__device__ inline float before(float v) {
  const int32_t i = __float_as_int(v);
  return __int_as_float(v == 0 ? (int32_t)0x80000001 : i > 0 ? i - 1 : i + 1);
}

__device__ inline double before(double v) {
  const int64_t i = __double_as_longlong(v);
  return __longlong_as_double(v == 0 ? (int64_t)0x8000000000000001LL : i > 0 ? i - 1 : i + 1);
}

// u in [0,1) and the probability in (0,1) of word, or pair of words, j.
__device__ inline double uniform(const Words& s, int j, float) { return (double)(int32_t)(s.w[j] >> 8) * 0x1p-24; }
__device__ inline double probability(const Words& s, int j, float) { return ((double)s.w[j] + 0.5) * 0x1p-32; }
__device__ inline uint64_t both(const Words& s, int j) { return (uint64_t)s.w[2 * j + 1] << 32 | s.w[2 * j]; }
__device__ inline double uniform(const Words& s, int j, double) { return (double)(both(s, j) >> 11) * 0x1p-53; }
__device__ inline double probability(const Words& s, int j, double) {
  return ((double)(both(s, j) >> 12) + 0.5) * 0x1p-52;
}

// A thread makes what one block of Philox gives: four words.
template <class T>
__device__ void random_rows(const RandomArgs& k) {
  const int per = 16 / sizeof(T);
  const int32_t* samples = (const int32_t*)k.sample;
  const uint32_t step = k.step ? *(const uint32_t*)k.step : 0;
  const T high = (T)k.b;
  const T last = (T)k.a < high ? before(high) : high;  // where rounding would reach the upper end
  const double a = k.a, b = k.b, width = k.b - k.a;
  const int64_t blocks = (k.length + per - 1) / per;
  EACH_THREAD(t, k.n * blocks) {
    const int64_t i = quotient(t, blocks), block = t - i * blocks;
    const uint32_t sample = samples ? (uint32_t)samples[i] : (uint32_t)i;
    const Words words = philox((uint32_t)block, sample, step, (uint32_t)k.stream, (uint64_t)k.seed);
    T* y = (T*)k.y + i * k.length + block * per;
    const int64_t count = k.length - block * per;
#pragma unroll
    for (int j = 0; j < per; j++) {
      if (j >= count) break;
      if (k.distribution == UNIFORM) {
        const T v = (T)(a + width * uniform(words, j, T()));
        y[j] = v >= high ? last : v;
      } else {
        y[j] = (T)(a + b * quantile(probability(words, j, T())));
      }
    }
  }
}

}  // namespace

// y [n,length]; sample [n] or 0, step [1] or 0
//: random thread 2 3
KERNEL(random)(const RandomArgs k) { k.type == F32 ? random_rows<float>(k) : random_rows<double>(k); }
