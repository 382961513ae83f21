// Vectors of floats as wide as the instruction set this file is compiled for, for loops that the
// compiler does badly. Everything is static: nothing is shared between instruction sets.
#pragma once
#include <immintrin.h>
#include <stdint.h>

// For functions whose arguments must stay in registers.
#define INLINE inline __attribute__((always_inline))

#if defined(__AVX512F__)
#define WIDTH 16
#elif defined(__AVX2__)
#define WIDTH 8
#else
#define WIDTH 4
#endif

typedef float Floats __attribute__((vector_size(4 * WIDTH)));
typedef int32_t Ints __attribute__((vector_size(4 * WIDTH)));

static inline Floats floats(const float* p) {
  Floats v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline Ints ints(const int32_t* p) {
  Ints v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

static inline void store(float* p, Floats v) { __builtin_memcpy(p, &v, sizeof v); }

static inline void store(int32_t* p, Ints v) { __builtin_memcpy(p, &v, sizeof v); }

static inline Floats all(float v) { return v - (Floats){}; }

static inline Ints all(int32_t v) { return v - (Ints){}; }

#if WIDTH == 8
static inline __m256i lanes_below(int64_t count) {
  const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)(count < 8 ? count : 8)), lane);
}
#elif WIDTH == 16
static inline __mmask16 lanes_below(int64_t count) {
  return count >= 16 ? (__mmask16)-1 : count <= 0 ? (__mmask16)0 : (__mmask16)((1u << count) - 1);
}
#endif

// The first count elements, any number; 0 in the other lanes. Nothing else is read.
static inline Floats floats(const float* p, int64_t count) {
#if WIDTH == 16
  return (Floats)_mm512_maskz_loadu_ps(lanes_below(count), p);
#elif WIDTH == 8
  return count >= 8 ? floats(p) : count <= 0 ? Floats{} : (Floats)_mm256_maskload_ps(p, lanes_below(count));
#else
  if (count >= WIDTH) return floats(p);
  Floats v = {};
  for (int64_t k = 0; k < count; k++) v[k] = p[k];
  return v;
#endif
}

// Stores the first count lanes, any number; nothing else is written.
static inline void store(float* p, Floats v, int64_t count) {
#if WIDTH == 16
  _mm512_mask_storeu_ps(p, lanes_below(count), (__m512)v);
#elif WIDTH == 8
  if (count >= 8) return store(p, v);
  if (count > 0) _mm256_maskstore_ps(p, lanes_below(count), (__m256)v);
#else
  if (count >= WIDTH) return store(p, v);
  for (int64_t k = 0; k < count; k++) p[k] = v[k];
#endif
}

// The elements of even, of odd number of a followed by b; and the reverse.
#if WIDTH == 16
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define LOW 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif WIDTH == 8
#define EVEN 0, 2, 4, 6, 8, 10, 12, 14
#define ODD 1, 3, 5, 7, 9, 11, 13, 15
#define LOW 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define EVEN 0, 2, 4, 6
#define ODD 1, 3, 5, 7
#define LOW 0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#endif

static inline Floats even(Floats a, Floats b) { return __builtin_shufflevector(a, b, EVEN); }
static inline Floats odd(Floats a, Floats b) { return __builtin_shufflevector(a, b, ODD); }
static inline Floats interleaved_low(Floats a, Floats b) { return __builtin_shufflevector(a, b, LOW); }
static inline Floats interleaved_high(Floats a, Floats b) { return __builtin_shufflevector(a, b, HIGH); }

#undef EVEN
#undef ODD
#undef LOW
#undef HIGH

