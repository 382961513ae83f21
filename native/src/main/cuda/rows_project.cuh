// Projection of a row by a block onto a ball round x intersected with a box that holds x; all in
// double. With d = y - x and the room b that the box leaves in the direction of d, the projection is
// |z - x| = min(shrink(|d|), b): shrink(v) = v s for L2, max(v - lambda, 0) for L1.
#ifndef BS_ROWS_PROJECT_CUH
#define BS_ROWS_PROJECT_CUH
#include "reduce.cuh"
#include "rows.cuh"

namespace {

template <class T>
struct Row {
  const T* x;
  const T* y;
  double low, high;
  int64_t length;
};

// The sums over a row of two terms of (|d|, b).
template <class T, class F>
__device__ void sums(const Row<T>& row, const F& terms, double (&s)[2]) {
  s[0] = s[1] = 0;
  EACH_OF_BLOCK(j, row.length) {
    const double x = row.x[j], d = row.y[j] - x;
    const double room = d > 0 ? row.high - x : x - row.low;
    double u, v;
    terms(fabs(d), room > 0 ? room : 0, &u, &v);
    s[0] += u;
    s[1] += v;
  }
  block_sums(s);
}

// h(t) = sum min(t |d|^2, b^2) is concave, increasing and piecewise linear in t = s^2: Newton's
// method from t = 0 rises to the root of h(t) = radius^2 and ends in its piece. Returns s.
template <class T>
__device__ double scale(const Row<T>& row, double radius) {
  double s[2];
  sums(row, [](double step, double room, double* u, double* v) {
    const double m = step < room ? step : room;
    *u = m * m;
    *v = step * step;
  }, s);
  if (!(s[1] < infinity())) return not_a_number(0.0);
  if (!(s[0] > radius * radius)) return 1;
  double t = 0;
  for (;;) {
    sums(row, [t](double step, double room, double* u, double* v) {
      const double square = step * step, limit = room * room;
      const bool clipped = t * square >= limit;
      *u = clipped ? limit : 0;
      *v = clipped ? 0 : square;
    }, s);
    const double next = (radius * radius - s[0]) / s[1];
    if (!(next > t)) return sqrt(t);
    t = next;
  }
}

// The root lambda of sum min(max(|d| - lambda, 0), b) = radius, a falling piecewise linear
// function: Newton's steps inside a bracket, which is halved where a step did not halve the error.
template <class T>
__device__ double threshold(const Row<T>& row, double radius) {
  double s[2];
  sums(row, [](double step, double room, double* u, double* v) {
    *u = step < room ? step : room;
    *v = step;
  }, s);
  if (!(s[1] < infinity())) return not_a_number(0.0);
  if (s[0] <= radius) return 0;
  double low = 0, high = s[1], lambda = 0, last = infinity();
  for (int k = 0; k < 400; k++) {
    sums(row, [lambda](double step, double room, double* u, double* v) {
      const double left = step - lambda, moved = left > 0 ? left : 0;
      *u = moved < room ? moved : room;
      *v = left > 0 && left < room ? 1 : 0;
    }, s);
    const double error = fabs(s[0] - radius);
    if (error <= 1e-12 * radius) return lambda;
    (s[0] > radius ? low : high) = lambda;
    double next = lambda + (s[0] - radius) / s[1];
    if (error > last / 2 || !(next > low && next < high)) next = low + (high - low) / 2;
    last = error;
    if (!(next > low && next < high)) return high;
    lambda = next;
  }
  return lambda;
}

template <class T>
__device__ void project(const ProjectionArgs& k, int64_t i) {
  const double radius = ((const T*)k.radius)[i];
  const T low = (T)k.low, high = (T)k.high;
  const Row<T> row = {(const T*)k.x + i * k.length, (const T*)k.y + i * k.length, low, high, k.length};
  T* z = (T*)k.z + i * k.length;
  const double shrink = !(radius >= 0)      ? not_a_number(0.0)
                        : k.norm == NORM_L2 ? scale(row, radius)
                        : k.norm == NORM_L1 ? threshold(row, radius)
                                            : radius;
  EACH_OF_BLOCK(j, k.length) {
    const double x = row.x[j], y = row.y[j], d = y - x;
    double v;
    if (k.norm == NORM_L2) {
      v = shrink == 1 ? y : x + shrink * d;
    } else if (k.norm == NORM_L1) {
      double step = fabs(d) - shrink;
      step = step < 0 ? 0 : step;
      v = shrink == 0 ? y : x + copysign(step, d);
    } else {
      v = d > shrink ? x + shrink : d < -shrink ? x - shrink : shrink == shrink ? y : shrink;
    }
    T r = (T)v;
    r = r < low ? low : r;
    z[j] = r > high ? high : r;
  }
}

__device__ inline void project_of(const ProjectionArgs& k, int64_t i) {
  k.type == F32 ? project<float>(k, i) : project<double>(k, i);
}

}  // namespace

#endif
