// Runs every kernel at every level of this machine on buffers of exactly the needed size, so that
// AddressSanitizer and UBSan see each access beside them, and compares with plain loops.
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>

#include "../../main/cpp/blas.h"
#include "harness.h"

// Of AddressSanitizer's library; not every compiler comes with its header.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void*, size_t),
                                                         void (*freed)(const volatile void*));

int level;

namespace {

const char* const LEVELS[] = {"scalar", "avx2", "avx512", "amx"};
const int MOST_KERNELS = 256;
bool ran[4][MOST_KERNELS];
int64_t shared;  // a context without a workspace

int index_of(const char* name) {
  for (int i = 0; bs_kernel_name(level, i); i++) {
    if (strcmp(bs_kernel_name(level, i), name) == 0) return i;
  }
  return -1;
}

// ---- Memory asked for, by any thread

int64_t allocations;

void count_allocation(const volatile void*, size_t) { __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED); }

void ignore_free(const volatile void*) {}

// Ends when as many threads have begun.
void meet(const void* raw, int64_t, int) {
  int* begun = (int*)raw;
  __atomic_add_fetch(begun, 1, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(begun, __ATOMIC_SEQ_CST) < 3) sched_yield();
}

// A context whose threads have begun, which asks for memory.
int64_t ready_context(int64_t workspace) {
  const int64_t context = bs_context_create(3);
  if (!context || !bs_reserve(context, workspace)) fail("no workspace of %lld bytes", (long long)workspace);
  int begun = 0;
  bs_parallel((bs_context*)context, 3, meet, &begun);
  return context;
}

// A plain loop in OpenBLAS's place: the program needs none, and the sanitizers see its accesses.
template <class T>
void gemm(int order, int ta, int tb, int m, int n, int k, T alpha, const T* a, int lda, const T* b, int ldb, T beta,
          T* c, int ldc) {
  if (order != BS_ROW_MAJOR || lda < (ta == BS_TRANS ? m : k) || ldb < (tb == BS_TRANS ? k : n) || ldc < n) {
    fail("gemm: order %d, m %d n %d k %d, lda %d ldb %d ldc %d", order, m, n, k, lda, ldb, ldc);
  }
  for (int64_t i = 0; i < m; i++) {
    for (int64_t j = 0; j < n; j++) {
      T sum = 0;
      for (int64_t l = 0; l < k; l++) {
        sum += (ta == BS_TRANS ? a[l * lda + i] : a[i * lda + l]) * (tb == BS_TRANS ? b[j * ldb + l] : b[l * ldb + j]);
      }
      c[i * ldc + j] = alpha * sum + (beta == 0 ? 0 : beta * c[i * ldc + j]);
    }
  }
}

void require_all_kernels(int levels) {
  int missing = 0;
  for (level = 0; level < levels; level++) {
    for (int i = 0; bs_kernel_name(level, i); i++) {
      if (ran[level][i]) continue;
      missing++;
      fprintf(stderr, "kernel %s (%s) was never run: add a case\n", bs_kernel_name(level, i), LEVELS[level]);
    }
  }
  if (missing > 0) exit(1);
}

}  // namespace

void fail(const char* format, ...) {
  fprintf(stderr, "%s: ", LEVELS[level]);
  va_list values;
  va_start(values, format);
  vfprintf(stderr, format, values);
  va_end(values);
  fputc('\n', stderr);
  _Exit(1);  // without the leaks that this makes
}

void run_kernel(const char* name, const void* args, int64_t bytes, int64_t workspace) {
  const int64_t kernel = bs_find(level, name);
  const int index = index_of(name);
  if (!kernel || index < 0 || index >= MOST_KERNELS) fail("there is no kernel %s", name);
  ran[level][index] = true;
  void* copy = malloc((size_t)bytes);
  memcpy(copy, args, (size_t)bytes);
  // A workspace only grows: exactly this size needs a context of its own.
  const int64_t context = workspace > 0 ? ready_context(workspace) : shared;
  const int64_t before = __atomic_load_n(&allocations, __ATOMIC_RELAXED);
  bs_execute(context, kernel, (int64_t)copy, bytes);
  if (__atomic_load_n(&allocations, __ATOMIC_RELAXED) != before) fail("%s allocates", name);
  if (workspace > 0) bs_context_destroy(context);
  free(copy);
}

// In place of memory.cpp, whose whole pages would hide an access behind the workspace's end.
int64_t bs_allocate(int64_t bytes) {
  void* p = nullptr;
  if (posix_memalign(&p, 64, (size_t)bytes) != 0) return 0;
  memset(p, 0, (size_t)bytes);
  return (int64_t)p;
}

void bs_free(int64_t address, int64_t) { free((void*)address); }

int main() {
  bs_blas.sgemm = gemm<float>;
  bs_blas.dgemm = gemm<double>;
  if (!__sanitizer_install_malloc_and_free_hooks(count_allocation, ignore_free)) fail("allocations cannot be counted");
  shared = ready_context(0);
  context_test();
  for (level = 0; level <= bs_best_level(); level++) {
    rows_test();
    convolution_test();
    direct_test();
    dense_test();
    layers_test();
    normalise_test();
    move_test();
    tile_test();
    tile_conv_test();
  }
  const char* amx = bs_amx_reason();
  if (amx) {
    printf("native: SKIPPED level amx: %s\n", amx);
  } else {
    level = 3;
    tile_test();
    tile_conv_test();
  }
  require_all_kernels(amx ? bs_best_level() + 1 : 4);
  bs_context_destroy(shared);
  printf("native: all kernels ran at levels scalar..%s under AddressSanitizer and UBSan\n", LEVELS[bs_best_level()]);
  return 0;
}
