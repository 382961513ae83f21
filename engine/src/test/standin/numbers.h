// Tensors, rounding, executions and convolutions in double, for the stand-ins of cuDNN and cuBLAS.
#pragma once
#include <cmath>
#include <numeric>

#include "standin.h"

namespace standin {

enum Type { F32 = 0, F64 = 1, BF16 = 9 };                 // cuDNN's codes
enum Rounding { EXACT = 0, TO_TF32 = 13, TO_BF16 = 16 };  // bits of a float that are cut off
enum Direction { FORWARD, BACKWARD_DATA, BACKWARD_FILTER };
using Numbers = std::vector<double>;
using Inputs = std::vector<Numbers>;
using Indices = std::vector<long>;

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

inline double load(const void* p, int type, long at) {
  if (type == F64) return ((const double*)p)[at];
  if (type == F32) return ((const float*)p)[at];
  return __builtin_bit_cast(float, (uint32_t)((const uint16_t*)p)[at] << 16);
}

inline void store(void* p, int type, long at, double v) {
  if (type == F64) ((double*)p)[at] = v;
  else if (type == F32) ((float*)p)[at] = (float)v;
  else ((uint16_t*)p)[at] = (uint16_t)(__builtin_bit_cast(uint32_t, (float)rounded(v, TO_BF16)) >> 16);
}

struct Tensor {
  int type = -1;
  Indices dims, strides;

  bool operator==(const Tensor& o) const { return type == o.type && dims == o.dims && strides == o.strides; }

  // Without gaps, in the order of the dimensions or with the second dimension last.
  Tensor packed(bool channelsLast = false) const {
    Tensor t{type, dims, Indices(dims.size(), 1)};
    for (size_t d = dims.size() - 1; d-- > 0;) t.strides[d] = t.strides[d + 1] * dims[d + 1];
    for (size_t d = 2; d < dims.size() && channelsLast; d++) t.strides[d] *= dims[1];
    if (channelsLast) t.strides[1] = 1;
    return t;
  }

  long place(const Indices& index) const { return std::inner_product(index.begin(), index.end(), strides.begin(), 0L); }

  long count() const { return std::accumulate(dims.begin(), dims.end(), 1L, std::multiplies<long>()); }

  size_t bytes() const {  // up to the last element
    Indices last = dims;
    for (long& d : last) d--;
    return (size_t)(place(last) + 1) * bytesOf(type);
  }

  template <class F>
  void each(F f) const {  // f(number, place)
    Indices index(dims.size());
    for (long k = 0, n = count(), at = 0; k < n; k++) {
      f(k, at);
      for (size_t d = dims.size(); d-- > 0; index[d] = 0) {
        at += strides[d];
        if (++index[d] < dims[d]) break;
        at -= index[d] * strides[d];
      }
    }
  }

  Numbers read(const void* p, int rounding = EXACT) const {
    Numbers v((size_t)count());
    each([&](long k, long at) { v[k] = rounded(load(p, type, at), rounding); });
    return v;
  }

  // p = alpha v + beta p; beta 0 does not read p
  void write(void* p, const Numbers& v, double alpha = 1, double beta = 0) const {
    each([&](long k, long at) { store(p, type, at, alpha * v[k] + (beta == 0 ? 0 : beta * load(p, type, at))); });
  }
};

// One execution: the memory that it touches, and what it does: out = alpha f(inputs) + beta out.
struct Execution {
  void *stream, *out = nullptr, *space = nullptr;
  Tensor to;
  double alpha = 1, beta = 0;
  size_t spaceBytes = 0;
  std::vector<Range> ranges;
  std::vector<std::function<Numbers()>> readers;

  Tensor input(const Tensor& t, const void* p, int rounding = EXACT) {
    ranges.push_back({p, t.bytes(), "an input"});
    readers.push_back([=] { return t.read(p, rounding); });
    return t;
  }

  // Factors are of the tensor's type, but float for BF16.
  void factors(const void* a, const void* b, int type) {
    needHost(a, "alpha"), needHost(b, "beta");
    alpha = load(a, type == F64 ? F64 : F32, 0), beta = load(b, type == F64 ? F64 : F32, 0);
  }

  Tensor output(const Tensor& t, void* p) {
    ranges.push_back({p, t.bytes(), "an output"});
    out = p;
    return to = t;
  }

