#include "blas.h"

#include <dlfcn.h>
#include <stdio.h>

#include "blindspot.h"

bs_blas_functions bs_blas;

namespace {
char reason[1024];
char config[256];

const char* failed(const char* what) {
  const char* cause = dlerror();
  snprintf(reason, sizeof reason, "%s: %s", what, cause ? cause : "unknown cause");
  return reason;
}

template <class F>
bool find(void* library, const char* name, F* f) {
  *f = (F)dlsym(library, name);
  return *f != nullptr;
}
}  // namespace

const char* bs_blas_open(const char* path) {
  if (bs_blas.sgemm) return nullptr;
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) return failed(path);
  bs_blas_functions f;
  void (*set_threads)(int);
  char* (*get_config)();
  if (!find(library, "cblas_sgemm", &f.sgemm) || !find(library, "cblas_dgemm", &f.dgemm) ||
      !find(library, "sgesdd_", &f.sgesdd) || !find(library, "dgesdd_", &f.dgesdd) ||
      !find(library, "openblas_set_num_threads", &set_threads) ||
      !find(library, "openblas_get_config", &get_config)) {
    return failed(path);
  }
  set_threads(1);
  snprintf(config, sizeof config, "%s", get_config());
  bs_blas = f;
  return nullptr;
}

const char* bs_blas_config(void) { return config; }

// A row-major m x n matrix is the column-major n x m transpose, which has the same values.
int bs_singular_values_f32(int m, int n, int64_t a, int64_t values, int64_t work, int64_t length, int64_t iwork) {
  int one = 1, info = 0, lwork = (int)length;
  float nothing;
  bs_blas.sgesdd("N", &n, &m, (float*)a, &n, (float*)values, &nothing, &one, &nothing, &one, (float*)work, &lwork,
                 (int*)iwork, &info, 1);
  return info;
}

int bs_singular_values_f64(int m, int n, int64_t a, int64_t values, int64_t work, int64_t length, int64_t iwork) {
  int one = 1, info = 0, lwork = (int)length;
  double nothing;
  bs_blas.dgesdd("N", &n, &m, (double*)a, &n, (double*)values, &nothing, &one, &nothing, &one, (double*)work,
                 &lwork, (int*)iwork, &info, 1);
  return info;
}
