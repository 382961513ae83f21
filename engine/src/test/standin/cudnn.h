// What the stand-ins of cuDNN's libraries share.
#pragma once
#include "numbers.h"

namespace standin {

using Ref = void*;         // a handle, a descriptor, or memory to be written
using Data = const void*;  // memory to be read

enum { SUCCESS = 0, BAD_PARAM = 2000, NOT_SUPPORTED = 3000, NOT_SUPPORTED_PATTERN, NOT_SUPPORTED_LAYOUT = 3004,
       ALLOC_FAILED = 4003, EXECUTION_FAILED = 5000 };

static int refusal() { return state().error ? EXECUTION_FAILED : SUCCESS; }

struct Dnn : Object {
  Ref stream = nullptr;
};

struct TensorDescriptor : Object {
  Tensor tensor;
};

struct FilterDescriptor : TensorDescriptor {};

struct ActivationDescriptor : Object {
  int mode = -1, nan = 0;  // 0 sigmoid, 1 ReLU, 2 tanh
};

template <class D = TensorDescriptor>
Tensor tensorOf(Data descriptor) {
  Tensor t = get<D>(descriptor)->tensor;
  if (t.type < 0) die("a descriptor was not set");
  return t;
}

inline Execution executionOf(Ref handle) {
  Execution e;
  e.stream = get<Dnn>(handle)->stream;
  if (!e.stream) die("the handle has no stream");
  return e;
}

}  // namespace standin
