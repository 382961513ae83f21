// Concatenation, dropout, change of layout, change of element type.
#include "harness.h"

namespace {

template <class T>
void concatenation(int64_t n, int64_t length, int64_t whole, int64_t skip) {
  const int64_t bytes = sizeof(T);
  const Buffer<T> part(n * length, 1), y(n * whole, 2);
  Buffer<T> joined(n * whole, 2), split(n * length);
  call("concat", {bytes, n, length, whole, skip, 0, part, joined});
  joined.expect("concat", 0, [&](int64_t i) {
    const int64_t j = i % whole - skip;
    return (double)(j >= 0 && j < length ? part[i / whole * length + j] : y[i]);
  });
  call("split", {bytes, n, length, whole, skip, 0, split, y});
  split.expect("split", 0, [&](int64_t i) { return (double)y[i / length * whole + skip + i % length]; });
}

template <class T>
void added_split(int64_t n, int64_t length, int64_t whole, int64_t skip) {
  const Buffer<T> y(n * whole, 2), before(n * length, 1);
  Buffer<T> part(n * length, 1);
  call("split", {(int64_t)sizeof(T), n, length, whole, skip, 1, part, y});
  part.expect("split, added", 0,
              [&](int64_t i) { return (double)before[i] + y[i / length * whole + skip + i % length]; });
}

void dropout(int64_t n, int64_t length) {
  const int64_t all = n * length;
  const Buffer<float> x(all, 1), before(all, 3);
  const Buffer<int32_t> sample(n, 4), step(1, 5);
  Buffer<float> y(all), again(all), added(all, 3);
  for (Buffer<float>* out : {&y, &again}) {
    call("dropout_f32", {n, length, -5, 3, sample, step, 0, x, *out, 0.5});
  }
  y.expect("dropout", 0, [&](int64_t i) { return y[i] == 0 ? 0 : 2 * x[i]; });
  again.expect("dropout, again", 0, [&](int64_t i) { return y[i]; });
  call("dropout_f32", {n, length, -5, 3, sample, step, 1, x, added, 0.5});
  added.expect("dropout, added", 0, [&](int64_t i) { return before[i] + y[i]; });
  Buffer<float> all_kept(all);
  call("dropout_f32", {n, length, 5, -3, 0, 0, 0, x, all_kept, 0.0});
  all_kept.expect("dropout of none", 0, [&](int64_t i) { return x[i]; });
}

template <class T>
void reorder(int64_t n, int64_t rows, int64_t columns) {
  const int64_t area = rows * columns;
  Buffer<T> x(n * area), y(n * area);
  for (int64_t i = 0; i < n * area; i++) x[i] = (T)(i % 251);
  call("reorder", {(int64_t)sizeof(T), n, rows, columns, x, y});
  y.expect("reorder", 0, [&](int64_t i) {
    const int64_t j = i % area;
    return (double)x[i / area * area + j % rows * columns + j / rows];
  });
}

// Numbers of type `type` as memory shows them.
int64_t numbers(int64_t type, int64_t count, char* p) {
  const int64_t width[] = {4, 8, 2, 4, 1};
  for (int64_t i = 0; i < count; i++) {
    const int v = abs(small(i, 1));  // each type holds these
    const float f = (float)v;
    uint32_t bits;
    memcpy(&bits, &f, 4);
    switch (type) {
      case F32: ((float*)p)[i] = f; break;
      case F64: ((double*)p)[i] = v; break;
      case BF16: ((uint16_t*)p)[i] = (uint16_t)(bits >> 16); break;
      case I32: ((int32_t*)p)[i] = v; break;
      default: p[i] = (char)v;
    }
  }
  return count * width[type];
}

void casts(int64_t count) {
  for (int64_t from = F32; from <= U8; from++) {
    for (int64_t to = F32; to <= U8; to++) {
      char scratch[8 * 600];
      const int64_t inputs = numbers(from, count, scratch);
      Buffer<uint8_t> x(inputs);
      memcpy(x.data(), scratch, (size_t)inputs);
      const int64_t outputs = numbers(to, count, scratch);
      Buffer<uint8_t> y(outputs);
      call("cast", {from, to, count, x, y});
      y.expect("cast", 0, [&](int64_t i) { return (uint8_t)scratch[i]; });
    }
  }
  // What a type does not hold: saturated, NaN as 0.
  const double wild[] = {NAN, INFINITY, -INFINITY, 3e9, -3e9, 300, -1, 254.9, 1e300};
  Buffer<double> x(9);
  memcpy(x.data(), wild, sizeof wild);
  Buffer<int32_t> ints(9);
  Buffer<uint8_t> bytes(9);
  Buffer<uint16_t> halves(9);
  Buffer<float> floats(9);
  call("cast", {+F64, +I32, 9, x, ints});
  call("cast", {+F64, +U8, 9, x, bytes});
  call("cast", {+F64, +BF16, 9, x, halves});
  call("cast", {+F64, +F32, 9, x, floats});
  const int64_t i32[] = {0, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, 300, -1, 254, INT32_MAX};
  const int64_t u8[] = {0, 255, 0, 255, 0, 255, 0, 254, 255};
  ints.expect("cast to I32", 0, [&](int64_t i) { return (double)i32[i]; });
  bytes.expect("cast to U8", 0, [&](int64_t i) { return (double)u8[i]; });
  if (halves[0] != 0x7fc0 || halves[1] != 0x7f80 || halves[2] != 0xff80) fail("cast to BF16: %x", halves[0]);
}

template <class T>
void of_width() {
  concatenation<T>(1, 1, 1, 0);
  concatenation<T>(5, 3, 12, 9);
  concatenation<T>(7, 33, 70, 0);
  concatenation<T>(40, 5000, 6001, 1000);  // over several threads
  reorder<T>(1, 1, 1);
  reorder<T>(3, 17, 15);
  reorder<T>(2, 3, 35);
  reorder<T>(5, 16, 32);
  reorder<T>(9, 70, 90);
}

}  // namespace

void move_test() {
  of_width<uint8_t>();
  of_width<uint16_t>();
  of_width<float>();
  of_width<double>();
  added_split<float>(5, 3, 12, 9);
  added_split<double>(7, 33, 70, 37);
  for (int64_t n : {1, 5}) {
    for (int64_t length : {1, 3, 4, 5, 33}) dropout(n, length);
  }
  dropout(100, 101);  // over several threads
  for (int64_t count : {1, 7, 33, 600}) casts(count);
}
