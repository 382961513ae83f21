// libcudnn_ops.so.9: descriptors of tensors; pooling, activations, softmax, LRN, spatial batch normalisation.
#include "cudnn.h"

using namespace standin;

namespace {

struct Window {  // of dimensions n, c, h, w
  Indices size, pad{0, 0, 0, 0}, stride{1, 1, 1, 1};
};

struct PoolingDescriptor : Object {
  int mode = -1;  // 1 and 2 are averages, 3 is the maximum
  Window window;
};

struct LrnDescriptor : Object {
  long n = 0;
  double alpha = 0, beta = 0, k = 0;

  double scale(const Indices& cells, const Numbers& x) const {
    double sum = 0;
    for (long i : cells) sum += x[i] * x[i];
    return k + alpha / (double)n * sum;
  }
};

int set(Tensor& t, int format, int type, Indices dims) {
  if (*std::min_element(dims.begin(), dims.end()) < 1) return BAD_PARAM;
  if (format != 0 && format != 1) return NOT_SUPPORTED;
  bytesOf(type);
  t = Tensor{type, dims, {}}.packed(format == 1);
  return SUCCESS;
}

// One execution that goes through windows of x; inputs have the dimensions and the type of the output.
struct Layer : Execution {
  Tensor x;
  Window window;
  Indices windows;  // how many there are by dimension

  Layer(Ref handle, Data a, Data b, std::vector<std::pair<Ref, Data>> inputs, Ref descriptor, Ref memory)
      : Execution(executionOf(handle)) {
    x = output(tensorOf(descriptor), memory, a, b);
    for (auto& [each, p] : inputs) {
      Tensor t = input(tensorOf(each), p);
      if (t.dims != x.dims || t.type != x.type) die("an input has other dimensions or another type than the output");
    }
    window = {{1, x.dims[1], x.dims[2], x.dims[3]}}, windows = {x.dims[0], 1, 1, 1};  // an image each
  }

  void eachChannel() { window = {{x.dims[0], 1, x.dims[2], x.dims[3]}}, windows = {1, x.dims[1], 1, 1}; }

  // Parameters of batch normalisation, [1,c,1,1]: read, or to be written. Gives their type.
  int parameters(int mode, Ref descriptor, std::vector<Data> read, std::vector<Data> written = {}) {
    Tensor t = tensorOf(descriptor);
    bool fits = mode == 1 && t.dims == Indices{1, x.dims[1], 1, 1} && t.type == (x.type == F64 ? F64 : F32);
    if (!fits) die("only spatial batch normalisation; its parameters are [1,c,1,1]");
    for (Data p : read) input(t, p);
    for (Data p : written) ranges.push_back({p, t.bytes(), "a parameter"});
    return t.type;
  }

  void pooled(Ref pool, const Tensor& from, const Tensor& y) {
    auto p = get<PoolingDescriptor>(pool);
    x = from, window = p->window, windows = y.dims;
    for (int k = 0; k < 4; k++) {
      bool fits = p->mode > 0 && y.dims[k] == (x.dims[k] + 2 * window.pad[k] - window.size[k]) / window.stride[k] + 1;
      if (!fits) die("x, y and the window do not fit");
    }
  }

  LrnDescriptor neighbours(Ref descriptor, int mode) {
    LrnDescriptor d = *get<LrnDescriptor>(descriptor);
    if (mode != 0 || d.n == 0) die("mode %d, window %ld", mode, d.n);
    window = {{1, d.n, 1, 1}, {0, (d.n - 1) / 2, 0, 0}}, windows = x.dims;
    return d;
  }

  // f(number of the window, its elements of x, the inputs, the result), which is `start`, an input, or 0 before.
  template <class F>
  int run(int start, F f) {
    return submit([=, l = *this](const Inputs& in) {
      Numbers v = start < 0 ? Numbers((size_t)l.to.count()) : in[start];
      Tensor{F32, l.windows, {}}.packed().each([&](long k, long) {
        Indices from(4), extent(4), cells;
        for (long d = 3, rest = k; d >= 0; rest /= l.windows[d--]) {
          long begin = rest % l.windows[d] * l.window.stride[d] - l.window.pad[d];
          from[d] = std::max(0L, begin), extent[d] = std::min(l.x.dims[d], begin + l.window.size[d]) - from[d];
        }
        Tensor part{F32, extent, l.x.packed().strides};
        part.each([&](long, long at) { cells.push_back(at + part.place(from)); });
        f(k, cells, in, v);
      });
      return v;
    });
  }
};

using Cells = const Indices&;
using In = const Inputs&;

}  // namespace

