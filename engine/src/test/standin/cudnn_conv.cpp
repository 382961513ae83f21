// libcudnn_cnn.so.9: the legacy convolutions of packed NCHW tensors. Some algorithms are refused,
// some are not deterministic; all need their workspace, and use it.
#include "cudnn.h"

using namespace standin;

namespace {

enum { BF16_MATH = 2, FMA_MATH = 3 };

struct Convolution : Object {
  Geometry geometry;
  int compute = -1, math = 0;
};

struct Perf {  // cudnnConvolutionFwdAlgoPerf_t and its sisters
  int algorithm, status;
  float time;
  size_t memory;
  int determinism, math, reserved[3];
};

// By direction, fastest first; workspace in bytes for each element of the output. The first of each
// is refused.
const struct Algorithm {
  int id;
  bool deterministic;
  size_t workspace;
} ALGORITHMS[][4] = {{{7, true, 0}, {6, true, 8}, {1, true, 4}, {0, true, 0}},
                     {{4, true, 0}, {0, false, 0}, {5, true, 8}, {1, true, 4}},
                     {{5, true, 0}, {3, false, 4}, {0, false, 0}, {1, true, 8}}};

// One convolution; the descriptors are of the inputs, the convolution, and the output.
struct Problem : Product {
  int math;
  bool supported;

  Problem(Direction d, Ref ad, Ref bd, Ref convolution, Ref outd) {
    auto c = get<Convolution>(convolution);
    if (c->compute < 0) die("the convolution descriptor was not set");
    direction = d, geometry = c->geometry, math = c->math;
    x = tensorOf(d == BACKWARD_DATA ? outd : ad), y = tensorOf(d == FORWARD ? outd : bd);
    w = tensorOf(d == FORWARD ? bd : d == BACKWARD_DATA ? ad : outd);
    check();
    supported = w.type == x.type && y.type == x.type && c->compute == (x.type == F64 ? F64 : F32);
    supported = supported && x == x.packed() && w == w.packed() && y == y.packed();
  }

  const Algorithm* find(int id) const {
    for (int k = 1; k < 4; k++) {
      const Algorithm& each = ALGORITHMS[direction][k];
      if (each.id == id && supported && (x.type != F64 || id <= 1)) return &each;
    }
    return nullptr;
  }

  size_t workspace(const Algorithm* of, int with) const {
    if (!of || !of->workspace) return 0;
    return of->workspace * (size_t)out().count() + (with == FMA_MATH ? 256 : 512);
  }

  int workspaceSize(int algorithm, size_t* bytes) const {
    *bytes = workspace(find(algorithm), math);
    return find(algorithm) ? SUCCESS : NOT_SUPPORTED;
  }

  // Ranked, or as if measured with so much workspace; failures come first, or last if measured.
  int rank(int most, int* got, Perf* perf, bool measured = false, size_t given = 0) const {
    std::vector<Perf> all;
    for (int k = 0; k < (!supported ? 0 : math == FMA_MATH ? 4 : 8); k++) {
      const Algorithm& each = ALGORITHMS[direction][k % 4];
      int with = k < 4 ? math : FMA_MATH;
      size_t bytes = workspace(find(each.id), with);
      int status = !find(each.id) ? NOT_SUPPORTED : measured && bytes > given ? ALLOC_FAILED : 0;
      float time = status ? -1.0f : 0.1f * (float)(k + 1);
      all.push_back({each.id, status, time, bytes, each.deterministic, with, {}});
    }
    auto early = [=](const Perf& p) { return (p.status == SUCCESS) == measured; };
    std::stable_partition(all.begin(), all.end(), early);
    *got = std::min(most, (int)all.size());
    std::copy_n(all.begin(), *got, perf);
    return supported ? SUCCESS : NOT_SUPPORTED;
  }

  // A search leaves anything in the output and the workspace.
  int measure(Execution e, Data pa, Data pb, Ref po, Ref space, size_t bytes) const {
    refuseInCapture();
    e.input(a(), pa), e.input(b(), pb), e.output(out(), po), e.workspace(space, bytes, bytes);
    e.submit([n = (size_t)out().count()](const Inputs&) { return Numbers(n, NAN); });
    flushAll();
    return refusal();
  }

