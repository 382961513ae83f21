// What the stand-ins of cuDNN's libraries share.
#pragma once
#include "numbers.h"
#include "standin.h"

#define RESULT extern "C" int
#define ENTER                \
  std::lock_guard g(lock()); \
  if (broken()) return EXECUTION_FAILED

namespace standin {

using Ref = void*;         // a handle, a descriptor, or memory to be written
using Data = const void*;  // memory to be read

enum { SUCCESS = 0, BAD_PARAM = 2000, NOT_SUPPORTED = 3000, NOT_SUPPORTED_PATTERN, NOT_SUPPORTED_LAYOUT = 3004,
       EXECUTION_FAILED = 5000 };

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
const Tensor& tensorOf(Data descriptor, const char* caller) {
  const Tensor& t = get<D>(descriptor, caller)->tensor;
  if (t.type < 0) die("%s: the %s was not set", caller, D::KIND);
  return t;
}

// One execution: the memory that it touches, its scales.
struct Call {
  const char* name;
  void* stream;
  std::vector<Range> ranges;
  double alpha = 1, beta = 0;

  Call(Ref handle, const char* caller) : name(caller), stream(get<Dnn>(handle, caller)->stream) {
    if (!stream) die("%s: the handle has no stream", caller);
  }

  Tensor tensor(const Tensor& t, Data p, const char* what) {
    ranges.push_back({p, t.bytes(), what});
    return t;
  }

  Tensor tensor(Data descriptor, Data p, const char* what) {
    return tensor(tensorOf<TensorDescriptor>(descriptor, name), p, what);
  }

  // As tensor(); it must be of the other's dimensions and type.
  Tensor like(const Tensor& other, Data descriptor, Data p, const char* what) {
    Tensor t = tensor(descriptor, p, what);
    if (t.dims != other.dims || t.type != other.type) die("%s: %s has other dimensions or another type", name, what);
    return t;
  }

  void scale(Data a, Data b, int type) {
    needHost(a, "alpha", name);
    needHost(b, "beta", name);
    alpha = load(a, type == F64 ? F64 : F32, 0);
    beta = load(b, type == F64 ? F64 : F32, 0);
  }

  int submit(std::function<void()> run) {
    standin::submit(stream, name, std::move(ranges), std::move(run));
    return SUCCESS;
  }
};

}  // namespace standin
