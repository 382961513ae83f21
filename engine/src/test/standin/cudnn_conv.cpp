// libcudnn_cnn.so.9: the legacy convolutions of packed NCHW tensors. Some algorithms are refused, some are not
// deterministic; all need their workspace, and use it.
#include <cstring>

#include "cudnn.h"

using namespace standin;

namespace {

enum { DEFAULT_MATH = 0, FMA_MATH = 3, ALLOC_FAILED = 4003 };

struct ConvolutionDescriptor : Object {
  static constexpr const char* KIND = "cuDNN convolution descriptor";
  Convolution geometry;
  int compute = -1, math = DEFAULT_MATH;
};

struct Perf {  // cudnnConvolutionFwdAlgoPerf_t and its sisters
  int algorithm, status;
  float time;
  size_t memory;
  int determinism, math, reserved[3];
};

struct Algorithm {
  int id;
  bool supported, deterministic;
  size_t workspace;  // bytes for each element of the output
};

// By direction; fastest first.
const std::vector<Algorithm> ALGORITHMS[] = {
    {{7, false, true, 0}, {6, true, true, 8}, {1, true, true, 4}, {0, true, true, 0}},
    {{4, false, true, 0}, {0, true, false, 0}, {5, true, true, 8}, {1, true, true, 4}},
    {{5, false, true, 0}, {3, true, false, 4}, {0, true, false, 0}, {1, true, true, 8}}};
const char* const NAMES[] = {"x", "w", "y"};

// One convolution: its tensors, and what to do.
struct Problem {
  Direction direction;
  Tensor t[3];  // x, w, y
  Convolution geometry;
  int math;
  bool supported;

  Problem(Direction d, void* xd, void* wd, void* cd, void* yd, const char* caller) : direction(d) {
    auto c = get<ConvolutionDescriptor>(cd, caller);
    if (c->compute < 0) die("%s: the convolution descriptor was not set", caller);
    t[0] = tensor<TensorDescriptor>(xd, caller);
    t[1] = tensor<FilterDescriptor>(wd, caller);
    t[2] = tensor<TensorDescriptor>(yd, caller);
    geometry = c->geometry;
    math = c->math;
    checkConvolution(geometry, t[0], t[1], t[2], caller);
    int type = t[0].type;
    supported = t[1].type == type && t[2].type == type && c->compute == (type == F64 ? F64 : F32);
    for (const Tensor& each : t) supported = supported && each.packed();
  }

  const Tensor& output() const { return t[direction == FORWARD ? 2 : direction == BACKWARD_DATA ? 0 : 1]; }

  const Algorithm* find(int id) const {
    for (const Algorithm& a : ALGORITHMS[direction]) {
      if (a.id == id && a.supported && supported && (t[0].type != F64 || id <= 1)) return &a;
    }
    return nullptr;
  }

  size_t workspace(const Algorithm& a, int with) const {
    return a.workspace ? a.workspace * (size_t)output().count() + (with == FMA_MATH ? 256 : 512) : 0;
  }

  Rounding rounding() const {
    return t[0].type != F32 || math == FMA_MATH ? EXACT : math == 2 ? TO_BF16 : TO_TF32;
  }

