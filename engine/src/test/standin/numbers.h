// Tensors, rounding, executions and products in double, for the stand-ins of cuDNN and cuBLAS.
#pragma once
#include <array>
#include <cmath>

#include "standin.h"

namespace standin {

enum { F32 = 0, F64 = 1, BF16 = 9 };             // cuDNN's codes
enum { EXACT = 0, TO_TF32 = 13, TO_BF16 = 16 };  // bits of a float that are cut off
enum Direction { FORWARD, BACKWARD_DATA, BACKWARD_FILTER };
using Numbers = std::vector<double>;
using Inputs = std::vector<Numbers>;
using Dims = std::array<long, 4>;

inline size_t bytesOf(int type) {
  if (type != F32 && type != F64 && type != BF16) die("element type %d is not supported", type);
  return type == F32 ? 4 : type == F64 ? 8 : 2;
}

inline double rounded(double v, int bits) {  // to nearest even
  if (bits == 0 || !std::isfinite(v)) return v;
  uint32_t b = __builtin_bit_cast(uint32_t, (float)v);
  b += (1u << (bits - 1)) - 1 + (b >> bits & 1);
  return __builtin_bit_cast(float, b >> bits << bits);
}

inline double load(Data p, int type, long at) {
  if (type == F64) return ((const double*)p)[at];
  if (type == F32) return ((const float*)p)[at];
  return __builtin_bit_cast(float, (uint32_t)((const uint16_t*)p)[at] << 16);
}

inline void store(Ref p, int type, long at, double v) {
  uint32_t bits = __builtin_bit_cast(uint32_t, (float)(type == BF16 ? rounded(v, TO_BF16) : v));
  if (type == F64) ((double*)p)[at] = v;
  else if (type == F32) ((uint32_t*)p)[at] = bits;
  else ((uint16_t*)p)[at] = (uint16_t)(bits >> 16);
}

struct Tensor {
  int type = -1;
  Dims dims, strides;

  bool operator==(const Tensor& o) const {
    return type == o.type && dims == o.dims && strides == o.strides;
  }

  // Without gaps, in the order of the dimensions or with the second dimension last.
  Tensor packed(bool channelsLast = false) const {
    auto [n, c, h, w] = dims;
    return {type, dims, channelsLast ? Dims{h * w * c, 1, w * c, c} : Dims{c * h * w, h * w, w, 1}};
  }

  long count() const { return dims[0] * dims[1] * dims[2] * dims[3]; }

  size_t bytes() const {  // up to the last element
    long last = 0;
    for (int d = 0; d < 4; d++) last += (dims[d] - 1) * strides[d];
    return (size_t)(last + 1) * bytesOf(type);
  }

  template <class F>
  void each(F f) const {  // f(number, place)
    Dims s = strides;
    for (long k = 0, row = 0; row < dims[0] * dims[1] * dims[2]; row++) {
      long h = row % dims[2], c = row / dims[2] % dims[1], n = row / dims[2] / dims[1];
      for (long w = 0; w < dims[3]; w++) f(k++, n * s[0] + c * s[1] + h * s[2] + w * s[3]);
    }
  }

  Numbers read(Data p, int rounding = EXACT) const {
    Numbers v((size_t)count());
    each([&](long k, long at) { v[k] = rounded(load(p, type, at), rounding); });
    return v;
  }
};

// One execution: the memory that it touches, and what it does: the output becomes after(v) where
// v = alpha f(inputs) + beta z, and z is memory laid out as the output: itself, if no other.
struct Execution {
  Ref stream = nullptr, out = nullptr;
  Data z = nullptr;
  Tensor to;
  double alpha = 1, beta = 0;
  Range space{};
  std::vector<Range> ranges;
  std::vector<std::function<Numbers()>> readers;

  Tensor input(const Tensor& t, Data p, int rounding = EXACT) {
    ranges.push_back({p, t.bytes(), "an input"});
    readers.push_back([=] { return t.read(p, rounding); });
    return t;
  }

  Tensor output(const Tensor& t, Ref p) {
    ranges.push_back({p, t.bytes(), "an output"});
    z = out = p;
    return to = t;
  }

  // Factors are of the output's type, but float for BF16.
  void factors(Data a, Data b) {
    needHost(a, "alpha"), needHost(b, "beta");
    int type = to.type == F64 ? F64 : F32;
    alpha = load(a, type, 0), beta = load(b, type, 0);
  }

  void workspace(Data p, size_t given, size_t needed) {
    if (given < needed) die("%zu bytes of workspace where it needs %zu", given, needed);
    space = {p, needed, "the workspace"};
    ranges.push_back(space);
  }

