// Whether tile instructions (AMX) may be used: the processor has them, the system saves their registers, and this
// process has asked for them.
#include <cpuid.h>
#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "blindspot.h"

#ifdef BS_AMX
namespace {

const int REQUEST_PERMISSION = 0x1023;  // ARCH_REQ_XCOMP_PERM: for all threads of the process
const int TILE_DATA = 18;               // XFEATURE_XTILEDATA

bool processor_has_tiles() {
  uint32_t a, b, c, d;
  const uint32_t bf16 = 1u << 22, tile = 1u << 24;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & (bf16 | tile)) == (bf16 | tile);
}

bool system_saves_tiles() {
  uint32_t a, b, c, d, low, high;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 27)) return false;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low >> 17 & 3) == 3;
}

}  // namespace
#endif

const char* bs_amx_reason(void) {
#ifdef BS_AMX
  if (!processor_has_tiles()) return "no AMX on this processor (it needs AMX-TILE and AMX-BF16)";
  if (bs_best_level() < 2) return "no AVX-512 on this processor";
  if (!system_saves_tiles()) return "the operating system does not save AMX registers (Linux 5.16 or later does)";
  if (syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0) return nullptr;
  return errno == ENOSPC ? "AMX was refused: a thread's signal stack is too small for its registers"
                         : "the operating system refused AMX to this process (Linux 5.16 or later grants it)";
#else
  return "the native library was built without AMX: its compiler lacks -mamx-tile and -mamx-bf16 (g++ 11 has them)";
#endif
}