// Which lanes: the result of a comparison.
#if WIDTH == 16
typedef __mmask16 Mask;
static inline Mask greater(Floats a, Floats b) { return _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_GT_OQ); }
static inline Mask unordered(Floats a) { return _mm512_cmp_ps_mask((__m512)a, (__m512)a, _CMP_UNORD_Q); }
static inline Mask equal(Ints a, Ints b) { return _mm512_cmpeq_epi32_mask((__m512i)a, (__m512i)b); }
static inline Mask either(Mask a, Mask b) { return a | b; }
static inline Mask both(Mask a, Mask b) { return a & b; }
static inline Mask without(Mask a, Mask b) { return a & (Mask)~b; }
static inline Floats choose(Mask k, Floats yes, Floats no) {
  return (Floats)_mm512_mask_mov_ps((__m512)no, k, (__m512)yes);
}
static inline Ints choose(Mask k, Ints yes, Ints no) {
  return (Ints)_mm512_mask_mov_epi32((__m512i)no, k, (__m512i)yes);
}
static inline Floats only(Mask k, Floats v) { return (Floats)_mm512_maskz_mov_ps(k, (__m512)v); }
static inline Floats except(Mask k, Floats v) { return only((Mask)~k, v); }
static inline bool any_nan(Floats v) { return unordered(v) != 0; }
// Where a later element takes the place of the greatest before it: greater, or the first NaN.
static inline Mask overtakes(Floats later, Floats best) {
  const Mask ordered = _mm512_cmp_ps_mask((__m512)best, (__m512)best, _CMP_ORD_Q);
  return _mm512_mask_cmp_ps_mask(ordered, (__m512)later, (__m512)best, _CMP_NLE_UQ);
}
// The greatest, of equals the earlier; NaN if one is.
static inline Floats greatest(Floats earlier, Floats later) {
  const Mask nan = unordered(later);
  const __m512 v = _mm512_maskz_max_ps((__mmask16)-1, (__m512)later, (__m512)earlier);
  return choose(nan, later, (Floats)v);
}
#else
typedef Ints Mask;
static inline Mask greater(Floats a, Floats b) { return a > b; }
static inline Mask unordered(Floats a) { return a != a; }
static inline Mask equal(Ints a, Ints b) { return a == b; }
static inline Mask either(Mask a, Mask b) { return a | b; }
static inline Mask both(Mask a, Mask b) { return a & b; }
static inline Mask without(Mask a, Mask b) { return a & ~b; }
static inline Floats choose(Mask k, Floats yes, Floats no) { return k ? yes : no; }
static inline Ints choose(Mask k, Ints yes, Ints no) { return k ? yes : no; }
static inline Floats only(Mask k, Floats v) { return (Floats)(k & (Ints)v); }
static inline Floats except(Mask k, Floats v) { return (Floats)(~k & (Ints)v); }
static inline bool any_nan(Floats v) {
  const Mask nan = v != v;
#if WIDTH == 8
  return _mm256_movemask_ps((__m256)nan) != 0;
#else
  return _mm_movemask_ps((__m128)nan) != 0;
#endif
}
// Where a later element takes the place of the greatest before it: greater, or the first NaN.
static inline Mask overtakes(Floats later, Floats best) { return (later > best) | ((later != later) & (best == best)); }
// The greatest, of equals the earlier; NaN if one is.
static inline Floats greatest(Floats earlier, Floats later) { return (later > earlier) | (later != later) ? later : earlier; }
#endif

// The sum of all lanes: halves are added until one is left.
static inline float total(Floats v) {
#if WIDTH == 16
  const __m256 e = (__m256)__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                   (__m256)__builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15);
  __m128 q = _mm256_castps256_ps128(e) + _mm256_extractf128_ps(e, 1);
#elif WIDTH == 8
  __m128 q = _mm256_castps256_ps128((__m256)v) + _mm256_extractf128_ps((__m256)v, 1);
#else
  __m128 q = (__m128)v;
#endif
  q = q + _mm_movehl_ps(q, q);
  q = q + _mm_shuffle_ps(q, q, 1);
  return _mm_cvtss_f32(q);
}

// The first count lanes.
static inline Mask below(int64_t count) {
#if WIDTH == 4
  const int32_t c = (int32_t)(count < 4 ? count : 4);
  return Ints{0, 1, 2, 3} < all(c);
#else
  return (Mask)lanes_below(count);
#endif
}

// The elements of these lanes, 0 in the others. Nothing else is read.
static inline Floats floats_of(Mask k, const float* p) {
#if WIDTH == 16
  return (Floats)_mm512_maskz_loadu_ps(k, p);
#elif WIDTH == 8
  return (Floats)_mm256_maskload_ps(p, (__m256i)k);
#else
  Floats v = {};
  for (int i = 0; i < WIDTH; i++) v[i] = k[i] ? p[i] : 0;
  return v;
#endif
}

// Lanes from..to-1 of the floats at p, 0 in the others. Nothing else is read.
static inline Floats floats(const float* p, int64_t from, int64_t to) {
  return from <= 0 && to >= WIDTH ? floats(p) : floats_of(without(below(to), below(from)), p);
}

// Stores these lanes; nothing else is written.
static inline void store_of(Mask k, float* p, Floats v) {
#if WIDTH == 16
  _mm512_mask_storeu_ps(p, k, (__m512)v);
#elif WIDTH == 8
  _mm256_maskstore_ps(p, (__m256i)k, (__m256)v);
#else
  for (int i = 0; i < WIDTH; i++) {
    if (k[i]) p[i] = v[i];
  }
#endif
}

// 0, 1, 2, ...
static inline Ints lane_numbers() {
#if WIDTH == 16
  return Ints{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
#elif WIDTH == 8
  return Ints{0, 1, 2, 3, 4, 5, 6, 7};
#else
  return Ints{0, 1, 2, 3};
#endif
}

// Lane k takes lane k + by; of the last `by`, the first.
static inline Floats rotated(Floats v, int by) { return __builtin_shuffle(v, (lane_numbers() + by) & (WIDTH - 1)); }

// ReLU; NaN stays.
static inline Floats rectified(Floats v) { return choose(greater(Floats{}, v), Floats{}, v); }

// A gradient where the mask is greater than 0, else 0; NaN in the mask is handed on.
static inline Floats masked(Floats gradient, Floats mask) {
  return choose(unordered(mask), mask, only(greater(mask, Floats{}), gradient));
}