  int execute(Execution e, int algorithm, Data pa, Data pb, Ref space, size_t given,
              std::function<void(Numbers&, const Inputs&)> after = {}) const {
    const Algorithm* found = find(algorithm);
    if (!found) return NOT_SUPPORTED;
    bool exact = x.type != F32 || math == FMA_MATH;
    int rounding = exact ? EXACT : math == BF16_MATH ? TO_BF16 : TO_TF32;
    e.input(a(), pa, rounding), e.input(b(), pb, rounding);
    e.workspace(space, given, workspace(found, math));
    auto f = [p = *this](const Inputs& in) { return p(in[in.size() - 2], in.back()); };
    return e.submit(f, after);
  }
};

}  // namespace

DESCRIPTOR(Convolution, Convolution)
CALL(cudnnSetConvolutionMathType, (Ref d, int math), get<Convolution>(d)->math = math)
CALL(cudnnSetConvolutionGroupCount, (Ref d, int n), get<Convolution>(d)->geometry.groups = n)
CALL(cudnnSetConvolution2dDescriptor, (Ref d, int top, int left, int down, int right, int dilationH,
                                       int dilationW, int mode, int compute), {
  if (mode != 1) die("the mode is not CROSS_CORRELATION");
  Convolution& c = *get<Convolution>(d);
  c.geometry = {{top, left}, {top, left}, {down, right}, {dilationH, dilationW}, 1};
  c.compute = compute;
  bool valid = std::min({top, left, down - 1, right - 1, dilationH - 1, dilationW - 1}) >= 0;
  return valid ? SUCCESS : BAD_PARAM;
})

// What there is of each direction.
#define EACH_DIRECTION(call, way)                                                                 \
  CALL(cudnnGetConvolution##call##AlgorithmMaxCount, (Ref, int* n), *n = 8)                       \
  CALL(cudnnGetConvolution##call##WorkspaceSize,                                                  \
       (Ref, Ref a, Ref b, Ref c, Ref o, int algorithm, size_t* bytes),                           \
       return Problem(way, a, b, c, o).workspaceSize(algorithm, bytes))                           \
  CALL(cudnnGetConvolution##call##Algorithm_v7,                                                   \
       (Ref, Ref a, Ref b, Ref c, Ref o, int most, int* got, Perf* perf),                         \
       return Problem(way, a, b, c, o).rank(most, got, perf))                                     \
  CALL(cudnnFindConvolution##call##AlgorithmEx,                                                   \
       (Ref handle, IN(a), IN(b), Ref c, OUT(o), int most, int* got, Perf* perf,                  \
        Ref space, size_t bytes), {                                                               \
    Problem p(way, aForm, bForm, c, oForm);                                                       \
    int status = p.measure(executionOf(handle), a, b, o, space, bytes);                           \
    return status ? status : p.rank(most, got, perf, true, bytes);                                \
  })                                                                                              \
  CALL(cudnnConvolution##call, (Ref handle, Data alpha, IN(a), IN(b), Ref c, int algorithm,       \
                                Ref space, size_t bytes, Data beta, OUT(o)), {                    \
    Execution e = executionOf(handle);                                                            \
    Problem p(way, aForm, bForm, c, oForm);                                                       \
    e.output(p.out(), o), e.factors(alpha, beta);                                                 \
    return p.execute(e, algorithm, a, b, space, bytes);                                           \
  })
EACH_DIRECTION(Forward, FORWARD)
EACH_DIRECTION(BackwardData, BACKWARD_DATA)
EACH_DIRECTION(BackwardFilter, BACKWARD_FILTER)

// y = relu(alpha1 conv(x) + alpha2 z + bias)
CALL(cudnnConvolutionBiasActivationForward,
     (Ref handle, Data alpha1, IN(x), IN(w), Ref c, int algorithm, Ref space, size_t bytes,
      Data alpha2, IN(z), IN(bias), Ref relus, OUT(y)), {
  Execution e = executionOf(handle);
  Problem p(FORWARD, xForm, wForm, c, yForm);
  e.output(p.y, y), e.factors(alpha1, alpha2);
  e.z = z, e.ranges.push_back({z, p.y.bytes(), "z"});
  Tensor t = e.input(tensorOf(biasForm), bias);
  bool fits = tensorOf(zForm) == p.y && t.dims == Dims{1, p.w.dims[0], 1, 1};
  if (!fits || get<Activation>(relus)->mode != 1) die("z, the bias or the activation");
  if (p.x.type != F32) return NOT_SUPPORTED;
  return p.execute(e, algorithm, x, w, space, bytes, [p](Numbers& v, const Inputs& in) {
    addBias(v, in[0], p.y.dims[2] * p.y.dims[3]);
    relu(v, true);
  });
})
