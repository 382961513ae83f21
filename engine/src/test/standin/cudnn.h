// What the stand-ins of cuDNN's libraries share.
#pragma once
#include "numbers.h"
#include "standin.h"

#define RESULT extern "C" __attribute__((visibility("default"))) int
#define ENTER                  \
  std::lock_guard g(lock()); \
  if (broken()) return EXECUTION_FAILED

namespace standin {

enum { SUCCESS = 0, BAD_PARAM = 2000, NOT_SUPPORTED = 3000, NOT_SUPPORTED_PATTERN = 3001, NOT_SUPPORTED_LAYOUT = 3004, EXECUTION_FAILED = 5000 };

struct Dnn : Object {
  static constexpr const char* KIND = "cuDNN handle";
  void* stream = nullptr;
};

struct TensorDescriptor : Object {
  static constexpr const char* KIND = "cuDNN tensor descriptor";
  Tensor tensor;
};

struct FilterDescriptor : Object {
  static constexpr const char* KIND = "cuDNN filter descriptor";
  Tensor tensor;
};

struct ActivationDescriptor : Object {
  static constexpr const char* KIND = "cuDNN activation descriptor";
  int mode = -1, nan = 0;
};

// The tensor of a descriptor that was set.
template <class D>
const Tensor& tensor(const void* descriptor, const char* caller) {
  auto d = get<D>(descriptor, caller);
  if (d->tensor.type < 0) die("%s: the %s was not set", caller, D::KIND);
  return d->tensor;
}

struct Scale {
  double alpha, beta;
};

inline Scale scale(const void* alpha, const void* beta, int type, const char* caller) {
  needHost(alpha, "alpha", caller);
  needHost(beta, "beta", caller);
  int of = type == F64 ? F64 : F32;
  return {load(alpha, of, 0), load(beta, of, 0)};
}

inline int work(void* handle, const char* what, std::vector<Range> ranges, std::function<void()> run) {
  void* stream = get<Dnn>(handle, what)->stream;
  if (!stream) die("%s: the handle has no stream", what);
  submit(stream, what, std::move(ranges), std::move(run));
  return SUCCESS;
}

}  // namespace standin
