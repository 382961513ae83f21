// Counter-based random numbers with the bits of the Java reference: compiled without contraction
// to fused multiply-add, and each operation in the reference's order.
// BS_NO_CONTRACTION
#include "philox.h"
#include "rows.h"

namespace {

inline double logarithm(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, 8);
  int64_t e = (int64_t)(bits >> 52) - 1023;
  bits = (bits & 0xFFFFFFFFFFFFFULL) | 0x3FF0000000000000ULL;
  double m;
  __builtin_memcpy(&m, &bits, 8);
  if (m >= 1.4142135623730951) {
    m = m * 0.5;
    e = e + 1;
  }
  double f = (m - 1) / (m + 1);
  double s = f * f;
  double series = 1.0 / 21;
  for (int k = 19; k >= 3; k -= 2) series = series * s + 1.0 / k;
  double logM = 2 * f + 2 * f * (s * series);
  return (double)e * 0.6931471805599453 + logM;
}

inline double polynomial(const double* c, double r) {
  double value = c[0];
  for (int k = 1; k < 8; k++) value = value * r + c[k];
  return value;
}

// Wichura's AS 241 (PPND16), 1988; coefficients from the highest power down.
const double CENTRE[8] = {
    2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946, 1971.5909503065513, 133.14166789178438, 3.3871328727963665};
const double CENTRE_BELOW[8] = {
    5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751, 687.1870074920579, 42.31333070160091, 1.0};
const double SHOULDER[8] = {
    0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835};
const double SHOULDER_BELOW[8] = {
    1.0507500716444169e-09, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851, 1.6763848301838038, 2.053191626637759, 1.0};
const double TAIL[8] = {
    2.0103343992922881e-07, 2.7115555687434876e-05, 0.0012426609473880784, 0.026532189526576124, 0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103};
const double TAIL_BELOW[8] = {
    2.0442631033899397e-15, 1.421511758316446e-07, 1.8463183175100548e-05, 0.0007868691311456133, 0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1.0};

inline double centre(double q) {
  double r = 0.180625 - q * q;
  return q * polynomial(CENTRE, r) / polynomial(CENTRE_BELOW, r);
}

double tail(double p, double q) {
  double r = __builtin_sqrt(-logarithm(q < 0 ? p : 1 - p));
  double z = r <= 5 ? polynomial(SHOULDER, r - 1.6) / polynomial(SHOULDER_BELOW, r - 1.6)
                    : polynomial(TAIL, r - 5) / polynomial(TAIL_BELOW, r - 5);
  return q < 0 ? -z : z;
}

// Quantiles of count probabilities: all as if in the centre, which the compiler vectorises, then
// the 15 % that are not.
void quantiles(const double* p, double* z, int64_t count) {
  for (int64_t j = 0; j < count; j++) z[j] = centre(p[j] - 0.5);
  for (int64_t j = 0; j < count; j++) {
    const double q = p[j] - 0.5;
    if (!(__builtin_fabs(q) <= 0.425)) z[j] = tail(p[j], q);
  }
}

// The number before a finite number that is not the least.
inline float before(float v) {
  int32_t i;
  __builtin_memcpy(&i, &v, 4);
  i = v == 0 ? (int32_t)0x80000001 : i > 0 ? i - 1 : i + 1;
  __builtin_memcpy(&v, &i, 4);
  return v;
}

inline double before(double v) {
  int64_t i;
  __builtin_memcpy(&i, &v, 8);
  i = v == 0 ? (int64_t)0x8000000000000001 : i > 0 ? i - 1 : i + 1;
  __builtin_memcpy(&v, &i, 8);
  return v;
}

const int BLOCKS = 16;  // of Philox at a time: the compiler vectorises over them

struct Stream {
  uint32_t sample, step, stream, low, high;
};

void fill(const Stream& s, int64_t first, uint32_t* words) {
  uint32_t w[4][BLOCKS];
  for (int b = 0; b < BLOCKS; b++) {
    uint32_t out[4];
    philox((uint32_t)first + b, s.sample, s.step, s.stream, s.low, s.high, out);
    w[0][b] = out[0];
    w[1][b] = out[1];
    w[2][b] = out[2];
    w[3][b] = out[3];
  }
  for (int b = 0; b < BLOCKS; b++) {
    for (int i = 0; i < 4; i++) words[4 * b + i] = w[i][b];
  }
}

// u in [0,1) and the probability in (0,1) of word, or pair of words, j.
inline double uniform(const uint32_t* w, int64_t j, float) { return (double)(int32_t)(w[j] >> 8) * 0x1p-24; }
inline double probability(const uint32_t* w, int64_t j, float) { return ((double)w[j] + 0.5) * 0x1p-32; }
inline uint64_t both(const uint32_t* w, int64_t j) { return (uint64_t)w[2 * j + 1] << 32 | w[2 * j]; }
inline double uniform(const uint32_t* w, int64_t j, double) { return (double)(both(w, j) >> 11) * 0x1p-53; }
inline double probability(const uint32_t* w, int64_t j, double) {
  return ((double)(both(w, j) >> 12) + 0.5) * 0x1p-52;
}

template <class T>
void random_row(const RandomArgs& k, const Stream& s, T* y) {
  const int64_t chunk = 16 * BLOCKS / sizeof(T);
  const T high = (T)k.b;
  const T last = (T)k.a < high ? before(high) : high;  // where rounding would reach the upper end
  const double a = k.a, b = k.b, width = k.b - k.a;
  for (int64_t from = 0; from < k.length; from += chunk) {
    const int64_t count = from + chunk <= k.length ? chunk : k.length - from;
    uint32_t words[4 * BLOCKS];
    fill(s, from * (int64_t)sizeof(T) / 16, words);
    T* out = y + from;
    if (k.distribution == UNIFORM) {
      for (int64_t j = 0; j < count; j++) {
        T v = (T)(a + width * uniform(words, j, T()));
        out[j] = v >= high ? last : v;
      }
    } else {
      double p[4 * BLOCKS], z[4 * BLOCKS];
      for (int64_t j = 0; j < count; j++) p[j] = probability(words, j, T());
      quantiles(p, z, count);
      for (int64_t j = 0; j < count; j++) out[j] = (T)(a + b * z[j]);
    }
  }
}

template <class T>
void random(const RandomArgs& k, int64_t from, int64_t to) {
  const int32_t* samples = (const int32_t*)k.sample;
  const uint32_t step = k.step ? *(const uint32_t*)k.step : 0;
  for (int64_t i = from; i < to; i++) {
    const uint32_t sample = samples ? (uint32_t)samples[i] : (uint32_t)i;
    const Stream s = {sample, step, (uint32_t)k.stream, (uint32_t)k.seed, (uint32_t)((uint64_t)k.seed >> 32)};
    random_row(k, s, (T*)k.y + i * k.length);
  }
}

void random_range(const void* raw, int64_t from, int64_t to) {
  const RandomArgs& k = *(const RandomArgs*)raw;
  k.type == F32 ? random<float>(k, from, to) : random<double>(k, from, to);
}

void random(bs_context* ctx, const void* args) {
  const RandomArgs& k = *(const RandomArgs*)args;
  bs_parallel_ranges(ctx, k.n, GRAIN / 16 / k.length + 1, random_range, args);
}

}  // namespace

BS_TABLE(rows_random){
    {"random", random},
    {nullptr, nullptr},
};
