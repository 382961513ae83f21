// Row kernels. Values are the conformance suite's; here it is the accesses that count.
#include "harness.h"

#include <vector>

namespace {

std::vector<char*> blocks;

// count elements in a block of their own, filled with small numbers of the type; lives until the
// case ends.
int64_t block(int64_t type, int64_t count) {
  const int64_t width[] = {4, 8, 2, 4, 1};
  char* p = (char*)malloc((size_t)(count * width[type]));
  blocks.push_back(p);
  for (int64_t i = 0; i < count; i++) {
    const int v = (int)(i * 7 % 9) - 4;
    switch (type) {
      case F32: ((float*)p)[i] = (float)v; break;
      case F64: ((double*)p)[i] = v; break;
      case I32: ((int32_t*)p)[i] = v; break;
      case U8: p[i] = (char)(v > 0); break;
      default: ((uint16_t*)p)[i] = 0x3f80; break;
    }
  }
  return (int64_t)p;
}

int64_t counts(int64_t n, int32_t value) {
  int32_t* p = (int32_t*)block(I32, n);
  for (int64_t i = 0; i < n; i++) p[i] = value;
  return (int64_t)p;
}

void elements(int64_t n, int64_t length) {
  const int64_t all = n * length;
  for (int64_t type : {(int64_t)F32, (int64_t)F64, (int64_t)I32, (int64_t)U8}) {
    const int64_t a = block(type, all), b = block(type, all), y = block(type, all), m = block(U8, all);
    const int64_t bytes = type == F64 ? 8 : type == U8 ? 1 : 4;
    for (int64_t op = FILL; op <= LINEAR_COMBINATION; op++) {
      if (type == U8 && op > COPY) break;
      run("elementwise", ElementwiseArgs{op, type, all, a, b, y, 1.5, -2});
    }
    for (int64_t perRow = 0; perRow < 2; perRow++) {
      run("select", SelectArgs{bytes, n, length, perRow, block(U8, perRow ? n : all), a, b, y});
    }
    if (type == U8) continue;
    for (int64_t c = LESS; c <= NOT_EQUAL; c++) {
      run("compare", CompareArgs{c, type, all, a, b, 0, m});
      run("compare", CompareArgs{c, type, all, a, 0, 1, m});
    }
    if (type == I32) continue;
    for (int64_t op = SCALE; op <= AXPY; op++) {
      run("rowwise", RowwiseArgs{op, type, n, length, block(type, n), a, y});
    }
    for (int64_t r = SUM; r <= L0; r++) {
      run("row_reduce", RowReduceArgs{r, type, n, length, a, r == DOT ? b : 0, block(type, n)});
    }
    run("argmax", ArgmaxArgs{type, n, length, a, block(I32, n)});
  }
  for (int64_t op = AND; op <= NOT; op++) {
    run("mask", MaskArgs{op, all, block(U8, all), op == NOT ? 0 : block(U8, all), block(U8, all)});
  }
  run("count", CountArgs{n, length, block(U8, all), block(I32, n)});
  run("count", CountArgs{1, all, block(U8, all), block(I32, 1)});
}

void rows(int64_t n, int64_t length) {
  const int64_t all = n * length;
  for (int64_t type : {(int64_t)F32, (int64_t)F64}) {
    const int64_t bytes = type == F64 ? 8 : 4;
    // The indices -4..4 are partly outside.
    run("index", IndexArgs{GATHER_ROWS, bytes, 1, n, 3, length, block(I32, n), block(type, 3 * length), block(type, all)});
    run("index", IndexArgs{SCATTER_ROWS, bytes, 1, n, 3, length, block(I32, n), block(type, all), block(type, 3 * length)});
    run("index", IndexArgs{GATHER_ELEMENTS, bytes, 1, n, length, length, block(I32, n), block(type, all), block(type, n)});
    for (int64_t norm = NORM_L1; norm <= NORM_LINF; norm++) {
      run("projection", ProjectionArgs{norm, type, n, length, block(type, all), block(type, n), block(type, all),
                                       block(type, all), -4, 4});
    }
    run("sign_step", SignStepArgs{type, n, length, block(type, all), block(type, n), block(type, all), block(type, all),
                                  block(type, all), block(type, n), 0.5, -4, 4});
    for (int64_t d = UNIFORM; d <= NORMAL; d++) {
      run("random", RandomArgs{d, type, n, length, -5, 3, 0, 0, block(type, all), 0, 1});
      run("random", RandomArgs{d, type, n, length, 5, -3, block(I32, n), block(I32, 1), block(type, all), -1, 1});
    }
    const int64_t memory = 3, s = block(type, memory * all), y = block(type, memory * all), count = counts(n, 0);
    for (int k = 0; k < 5; k++) {
      run("lbfgs_update", LbfgsUpdateArgs{type, n, length, memory, k % 2 ? 0 : block(U8, n), block(type, all),
                                          block(type, all), s, y, count});
      run("lbfgs_direction", LbfgsDirectionArgs{type, n, length, memory, block(type, all), k % 2 ? 0 : block(U8, all), s,
                                                y, count, block(type, all)});
    }
  }
}

void sorts(int64_t n, int64_t length) {
  for (int64_t type : {(int64_t)F32, (int64_t)F64}) {
    const int64_t workspace = 3 * 2 * length * (type == F32 ? 8 : 16);
    for (int64_t k : {(int64_t)1, length > 40 ? (int64_t)40 : length, length}) {
      for (int64_t descending = 0; descending < 2; descending++) {
        run("sort",
            SortArgs{type, n, length, k, descending, block(type, n * length), block(type, n * k), block(I32, n * k), 0},
            workspace);
      }
    }
  }
}

void one_case(int64_t n, int64_t length) {
  elements(n, length);
  rows(n, length);
  sorts(n, length);
  for (char* b : blocks) free(b);
  blocks.clear();
}

}  // namespace

void rows_test() {
  for (int64_t n : {1, 2, 7}) {
    for (int64_t length : {1, 2, 3, 7, 8, 9, 15, 17, 31, 33, 64, 83, 130, 1001}) one_case(n, length);
  }
  one_case(70, 1003);  // over several threads
}