  Numbers run(const void* first, const void* second) const {
    const Tensor& a = direction == BACKWARD_DATA ? t[1] : t[0];
    const Tensor& b = direction == FORWARD ? t[1] : t[2];
    return convolve(geometry, direction, t[0], t[1], t[2], a.read(first, rounding()), b.read(second, rounding()));
  }
};

int maximum(int* count, Direction d) {
  *count = 2 * (int)ALGORITHMS[d].size();
  return SUCCESS;
}

int workspaceSize(const Problem& p, int algorithm, size_t* bytes) {
  const Algorithm* a = p.find(algorithm);
  *bytes = a ? p.workspace(*a, p.math) : 0;
  return a ? SUCCESS : NOT_SUPPORTED;
}

// Ranked, or as if measured with so much workspace; those that failed come first or last.
int results(const Problem& p, bool measured, size_t given, int wanted, int* got, Perf* perf) {
  *got = 0;
  if (!p.supported) return NOT_SUPPORTED;
  std::vector<Perf> good, bad;
  for (int math : {p.math, (int)FMA_MATH}) {
    if (math == FMA_MATH && p.math == FMA_MATH && !good.empty()) break;
    for (const Algorithm& a : ALGORITHMS[p.direction]) {
      size_t bytes = p.workspace(a, math);
      int status = !p.find(a.id) ? (int)NOT_SUPPORTED : measured && bytes > given ? (int)ALLOC_FAILED : SUCCESS;
      Perf row = {a.id, status, status ? -1.0f : 0.1f * (float)(good.size() + 1), bytes, a.deterministic, math, {}};
      (status ? bad : good).push_back(row);
    }
  }
  std::vector<Perf>& all = measured ? good : bad;
  const std::vector<Perf>& rest = measured ? bad : good;
  all.insert(all.end(), rest.begin(), rest.end());
  for (; *got < wanted && *got < (int)all.size(); ++*got) perf[*got] = all[*got];
  return SUCCESS;
}

int measure(void* handle, const Problem& p, const void* x, const void* w, const void* y, int wanted, int* got,
            Perf* perf, void* space, size_t bytes, const char* caller) {
  refuseInCapture(caller);
  const void* data[] = {x, w, y};
  for (int k = 0; k < 3; k++) needDevice({data[k], p.t[k].bytes(), NAMES[k]}, caller);
  needDevice({space, bytes, "the workspace"}, caller);
  void* output = (void*)data[p.direction == FORWARD ? 2 : p.direction == BACKWARD_DATA ? 0 : 1];
  int status = work(handle, caller, {}, [=, size = p.output().bytes()] {
    memset(output, 0xff, size);  // a search leaves anything there
    memset(space, 0xff, bytes);
  });
  flushAll();
  return status ? status : results(p, true, bytes, wanted, got, perf);
}

int execute(void* handle, const Problem& p, int algorithm, const void* alpha, const void* beta, const void* x,
            const void* w, const void* y, void* space, size_t given, const char* caller) {
  const Algorithm* a = p.find(algorithm);
  if (!a) return NOT_SUPPORTED;
  size_t bytes = p.workspace(*a, p.math);
  if (given < bytes) die("%s: %zu bytes of workspace where the algorithm needs %zu", caller, given, bytes);
  Scale k = scale(alpha, beta, p.t[0].type, caller);
  std::vector<Range> ranges = {{x, p.t[0].bytes(), "x"}, {w, p.t[1].bytes(), "w"}, {y, p.t[2].bytes(), "y"},
                               {space, bytes, "the workspace"}};
  const void* first = p.direction == BACKWARD_DATA ? w : x;
  const void* second = p.direction == FORWARD ? w : y;
  void* output = (void*)(p.direction == FORWARD ? y : p.direction == BACKWARD_DATA ? x : w);
  return work(handle, caller, ranges, [=] {
    if (bytes) memset(space, 0xff, bytes);
    p.output().write(output, p.run(first, second), k.alpha, k.beta);
  });
}

}  // namespace

RESULT cudnnCreateConvolutionDescriptor(void** d) {
  ENTER;
  *d = make<ConvolutionDescriptor>();
  return SUCCESS;
}

RESULT cudnnDestroyConvolutionDescriptor(void* d) {
  ENTER;
  release(ConvolutionDescriptor::KIND, d, __func__);
  return SUCCESS;
}

RESULT cudnnSetConvolution2dDescriptor(void* d, int padH, int padW, int strideH, int strideW, int dilationH,
                                       int dilationW, int mode, int compute) {
  ENTER;
  auto c = get<ConvolutionDescriptor>(d, __func__);
  if (padH < 0 || padW < 0 || strideH < 1 || strideW < 1 || dilationH < 1 || dilationW < 1) return BAD_PARAM;
  if (mode != 1) die("%s: the mode is not CROSS_CORRELATION", __func__);
  c->geometry = {{padH, padW}, {padH, padW}, {strideH, strideW}, {dilationH, dilationW}, 1};
  c->compute = compute;
  return SUCCESS;
}

