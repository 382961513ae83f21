// Projection of rows onto a ball round x intersected with a box that holds x; all in double.
// With d = y - x and the room b that the box leaves in the direction of d, the projection is
// |z - x| = min(shrink(|d|), b): shrink(v) = v s for L2, max(v - lambda, 0) for L1.
#include "lanes.h"
#include "rows.h"

namespace {

template <class T>
struct Row {
  const T* x;
  const T* y;
  double low, high;
  int64_t length;
};

inline Doubles least(Doubles a, Doubles b) { return a < b ? a : b; }
inline Doubles most(Doubles a, Doubles b) { return a > b ? a : b; }

// The sums over a row of two terms of (|d|, b).
template <class T, class F>
void sums(const Row<T>& row, const F& f, double* first, double* second) {
  Doubles s = {}, t = {};
  int64_t j = 0;
  for (; j < row.length; j += LANES) {
    Doubles x, d;
    if (j + LANES <= row.length) {
      x = load(row.x + j);
      d = load(row.y + j) - x;
    } else {
      // Behind the end stands a centre that is not moved.
      x = d = (Doubles){};
      for (int64_t l = j; l < row.length; l++) {
        x[l - j] = row.x[l];
        d[l - j] = (double)row.y[l] - row.x[l];
      }
    }
    Doubles room = most(d > all(0) ? row.high - x : x - row.low, all(0));
    Doubles u, v;
    f(magnitude(d), room, &u, &v);
    s += u;
    t += v;
  }
  *first = total(s);
  *second = total(t);
}

// h(t) = sum min(t |d|^2, b^2) is concave, increasing and piecewise linear in t = s^2: Newton's
// method from t = 0 rises to the root of h(t) = radius^2 and ends in its piece. Returns s.
template <class T>
double scale(const Row<T>& row, double radius) {
  double inside, squares;
  sums(row, [](Doubles step, Doubles room, Doubles* u, Doubles* v) {
    Doubles m = least(step, room);
    *u = m * m;
    *v = step * step;
  }, &inside, &squares);
  if (!(squares < __builtin_inf())) return __builtin_nan("");
  double t = 0;
  while (inside > radius * radius) {
    double clipped, slope;
    sums(row, [t](Doubles step, Doubles room, Doubles* u, Doubles* v) {
      Doubles square = step * step, limit = room * room;
      Longs at = t * square >= limit;
      *u = at ? limit : all(0);
      *v = at ? all(0) : square;
    }, &clipped, &slope);
    double next = (radius * radius - clipped) / slope;
    if (!(next > t)) return __builtin_sqrt(t);
    t = next;
  }
  return 1;
}

// The root lambda of sum min(max(|d| - lambda, 0), b) = radius, a falling piecewise linear
// function: Newton's steps inside a bracket, which is halved where a step did not halve the error.
template <class T>
double threshold(const Row<T>& row, double radius) {
  double f, steps;
  sums(row, [](Doubles step, Doubles room, Doubles* u, Doubles* v) {
    *u = least(step, room);
    *v = step;
  }, &f, &steps);
  if (!(steps < __builtin_inf())) return __builtin_nan("");
  if (f <= radius) return 0;
  double low = 0, high = steps, lambda = 0, last = __builtin_inf();
  for (int k = 0; k < 400; k++) {
    double moving;
    sums(row, [lambda](Doubles step, Doubles room, Doubles* u, Doubles* v) {
      Doubles left = step - lambda;
      *u = least(most(left, all(0)), room);
      *v = (left > all(0)) & (left < room) ? all(1) : all(0);
    }, &f, &moving);
    const double error = __builtin_fabs(f - radius);
    if (error <= 1e-12 * radius) return lambda;
    (f > radius ? low : high) = lambda;
    double next = lambda + (f - radius) / moving;
    if (error > last / 2 || !(next > low && next < high)) next = low + (high - low) / 2;
    last = error;
    if (!(next > low && next < high)) return high;
    lambda = next;
  }
  return lambda;
}

template <class T>
void project(const ProjectionArgs& k, int64_t i) {
  const double radius = ((const T*)k.radius)[i];
  const T low = (T)k.low, high = (T)k.high;
  Row<T> row = {(const T*)k.x + i * k.length, (const T*)k.y + i * k.length, low, high, k.length};
  T* z = (T*)k.z + i * k.length;
  const double shrink = !(radius >= 0)      ? __builtin_nan("")
                        : k.norm == NORM_L2 ? scale(row, radius)
                        : k.norm == NORM_L1 ? threshold(row, radius)
                                            : radius;
  for (int64_t j = 0; j < k.length; j++) {
    double x = row.x[j], y = row.y[j], d = y - x;
    double v;
    if (k.norm == NORM_L2) {
      v = shrink == 1 ? y : x + shrink * d;
    } else if (k.norm == NORM_L1) {
      double step = __builtin_fabs(d) - shrink;
      step = step < 0 ? 0 : step;
      v = shrink == 0 ? y : x + __builtin_copysign(step, d);
    } else {
      double most = x + shrink, least = x - shrink;
      v = d > shrink ? most : d < -shrink ? least : shrink == shrink ? y : shrink;
    }
    T r = (T)v;
    r = r < low ? low : r;
    z[j] = r > high ? high : r;
  }
}

void projection_range(const void* raw, int64_t from, int64_t to) {
  const ProjectionArgs& k = *(const ProjectionArgs*)raw;
  for (int64_t i = from; i < to; i++) k.type == F32 ? project<float>(k, i) : project<double>(k, i);
}

void projection(bs_context* ctx, const void* args) {
  const ProjectionArgs& k = *(const ProjectionArgs*)args;
  bs_parallel_ranges(ctx, k.n, GRAIN / 8 / k.length + 1, projection_range, args);
}

}  // namespace

BS_TABLE(rows_project){
    {"projection", projection},
    {nullptr, nullptr},
};
