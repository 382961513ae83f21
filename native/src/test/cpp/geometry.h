// Geometries of convolutions, and loops over them that read like the formula.
#pragma once
#include "harness.h"

namespace {

enum Flags { BIAS = 1, RESIDUAL = 2, RELU = 4, MASK = 8, ACCUMULATE = 16 };

const int64_t THREADS = 3;

struct Geometry {
  int64_t n, c, h, w, k, r, s, strideH, strideW, top, left, bottom, right, dilationH, dilationW, groups;

  int64_t p() const { return (h + top + bottom - dilationH * (r - 1) - 1) / strideH + 1; }
  int64_t q() const { return (w + left + right - dilationW * (s - 1) - 1) / strideW + 1; }
  int64_t taps() const { return c / groups * r * s; }
};

// Calls f(index in x, index in w, index in y) for each product of the convolution.
template <class F>
void each_product(const Geometry& g, F f) {
  const int64_t channels = g.c / g.groups, filters = g.k / g.groups, p = g.p(), q = g.q();
  for (int64_t image = 0; image < g.n; image++) {
    for (int64_t k = 0; k < g.k; k++) {
      for (int64_t i = 0; i < p; i++) {
        for (int64_t j = 0; j < q; j++) {
          const int64_t at = ((image * g.k + k) * p + i) * q + j;
          for (int64_t t = 0; t < g.taps(); t++) {
            const int64_t c = t / (g.r * g.s), u = t / g.s % g.r, v = t % g.s;
            const int64_t row = i * g.strideH - g.top + u * g.dilationH, column = j * g.strideW - g.left + v * g.dilationW;
            if (row < 0 || row >= g.h || column < 0 || column >= g.w) continue;
            f(((image * g.c + k / filters * channels + c) * g.h + row) * g.w + column, k * g.taps() + t, at);
          }
        }
      }
    }
  }
}

double relu(double v) { return v > 0 ? v : 0; }

}  // namespace
