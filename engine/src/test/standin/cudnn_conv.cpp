// libcudnn_cnn.so.9: the legacy convolutions of packed NCHW tensors. Some algorithms are refused, some are not
// deterministic; all need their workspace, and use it.
#include <cstring>

#include "cudnn.h"

using namespace standin;

namespace {

enum { FMA_MATH = 3, ALLOC_FAILED = 4003 };

struct ConvolutionDescriptor : Object {
  static constexpr const char* KIND = "cuDNN convolution descriptor";
  Convolution geometry;
  int compute = -1, math = 0;
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

// One convolution: its tensors x, w, y, and what to do.
struct Problem {
  Direction direction;
  const char* name;
  Tensor t[3];
  Convolution geometry;
  int math;
  bool supported;

  Problem(Direction d, Ref xd, Ref wd, Ref cd, Ref yd, const char* caller) : direction(d), name(caller) {
    auto c = get<ConvolutionDescriptor>(cd, caller);
    if (c->compute < 0) die("%s: the convolution descriptor was not set", caller);
    t[0] = tensorOf<TensorDescriptor>(xd, caller);
    t[1] = tensorOf<FilterDescriptor>(wd, caller);
    t[2] = tensorOf<TensorDescriptor>(yd, caller);
    geometry = c->geometry;
    math = c->math;
    checkConvolution(geometry, t[0], t[1], t[2], caller);
    int type = t[0].type;
    supported = t[1].type == type && t[2].type == type && c->compute == (type == F64 ? F64 : F32);
    for (const Tensor& each : t) supported = supported && each.packed();
  }

  int output() const { return direction == FORWARD ? 2 : direction == BACKWARD_DATA ? 0 : 1; }

  const Algorithm* find(int id) const {
    for (const Algorithm& a : ALGORITHMS[direction]) {
      if (a.id == id && a.supported && supported && (t[0].type != F64 || id <= 1)) return &a;
    }
    return nullptr;
  }

  size_t workspace(const Algorithm& a, int with) const {
    return a.workspace ? a.workspace * (size_t)t[output()].count() + (with == FMA_MATH ? 256 : 512) : 0;
  }

