// libcudnn_cnn.so.9: the legacy convolutions of packed NCHW tensors. Some algorithms are refused, some are not
// deterministic; all need their workspace, and use it.
#include "cudnn.h"

using namespace standin;

namespace {

enum { BF16_MATH = 2, FMA_MATH = 3 };

struct ConvolutionDescriptor : Object {
  Convolution geometry;
  int compute = -1, math = 0;
};

struct Perf {  // cudnnConvolutionFwdAlgoPerf_t and its sisters
  int algorithm, status;
  float time;
  size_t memory;
  int determinism, math, reserved[3];
};

// By direction, fastest first; workspace in bytes for each element of the output.
const struct Algorithm {
  int id;
  bool supported, deterministic;
  size_t workspace;
} ALGORITHMS[][4] = {{{7, false, true, 0}, {6, true, true, 8}, {1, true, true, 4}, {0, true, true, 0}},
                     {{4, false, true, 0}, {0, true, false, 0}, {5, true, true, 8}, {1, true, true, 4}},
                     {{5, false, true, 0}, {3, true, false, 4}, {0, true, false, 0}, {1, true, true, 8}}};

// One convolution; a and b are the inputs in the order of the direction's calls: x w, w dy, x dy.
struct Problem {
  Direction direction;
  Tensor x, w, y, a, b, out;
  Convolution geometry;
  int math;
  bool supported;

  Problem(Direction d, Ref ad, Ref bd, Ref convolution, Ref outd) : direction(d) {
    auto c = get<ConvolutionDescriptor>(convolution);
    if (c->compute < 0) die("the convolution descriptor was not set");
    x = tensorOf(d == BACKWARD_DATA ? outd : ad);
    w = tensorOf<FilterDescriptor>(d == FORWARD ? bd : d == BACKWARD_DATA ? ad : outd);
    y = tensorOf(d == FORWARD ? outd : bd);
    a = d == BACKWARD_DATA ? w : x, b = d == FORWARD ? w : y, out = d == FORWARD ? y : d == BACKWARD_DATA ? x : w;
    geometry = c->geometry, math = c->math;
    checkConvolution(geometry, x, w, y);
    supported = w.type == x.type && y.type == x.type && c->compute == (x.type == F64 ? F64 : F32);
    supported = supported && x == x.packed() && w == w.packed() && y == y.packed();
  }

  const Algorithm* find(int id) const {
    for (const Algorithm& each : ALGORITHMS[direction]) {
      if (each.id == id && each.supported && supported && (x.type != F64 || id <= 1)) return &each;
    }
    return nullptr;
  }

  size_t workspace(const Algorithm& of, int with) const {
    return of.workspace ? of.workspace * (size_t)out.count() + (with == FMA_MATH ? 256 : 512) : 0;
  }

  int workspaceSize(int algorithm, size_t* bytes) const {
    const Algorithm* found = find(algorithm);
    *bytes = found ? workspace(*found, math) : 0;
    return found ? SUCCESS : NOT_SUPPORTED;
  }

  // Ranked, or as if measured with so much workspace; those that failed come first, or last if measured.
  int rank(int most, int* got, Perf* perf, bool measured = false, size_t given = 0) const {
    std::vector<Perf> all;
    for (int k = 0; k < (!supported ? 0 : math == FMA_MATH ? 4 : 8); k++) {
      const Algorithm& each = ALGORITHMS[direction][k % 4];
      int with = k < 4 ? math : FMA_MATH;
      size_t bytes = workspace(each, with);
      int status = !find(each.id) ? NOT_SUPPORTED : measured && bytes > given ? ALLOC_FAILED : SUCCESS;
      all.push_back({each.id, status, status ? -1.0f : 0.1f * (float)(k + 1), bytes, each.deterministic, with, {}});
    }
    std::stable_partition(all.begin(), all.end(), [=](const Perf& p) { return (p.status == SUCCESS) == measured; });
    *got = std::min(most, (int)all.size());
    std::copy(all.begin(), all.begin() + *got, perf);
    return supported ? SUCCESS : NOT_SUPPORTED;
  }

  // A search leaves anything in the output and the workspace.
  int measure(Execution e, Data pa, Data pb, Ref po, int most, int* got, Perf* perf, Ref space, size_t bytes) const {
    refuseInCapture();
    e.input(a, pa), e.input(b, pb), e.output(out, po), e.workspace(space, bytes, bytes);
    e.submit([n = (size_t)out.count()](const Inputs&) { return Numbers(n, NAN); });
    flushAll();
    return state().error ? (int)EXECUTION_FAILED : rank(most, got, perf, true, bytes);
  }

