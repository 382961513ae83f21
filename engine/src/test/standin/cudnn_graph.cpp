// libcudnn_graph.so.9: handles, versions, errors.
#include <cstdio>

#include "cudnn.h"

using namespace standin;

RESULT cudnnCreate(Ref* handle) {
  ENTER;
  refuseInCapture(__func__);
  return *handle = make<Dnn>(), SUCCESS;
}

RESULT cudnnDestroy(Ref handle) {
  std::lock_guard g(lock());
  return release(Dnn::KIND, handle, __func__), SUCCESS;
}

RESULT cudnnSetStream(Ref handle, Ref stream) {
  ENTER;
  get<Stream>(stream, __func__);
  return get<Dnn>(handle, __func__)->stream = stream, SUCCESS;
}

extern "C" size_t cudnnGetVersion() { return (size_t)setting("STANDIN_CUDNN", 91900); }

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
  snprintf(text, bytes, "%s", broken() ? "a kernel failed" : "");
}
