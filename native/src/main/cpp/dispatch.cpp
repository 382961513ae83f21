// Which levels this machine can run, and the kernels of each level.
#include <cpuid.h>
#include <string.h>

#include "blindspot.h"
#include "kernels/groups.h"

extern "C" {
#define DECLARE(group)                         \
  extern const bs_entry bs_scalar_##group[];   \
  extern const bs_entry bs_avx2_##group[];     \
  extern const bs_entry bs_avx512_##group[];
BS_GROUPS(DECLARE)
#define DECLARE_AMX(group) extern const bs_entry bs_amx_##group[];
BS_TILE_GROUPS(DECLARE_AMX)
}

namespace {

#define SCALAR(group) bs_scalar_##group,
#define AVX2(group) bs_avx2_##group,
#define AVX512(group) bs_avx512_##group,
#ifdef BS_AMX
#define AMX(group) bs_amx_##group,
#else
#define AMX(group)
#endif
const bs_entry* const tables[4][64] = {{BS_GROUPS(SCALAR) nullptr},
                                       {BS_GROUPS(AVX2) nullptr},
                                       {BS_GROUPS(AVX512) nullptr},
                                       {BS_TILE_GROUPS(AMX) nullptr}};

// Which register files the operating system saves: XCR0.
uint32_t saved_state() {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

}  // namespace

int bs_best_level(void) {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
  const uint32_t fma = 1u << 12, osxsave = 1u << 27, avx = 1u << 28;
  if ((c & (fma | osxsave | avx)) != (fma | osxsave | avx)) return 0;
  uint32_t state = saved_state();
  if ((state & 0x6) != 0x6 || !__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
  const uint32_t avx2 = 1u << 5, f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;
  if (!(b & avx2)) return 0;
  bool avx512 = (b & (f | dq | bw | vl)) == (f | dq | bw | vl) && (state & 0xe6) == 0xe6;
  return avx512 ? 2 : 1;
}

int64_t bs_find(int level, const char* name) {
  for (int t = 0; tables[level][t]; t++) {
    for (const bs_entry* e = tables[level][t]; e->name; e++) {
      if (strcmp(e->name, name) == 0) return (int64_t)e->run;
    }
  }
  return 0;
}

const char* bs_kernel_name(int level, int index) {
  for (int t = 0; tables[level][t]; t++) {
    for (const bs_entry* e = tables[level][t]; e->name; e++) {
      if (index-- == 0) return e->name;
    }
  }
  return nullptr;
}