  Numbers run(const Data data[3]) const {
    Rounding to = t[0].type != F32 || math == FMA_MATH ? EXACT : math == 2 ? TO_BF16 : TO_TF32;
    int a = direction == BACKWARD_DATA ? 1 : 0, b = direction == FORWARD ? 1 : 2;
    return convolve(geometry, direction, t[0], t[1], t[2], t[a].read(data[a], to), t[b].read(data[b], to));
  }
};

int workspaceSize(const Problem& p, int algorithm, size_t* bytes) {
  const Algorithm* a = p.find(algorithm);
  *bytes = a ? p.workspace(*a, p.math) : 0;
  return a ? SUCCESS : NOT_SUPPORTED;
}

// Ranked, or as if measured with so much workspace; those that failed come first, or last if measured.
int rank(const Problem& p, int wanted, int* got, Perf* perf, bool measured = false, size_t given = 0) {
  *got = 0;
  if (!p.supported) return NOT_SUPPORTED;
  std::vector<Perf> good, bad;
  for (int math : {p.math, (int)FMA_MATH}) {
    if (math == p.math && !good.empty()) break;
    for (const Algorithm& a : ALGORITHMS[p.direction]) {
      size_t bytes = p.workspace(a, math);
      int status = !p.find(a.id) ? (int)NOT_SUPPORTED : measured && bytes > given ? (int)ALLOC_FAILED : SUCCESS;
      Perf row = {a.id, status, status ? -1.0f : 0.1f * (float)(good.size() + 1), bytes, a.deterministic, math, {}};
      (status ? bad : good).push_back(row);
    }
  }
  std::vector<Perf>& all = measured ? good : bad;
  all.insert(all.end(), (measured ? bad : good).begin(), (measured ? bad : good).end());
  for (; *got < wanted && *got < (int)all.size(); ++*got) perf[*got] = all[*got];
  return SUCCESS;
}

int measure(Ref handle, const Problem& p, Data x, Data w, Data y, int wanted, int* got, Perf* perf, Ref space, size_t bytes) {
  refuseInCapture(p.name);
  Call call(handle, p.name);
  Data data[] = {x, w, y};
  for (int k = 0; k < 3; k++) call.tensor(p.t[k], data[k], NAMES[k]);
  call.ranges.push_back({space, bytes, "the workspace"});
  call.submit([=] {  // a search leaves anything there
    memset((void*)data[p.output()], 0xff, p.t[p.output()].bytes());
    memset(space, 0xff, bytes);
  });
  flushAll();
  return broken() ? (int)EXECUTION_FAILED : rank(p, wanted, got, perf, true, bytes);
}

// What follows a convolution: v, in the order of the output, is written.
using Finish = std::function<void(const Call&, const Numbers&)>;

int execute(Call call, const Problem& p, int algorithm, Data x, Data w, Data y, Ref space, size_t given, Finish finish) {
  const Algorithm* a = p.find(algorithm);
  if (!a) return NOT_SUPPORTED;
  size_t bytes = p.workspace(*a, p.math);
  if (given < bytes) die("%s: %zu bytes of workspace where the algorithm needs %zu", p.name, given, bytes);
  Data data[] = {x, w, y};
  for (int k = 0; k < 3; k++) call.tensor(p.t[k], data[k], NAMES[k]);
  call.ranges.push_back({space, bytes, "the workspace"});
  return call.submit([=] {
    if (bytes) memset(space, 0xff, bytes);
    finish(call, p.run(data));
  });
}

int execute(Ref handle, const Problem& p, int algorithm, Data alpha, Data beta, Data x, Data w, Data y, Ref space,
            size_t given) {
  Call call(handle, p.name);
  call.scale(alpha, beta, p.t[0].type);
  void* out = (void*)(p.direction == FORWARD ? y : p.direction == BACKWARD_DATA ? x : w);
  return execute(call, p, algorithm, x, w, y, space, given, [t = p.t[p.output()], out](const Call& c, const Numbers& v) {
    t.write(out, v, c.alpha, c.beta);
  });
}

}  // namespace

RESULT cudnnCreateConvolutionDescriptor(Ref* d) {
  ENTER;
  return *d = make<ConvolutionDescriptor>(), SUCCESS;
}

RESULT cudnnDestroyConvolutionDescriptor(Ref d) {
  ENTER;
  return release(ConvolutionDescriptor::KIND, d, __func__), SUCCESS;
}

RESULT cudnnSetConvolution2dDescriptor(Ref d, int top, int left, int strideH, int strideW, int dilationH, int dilationW,
                                       int mode, int compute) {
  ENTER;
  auto c = get<ConvolutionDescriptor>(d, __func__);
  if (top < 0 || left < 0 || strideH < 1 || strideW < 1 || dilationH < 1 || dilationW < 1) return BAD_PARAM;
  if (mode != 1) die("%s: the mode is not CROSS_CORRELATION", __func__);
  c->geometry = {{top, left}, {top, left}, {strideH, strideW}, {dilationH, dilationW}, 1};
  c->compute = compute;
  return SUCCESS;
}

RESULT cudnnSetConvolutionGroupCount(Ref d, int groups) {
  ENTER;
  get<ConvolutionDescriptor>(d, __func__)->geometry.groups = groups;
  return groups < 1 ? BAD_PARAM : SUCCESS;
}

RESULT cudnnSetConvolutionMathType(Ref d, int math) {
  ENTER;
  get<ConvolutionDescriptor>(d, __func__)->math = math;
  return math < 0 || math > 3 ? BAD_PARAM : SUCCESS;
}

#define MAX_COUNT(name, direction)                              \
  RESULT cudnnGetConvolution##name##MaxCount(Ref, int* count) { \
    return *count = 2 * (int)ALGORITHMS[direction].size(), SUCCESS; \
  }
MAX_COUNT(ForwardAlgorithm, FORWARD)
MAX_COUNT(BackwardDataAlgorithm, BACKWARD_DATA)
MAX_COUNT(BackwardFilterAlgorithm, BACKWARD_FILTER)

RESULT cudnnGetConvolutionForwardWorkspaceSize(Ref, Ref x, Ref w, Ref c, Ref y, int algorithm, size_t* bytes) {
  ENTER;
  return workspaceSize({FORWARD, x, w, c, y, __func__}, algorithm, bytes);
}

RESULT cudnnGetConvolutionBackwardDataWorkspaceSize(Ref, Ref w, Ref dy, Ref c, Ref dx, int algorithm, size_t* bytes) {
  ENTER;
  return workspaceSize({BACKWARD_DATA, dx, w, c, dy, __func__}, algorithm, bytes);
}

RESULT cudnnGetConvolutionBackwardFilterWorkspaceSize(Ref, Ref x, Ref dy, Ref c, Ref dw, int algorithm, size_t* bytes) {
  ENTER;
  return workspaceSize({BACKWARD_FILTER, x, dw, c, dy, __func__}, algorithm, bytes);
}

RESULT cudnnGetConvolutionForwardAlgorithm_v7(Ref, Ref x, Ref w, Ref c, Ref y, int wanted, int* got, Perf* perf) {
  ENTER;
  return rank({FORWARD, x, w, c, y, __func__}, wanted, got, perf);
}

