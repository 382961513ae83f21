// Makes g++ take our CUDA C: put before every source that the stand-in NVRTC compiles. Like NVRTC it has no
// standard headers.
#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
#define __host__
#define __device__
#define __global__ STANDIN_GLOBAL
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
// The stand-in NVRTC makes this `static`, in a section of its own that is filled with 0xFF (NaN) before each block.
#define __shared__ STANDIN_SHARED

typedef __SIZE_TYPE__ size_t;

extern "C" {
extern char __start_standin_shared[] __attribute__((weak)), __stop_standin_shared[] __attribute__((weak));
StandinBlock standin_block;
char* standin_shared_begin() { return __start_standin_shared; }
char* standin_shared_end() { return __stop_standin_shared; }
}

#define threadIdx standin_block.thread
#define blockIdx standin_block.block
#define blockDim standin_block.size
#define gridDim standin_block.grid
static const int warpSize = 32;

// --- Barriers and the warp's exchanges; the line tells one barrier from another.
#define __syncthreads() standin_block.sync(__LINE__)
#define __syncwarp(...) standin_syncwarp(__LINE__ __VA_OPT__(, ) __VA_ARGS__)
#define __shfl_sync(...) standin_shuffle(__LINE__, STANDIN_INDEX, __VA_ARGS__)
#define __shfl_up_sync(...) standin_shuffle(__LINE__, STANDIN_UP, __VA_ARGS__)
#define __shfl_down_sync(...) standin_shuffle(__LINE__, STANDIN_DOWN, __VA_ARGS__)
#define __shfl_xor_sync(...) standin_shuffle(__LINE__, STANDIN_XOR, __VA_ARGS__)
#define __ballot_sync(mask, p) standin_ballot(__LINE__, mask, p)
#define __any_sync(mask, p) (standin_ballot(__LINE__, mask, p) != 0)
#define __all_sync(mask, p) (standin_ballot(__LINE__, mask, !(p)) == 0)

enum { STANDIN_SYNC = 1, STANDIN_INDEX, STANDIN_UP, STANDIN_DOWN, STANDIN_XOR, STANDIN_BALLOT };

static inline void standin_syncwarp(int line, unsigned mask = 0xFFFFFFFFu) {
  unsigned present;
  standin_block.exchange(line, STANDIN_SYNC, mask, 0, &present);
}

template <class T>
static inline T standin_shuffle(int line, int kind, unsigned mask, T value, int by, int width = 32) {
  static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
  int lane = (int)(threadIdx.x & 31), first = lane & ~(width - 1), from = lane;
  if (kind == STANDIN_INDEX) from = first + (by & (width - 1));
  if (kind == STANDIN_UP && lane - by >= first) from = lane - by;
  if (kind == STANDIN_DOWN && lane + by < first + width) from = lane + by;
  if (kind == STANDIN_XOR && (lane ^ by) < first + width) from = lane ^ by;
  unsigned long long bits = 0;
  __builtin_memcpy(&bits, &value, sizeof value);
  unsigned present;
  const unsigned long long* lanes = standin_block.exchange(line, kind, mask, bits, &present);
  if (!(present >> from & 1)) standin_block.fail("a shuffle reads a lane that has returned or is not in its mask");
  __builtin_memcpy(&value, lanes + from, sizeof value);
  return value;
}

static inline unsigned standin_ballot(int line, unsigned mask, int predicate) {
  unsigned present, votes = 0;
  const unsigned long long* lanes = standin_block.exchange(line, STANDIN_BALLOT, mask, predicate != 0, &present);
  for (int k = 0; k < 32; k++) votes |= (present >> k & 1) && lanes[k] ? 1u << k : 0;
  return votes;
}

static inline void __threadfence() {}
static inline void __threadfence_block() {}
static inline void __trap() { standin_block.trap(); }

template <class T, class U>
static inline T atomicAdd(T* p, U v) {
  T old = *p;
  *p = (T)(old + v);
  return old;
}

template <class T, class U>
static inline T atomicMax(T* p, U v) {
  T old = *p;
  if (old < (T)v) *p = (T)v;
  return old;
}

