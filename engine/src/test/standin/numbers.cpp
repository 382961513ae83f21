#include "numbers.h"

#include <algorithm>
#include <cstring>

#include "standin.h"

namespace standin {
namespace {

// The float with so many bits of the fraction fewer, to nearest even.
float shorter(float v, int bits) {
  uint32_t b;
  memcpy(&b, &v, 4);
  if ((b & 0x7f800000) != 0x7f800000) b += (1u << (bits - 1)) - 1 + (b >> bits & 1);
  b &= ~((1u << bits) - 1);
  if (v != v) b |= 0x00400000;
  memcpy(&v, &b, 4);
  return v;
}

template <class F>
void eachElement(const Tensor& t, F f) {
  long n = t.count(), rank = (long)t.dims.size(), row = t.dims[rank - 1], step = t.strides[rank - 1], at = 0;
  std::vector<long> index(rank);
  for (long k = 0; k < n;) {
    for (long j = 0; j < row; j++) f(k++, at + j * step);
    for (long d = rank - 2; d >= 0; d--) {
      at += t.strides[d];
      if (++index[d] < t.dims[d]) break;
      at -= index[d] * t.strides[d];
      index[d] = 0;
    }
  }
}

}  // namespace

size_t bytesOf(int type) {
  if (type != F32 && type != F64 && type != BF16) die("element type %d is not supported", type);
  return type == F32 ? 4 : type == F64 ? 8 : 2;
}

double load(const void* p, int type, long at) {
  if (type == F32) return ((const float*)p)[at];
  if (type == F64) return ((const double*)p)[at];
  uint32_t bits = (uint32_t)((const uint16_t*)p)[at] << 16;
  float v;
  memcpy(&v, &bits, 4);
  return v;
}

void store(void* p, int type, long at, double v) {
  if (type == F32) ((float*)p)[at] = (float)v;
  else if (type == F64) ((double*)p)[at] = v;
  else {
    float s = shorter((float)v, 16);
    memcpy((uint16_t*)p + at, (char*)&s + 2, 2);
  }
}

double rounded(double v, Rounding to) {
  return to == EXACT ? v : shorter((float)v, to == TO_TF32 ? 13 : 16);
}

void Tensor::pack(bool channelsLast) {
  strides.assign(dims.size(), 1);
  for (size_t d = dims.size() - 1; d-- > 0;) strides[d] = strides[d + 1] * dims[d + 1];
  if (!channelsLast) return;
  long c = dims[1];
  for (size_t d = 2; d < dims.size(); d++) strides[d] *= c;
  strides[1] = 1;
}

bool Tensor::packed() const {
  Tensor other = *this;
  other.pack(false);
  return other.strides == strides;
}

long Tensor::count() const {
  long n = 1;
  for (long d : dims) n *= d;
  return n;
}

size_t Tensor::bytes() const {
  long last = 0;
  for (size_t d = 0; d < dims.size(); d++) last += (dims[d] - 1) * strides[d];
  return (size_t)(last + 1) * bytesOf(type);
}

Numbers Tensor::read(const void* p, Rounding to) const {
  Numbers v((size_t)count());
  eachElement(*this, [&](long k, long at) { v[k] = rounded(load(p, type, at), to); });
  return v;
}

void Tensor::write(void* p, const Numbers& v, double alpha, double beta) const {
  eachElement(*this, [&](long k, long at) {
    store(p, type, at, alpha * v[k] + (beta == 0 ? 0 : beta * load(p, type, at)));
  });
}

void checkConvolution(const Convolution& c, const Tensor& x, const Tensor& w, const Tensor& y, const char* caller) {
  bool fits = x.dims.size() == 4 && w.dims.size() == 4 && y.dims.size() == 4;
  fits = fits && x.dims[0] == y.dims[0] && w.dims[0] == y.dims[1] && w.dims[1] * c.groups == x.dims[1] &&
         w.dims[0] % c.groups == 0;
  for (int k = 0; k < 2 && fits; k++) {
    long window = c.dilation[k] * (w.dims[2 + k] - 1) + 1;
    fits = y.dims[2 + k] == (x.dims[2 + k] + c.pad[k] + c.after[k] - window) / c.stride[k] + 1;
  }
  if (!fits) die("%s: the dimensions of x, w and y do not fit the convolution", caller);
}

Numbers convolve(const Convolution& c, Direction d, const Tensor& x, const Tensor& w, const Tensor& y,
                 const Numbers& first, const Numbers& second) {
  long h = x.dims[2], width = x.dims[3], k = w.dims[0], cg = w.dims[1], r = w.dims[2], s = w.dims[3];
  long p = y.dims[2], q = y.dims[3], kg = k / c.groups;
  Numbers out((size_t)(d == FORWARD ? y : d == BACKWARD_DATA ? x : w).count());
  const double* px = d == BACKWARD_DATA ? out.data() : first.data();
  const double* pw = d == FORWARD ? second.data() : d == BACKWARD_DATA ? first.data() : out.data();
  const double* py = d == FORWARD ? out.data() : second.data();
  // For each weight, a row of y and the row of x that it meets.
  for (long n = 0; n < x.dims[0]; n++) {
    for (long o = 0; o < k; o++) {
      for (long i = 0; i < cg; i++) {
        const double* plane = px + (n * x.dims[1] + o / kg * cg + i) * h * width;
        for (long e = 0; e < r * s; e++) {
          double* weight = (double*)pw + (o * cg + i) * r * s + e;
          long left = e % s * c.dilation[1] - c.pad[1], top = e / s * c.dilation[0] - c.pad[0], step = c.stride[1];
          long from = left < 0 ? (-left + step - 1) / step : 0;
          long to = std::min(q, width - left <= 0 ? 0 : (width - left + step - 1) / step);
          double sum = 0;
          for (long a = 0; a < p; a++) {
            long row = a * c.stride[0] + top;
            if (row < 0 || row >= h) continue;
            double* xs = (double*)plane + row * width + left;
            double* ys = (double*)py + ((n * k + o) * p + a) * q;
            if (d == FORWARD) {
              for (long b = from; b < to; b++) ys[b] += *weight * xs[b * step];
            } else if (d == BACKWARD_DATA) {
              for (long b = from; b < to; b++) xs[b * step] += *weight * ys[b];
            } else {
              for (long b = from; b < to; b++) sum += xs[b * step] * ys[b];
            }
          }
          if (d == BACKWARD_FILTER) *weight += sum;
        }
      }
    }
  }
  return out;
}

}  // namespace standin
