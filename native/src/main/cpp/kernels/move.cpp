// Concatenation, dropout, change of layout, change of element type.
#include "level.h"
#include "philox.h"

namespace {

// ---- One part of a concatenation: rows of `length` elements at `skip` of rows of `whole`

struct ConcatArgs {
  int64_t bytes, n, length, whole, skip, accumulate, part, y;
};

void concat_range(const void* raw, int64_t from, int64_t to) {
  const ConcatArgs& g = *(const ConcatArgs*)raw;
  for (int64_t i = from; i < to; i++) {
    __builtin_memcpy((char*)g.y + (i * g.whole + g.skip) * g.bytes, (const char*)g.part + i * g.length * g.bytes,
                     g.length * g.bytes);
  }
}

template <class T>
void add_row(const T* from, T* to, int64_t length) {
  for (int64_t j = 0; j < length; j++) to[j] += from[j];
}

void split_range(const void* raw, int64_t from, int64_t to) {
  const ConcatArgs& g = *(const ConcatArgs*)raw;
  for (int64_t i = from; i < to; i++) {
    const char* source = (const char*)g.y + (i * g.whole + g.skip) * g.bytes;
    char* target = (char*)g.part + i * g.length * g.bytes;
    if (!g.accumulate) {
      __builtin_memcpy(target, source, g.length * g.bytes);
    } else if (g.bytes == 4) {
      add_row((const float*)source, (float*)target, g.length);
    } else {
      add_row((const double*)source, (double*)target, g.length);
    }
  }
}

template <void (*range)(const void*, int64_t, int64_t)>
void concat(bs_context* ctx, const void* args) {
  const ConcatArgs& g = *(const ConcatArgs*)args;
  bs_parallel_ranges(ctx, g.n, 65536 / (g.length * g.bytes) + 1, range, args);
}

// ---- Dropout: the element's word of the generator, as the reference draws it

struct DropoutArgs {
  int64_t n, length, seed, stream, sample, step, accumulate, x, y;
  double rate;
};

void dropout_range(const void* raw, int64_t from, int64_t to) {
  const DropoutArgs& g = *(const DropoutArgs*)raw;
  uint32_t step = g.step ? *(const uint32_t*)g.step : 0;
  double keep = 1 - g.rate;
  for (int64_t i = from; i < to; i++) {
    uint32_t sample = g.sample ? ((const uint32_t*)g.sample)[i] : (uint32_t)i;
    const float* x = (const float*)g.x + i * g.length;
    float* y = (float*)g.y + i * g.length;
    uint32_t words[4];
    for (int64_t j = 0; j < g.length; j++) {
      if (j % 4 == 0) {
        philox((uint32_t)(j / 4), sample, step, (uint32_t)g.stream, (uint32_t)g.seed,
               (uint32_t)((uint64_t)g.seed >> 32), words);
      }
      double u = (words[j % 4] >> 8) * 0x1p-24;
      float v = u < g.rate ? 0 : (float)(x[j] / keep);
      y[j] = g.accumulate ? y[j] + v : v;
    }
  }
}

void dropout(bs_context* ctx, const void* args) {
  const DropoutArgs& g = *(const DropoutArgs*)args;
  bs_parallel_ranges(ctx, g.n, 2048 / g.length + 1, dropout_range, args);
}

// ---- Change of layout: [rows,columns] of each image transposed (c x hw, or hw x c)

struct ReorderArgs {
  int64_t bytes, n, rows, columns, x, y;  // rows 0: a copy
};

const int64_t TILE = 16;

template <class T>
void transpose(const ReorderArgs& g, int64_t image) {
  const T* x = (const T*)g.x + image * g.rows * g.columns;
  T* y = (T*)g.y + image * g.rows * g.columns;
  for (int64_t i0 = 0; i0 < g.rows; i0 += TILE) {
    for (int64_t j0 = 0; j0 < g.columns; j0 += TILE) {
      for (int64_t i = i0; i < g.rows && i < i0 + TILE; i++) {
        for (int64_t j = j0; j < g.columns && j < j0 + TILE; j++) y[j * g.rows + i] = x[i * g.columns + j];
      }
    }
  }
}

void reorder_range(const void* raw, int64_t from, int64_t to) {
  const ReorderArgs& g = *(const ReorderArgs*)raw;
  for (int64_t i = from; i < to; i++) {
    switch (g.bytes) {
      case 1: transpose<uint8_t>(g, i); break;
      case 2: transpose<uint16_t>(g, i); break;
      case 4: transpose<uint32_t>(g, i); break;
      default: transpose<uint64_t>(g, i);
    }
  }
}

void reorder(bs_context* ctx, const void* args) {
  const ReorderArgs& g = *(const ReorderArgs*)args;
  bs_parallel_ranges(ctx, g.n, 16384 / (g.rows * g.columns) + 1, reorder_range, args);
}

// ---- Change of element type

struct CastArgs {
  int64_t from, to, count, x, y;
};

enum Type { F32, F64, BF16, I32, U8 };

struct Bfloat {
  uint16_t bits;
};

inline double wide(float v) { return v; }
inline double wide(double v) { return v; }
inline double wide(int32_t v) { return v; }
inline double wide(uint8_t v) { return v; }
inline double wide(Bfloat v) {
  uint32_t bits = (uint32_t)v.bits << 16;
  float f;
  __builtin_memcpy(&f, &bits, 4);
  return f;
}

inline void narrow(double v, float* y) { *y = (float)v; }
inline void narrow(double v, double* y) { *y = v; }
inline void narrow(double v, int32_t* y) {
  *y = v != v ? 0 : v >= 2147483647.0 ? INT32_MAX : v <= -2147483648.0 ? INT32_MIN : (int32_t)v;
}
inline void narrow(double v, uint8_t* y) { *y = !(v > 0) ? 0 : v >= 255 ? 255 : (uint8_t)v; }
inline void narrow(double v, Bfloat* y) {  // to nearest, ties to even, through float
  float f = (float)v;
  uint32_t bits;
  __builtin_memcpy(&bits, &f, 4);
  y->bits = (uint16_t)(f != f ? (bits >> 16) | 0x40 : (bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

template <class A, class B>
void cast_elements(const CastArgs& g, int64_t from, int64_t to) {
  const A* x = (const A*)g.x;
  B* y = (B*)g.y;
  for (int64_t i = from; i < to; i++) narrow(wide(x[i]), y + i);
}

template <class A>
void cast_from(const CastArgs& g, int64_t from, int64_t to) {
  switch (g.to) {
    case F32: return cast_elements<A, float>(g, from, to);
    case F64: return cast_elements<A, double>(g, from, to);
    case BF16: return cast_elements<A, Bfloat>(g, from, to);
    case I32: return cast_elements<A, int32_t>(g, from, to);
    case U8: return cast_elements<A, uint8_t>(g, from, to);
  }
}

void cast_range(const void* raw, int64_t from, int64_t to) {
  const CastArgs& g = *(const CastArgs*)raw;
  switch (g.from) {
    case F32: return cast_from<float>(g, from, to);
    case F64: return cast_from<double>(g, from, to);
    case BF16: return cast_from<Bfloat>(g, from, to);
    case I32: return cast_from<int32_t>(g, from, to);
    case U8: return cast_from<uint8_t>(g, from, to);
  }
}

void cast(bs_context* ctx, const void* args) {
  bs_parallel_ranges(ctx, ((const CastArgs*)args)->count, 32768, cast_range, args);
}

}  // namespace

BS_TABLE(move){
    {"concat", concat<concat_range>},
    {"split", concat<split_range>},
    {"dropout_f32", dropout},
    {"reorder", reorder},
    {"cast", cast},
    {nullptr, nullptr},
};