RESULT cudnnGetConvolutionBackwardDataAlgorithm_v7(Ref, Ref w, Ref dy, Ref c, Ref dx, int wanted, int* got, Perf* perf) {
  ENTER;
  return rank({BACKWARD_DATA, dx, w, c, dy, __func__}, wanted, got, perf);
}

RESULT cudnnGetConvolutionBackwardFilterAlgorithm_v7(Ref, Ref x, Ref dy, Ref c, Ref dw, int wanted, int* got, Perf* perf) {
  ENTER;
  return rank({BACKWARD_FILTER, x, dw, c, dy, __func__}, wanted, got, perf);
}

RESULT cudnnFindConvolutionForwardAlgorithmEx(Ref handle, Ref xd, Data x, Ref wd, Data w, Ref c, Ref yd, Ref y, int wanted,
                                              int* got, Perf* perf, Ref space, size_t bytes) {
  ENTER;
  return measure(handle, {FORWARD, xd, wd, c, yd, __func__}, x, w, y, wanted, got, perf, space, bytes);
}

RESULT cudnnFindConvolutionBackwardDataAlgorithmEx(Ref handle, Ref wd, Data w, Ref yd, Data dy, Ref c, Ref xd, Ref dx,
                                                   int wanted, int* got, Perf* perf, Ref space, size_t bytes) {
  ENTER;
  return measure(handle, {BACKWARD_DATA, xd, wd, c, yd, __func__}, dx, w, dy, wanted, got, perf, space, bytes);
}

RESULT cudnnFindConvolutionBackwardFilterAlgorithmEx(Ref handle, Ref xd, Data x, Ref yd, Data dy, Ref c, Ref wd, Ref dw,
                                                     int wanted, int* got, Perf* perf, Ref space, size_t bytes) {
  ENTER;
  return measure(handle, {BACKWARD_FILTER, xd, wd, c, yd, __func__}, x, dw, dy, wanted, got, perf, space, bytes);
}

RESULT cudnnConvolutionForward(Ref handle, Data alpha, Ref xd, Data x, Ref wd, Data w, Ref c, int algorithm, Ref space,
                               size_t bytes, Data beta, Ref yd, Ref y) {
  ENTER;
  return execute(handle, {FORWARD, xd, wd, c, yd, __func__}, algorithm, alpha, beta, x, w, y, space, bytes);
}

RESULT cudnnConvolutionBackwardData(Ref handle, Data alpha, Ref wd, Data w, Ref yd, Data dy, Ref c, int algorithm, Ref space,
                                    size_t bytes, Data beta, Ref xd, Ref dx) {
  ENTER;
  return execute(handle, {BACKWARD_DATA, xd, wd, c, yd, __func__}, algorithm, alpha, beta, dx, w, dy, space, bytes);
}

RESULT cudnnConvolutionBackwardFilter(Ref handle, Data alpha, Ref xd, Data x, Ref yd, Data dy, Ref c, int algorithm,
                                      Ref space, size_t bytes, Data beta, Ref wd, Ref dw) {
  ENTER;
  return execute(handle, {BACKWARD_FILTER, xd, wd, c, yd, __func__}, algorithm, alpha, beta, x, dw, dy, space, bytes);
}

// y = relu(alpha1 conv(x) + alpha2 z + bias)
RESULT cudnnConvolutionBiasActivationForward(Ref handle, Data alpha1, Ref xd, Data x, Ref wd, Data w, Ref c, int algorithm,
                                             Ref space, size_t given, Data alpha2, Ref zd, Data z, Ref bd, Data bias,
                                             Ref activation, Ref yd, Ref y) {
  ENTER;
  Problem p(FORWARD, xd, wd, c, yd, __func__);
  Call call(handle, __func__);
  call.scale(alpha1, alpha2, F32);
  Tensor tz = call.tensor(zd, z, "z"), tb = call.tensor(bd, bias, "bias");
  if (p.t[0].type != F32) return NOT_SUPPORTED;
  if (get<ActivationDescriptor>(activation, __func__)->mode != 1) die("%s: the activation is not ReLU", __func__);
  if (tz.dims != p.t[2].dims || tb.dims != std::vector<long>{1, p.t[1].dims[0], 1, 1}) die("%s: z or bias", __func__);
  return execute(call, p, algorithm, x, w, y, space, given, [=](const Call& k, const Numbers& v) {
    Numbers out = v, add = k.beta == 0 ? Numbers(v.size()) : tz.read(z), b = tb.read(bias);
    long area = p.t[2].dims[2] * p.t[2].dims[3];
    for (size_t i = 0; i < v.size(); i++) {
      double e = k.alpha * v[i] + k.beta * add[i] + b[i / area % b.size()];
      out[i] = e > 0 || e != e ? e : 0;
    }
    p.t[2].write(y, out, 1, 0);
  });
}
