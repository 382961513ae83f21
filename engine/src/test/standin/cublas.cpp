// libcublas.so.13: only loaded.
#include "cudnn.h"

extern "C" const char* cublasGetStatusString(int status) {
  switch (status) {
    case 0: return "CUBLAS_STATUS_SUCCESS";
    case 3: return "CUBLAS_STATUS_ALLOC_FAILED";
    case 7: return "CUBLAS_STATUS_INVALID_VALUE";
    case 13: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case 15: return "CUBLAS_STATUS_NOT_SUPPORTED";
    default: return "CUBLAS_STATUS unknown";
  }
}