  int submit(std::function<Numbers(const Inputs&)> f,
             std::function<void(Numbers&, const Inputs&)> after = {}) {
    standin::submit(stream, ranges, [e = *this, f, after] {
      if (e.space.bytes) memset((Ref)e.space.at, 0xff, e.space.bytes);
      Inputs in;
      for (auto& read : e.readers) in.push_back(read());
      Numbers v = f(in), z = e.beta == 0 ? Numbers(v.size()) : e.to.read(e.z);
      for (size_t k = 0; k < v.size(); k++) v[k] = e.alpha * v[k] + e.beta * z[k];
      if (after) after(v, in);
      e.to.each([&](long k, long at) { store(e.out, e.to.type, at, v[k]); });
    });
    return 0;
  }
};

struct Geometry {
  long pad[2] = {}, after[2] = {}, stride[2] = {1, 1}, dilation[2] = {1, 1};  // pads on both sides
  long groups = 1;
};

// One direction of a convolution: x [n,c,h,w], w [k,c/groups,r,s], y [n,k,p,q].
struct Product {
  Direction direction = FORWARD;
  Geometry geometry;
  Tensor x, w, y;

  void check() const {
    const Geometry& g = geometry;
    bool fits = x.dims[0] == y.dims[0] && w.dims[0] == y.dims[1] && w.dims[0] % g.groups == 0;
    fits = fits && w.dims[1] * g.groups == x.dims[1];
    for (int k = 0; k < 2; k++) {
      long slack = x.dims[2 + k] + g.pad[k] + g.after[k] - g.dilation[k] * (w.dims[2 + k] - 1) - 1;
      fits = fits && y.dims[2 + k] == slack / g.stride[k] + 1;
    }
    if (!fits) die("the dimensions of x, w and y do not fit the convolution");
  }

  // The inputs and the output, in the order of x, w, y.
  const Tensor& a() const { return direction == BACKWARD_DATA ? w : x; }
  const Tensor& b() const { return direction == FORWARD ? w : y; }
  const Tensor& out() const {
    return direction == FORWARD ? y : direction == BACKWARD_DATA ? x : w;
  }

  // For each element of w, a row of y and the row of x that it meets.
  Numbers operator()(const Numbers& first, const Numbers& second) const {
    const Geometry& g = geometry;
    long channels = w.dims[1], kg = w.dims[0] / g.groups, step = g.stride[1], width = x.dims[3];
    Numbers result((size_t)out().count());
    const Numbers& ws = direction == FORWARD ? second : direction == BACKWARD_DATA ? first : result;
    auto* px = (double*)(direction == BACKWARD_DATA ? result : first).data();
    auto *pw = (double*)ws.data(), *py = (double*)(direction == FORWARD ? result : second).data();
    w.packed().each([&](long, long at) {
      long r = at / w.dims[3] % w.dims[2], i = at / (w.dims[3] * w.dims[2]) % channels;
      long k = at / (channels * w.dims[2] * w.dims[3]);
      long left = at % w.dims[3] * g.dilation[1] - g.pad[1];
      long from = left < 0 ? (step - 1 - left) / step : 0;
      long to = std::min(y.dims[3], width <= left ? 0 : (width - left + step - 1) / step);
      double weight = pw[at], sum = 0;
      for (long row = 0; row < y.dims[0] * y.dims[2]; row++) {
        long n = row / y.dims[2], p = row % y.dims[2];
        long h = p * g.stride[0] + r * g.dilation[0] - g.pad[0];
        if (h < 0 || h >= x.dims[2]) continue;
        double* xs = px + ((n * x.dims[1] + k / kg * channels + i) * x.dims[2] + h) * width + left;
        double* ys = py + ((n * y.dims[1] + k) * y.dims[2] + p) * y.dims[3];
        for (long q = from; q < to; q++) {
          if (direction == FORWARD) ys[q] += weight * xs[q * step];
          else if (direction == BACKWARD_DATA) xs[q * step] += weight * ys[q];
          else sum += xs[q * step] * ys[q];
        }
      }
      if (direction == BACKWARD_FILTER) pw[at] = sum;
    });
    return result;
  }
};

// What may follow: a bias of the second dimension, ReLU.
inline void addBias(Numbers& v, const Numbers& bias, long area) {
  for (size_t k = 0; k < v.size(); k++) v[k] += bias[k / area % bias.size()];
}

inline void relu(Numbers& v, bool handsOnNan) {
  for (double& e : v) e = e > 0 || (e != e && handsOnNan) ? e : 0;
}

}  // namespace standin
