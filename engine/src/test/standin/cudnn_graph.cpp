// libcudnn_graph.so.9: handles, versions, errors.
#include <cstdio>
#include <cstring>

#include "cudnn.h"

using namespace standin;

RESULT cudnnCreate(void** handle) {
  ENTER;
  refuseInCapture(__func__);
  *handle = make<Dnn>();
  return SUCCESS;
}

RESULT cudnnDestroy(void* handle) {
  std::lock_guard g(lock());
  release(Dnn::KIND, handle, __func__);
  return SUCCESS;
}

RESULT cudnnSetStream(void* handle, void* stream) {
  ENTER;
  get<Stream>(stream, __func__);
  get<Dnn>(handle, __func__)->stream = stream;
  return SUCCESS;
}

extern "C" size_t cudnnGetVersion() { return (size_t)setting("STANDIN_CUDNN", 91900); }

extern "C" size_t cudnnGetCudartVersion() { return 13000; }

extern "C" const char* cudnnGetErrorString(int status) {
  switch (status) {
    case SUCCESS: return "CUDNN_STATUS_SUCCESS";
    case BAD_PARAM: return "CUDNN_STATUS_BAD_PARAM";
    case NOT_SUPPORTED: return "CUDNN_STATUS_NOT_SUPPORTED";
    case NOT_SUPPORTED_PATTERN: return "CUDNN_STATUS_NOT_SUPPORTED_GRAPH_PATTERN";
    case NOT_SUPPORTED_LAYOUT: return "CUDNN_STATUS_NOT_SUPPORTED_LAYOUT";
    case EXECUTION_FAILED: return "CUDNN_STATUS_EXECUTION_FAILED";
    default: return "CUDNN_STATUS unknown";
  }
}

extern "C" void cudnnGetLastErrorString(char* text, size_t bytes) {
  if (bytes) snprintf(text, bytes, broken() ? "a kernel failed" : "");
}
