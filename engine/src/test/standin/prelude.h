// Makes g++ take our CUDA C: put before every source that the stand-in NVRTC compiles. Holds what our kernels and
// users' simple ones call; like NVRTC it has no standard headers.
#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
#define __host__
#define __device__
#define __global__ STANDIN_GLOBAL  // marks that the stand-in NVRTC looks for and takes away
#define __shared__ STANDIN_SHARED  // becomes static, in a section that is filled with 0xFF (NaN) before each block
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__ __restrict
#define __launch_bounds__(...)

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

// --- Barriers and the warp's exchanges; the line tells one from another.
enum { STANDIN_SYNC = 1, STANDIN_INDEX, STANDIN_UP, STANDIN_DOWN, STANDIN_XOR, STANDIN_BALLOT };
#define __syncthreads() standin_block.sync(__LINE__)
#define __syncwarp(...) standin_ballot(__LINE__, STANDIN_SYNC, 0xffffffffu, 0)
#define __ballot_sync(mask, p) standin_ballot(__LINE__, STANDIN_BALLOT, mask, p)
#define __any_sync(mask, p) (__ballot_sync(mask, p) != 0)
#define __all_sync(mask, p) (__ballot_sync(mask, !(p)) == 0)
#define __shfl_sync(...) standin_shuffle(__LINE__, STANDIN_INDEX, __VA_ARGS__)
#define __shfl_up_sync(...) standin_shuffle(__LINE__, STANDIN_UP, __VA_ARGS__)
#define __shfl_down_sync(...) standin_shuffle(__LINE__, STANDIN_DOWN, __VA_ARGS__)
#define __shfl_xor_sync(...) standin_shuffle(__LINE__, STANDIN_XOR, __VA_ARGS__)

static inline unsigned standin_ballot(int line, int kind, unsigned mask, int predicate) {
  unsigned present, votes = 0;
  const unsigned long long* lanes = standin_block.exchange(line, kind, mask, predicate != 0, &present);
  for (int k = 0; k < 32; k++) votes |= (present >> k & 1) && lanes[k] ? 1u << k : 0;
  return votes;
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

static inline void __trap() { standin_block.trap(); }

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
STANDIN_MATH1(log1p) STANDIN_MATH1(sqrt) STANDIN_MATH1(cbrt) STANDIN_MATH1(sin) STANDIN_MATH1(cos)
STANDIN_MATH1(tan) STANDIN_MATH1(atan) STANDIN_MATH1(tanh) STANDIN_MATH1(erf) STANDIN_MATH1(floor)
STANDIN_MATH1(ceil) STANDIN_MATH1(trunc) STANDIN_MATH1(round) STANDIN_MATH1(rint) STANDIN_MATH1(fabs)
STANDIN_MATH2(pow) STANDIN_MATH2(fmod) STANDIN_MATH2(atan2) STANDIN_MATH2(fmax) STANDIN_MATH2(fmin)
STANDIN_MATH2(copysign)
static inline double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
static inline float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
static inline double rsqrt(double x) { return 1.0 / sqrt(x); }
template <class T> static inline bool isnan(T x) { return __builtin_isnan(x); }
template <class T> static inline bool isinf(T x) { return __builtin_isinf(x); }
template <class T> static inline bool isfinite(T x) { return __builtin_isfinite(x); }
template <class T> static inline T min(T a, T b) { return b < a ? b : a; }
template <class T> static inline T max(T a, T b) { return a < b ? b : a; }
static inline float min(float a, float b) { return fminf(a, b); }
static inline float max(float a, float b) { return fmaxf(a, b); }
static inline double min(double a, double b) { return fmin(a, b); }
static inline double max(double a, double b) { return fmax(a, b); }

// --- Bits, and arithmetic that the compiler must not contract.
template <class T, class F>
static inline T standin_bits(F x) {
  static_assert(sizeof(T) == sizeof(F), "sizes differ");
  T y;
  __builtin_memcpy(&y, &x, sizeof y);
  return y;
}
static inline int __float_as_int(float x) { return standin_bits<int>(x); }
static inline float __int_as_float(int x) { return standin_bits<float>(x); }
static inline unsigned __float_as_uint(float x) { return standin_bits<unsigned>(x); }
static inline float __uint_as_float(unsigned x) { return standin_bits<float>(x); }
static inline long long __double_as_longlong(double x) { return standin_bits<long long>(x); }
static inline double __longlong_as_double(long long x) { return standin_bits<double>(x); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
template <class T> static inline T __ldg(const T* p) { return *p; }
#define STANDIN_ROUNDED(T, name, expression) \
  static inline T name(T a, T b) {           \
    T r = expression;                        \
    asm("" : "+x"(r));                       \
    return r;                                \
  }
STANDIN_ROUNDED(float, __fadd_rn, a + b) STANDIN_ROUNDED(float, __fmul_rn, a * b)
STANDIN_ROUNDED(double, __dadd_rn, a + b) STANDIN_ROUNDED(double, __dmul_rn, a * b)

// --- The door of a kernel: runs threads one after the other until none is left that has not begun.
template <class T>
static inline const T& standin_take(const char* parameters, unsigned long& at) {
  at = (at + alignof(T) - 1) / alignof(T) * alignof(T) + sizeof(T);
  return *(const T*)(parameters + at - sizeof(T));
}

struct StandinCall {
  template <class... A>
  StandinCall(void (*kernel)(A...), const A&... a) { kernel(a...); }
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
    threadIdx.x = standin_block.next++ ^ standin_block.turn;
    StandinCall{K, standin_take<A>(parameters, at)...};
    standin_block.returned[threadIdx.x] = 1;
  }
  return 0;
}
