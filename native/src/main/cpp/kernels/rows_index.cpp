// Copies by index, and the largest or smallest k of a row.
#include "rows.h"

namespace {

// ---- Index

void fill(uint8_t* y, const IndexArgs& k, int64_t count) {
  // An index outside its range: NaN in floating types, else y stays.
  if (!k.floating) return;
  for (int64_t j = 0; j < count; j++) {
    const float single = __builtin_nanf("");
    const double twice = __builtin_nan("");
    const uint16_t half = 0x7fc0;
    const void* nan = k.bytes == 4 ? (const void*)&single : k.bytes == 8 ? (const void*)&twice : &half;
    __builtin_memcpy(y + j * k.bytes, nan, k.bytes);
  }
}

void index_rows_range(const void* raw, int64_t from, int64_t to) {
  const IndexArgs& k = *(const IndexArgs*)raw;
  const int32_t* at = (const int32_t*)k.index;
  const uint8_t* x = (const uint8_t*)k.x;
  uint8_t* y = (uint8_t*)k.y;
  const int64_t row = k.length * k.bytes;
  for (int64_t i = from; i < to; i++) {
    const bool inside = at[i] >= 0 && at[i] < k.rows;
    switch (k.op) {
      case GATHER_ROWS:
        inside ? (void)__builtin_memcpy(y + i * row, x + at[i] * row, row) : fill(y + i * row, k, k.length);
        break;
      case SCATTER_ROWS:
        if (inside) __builtin_memcpy(y + at[i] * row, x + i * row, row);
        break;
      case GATHER_ELEMENTS:
        inside ? (void)__builtin_memcpy(y + i * k.bytes, x + i * row + at[i] * k.bytes, k.bytes)
               : fill(y + i * k.bytes, k, 1);
        break;
    }
  }
}

// ---- Sort

// Numbers as unsigned integers in the same order: NaN above everything, zeros equal.
inline uint32_t ordered(float v) {
  uint32_t u;
  __builtin_memcpy(&u, &v, 4);
  return v != v ? ~0u : v == 0 ? 1u << 31 : (u >> 31) ? ~u : u | 1u << 31;
}

inline uint64_t ordered(double v) {
  uint64_t u;
  __builtin_memcpy(&u, &v, 8);
  return v != v ? ~0ull : v == 0 ? 1ull << 63 : (u >> 63) ? ~u : u | 1ull << 63;
}

// A number above its index, so that equals keep their order; the number's bits begin at SHIFT.
template <class T>
struct Keys;

template <>
struct Keys<float> {
  typedef uint64_t Key;
  static const int SHIFT = 32;
};

template <>
struct Keys<double> {
  typedef unsigned __int128 Key;
  static const int SHIFT = 64;
};

template <class T>
inline typename Keys<T>::Key key(const T* x, int64_t j, bool descending) {
  const auto number = ordered(x[j]);
  return (typename Keys<T>::Key)(descending ? ~number : number) << Keys<T>::SHIFT | (uint64_t)j;
}

const int FEW = 32;

// The k least keys in order, by insertion.
template <class T, class Key>
void few(const T* x, const SortArgs& s, Key* best) {
  int64_t held = 0;
  for (int64_t j = 0; j < s.length; j++) {
    const Key own = key(x, j, s.descending);
    if (held == s.k && own > best[held - 1]) continue;
    int64_t at = held < s.k ? held++ : held - 1;
    for (; at > 0 && best[at - 1] > own; at--) best[at] = best[at - 1];
    best[at] = own;
  }
}

// All keys in order: radix sort, least significant byte first, which keeps the order of equals.
template <class T, class Key>
Key* every(const T* x, const SortArgs& s, Key* keys, Key* other) {
  for (int64_t j = 0; j < s.length; j++) keys[j] = key(x, j, s.descending);
  for (int shift = Keys<T>::SHIFT; shift < 2 * Keys<T>::SHIFT; shift += 8) {
    int64_t start[257] = {};
    for (int64_t j = 0; j < s.length; j++) start[(int)(keys[j] >> shift & 255) + 1]++;
    for (int v = 0; v < 256; v++) start[v + 1] += start[v];
    for (int64_t j = 0; j < s.length; j++) other[start[(int)(keys[j] >> shift & 255)]++] = keys[j];
    Key* swap = keys;
    keys = other;
    other = swap;
  }
  return keys;
}

template <class T>
void sort_row(const void* raw, int64_t i, int thread) {
  typedef typename Keys<T>::Key Key;
  const SortArgs& s = *(const SortArgs*)raw;
  const T* x = (const T*)s.x + i * s.length;
  Key small[FEW];
  Key* keys = small;
  if (s.k <= FEW) {
    few(x, s, small);
  } else {
    Key* scratch = (Key*)s.scratch + thread * 2 * s.length;
    keys = every(x, s, scratch, scratch + s.length);
  }
  for (int64_t j = 0; j < s.k; j++) {
    const int32_t at = (int32_t)(uint32_t)keys[j];
    if (s.values) ((T*)s.values)[i * s.k + j] = x[at];
    if (s.indices) ((int32_t*)s.indices)[i * s.k + j] = at;
  }
}

// ---- Entries

void index_rows(bs_context* ctx, const void* args) {
  const IndexArgs& k = *(const IndexArgs*)args;
  bs_parallel_ranges(ctx, k.n, row_grain(k.length), index_rows_range, args);
}

void sort(bs_context* ctx, const void* args) {
  SortArgs s = *(const SortArgs*)args;
  s.scratch = (int64_t)bs_workspace(ctx);
  const auto row = s.type == F32 ? sort_row<float> : sort_row<double>;
  if (s.n * s.length < GRAIN / 4) {
    for (int64_t i = 0; i < s.n; i++) row(&s, i, 0);
  } else {
    bs_parallel(ctx, s.n, row, &s);
  }
}

}  // namespace

BS_TABLE(rows_index){
    {"index", index_rows},
    {"sort", sort},
    {nullptr, nullptr},
};