// --- Mathematics.
#define STANDIN_MATH1(name)                 \
  extern "C" double name(double) noexcept;  \
  extern "C" float name##f(float) noexcept; \
  static inline float name(float x) { return name##f(x); }
#define STANDIN_MATH2(name)                        \
  extern "C" double name(double, double) noexcept; \
  extern "C" float name##f(float, float) noexcept; \
  static inline float name(float x, float y) { return name##f(x, y); }
STANDIN_MATH1(exp) STANDIN_MATH1(exp2) STANDIN_MATH1(expm1) STANDIN_MATH1(log) STANDIN_MATH1(log2)
STANDIN_MATH1(log10) STANDIN_MATH1(log1p) STANDIN_MATH1(sqrt) STANDIN_MATH1(cbrt) STANDIN_MATH1(sin)
STANDIN_MATH1(cos) STANDIN_MATH1(tan) STANDIN_MATH1(asin) STANDIN_MATH1(acos) STANDIN_MATH1(atan)
STANDIN_MATH1(sinh) STANDIN_MATH1(cosh) STANDIN_MATH1(tanh) STANDIN_MATH1(erf) STANDIN_MATH1(erfc)
STANDIN_MATH1(floor) STANDIN_MATH1(ceil) STANDIN_MATH1(trunc) STANDIN_MATH1(round) STANDIN_MATH1(rint)
STANDIN_MATH1(fabs)
STANDIN_MATH2(pow) STANDIN_MATH2(fmod) STANDIN_MATH2(atan2) STANDIN_MATH2(hypot) STANDIN_MATH2(fmax)
STANDIN_MATH2(fmin) STANDIN_MATH2(copysign) STANDIN_MATH2(nextafter)
static inline double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
static inline float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline float fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline float ldexpf(float x, int e) { return __builtin_ldexpf(x, e); }
static inline double ldexp(double x, int e) { return __builtin_ldexp(x, e); }
static inline float rsqrtf(float x) { return 1.0f / __builtin_sqrtf(x); }
static inline double rsqrt(double x) { return 1.0 / __builtin_sqrt(x); }
static inline float __saturatef(float x) { return x > 0 ? x < 1 ? x : 1.0f : 0.0f; }
#define __expf expf
#define __logf logf
template <class T> static inline bool isnan(T x) { return __builtin_isnan(x); }
template <class T> static inline bool isinf(T x) { return __builtin_isinf(x); }
template <class T> static inline bool isfinite(T x) { return __builtin_isfinite(x); }
template <class T> static inline bool signbit(T x) { return __builtin_signbit(x); }
#define STANDIN_LEAST(T)                                        \
  static inline T min(T a, T b) { return b < a ? b : a; }       \
  static inline T max(T a, T b) { return a < b ? b : a; }
STANDIN_LEAST(int) STANDIN_LEAST(unsigned) STANDIN_LEAST(long) STANDIN_LEAST(unsigned long)
STANDIN_LEAST(long long) STANDIN_LEAST(unsigned long long)
static inline float min(float a, float b) { return fminf(a, b); }
static inline float max(float a, float b) { return fmaxf(a, b); }
static inline double min(double a, double b) { return fmin(a, b); }
static inline double max(double a, double b) { return fmax(a, b); }
static inline int abs(int x) { return x < 0 ? -x : x; }
static inline long long abs(long long x) { return x < 0 ? -x : x; }
static inline float abs(float x) { return fabsf(x); }
static inline double abs(double x) { return fabs(x); }

// --- Bits, and arithmetic that the compiler must not contract.
template <class T, class F>
static inline T standin_bits(F x) {
  static_assert(sizeof(T) == sizeof(F), "sizes differ");
  T y;
  __builtin_memcpy(&y, &x, sizeof y);
  return y;
}
static inline int __float_as_int(float x) { return standin_bits<int>(x); }
static inline unsigned __float_as_uint(float x) { return standin_bits<unsigned>(x); }
static inline float __int_as_float(int x) { return standin_bits<float>(x); }
static inline float __uint_as_float(unsigned x) { return standin_bits<float>(x); }
static inline long long __double_as_longlong(double x) { return standin_bits<long long>(x); }
static inline double __longlong_as_double(long long x) { return standin_bits<double>(x); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) {
  return (unsigned long long)((unsigned __int128)a * b >> 64);
}
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }
static inline int __clzll(long long x) { return x ? __builtin_clzll(x) : 64; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
template <class T> static inline T __ldg(const T* p) { return *p; }
#define STANDIN_ROUNDED(T, name, expression) \
  static inline T name(T a, T b) {           \
    T r = expression;                        \
    asm("" : "+x"(r));                       \
    return r;                                \
  }
STANDIN_ROUNDED(float, __fadd_rn, a + b) STANDIN_ROUNDED(float, __fsub_rn, a - b)
STANDIN_ROUNDED(float, __fmul_rn, a * b) STANDIN_ROUNDED(float, __fdiv_rn, a / b)
STANDIN_ROUNDED(double, __dadd_rn, a + b) STANDIN_ROUNDED(double, __dsub_rn, a - b)
STANDIN_ROUNDED(double, __dmul_rn, a * b) STANDIN_ROUNDED(double, __ddiv_rn, a / b)
static inline float __fmaf_rn(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline double __fma_rn(double a, double b, double c) { return __builtin_fma(a, b, c); }
static inline float __fsqrt_rn(float x) { return __builtin_sqrtf(x); }
static inline double __dsqrt_rn(double x) { return __builtin_sqrt(x); }
static inline float __double2float_rn(double x) { return (float)x; }
static inline int __float2int_rn(float x) { return (int)__builtin_rintf(x); }

#define STANDIN_VECTOR(T, name)                                                                        \
  struct __attribute__((aligned(2 * sizeof(T)))) name##2 { T x, y; };                                  \
  struct __attribute__((aligned(4 * sizeof(T) < 16 ? 4 * sizeof(T) : 16))) name##4 { T x, y, z, w; };  \
  static inline name##2 make_##name##2(T x, T y) { return {x, y}; }                                    \
  static inline name##4 make_##name##4(T x, T y, T z, T w) { return {x, y, z, w}; }
STANDIN_VECTOR(float, float) STANDIN_VECTOR(double, double) STANDIN_VECTOR(int, int)
STANDIN_VECTOR(unsigned, uint) STANDIN_VECTOR(long long, longlong)

// --- The door of a kernel: runs threads one after the other until none is left that has not begun.
template <class T>
static inline const T& standin_take(const char* parameters, unsigned long& at) {
  at = (at + alignof(T) - 1) / alignof(T) * alignof(T) + sizeof(T);
  return *(const T*)(parameters + at - sizeof(T));
}

struct StandinCall {
  template <class... A>
  StandinCall(void (*kernel)(A...), const A&... a) {
    kernel(a...);
  }
};

template <auto K, class... A>
static inline unsigned long standin_run(void (*)(A...), const char* parameters) {
  unsigned long at = 0;
  if (!parameters) {
    ((at = (at + alignof(A) - 1) / alignof(A) * alignof(A) + sizeof(A)), ...);
    return at;
  }
  while (standin_block.next < standin_block.size.x) {
    at = 0;
    threadIdx.x = standin_block.next++;
    StandinCall{K, standin_take<A>(parameters, at)...};
    standin_block.returned[threadIdx.x] = 1;
  }
  return 0;
}
