// What the stand-ins of cuDNN's libraries share.
#pragma once
#include "numbers.h"

namespace standin {

enum { SUCCESS = 0, BAD_PARAM = 2000, NOT_SUPPORTED = 3000, NOT_SUPPORTED_PATTERN = 3001,
       NOT_SUPPORTED_LAYOUT = 3004, ALLOC_FAILED = 4003, EXECUTION_FAILED = 5000 };

static int refusal() { return state().error ? EXECUTION_FAILED : SUCCESS; }

struct Dnn : Object {
  Ref stream = nullptr;
};

struct TensorDescriptor : Object {  // of filters, too
  Tensor tensor;
};

struct Activation : Object {
  int mode = -1, nan = 0;  // 0 sigmoid, 1 ReLU, 2 tanh
};

inline Tensor tensorOf(Data descriptor) {
  Tensor t = get<TensorDescriptor>(descriptor)->tensor;
  if (t.type < 0) die("a descriptor was not set");
  return t;
}

inline Execution executionOf(Ref handle) {
  Execution e;
  e.stream = get<Dnn>(handle)->stream;
  if (!e.stream) die("the handle has no stream");
  return e;
}

#define DESCRIPTOR(name, T)                                     \
  CALL(cudnnCreate##name##Descriptor, (Ref* d), *d = make<T>()) \
  CALL(cudnnDestroy##name##Descriptor, (Ref d), release<T>(d))

// Parameters: a descriptor and its memory; how calls end.
#define IN(x) Ref x##Form, Data x
#define OUT(y) Ref y##Form, Ref y
#define TO_Y Data alpha, IN(x), Data beta, OUT(y)
#define TO_DX Data alpha, IN(y), IN(dy), IN(x), Data beta, OUT(dx)

}  // namespace standin
