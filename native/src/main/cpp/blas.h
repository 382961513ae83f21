// OpenBLAS's functions by pointer; valid after bs_blas_open succeeded.
#pragma once

enum { BS_ROW_MAJOR = 101, BS_NO_TRANS = 111, BS_TRANS = 112 };

typedef struct {
  void (*sgemm)(int order, int transA, int transB, int m, int n, int k, float alpha, const float* a, int lda,
                const float* b, int ldb, float beta, float* c, int ldc);
  void (*dgemm)(int order, int transA, int transB, int m, int n, int k, double alpha, const double* a, int lda,
                const double* b, int ldb, double beta, double* c, int ldc);
  void (*sgesdd)(const char* job, const int* m, const int* n, float* a, const int* lda, float* s, float* u,
                 const int* ldu, float* vt, const int* ldvt, float* work, const int* lwork, int* iwork, int* info,
                 long job_length);
  void (*dgesdd)(const char* job, const int* m, const int* n, double* a, const int* lda, double* s, double* u,
                 const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork, int* iwork, int* info,
                 long job_length);
} bs_blas_functions;

#ifdef __cplusplus
extern "C"
#endif
bs_blas_functions bs_blas;