  Tensor output(const Tensor& t, void* p, const void* a, const void* b) { return factors(a, b, t.type), output(t, p); }

  void workspace(void* p, size_t given, size_t needed) {
    if (given < needed) die("%zu bytes of workspace where the algorithm needs %zu", given, needed);
    ranges.push_back({p, needed, "the workspace"});
    space = p, spaceBytes = needed;
  }

  int submit(std::function<Numbers(const Inputs&)> f) {
    standin::submit(stream, ranges, [e = *this, f] {
      if (e.spaceBytes) memset(e.space, 0xff, e.spaceBytes);
      Inputs in;
      for (auto& read : e.readers) in.push_back(read());
      e.to.write(e.out, f(in), e.alpha, e.beta);
    });
    return 0;
  }
};

struct Convolution {
  long pad[2] = {}, after[2] = {}, stride[2] = {1, 1}, dilation[2] = {1, 1}, groups = 1;  // pads before and after
};

// x [n,c,h,w], w [k,c/groups,r,s], y [n,k,p,q]; gives the output of the direction, of the other two: x, w, y in order.
inline Numbers convolve(const Convolution& c, Direction d, const Tensor& x, const Tensor& w, const Tensor& y,
                        const Numbers& first, const Numbers& second) {
  long channels = w.dims[1], kg = w.dims[0] / c.groups, height = x.dims[2], width = x.dims[3], step = c.stride[1];
  Numbers out((size_t)(d == FORWARD ? y : d == BACKWARD_DATA ? x : w).count());
  double* px = (double*)(d == BACKWARD_DATA ? out : first).data();
  double* pw = (double*)(d == FORWARD ? second : d == BACKWARD_DATA ? first : out).data();
  double* py = (double*)(d == FORWARD ? out : second).data();
  // For each element of w, a row of y and the row of x that it meets.
  for (long at = 0; at < w.count(); at++) {
    long r = at / w.dims[3] % w.dims[2], i = at / (w.dims[3] * w.dims[2]) % channels, k = at / (w.count() / w.dims[0]);
    long left = at % w.dims[3] * c.dilation[1] - c.pad[1], from = left < 0 ? (-left + step - 1) / step : 0;
    long to = std::min(y.dims[3], width <= left ? 0 : (width - left + step - 1) / step);
    double weight = pw[at], sum = 0;
    for (long row = 0; row < y.dims[0] * y.dims[2]; row++) {
      long n = row / y.dims[2], p = row % y.dims[2], h = p * c.stride[0] + r * c.dilation[0] - c.pad[0];
      if (h < 0 || h >= height) continue;
      double* xs = px + ((n * x.dims[1] + k / kg * channels + i) * height + h) * width + left;
      double* ys = py + ((n * y.dims[1] + k) * y.dims[2] + p) * y.dims[3];
      for (long q = from; q < to; q++) {
        if (d == FORWARD) ys[q] += weight * xs[q * step];
        else if (d == BACKWARD_DATA) xs[q * step] += weight * ys[q];
        else sum += xs[q * step] * ys[q];
      }
    }
    if (d == BACKWARD_FILTER) pw[at] = sum;
  }
  return out;
}

inline void checkConvolution(const Convolution& c, const Tensor& x, const Tensor& w, const Tensor& y) {
  bool fits = x.dims[0] == y.dims[0] && w.dims[0] == y.dims[1] && w.dims[1] * c.groups == x.dims[1];
  for (int k = 0; k < 2; k++) {
    long window = c.dilation[k] * (w.dims[2 + k] - 1) + 1;
    fits = fits && y.dims[2 + k] == (x.dims[2 + k] + c.pad[k] + c.after[k] - window) / c.stride[k] + 1;
  }
  fits = fits && w.dims[0] % c.groups == 0;
  if (!fits) die("the dimensions of x, w and y do not fit the convolution");
}

// What follows a convolution or product: a bias of the second dimension, ReLU.
inline void addBias(Numbers& v, const Numbers& bias, long area) {
  for (size_t k = 0; k < v.size(); k++) v[k] += bias[k / area % bias.size()];
}

inline void relu(Numbers& v, bool handsOnNan) {
  for (double& e : v) e = e > 0 || (e != e && handsOnNan) ? e : 0;
}

}  // namespace standin