#define DESCRIPTOR(name, T)                                                        \
  CALL(cudnnCreate##name##Descriptor, (Ref* d), *d = adopt(std::make_shared<T>())) \
  CALL(cudnnDestroy##name##Descriptor, (Ref d), release<T>(d))
DESCRIPTOR(Tensor, TensorDescriptor)
DESCRIPTOR(Filter, FilterDescriptor)
DESCRIPTOR(Pooling, PoolingDescriptor)
DESCRIPTOR(Activation, ActivationDescriptor)
DESCRIPTOR(LRN, LrnDescriptor)

CALL(cudnnSetTensor4dDescriptor, (Ref d, int format, int type, int n, int c, int h, int w),
     return set(get<TensorDescriptor>(d)->tensor, format, type, {n, c, h, w}))
CALL(cudnnSetFilter4dDescriptor, (Ref d, int type, int format, int k, int c, int r, int s),
     return set(get<FilterDescriptor>(d)->tensor, format, type, {k, c, r, s}))
CALL(cudnnSetPooling2dDescriptor, (Ref d, int mode, int nan, int r, int s, int top, int left, int down, int right), {
  bool valid = mode >= 1 && mode <= 3 && nan == 1 && down > 0 && right > 0;
  valid = valid && top >= 0 && left >= 0 && top < r && left < s;
  get<PoolingDescriptor>(d)->mode = valid ? mode : -1;
  get<PoolingDescriptor>(d)->window = {{1, 1, r, s}, {0, 0, top, left}, {1, 1, down, right}};
  return valid ? SUCCESS : BAD_PARAM;
})
CALL(cudnnSetActivationDescriptor, (Ref d, int mode, int nan, double), {
  get<ActivationDescriptor>(d)->mode = mode, get<ActivationDescriptor>(d)->nan = nan;
  return mode >= 0 && mode <= 2 ? SUCCESS : NOT_SUPPORTED;
})
CALL(cudnnSetLRNDescriptor, (Ref d, unsigned n, double alpha, double beta, double k), {
  auto l = get<LrnDescriptor>(d);
  l->n = n, l->alpha = alpha, l->beta = beta, l->k = k;
  return n < 1 || n > 16 || k < 1e-5 || beta < 0.01 ? BAD_PARAM : SUCCESS;
})

// --- Pooling. Of equal maxima the last gets the gradient: cuDNN does not promise the first.
CALL(cudnnPoolingForward, (Ref handle, Ref pool, Data alpha, Ref xd, Data x, Data beta, Ref yd, Ref y), {
  Layer l(handle, alpha, beta, {}, yd, y);
  l.pooled(pool, l.input(tensorOf(xd), x), l.to);
  return l.run(-1, [area = l.window.size[2] * l.window.size[3], mode = get<PoolingDescriptor>(pool)->mode](
                       long k, Cells cells, In in, Numbers& v) {
    v[k] = mode == 3 ? -INFINITY : 0;
    for (long i : cells) {
      if (mode != 3) v[k] += in[0][i] / (double)(mode == 1 ? area : (long)cells.size());
      else if (in[0][i] > v[k] || in[0][i] != in[0][i]) v[k] = in[0][i];
    }
  });
})
CALL(cudnnPoolingBackward, (Ref handle, Ref pool, Data alpha, Ref yd, Data y, Ref dyd, Data dy, Ref xd, Data x,
                            Data beta, Ref dxd, Ref dx), {
  Layer l(handle, alpha, beta, {{xd, x}}, dxd, dx);
  l.pooled(pool, l.x, l.input(tensorOf(yd), y));
  if (l.input(tensorOf(dyd), dy).dims != l.windows) die("dy has other dimensions than y");
  return l.run(-1, [area = l.window.size[2] * l.window.size[3], mode = get<PoolingDescriptor>(pool)->mode](
                       long k, Cells cells, In in, Numbers& v) {
    long chosen = -1;
    for (long i : cells) {
      if (mode != 3) v[i] += in[2][k] / (double)(mode == 1 ? area : (long)cells.size());
      else if (in[0][i] == in[1][k]) chosen = i;
    }
    if (chosen >= 0) v[chosen] += in[2][k];
  });
})

CALL(cudnnActivationForward, (Ref handle, Ref activation, Data alpha, Ref xd, Data x, Data beta, Ref yd, Ref y), {
  auto a = get<ActivationDescriptor>(activation);
  if (a->mode < 0) die("the activation was not set");
  return Layer(handle, alpha, beta, {{xd, x}}, yd, y).submit([mode = a->mode, nan = a->nan](In in) {
    Numbers v = in[0];
    for (double& e : v) e = mode == 1 ? e : mode == 0 ? 1 / (1 + std::exp(-e)) : std::tanh(e);
    if (mode == 1) relu(v, nan);
    return v;
  });
})
CALL(cudnnActivationBackward, (Ref handle, Ref activation, Data alpha, Ref yd, Data y, Ref dyd, Data dy, Ref xd, Data x,
                               Data beta, Ref dxd, Ref dx), {
  if (get<ActivationDescriptor>(activation)->mode != 1) die("the activation is not ReLU");
  return Layer(handle, alpha, beta, {{xd, x}, {yd, y}, {dyd, dy}}, dxd, dx).submit([](In in) {
    Numbers v = in[2];
    for (size_t k = 0; k < v.size(); k++) {
      if ((in[0][k] > 0) != (in[1][k] > 0)) die("y is not the ReLU of x");
      v[k] = in[0][k] > 0 ? v[k] : 0;
    }
    return v;
  });
})

// --- Softmax over all of an image (mode 0); algorithm 1 is accurate, 2 its logarithm.
CALL(cudnnSoftmaxForward, (Ref handle, int algorithm, int mode, Data alpha, Ref xd, Data x, Data beta, Ref yd, Ref y), {
  if (mode != 0 || algorithm == 0) die("algorithm %d, mode %d", algorithm, mode);
  return Layer(handle, alpha, beta, {{xd, x}}, yd, y).run(0, [=](long, Cells row, In, Numbers& v) {
    double most = -INFINITY, sum = 0;
    for (long i : row) most = std::max(most, v[i]);
    for (long i : row) sum += std::exp(v[i] - most);
    for (long i : row) v[i] = algorithm == 2 ? v[i] - most - std::log(sum) : std::exp(v[i] - most) / sum;
  });
})
CALL(cudnnSoftmaxBackward, (Ref handle, int algorithm, int mode, Data alpha, Ref yd, Data y, Ref dyd, Data dy,
                            Data beta, Ref dxd, Ref dx), {
  if (mode != 0 || algorithm == 0) die("algorithm %d, mode %d", algorithm, mode);
  return Layer(handle, alpha, beta, {{yd, y}, {dyd, dy}}, dxd, dx).run(1, [=](long, Cells row, In in, Numbers& v) {
    double sum = 0;
    for (long i : row) sum += algorithm == 2 ? v[i] : v[i] * in[0][i];
    for (long i : row) v[i] = algorithm == 2 ? v[i] - std::exp(in[0][i]) * sum : in[0][i] * (v[i] - sum);
  });
})

// --- Local response normalisation over channels: y = x u^-beta, u = k + alpha/n (sum of squares over the window).
CALL(cudnnLRNCrossChannelForward, (Ref handle, Ref descriptor, int mode, Data alpha, Ref xd, Data x, Data beta, Ref yd,
                                   Ref y), {
  Layer l(handle, alpha, beta, {{xd, x}}, yd, y);
  LrnDescriptor d = l.neighbours(descriptor, mode);
  if (x == y) die("in place");
  return l.run(0, [=](long k, Cells cells, In in, Numbers& v) { v[k] *= std::pow(d.scale(cells, in[0]), -d.beta); });
})
CALL(cudnnLRNCrossChannelBackward, (Ref handle, Ref descriptor, int mode, Data alpha, Ref yd, Data y, Ref dyd, Data dy,
                                    Ref xd, Data x, Data beta, Ref dxd, Ref dx), {
  Layer l(handle, alpha, beta, {{xd, x}, {yd, y}, {dyd, dy}}, dxd, dx);
  LrnDescriptor d = l.neighbours(descriptor, mode);
  return l.run(-1, [=](long k, Cells cells, In in, Numbers& v) {
    double u = d.scale(cells, in[0]), g = in[2][k] * std::pow(u, -d.beta);
    v[k] += g;
    for (long i : cells) v[i] -= 2 * d.alpha / (double)d.n * d.beta * in[0][i] * in[0][k] * g / u;
  });
})

// --- Batch normalisation.
CALL(cudnnBatchNormalizationForwardInference, (Ref handle, int mode, Data alpha, Data beta, Ref xd, Data x, Ref yd,
                                               Ref y, Ref pd, Data gamma, Data shift, Data mean, Data variance,
                                               double epsilon), {
  Layer l(handle, alpha, beta, {{xd, x}}, yd, y);
  l.parameters(mode, pd, {gamma, shift, mean, variance});
  l.eachChannel();
  return l.run(0, [=](long c, Cells cells, In in, Numbers& v) {
    for (long i : cells) v[i] = (v[i] - in[3][c]) / std::sqrt(in[4][c] + epsilon) * in[1][c] + in[2][c];
  });
})
CALL(cudnnBatchNormalizationForwardTraining, (Ref handle, int mode, Data alpha, Data beta, Ref xd, Data x, Ref yd,
                                              Ref y, Ref pd, Data gamma, Data shift, double factor, Ref runningMean,
                                              Ref runningVariance, double epsilon, Ref savedMean, Ref savedInverse), {
  Layer l(handle, alpha, beta, {{xd, x}}, yd, y);
  if (!runningMean != !runningVariance) die("half of a pair is null");
  int type = l.parameters(mode, pd, {gamma, shift}, {savedMean, savedInverse});
  if (runningMean) l.parameters(mode, pd, {}, {runningMean, runningVariance});
  l.eachChannel();
  return l.run(0, [=](long c, Cells cells, In in, Numbers& v) {
    double n = (double)cells.size(), mean = 0, squares = 0;
    for (long i : cells) mean += v[i] / n;
    for (long i : cells) squares += (v[i] - mean) * (v[i] - mean);
    double inverse = 1 / std::sqrt(squares / n + epsilon);
    for (long i : cells) v[i] = (v[i] - mean) * inverse * in[1][c] + in[2][c];
    store(savedMean, type, c, mean), store(savedInverse, type, c, inverse);
    if (!runningMean) return;
    store(runningMean, type, c, factor * mean + (1 - factor) * load(runningMean, type, c));
    double variance = squares / std::max(1.0, n - 1);
    store(runningVariance, type, c, factor * variance + (1 - factor) * load(runningVariance, type, c));
  });
})
CALL(cudnnBatchNormalizationBackward, (Ref handle, int mode, Data alpha, Data beta, Data alphaParameter,
                                       Data betaParameter, Ref xd, Data x, Ref dyd, Data dy, Ref dxd, Ref dx, Ref pd,
                                       Data gamma, Ref dgamma, Ref dshift, double, Data savedMean, Data savedInverse), {
  Layer l(handle, alpha, beta, {{xd, x}, {dyd, dy}}, dxd, dx);
  int type = l.parameters(mode, pd, {gamma, savedMean, savedInverse}, {dgamma, dshift});
  l.eachChannel();
  double a = load(alphaParameter, type, 0), b = load(betaParameter, type, 0);
  return l.run(0, [=](long c, Cells cells, In in, Numbers& v) {
    double n = (double)cells.size(), dg = 0, db = 0;
    for (long i : cells) v[i] = (v[i] - in[3][c]) * in[4][c], db += in[1][i], dg += in[1][i] * v[i];
    for (long i : cells) v[i] = in[2][c] * in[4][c] * (in[1][i] - db / n - v[i] * dg / n);
    store(dgamma, type, c, a * dg + (b == 0 ? 0 : b * load(dgamma, type, c)));
    store(dshift, type, c, a * db + (b == 0 ? 0 : b * load(dshift, type, c)));
  });
})