RESULT cudnnSetConvolutionGroupCount(void* d, int groups) {
  ENTER;
  get<ConvolutionDescriptor>(d, __func__)->geometry.groups = groups;
  return groups < 1 ? BAD_PARAM : SUCCESS;
}

RESULT cudnnSetConvolutionMathType(void* d, int math) {
  ENTER;
  get<ConvolutionDescriptor>(d, __func__)->math = math;
  return math < 0 || math > 3 ? BAD_PARAM : SUCCESS;
}

RESULT cudnnGetConvolutionForwardAlgorithmMaxCount(void*, int* count) { return maximum(count, FORWARD); }

RESULT cudnnGetConvolutionBackwardDataAlgorithmMaxCount(void*, int* count) { return maximum(count, BACKWARD_DATA); }

RESULT cudnnGetConvolutionBackwardFilterAlgorithmMaxCount(void*, int* count) { return maximum(count, BACKWARD_FILTER); }

RESULT cudnnGetConvolutionForwardWorkspaceSize(void*, void* x, void* w, void* c, void* y, int algorithm,
                                               size_t* bytes) {
  ENTER;
  return workspaceSize(Problem(FORWARD, x, w, c, y, __func__), algorithm, bytes);
}

RESULT cudnnGetConvolutionBackwardDataWorkspaceSize(void*, void* w, void* dy, void* c, void* dx, int algorithm,
                                                    size_t* bytes) {
  ENTER;
  return workspaceSize(Problem(BACKWARD_DATA, dx, w, c, dy, __func__), algorithm, bytes);
}

RESULT cudnnGetConvolutionBackwardFilterWorkspaceSize(void*, void* x, void* dy, void* c, void* dw, int algorithm,
                                                      size_t* bytes) {
  ENTER;
  return workspaceSize(Problem(BACKWARD_FILTER, x, dw, c, dy, __func__), algorithm, bytes);
}

RESULT cudnnGetConvolutionForwardAlgorithm_v7(void*, void* x, void* w, void* c, void* y, int wanted, int* got,
                                              Perf* perf) {
  ENTER;
  return results(Problem(FORWARD, x, w, c, y, __func__), false, 0, wanted, got, perf);
}

RESULT cudnnGetConvolutionBackwardDataAlgorithm_v7(void*, void* w, void* dy, void* c, void* dx, int wanted, int* got,
                                                   Perf* perf) {
  ENTER;
  return results(Problem(BACKWARD_DATA, dx, w, c, dy, __func__), false, 0, wanted, got, perf);
}

RESULT cudnnGetConvolutionBackwardFilterAlgorithm_v7(void*, void* x, void* dy, void* c, void* dw, int wanted, int* got,
                                                     Perf* perf) {
  ENTER;
  return results(Problem(BACKWARD_FILTER, x, dw, c, dy, __func__), false, 0, wanted, got, perf);
}

RESULT cudnnFindConvolutionForwardAlgorithmEx(void* handle, void* xd, const void* x, void* wd, const void* w, void* c,
                                              void* yd, void* y, int wanted, int* got, Perf* perf, void* space,
                                              size_t bytes) {
  ENTER;
  Problem p(FORWARD, xd, wd, c, yd, __func__);
  return measure(handle, p, x, w, y, wanted, got, perf, space, bytes, __func__);
}

RESULT cudnnFindConvolutionBackwardDataAlgorithmEx(void* handle, void* wd, const void* w, void* yd, const void* dy,
                                                   void* c, void* xd, void* dx, int wanted, int* got, Perf* perf,
                                                   void* space, size_t bytes) {
  ENTER;
  Problem p(BACKWARD_DATA, xd, wd, c, yd, __func__);
  return measure(handle, p, dx, w, dy, wanted, got, perf, space, bytes, __func__);
}

