// Concatenation, dropout, change of layout, change of element type.
#include "philox.cuh"

namespace {

// ---- One part of a concatenation: rows of `length` elements at `skip` of rows of `whole`

struct ConcatArgs {
  int64_t bytes, n, length, whole, skip, accumulate, part, y;
};

// f(element of the part, element of y)
template <class F>
__device__ void each_element(const ConcatArgs& k, const F& f) {
  EACH_THREAD(j, k.n * k.length) {
    const int64_t i = quotient(j, k.length);
    f(j, i * k.whole + k.skip + (j - i * k.length));
  }
}

template <class T>
__device__ void join(const ConcatArgs& k) {
  const T* part = (const T*)k.part;
  T* y = (T*)k.y;
  each_element(k, [=](int64_t j, int64_t at) { y[at] = part[j]; });
}

template <class T>
__device__ void part_of(const ConcatArgs& k) {
  const T* y = (const T*)k.y;
  T* part = (T*)k.part;
  each_element(k, [=](int64_t j, int64_t at) { part[j] = y[at]; });
}

template <class T>
__device__ void add_part(const ConcatArgs& k) {
  const T* y = (const T*)k.y;
  T* part = (T*)k.part;
  each_element(k, [=](int64_t j, int64_t at) { part[j] += y[at]; });
}

// ---- Dropout: the element's word of the generator, as the reference draws it

struct DropoutArgs {
  int64_t n, length, seed, stream, sample, step, accumulate, x, y;
  double rate;
};

// ---- Change of layout: [rows,columns] of each image transposed (c x hw, or hw x c)

struct ReorderArgs {
  int64_t bytes, n, rows, columns, x, y;
};

const int TILE = 32;

// A block moves a tile through shared memory, so that reads and writes are of whole lines.
template <class T>
__device__ void transpose(const ReorderArgs& k) {
  __shared__ T tile[TILE][TILE + 1];
  const int64_t down = (k.rows + TILE - 1) / TILE, across = (k.columns + TILE - 1) / TILE;
  const int lane = threadIdx.x % TILE, line = threadIdx.x / TILE;
  EACH_BLOCK(t, k.n * down * across) {
    const int64_t image = t / (down * across), at = t - image * down * across;
    const int64_t i0 = at / across * TILE, j0 = at % across * TILE;
    const T* x = (const T*)k.x + image * k.rows * k.columns;
    T* y = (T*)k.y + image * k.rows * k.columns;
    for (int i = line; i < TILE; i += 8) {
      if (i0 + i < k.rows && j0 + lane < k.columns) tile[i][lane] = x[(i0 + i) * k.columns + j0 + lane];
    }
    __syncthreads();
    for (int j = line; j < TILE; j += 8) {
      if (j0 + j < k.columns && i0 + lane < k.rows) y[(j0 + j) * k.rows + i0 + lane] = tile[lane][j];
    }
    __syncthreads();
  }
}

template <class T>
__device__ void reorder_of(const ReorderArgs& k) {
  if (k.rows != 1 && k.columns != 1) return transpose<T>(k);
  const T* x = (const T*)k.x;
  T* y = (T*)k.y;
  EACH_THREAD(j, k.n * k.rows * k.columns) y[j] = x[j];
}

// ---- Change of element type

struct CastArgs {
  int64_t from, to, count, x, y;
};

struct Bfloat {
  uint16_t bits;
};

__device__ inline double wide(float v) { return v; }
__device__ inline double wide(double v) { return v; }
__device__ inline double wide(int32_t v) { return v; }
__device__ inline double wide(uint8_t v) { return v; }
__device__ inline double wide(Bfloat v) { return __int_as_float((int32_t)((uint32_t)v.bits << 16)); }

__device__ inline void narrow(double v, float* y) { *y = (float)v; }
__device__ inline void narrow(double v, double* y) { *y = v; }
__device__ inline void narrow(double v, int32_t* y) {
  *y = v != v ? 0 : v >= 2147483647.0 ? 2147483647 : v <= -2147483648.0 ? (int32_t)0x80000000 : (int32_t)v;
}
__device__ inline void narrow(double v, uint8_t* y) { *y = !(v > 0) ? 0 : v >= 255 ? 255 : (uint8_t)v; }
__device__ inline void narrow(double v, Bfloat* y) {  // to nearest, ties to even, through float
  const float f = (float)v;
  const uint32_t bits = (uint32_t)__float_as_int(f);
  y->bits = (uint16_t)(f != f ? (bits >> 16) | 0x40 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

template <class A, class B>
__device__ void cast_elements(const CastArgs& k) {
  const A* x = (const A*)k.x;
  B* y = (B*)k.y;
  EACH_THREAD(j, k.count) narrow(wide(x[j]), y + j);
}

template <class A>
__device__ void cast_from(const CastArgs& k) {
  switch (k.to) {
    case F32: return cast_elements<A, float>(k);
    case F64: return cast_elements<A, double>(k);
    case BF16: return cast_elements<A, Bfloat>(k);
    case I32: return cast_elements<A, int32_t>(k);
    case U8: return cast_elements<A, uint8_t>(k);
  }
}

}  // namespace

// part [n,length], y [n,whole]
//: concat thread 1 2
KERNEL(concat)(const ConcatArgs k) {
  switch (k.bytes) {
    case 1: return join<uint8_t>(k);
    case 2: return join<uint16_t>(k);
    case 4: return join<uint32_t>(k);
    case 8: return join<uint64_t>(k);
  }
}

//: split thread 1 2
KERNEL(split)(const ConcatArgs k) {
  if (k.accumulate) return k.bytes == 4 ? add_part<float>(k) : add_part<double>(k);
  switch (k.bytes) {
    case 1: return part_of<uint8_t>(k);
    case 2: return part_of<uint16_t>(k);
    case 4: return part_of<uint32_t>(k);
    case 8: return part_of<uint64_t>(k);
  }
}

// x, y [n,length]; sample [n] or 0, step [1] or 0; a thread draws for four elements
//: dropout_f32 thread 0 1
KERNEL(dropout_f32)(const DropoutArgs k) {
  const uint32_t step = k.step ? *(const uint32_t*)k.step : 0;
  const double keep = 1 - k.rate;
  const int64_t fours = (k.length + 3) / 4;
  EACH_THREAD(t, k.n * fours) {
    const int64_t i = quotient(t, fours), four = t - i * fours;
    const uint32_t sample = k.sample ? ((const uint32_t*)k.sample)[i] : (uint32_t)i;
    const Words words = philox((uint32_t)four, sample, step, (uint32_t)k.stream, (uint64_t)k.seed);
    const int64_t from = i * k.length + four * 4, count = k.length - four * 4;
    const float* x = (const float*)k.x + from;
    float* y = (float*)k.y + from;
#pragma unroll
    for (int j = 0; j < 4; j++) {
      if (j >= count) break;
      const double u = (words.w[j] >> 8) * 0x1p-24;
      const float v = u < k.rate ? 0 : (float)(x[j] / keep);
      y[j] = k.accumulate ? y[j] + v : v;
    }
  }
}

// x [n,rows,columns], y [n,columns,rows]
//: reorder block 1 2 3
KERNEL(reorder)(const ReorderArgs k) {
  switch (k.bytes) {
    case 1: return reorder_of<uint8_t>(k);
    case 2: return reorder_of<uint16_t>(k);
    case 4: return reorder_of<uint32_t>(k);
    case 8: return reorder_of<uint64_t>(k);
  }
}

//: cast thread 2
KERNEL(cast)(const CastArgs k) {
  switch (k.from) {
    case F32: return cast_from<float>(k);
    case F64: return cast_from<double>(k);
    case BF16: return cast_from<Bfloat>(k);
    case I32: return cast_from<int32_t>(k);
    case U8: return cast_from<uint8_t>(k);
  }
}
