// Copies by index, and the largest or smallest k of a row.
#include "order.cuh"
#include "reduce.cuh"
#include "rows.cuh"

namespace {

// ---- Index: an index outside its range gives NaN in floating types, else y stays

template <class T>
__device__ void index_elements(const IndexArgs& k, T nan) {
  const int32_t* index = (const int32_t*)k.index;
  const T* x = (const T*)k.x;
  T* y = (T*)k.y;
  const bool elements = k.op == GATHER_ELEMENTS;
  EACH_THREAD(j, elements ? k.n : k.n * k.length) {
    const int64_t i = elements ? j : quotient(j, k.length);
    const int64_t at = index[i], column = j - i * k.length;
    const bool inside = at >= 0 && at < k.rows;
    if (k.op == SCATTER_ROWS) {
      if (inside) y[at * k.length + column] = x[j];
    } else if (inside) {
      y[j] = elements ? x[i * k.length + at] : x[at * k.length + column];
    } else if (k.floating) {
      y[j] = nan;
    }
  }
}

// ---- Sort: keys are numbers above their indices, so that equals keep their order

struct WideKey {
  uint64_t number, at;
};

__device__ inline bool operator<(WideKey a, WideKey b) {
  return a.number < b.number || (a.number == b.number && a.at < b.at);
}

template <class T>
__device__ inline auto number(const SortArgs& s, T v) {
  const auto u = ordered(v);
  return s.descending ? ~u : u;
}

__device__ inline uint64_t key(uint32_t number, int64_t j) { return (uint64_t)number << 32 | (uint64_t)j; }
__device__ inline WideKey key(uint64_t number, int64_t j) { return {number, (uint64_t)j}; }
__device__ inline int64_t position(uint64_t key) { return (int64_t)(key & 0xFFFFFFFFULL); }
__device__ inline int64_t position(WideKey key) { return (int64_t)key.at; }
__device__ inline uint64_t behind(uint64_t) { return ~0ULL; }
__device__ inline WideKey behind(WideKey) { return {~0ULL, ~0ULL}; }

template <class T>
__device__ void give(const SortArgs& s, const T* x, int64_t i, int64_t rank, int64_t at) {
  if (s.values) ((T*)s.values)[i * s.k + rank] = x[at];
  if (s.indices) ((int32_t*)s.indices)[i * s.k + rank] = (int32_t)at;
}

const int FEW = 8;  // as KernelSort.java, which reserves no scratch for them

// The k least, one after another: the least number behind the last one, and its first place.
template <class T>
__device__ void few(const SortArgs& s, const T* x, int64_t i) {
  uint64_t last = 0;
  int64_t at = -1;
  for (int64_t rank = 0; rank < s.k; rank++) {
    uint64_t least = ~0ULL;
    EACH_OF_BLOCK(j, s.length) {
      const uint64_t v = number(s, x[j]);
      if ((v > last || (v == last && j > at)) && v < least) least = v;
    }
    least = block_min(least);
    int64_t first = s.length - 1;
    EACH_OF_BLOCK(j, s.length) {
      const uint64_t v = number(s, x[j]);
      if (v == least && (v > last || j > at) && j < first) first = j;
    }
    at = block_min(first);
    last = least;
    if (threadIdx.x == 0) give(s, x, i, rank, at);
  }
}

// All keys by a bitonic network (Batcher 1968) of the next power of two, below 2 length.
template <class T, class Key>
__device__ void every(const SortArgs& s, const T* x, int64_t i, Key* keys) {
  int64_t width = 1;
  while (width < s.length) width *= 2;
  EACH_OF_BLOCK(j, width) keys[j] = j < s.length ? key(number(s, x[j]), j) : behind(Key());
  for (int64_t run = 2; run <= width; run *= 2) {
    for (int64_t distance = run / 2; distance > 0; distance /= 2) {
      __syncthreads();
      EACH_OF_BLOCK(pair, width / 2) {
        const int64_t low = 2 * (pair & -distance) + (pair & (distance - 1)), high = low + distance;
        const Key a = keys[low], b = keys[high];
        const bool rising = (low & run) == 0;
        if (rising ? b < a : a < b) {
          keys[low] = b;
          keys[high] = a;
        }
      }
    }
  }
  __syncthreads();
  EACH_OF_BLOCK(rank, s.k) give(s, x, i, rank, position(keys[rank]));
  __syncthreads();  // the next row's keys come here
}

template <class T, class Key>
__device__ void sort_rows(const SortArgs& s) {
  EACH_BLOCK(i, s.n) {
    const T* x = (const T*)s.x + i * s.length;
    if (s.k <= FEW) {
      few(s, x, i);
    } else {
      every(s, x, i, (Key*)s.scratch + blockIdx.x * 2 * s.length);
    }
  }
}

}  // namespace

// index [n]; y [n,length] and x [rows,length], or for single elements y [n] and x [n,length]
//: index thread 3 5
KERNEL(index)(const IndexArgs k) {
  switch (k.bytes) {
    case 1: return index_elements<uint8_t>(k, 0);
    case 2: return index_elements<uint16_t>(k, 0x7FC0);
    case 4: return index_elements<uint32_t>(k, 0x7FC00000);
    case 8: return index_elements<uint64_t>(k, 0x7FF8000000000000ULL);
  }
}

// x [n,length], values and indices [n,k]; scratch: 2 length keys, twice as wide as an element, for
// each block of the grid
//: sort block 1
KERNEL(sort)(const SortArgs s) { s.type == F32 ? sort_rows<float, uint64_t>(s) : sort_rows<double, WideKey>(s); }