RESULT cudnnFindConvolutionBackwardFilterAlgorithmEx(void* handle, void* xd, const void* x, void* yd, const void* dy,
                                                     void* c, void* wd, void* dw, int wanted, int* got, Perf* perf,
                                                     void* space, size_t bytes) {
  ENTER;
  Problem p(BACKWARD_FILTER, xd, wd, c, yd, __func__);
  return measure(handle, p, x, dw, dy, wanted, got, perf, space, bytes, __func__);
}

RESULT cudnnConvolutionForward(void* handle, const void* alpha, void* xd, const void* x, void* wd, const void* w,
                               void* c, int algorithm, void* space, size_t bytes, const void* beta, void* yd, void* y) {
  ENTER;
  Problem p(FORWARD, xd, wd, c, yd, __func__);
  return execute(handle, p, algorithm, alpha, beta, x, w, y, space, bytes, __func__);
}

RESULT cudnnConvolutionBackwardData(void* handle, const void* alpha, void* wd, const void* w, void* yd, const void* dy,
                                    void* c, int algorithm, void* space, size_t bytes, const void* beta, void* xd,
                                    void* dx) {
  ENTER;
  Problem p(BACKWARD_DATA, xd, wd, c, yd, __func__);
  return execute(handle, p, algorithm, alpha, beta, dx, w, dy, space, bytes, __func__);
}

RESULT cudnnConvolutionBackwardFilter(void* handle, const void* alpha, void* xd, const void* x, void* yd,
                                      const void* dy, void* c, int algorithm, void* space, size_t bytes,
                                      const void* beta, void* wd, void* dw) {
  ENTER;
  Problem p(BACKWARD_FILTER, xd, wd, c, yd, __func__);
  return execute(handle, p, algorithm, alpha, beta, x, dw, dy, space, bytes, __func__);
}

// y = relu(alpha1 conv(x) + alpha2 z + bias)
RESULT cudnnConvolutionBiasActivationForward(void* handle, const void* alpha1, void* xd, const void* x, void* wd,
                                             const void* w, void* c, int algorithm, void* space, size_t given,
                                             const void* alpha2, void* zd, const void* z, void* bd, const void* bias,
                                             void* activation, void* yd, void* y) {
  ENTER;
  Problem p(FORWARD, xd, wd, c, yd, __func__);
  Tensor tz = tensor<TensorDescriptor>(zd, __func__), tb = tensor<TensorDescriptor>(bd, __func__);
  const Algorithm* a = p.find(algorithm);
  if (!a || p.t[0].type != F32) return NOT_SUPPORTED;
  if (get<ActivationDescriptor>(activation, __func__)->mode != 1) die("%s: the activation is not ReLU", __func__);
  if (tz.dims != p.t[2].dims || tb.dims != std::vector<long>{1, p.t[1].dims[0], 1, 1}) die("%s: z or bias", __func__);
  size_t bytes = p.workspace(*a, p.math);
  if (given < bytes) die("%s: %zu bytes of workspace where the algorithm needs %zu", __func__, given, bytes);
  Scale k = scale(alpha1, alpha2, F32, __func__);
  std::vector<Range> ranges = {{x, p.t[0].bytes(), "x"}, {w, p.t[1].bytes(), "w"}, {y, p.t[2].bytes(), "y"},
                               {z, tz.bytes(), "z"}, {bias, tb.bytes(), "bias"}, {space, bytes, "the workspace"}};
  return work(handle, __func__, ranges, [=] {
    if (bytes) memset(space, 0xff, bytes);
    Numbers v = p.run(x, w), add = k.beta == 0 ? Numbers(v.size()) : tz.read(z), b = tb.read(bias);
    long area = p.t[2].dims[2] * p.t[2].dims[3];
    for (size_t i = 0; i < v.size(); i++) {
      double e = k.alpha * v[i] + k.beta * add[i] + b[i / area % b.size()];
      v[i] = e > 0 || e != e ? e : 0;
    }
    p.t[2].write(y, v, 1, 0);
  });
}
