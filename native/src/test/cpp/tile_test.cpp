// Products in tiles of bfloat16 parts, and the emulation of tiles.
#include "harness.h"

#include "../../main/cpp/kernels/tile_split.h"

namespace {

enum Flags { BIAS = 1, RESIDUAL = 2, RELU = 4, MASK = 8, ACCUMULATE = 16 };

int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Bytes of a packed right operand, of what threads need to pack a left operand and a panel.
int64_t packed_bytes(int64_t n, int64_t k, int64_t parts) {
  return ceil_div(n, 32) * (ceil_div(k, 32) * parts * 2048 + ceil_div(k, 512) * 576);
}
int64_t left_bytes(int64_t parts) { return 8 * (16 * parts * 2048 + 576) + 65536; }
const int64_t THREADS = 3, CLEAN_BYTES = 65536;

uint32_t bits_of(float v) {
  uint32_t bits;
  memcpy(&bits, &v, 4);
  return bits;
}

// ---- The emulation

// Row 0 of c += a b, all with one pair in each row.
float dot(float c, float a0, float a1, float b0, float b1) {
  Tiles tiles;
  tile_configure(tiles);
  tiles.tile[0].row[0][0] = bits_of(c);
  tiles.tile[1].row[0][0] = bits_of(a0) >> 16 | (bits_of(a1) & 0xffff0000);
  tiles.tile[2].row[0][0] = bits_of(b0) >> 16 | (bits_of(b1) & 0xffff0000);
  TILE_DOT(tiles, 0, 1, 2);
  float v;
  memcpy(&v, &tiles.tile[0].row[0][0], 4);
  return v;
}

void expect_dot(const char* what, float got, float want) {
  if (bits_of(got) != bits_of(want) && !(got != got && want != want)) fail("tile_dot, %s: %g, not %g", what, got, want);
}

void semantics() {
  expect_dot("pairs", dot(1, 2, 3, 5, 7), 32);
  expect_dot("to even", dot(0x1p24f, 1, 0, 1, 0), 0x1p24f);
  expect_dot("the pair is added first", dot(0x1p24f, 1, 1, 1, 1), 0x1p24f + 2);
  expect_dot("a denormal factor", dot(0, 0x1p-127f, 0, 0x1p100f, 0), 0);
  expect_dot("a denormal product", dot(0, 0x1p-100f, 0, 0x1p-30f, 0), 0);
  expect_dot("a denormal sum", dot(0x1p-127f, 0, 0, 0, 0), 0);
  expect_dot("infinity", dot(0, INFINITY, 1, 2, 1), INFINITY);
  expect_dot("infinity times 0", dot(0, INFINITY, 1, 0, 1), NAN);
  expect_dot("overflow", dot(0x1p127f, 0x1p127f, 0, 1, 0), INFINITY);
  const unsigned mode = _mm_getcsr();
  dot(1, 0x1p-127f, 0, 1, 0);
  if ((_mm_getcsr() & 0x8040) != (mode & 0x8040)) fail("tile_dot leaves the mode of numbers changed");
  // Each row with each column, and where each pair lies.
  Tiles tiles;
  tile_configure(tiles);
  Buffer<float> a(512, 1), b(512, 2), c(256);
  Buffer<uint16_t> left(512), right(512);
  for (int64_t i = 0; i < 512; i++) {
    left[i] = (uint16_t)(bits_of(a[i]) >> 16);
    right[i] = (uint16_t)(bits_of(b[i]) >> 16);
  }
  TILE_LOAD(tiles, 4, left.data(), 64);
  TILE_LOAD(tiles, 6, right.data(), 64);
  TILE_ZERO(tiles, 0);
  TILE_DOT(tiles, 0, 4, 6);
  TILE_STORE(tiles, 0, c.data(), 64);
  c.expect("tile_dot", 0, [&](int64_t at) {
    double sum = 0;
    for (int64_t k = 0; k < 32; k++) sum += a[at / 16 * 32 + k] * b[k / 2 * 32 + at % 16 * 2 + k % 2];
    return sum;
  });
}

// ---- Parts

void parts_are_exact() {
  const float values[] = {1, -1, 0x1.fffffep0f, -0x1.7fffffp-3f, 3.14159265f, 0x1.010101p57f, -0x1.fefefep-49f, 0};
  for (float v : values) {
    Words parts[3];
    split_pairs<3>(Floats{} + v, Floats{}, parts);
    double sum = 0;
    for (int p = 0; p < 3; p++) {
      const uint32_t bits = parts[p][0] << 16;
      float part;
      memcpy(&part, &bits, 4);
      sum += part;
      const double rest = fabs(v - sum);
      if (rest > fabs(v) * (p == 0 ? 0x1p-8 : p == 1 ? 0x1p-16 : 0)) fail("part %d of %g leaves %g", p, v, rest);
    }
  }
}

// ---- Products

float at(const Buffer<float>& m, bool transposed, int64_t rows, int64_t columns, int64_t i, int64_t k) {
  return transposed ? m[k * rows + i] : m[i * columns + k];
}

void matmul(int64_t m, int64_t n, int64_t k, int64_t parts) {
  const Buffer<float> a(m * k, 1), b(k * n, 2);
  const int64_t workspace = packed_bytes(n, k < 512 ? k : 512, parts) + THREADS * left_bytes(parts);
  for (int64_t ta = 0; ta < 2; ta++) {
    for (int64_t tb = 0; tb < 2; tb++) {
      for (double beta : {0.0, -1.0}) {
        const Buffer<float> before(m * n, 3);
        Buffer<float> fresh(m * n), old(m * n, 3);
        Buffer<float>& c = beta == 0 ? fresh : old;
        call("tile_matmul_f32", {m, n, k, ta, tb, parts, a, b, c, 2.0, beta}, workspace);
        c.expect("tile_matmul", 0, [&](int64_t i) {
          double v = 0;
          for (int64_t l = 0; l < k; l++) v += at(a, ta, m, k, i / n, l) * at(b, tb, k, n, l, i % n);
          return 2 * v + (beta == 0 ? 0 : beta * before[i]);
        });
      }
    }
  }
}

struct Packed {
  Buffer<uint8_t> memory;
  int64_t aligned;
  Packed(int64_t bytes) : memory(bytes + 64), aligned((memory.address() + 63) / 64 * 64) {}
};

// Both directions of a dense layer: x [m,c], w [k,c], y [m,k].
void linear(int64_t m, int64_t c, int64_t k, int64_t parts) {
  const Buffer<float> x(m * c, 1), w(k * c, 2), b(k, 3), residual(m * k, 4), dy(m * k, 5), mask(m * c, 6);
  Packed forward(packed_bytes(k, c, parts)), backward(packed_bytes(c, k, parts));
  call("tile_pack_f32", {k, c, c, 1, parts, w, forward.aligned}, THREADS * CLEAN_BYTES);
  call("tile_pack_f32", {c, k, 1, c, parts, w, backward.aligned}, THREADS * CLEAN_BYTES);
  const int64_t workspace = THREADS * left_bytes(parts);
  for (int64_t flags : {0, BIAS | RELU, BIAS | RESIDUAL | RELU}) {
    Buffer<float> y(m * k);
    call("tile_linear_f32", {m, k, c, parts, flags, x, forward.aligned, w, c, 1, b, residual, 0, y}, workspace);
    y.expect("tile_linear forward", 0, [&](int64_t i) {
      double v = (flags & BIAS ? b[i % k] : 0) + (flags & RESIDUAL ? residual[i] : 0);
      for (int64_t l = 0; l < c; l++) v += x[i / k * c + l] * w[i % k * c + l];
      return flags & RELU && v < 0 ? 0 : v;
    });
  }
  for (int64_t flags : {0, +MASK, MASK | ACCUMULATE}) {
    const Buffer<float> before(m * c, 7);
    Buffer<float> fresh(m * c), old(m * c, 7);
    Buffer<float>& dx = flags & ACCUMULATE ? old : fresh;
    call("tile_linear_f32", {m, c, k, parts, flags, dy, backward.aligned, w, 1, c, 0, 0, mask, dx}, workspace);
    dx.expect("tile_linear backward-data", 0, [&](int64_t i) {
      double v = 0;
      for (int64_t l = 0; l < k; l++) v += dy[i / c * k + l] * w[l * c + i % c];
      return (flags & MASK && mask[i] <= 0 ? 0 : v) + (flags & ACCUMULATE ? before[i] : 0);
    });
  }
}

// Powers of two from 2^first on, every other one negative, with `odd` in their places.
void powers(Buffer<float>& to, int first, float odd, int64_t where) {
  for (int64_t i = 0; i < to.size(); i++) to[i] = (float)ldexp(i % 2 ? -1.25 : 1.5, first + (int)(i % 5));
  to[where] = odd;
}

// Rows and columns of any magnitude: as a product in double, rounded at the end. What is far below the greatest of its
// row and column may be lost; so there is one great number only.
void extremes() {
  const int64_t m = 5, n = 35, k = 40, workspace = packed_bytes(n, k, 3) + THREADS * left_bytes(3);
  const int exponents[][2] = {{-149, 60}, {-149, 149 - 5}, {-120, 0}, {120, -140}, {100, 0}, {122, 122}, {-80, -60}};
  const float odds[] = {0, INFINITY, -INFINITY, NAN, 3.4e38f, 1e-45f};
  for (const int* e : exponents) {
    for (float odd : odds) {
      Buffer<float> a(m * k), b(k * n), c(m * n);
      powers(a, e[0] > 122 ? 122 : e[0], odd, 2 * k + 7);
      powers(b, e[1] > 122 ? 122 : e[1], odd > 1 && odd < INFINITY ? 0 : odd, 9 * n + 3);
      call("tile_matmul_f32", {m, n, k, 0, 0, 3, a, b, c, 1.0, 0.0}, workspace);
      for (int64_t i = 0; i < m * n; i++) {
        double sum = 0, size = 0;
        for (int64_t l = 0; l < k; l++) {
          const double term = (double)a[i / n * k + l] * b[l * n + i % n];
          sum += term, size += fabs(term);
        }
        const float want = (float)sum;
        const double allowed = size * 0x1p-21 + 0x1p-149;
        const bool over = fabs(sum) + allowed > 0x1p128 - 0x1p103;
        if (!(fabs((double)c[i] - want) <= allowed || (c[i] != c[i] && want != want) || c[i] == want || (over && fabs(c[i]) > 3e38))) {
          fail("2^%d times 2^%d with %g: element %d is %g, not %g", e[0], e[1], odd, (int)i, c[i], want);
        }
      }
    }
  }
}

}  // namespace

void tile_test() {
  if (level == 0) semantics();
  if (level == 0) parts_are_exact();
  for (int64_t parts : {1, 2, 3}) {
    const int64_t products[][3] = {{1, 1, 1}, {33, 17, 9}, {65, 70, 61}, {3, 100, 1100}, {300, 40, 33}, {200, 33, 530}};
    for (const int64_t* s : products) matmul(s[0], s[1], s[2], parts);
    const int64_t layers[][3] = {{1, 1, 1}, {7, 33, 65}, {70, 67, 45}, {3, 600, 130}};
    for (const int64_t* s : layers) linear(s[0], s[1], s[2], parts);
  }
  extremes();
}
