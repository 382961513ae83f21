#include <string.h>
#include <sys/mman.h>

#include "blindspot.h"

int64_t bs_allocate(int64_t bytes) {
  void* p = mmap(nullptr, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return 0;
  // Advice only: without huge pages everything works, slower.
  if (bytes >= (2 << 20)) madvise(p, (size_t)bytes, MADV_HUGEPAGE);
  return (int64_t)p;
}

void bs_free(int64_t address, int64_t bytes) { munmap((void*)address, (size_t)bytes); }

void bs_copy(int64_t to, int64_t from, int64_t bytes) { memmove((void*)to, (const void*)from, (size_t)bytes); }