  // `finish` changes the convolution's result, by the inputs before its own.
  int execute(Execution e, int algorithm, Data pa, Data pb, Ref space, size_t given,
              std::function<void(Numbers&, const Inputs&)> finish = [](Numbers&, const Inputs&) {}) const {
    const Algorithm* found = find(algorithm);
    if (!found) return NOT_SUPPORTED;
    int rounding = x.type != F32 || math == FMA_MATH ? EXACT : math == BF16_MATH ? TO_BF16 : TO_TF32;
    e.input(a, pa, rounding), e.input(b, pb, rounding), e.workspace(space, given, workspace(*found, math));
    return e.submit([p = *this, finish](const Inputs& in) {
      Numbers v = convolve(p.geometry, p.direction, p.x, p.w, p.y, in[in.size() - 2], in.back());
      finish(v, in);
      return v;
    });
  }
};

}  // namespace

CALL(cudnnCreateConvolutionDescriptor, (Ref* d), *d = adopt(std::make_shared<ConvolutionDescriptor>()))
CALL(cudnnDestroyConvolutionDescriptor, (Ref d), release<ConvolutionDescriptor>(d))
CALL(cudnnSetConvolutionMathType, (Ref d, int math), get<ConvolutionDescriptor>(d)->math = math)
CALL(cudnnSetConvolutionGroupCount, (Ref d, int groups), get<ConvolutionDescriptor>(d)->geometry.groups = groups)
CALL(cudnnSetConvolution2dDescriptor, (Ref d, int top, int left, int strideH, int strideW, int dilationH, int dilationW,
                                       int mode, int compute), {
  auto c = get<ConvolutionDescriptor>(d);
  if (top < 0 || left < 0 || strideH < 1 || strideW < 1 || dilationH < 1 || dilationW < 1) return BAD_PARAM;
  if (mode != 1) die("the mode is not CROSS_CORRELATION");
  c->geometry = {{top, left}, {top, left}, {strideH, strideW}, {dilationH, dilationW}, 1};
  c->compute = compute;
})

// What there is of each direction; the descriptors a and b are of the inputs, o of the output.
#define EACH_DIRECTION(call, direction)                                                                              \
  CALL(cudnnGetConvolution##call##AlgorithmMaxCount, (Ref, int* n), *n = 8)                                          \
  CALL(cudnnGetConvolution##call##WorkspaceSize, (Ref, Ref a, Ref b, Ref c, Ref o, int algorithm, size_t* bytes),    \
       return Problem(direction, a, b, c, o).workspaceSize(algorithm, bytes))                                        \
  CALL(cudnnGetConvolution##call##Algorithm_v7, (Ref, Ref a, Ref b, Ref c, Ref o, int most, int* got, Perf* perf),   \
       return Problem(direction, a, b, c, o).rank(most, got, perf))                                                  \
  CALL(cudnnFindConvolution##call##AlgorithmEx, (Ref handle, Ref a, Data pa, Ref b, Data pb, Ref c, Ref o, Ref out,  \
                                                 int most, int* got, Perf* perf, Ref space, size_t bytes), {         \
    Problem p(direction, a, b, c, o);                                                                                \
    return p.measure(executionOf(handle), pa, pb, out, most, got, perf, space, bytes);                               \
  })                                                                                                                 \
  CALL(cudnnConvolution##call, (Ref handle, Data alpha, Ref a, Data pa, Ref b, Data pb, Ref c, int algorithm,        \
                                Ref space, size_t bytes, Data beta, Ref o, Ref out), {                               \
    Execution e = executionOf(handle);                                                                               \
    Problem p(direction, a, b, c, o);                                                                                \
    e.output(p.out, out, alpha, beta);                                                                               \
    return p.execute(e, algorithm, pa, pb, space, bytes);                                                            \
  })
EACH_DIRECTION(Forward, FORWARD)
EACH_DIRECTION(BackwardData, BACKWARD_DATA)
EACH_DIRECTION(BackwardFilter, BACKWARD_FILTER)

// y = relu(alpha1 conv(x) + alpha2 z + bias)
CALL(cudnnConvolutionBiasActivationForward, (Ref handle, Data alpha1, Ref xd, Data x, Ref wd, Data w, Ref c,
                                             int algorithm, Ref space, size_t given, Data alpha2, Ref zd, Data z,
                                             Ref bd, Data bias, Ref activation, Ref yd, Ref y), {
  Execution e = executionOf(handle);
  Problem p(FORWARD, xd, wd, c, yd);
  e.output(p.y, y, alpha1, alpha2);
  double alpha = std::exchange(e.alpha, 1), beta = std::exchange(e.beta, 0);
  Tensor tz = e.input(tensorOf(zd), z), tb = e.input(tensorOf(bd), bias);
  if (p.x.type != F32) return NOT_SUPPORTED;
  if (get<ActivationDescriptor>(activation)->mode != 1) die("the activation is not ReLU");
  if (tz.dims != p.y.dims || tb.dims != Indices{1, p.w.dims[0], 1, 1}) die("z or bias");
  long area = p.y.dims[2] * p.y.dims[3];
  return p.execute(e, algorithm, x, w, space, given, [=](Numbers& v, const Inputs& in) {
    for (size_t k = 0; k < v.size(); k++) v[k] = alpha * v[k] + (beta == 0 ? 0 : beta * in[0][k]);
    addBias(v, in[1], area);
    relu(v, true);
  });
})
