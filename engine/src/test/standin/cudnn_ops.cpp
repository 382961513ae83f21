// libcudnn_ops.so.9: descriptors; pooling, activations, softmax, LRN, spatial batch normalisation.
#include "cudnn.h"

using namespace standin;

namespace {

using Cells = const std::vector<long>&;
using In = const Inputs&;

struct Windows {  // of the dimensions n, c, h, w: how many there are, their size, ...
  Dims count, size, pad{}, stride{1, 1, 1, 1};
};

struct Pooling : Object {
  int mode = 0;  // 1 and 2 are averages, 3 is the maximum
  Windows windows;

  double cells(Cells found) const {  // by which an average divides
    return (double)(mode == 1 ? windows.size[2] * windows.size[3] : (long)found.size());
  }
};

struct Lrn : Object {
  double n = 0, alpha = 0, beta = 0, k = 0;

  double scale(Cells cells, const Numbers& x) const {
    double sum = 0;
    for (long i : cells) sum += x[i] * x[i];
    return k + alpha / n * sum;
  }
};

int set(Ref descriptor, int format, int type, Dims dims) {
  if (*std::min_element(dims.begin(), dims.end()) < 1) return BAD_PARAM;
  bytesOf(type);
  get<TensorDescriptor>(descriptor)->tensor = Tensor{type, dims, {}}.packed(format == 1);
  return format == 0 || format == 1 ? SUCCESS : NOT_SUPPORTED;
}

// One execution that walks through x in windows, an image each if nothing else is said.
struct Layer : Execution {
  Tensor x;
  Windows windows;

  Layer(Ref handle, Data alpha, Data beta, Ref to, Ref p, std::vector<std::pair<Ref, Data>> inputs)
      : Execution(executionOf(handle)) {
    x = output(tensorOf(to), p);
    factors(alpha, beta);
    for (auto& [form, at] : inputs) {
      if (input(tensorOf(form), at).dims != x.dims) die("an input is not like the output");
    }
    windows = {{x.dims[0], 1, 1, 1}, {1, x.dims[1], x.dims[2], x.dims[3]}};
  }

  // A window a channel; memory of [1,c,1,1] of F32 that is read, or written.
  void channels(int mode, Ref form, std::vector<Data> read, std::vector<Data> written = {}) {
    windows = {{1, x.dims[1], 1, 1}, {x.dims[0], 1, x.dims[2], x.dims[3]}};
    Tensor t = tensorOf(form);
    bool fits = mode == 1 && t.dims == windows.count && t.type == F32 && x.type == F32;
    if (!fits) die("only spatial batch normalisation of F32; its parameters are [1,c,1,1]");
    for (Data p : read) input(t, p);
    for (Data p : written) ranges.push_back({p, t.bytes(), "a parameter"});
  }

  Pooling pooled(Ref descriptor, const Tensor& from, const Tensor& y) {
    Pooling p = *get<Pooling>(descriptor);
    x = from, windows = p.windows, windows.count = y.dims;
    for (int k = 0; k < 4; k++) {
      long slack = x.dims[k] + 2 * windows.pad[k] - windows.size[k];
      if (!p.mode || y.dims[k] != slack / windows.stride[k] + 1) die("x, y, window do not fit");
    }
    return p;
  }

  Lrn neighbours(Ref descriptor, int mode) {
    Lrn d = *get<Lrn>(descriptor);
    if (mode != 0 || d.n == 0) die("mode %d, window %g", mode, d.n);
    windows = {x.dims, {1, (long)d.n, 1, 1}, {0, ((long)d.n - 1) / 2, 0, 0}};
    return d;
  }

  // f(number of a window, its elements of x, inputs, result); the result is 0 before, or an input.
  int run(int start, std::function<void(long, Cells, In, Numbers&)> f) {
    return submit([f, start, n = to.count(), x = x.packed(), w = windows](In in) {
      Numbers v = start < 0 ? Numbers((size_t)n) : in[start];
      Tensor{F32, w.count, {}}.each([&](long k, long) {
        Dims size;
        long begin = 0;
        for (long d = 3, rest = k; d >= 0; rest /= w.count[d--]) {
          long from = rest % w.count[d] * w.stride[d] - w.pad[d], first = std::max(0L, from);
          size[d] = std::min(x.dims[d], from + w.size[d]) - first, begin += first * x.strides[d];
        }
        std::vector<long> cells;
        Tensor{F32, size, x.strides}.each([&](long, long at) { cells.push_back(begin + at); });
        f(k, cells, in, v);
      });
      return v;
    });
  }
};

void blend(Ref p, long at, double alpha, double v, double beta) {
  store(p, F32, at, alpha * v + (beta == 0 ? 0 : beta * load(p, F32, at)));
}

}  // namespace

DESCRIPTOR(Tensor, TensorDescriptor)
DESCRIPTOR(Filter, TensorDescriptor)
DESCRIPTOR(Pooling, Pooling)
DESCRIPTOR(Activation, Activation)
DESCRIPTOR(LRN, Lrn)

CALL(cudnnSetTensor4dDescriptor, (Ref d, int format, int type, int n, int c, int h, int w),
     return set(d, format, type, {n, c, h, w}))
CALL(cudnnSetFilter4dDescriptor, (Ref d, int type, int format, int k, int c, int r, int s),
     return set(d, format, type, {k, c, r, s}))
CALL(cudnnSetPooling2dDescriptor, (Ref d, int mode, int, int r, int s, int top, int left, int down,
                                   int right), {
  get<Pooling>(d)->mode = mode;
  get<Pooling>(d)->windows = {{}, {1, 1, r, s}, {0, 0, top, left}, {1, 1, down, right}};
  return std::min({top, left, r - top - 1, s - left - 1, down - 1, right - 1}) < 0 ? BAD_PARAM : 0;
})
CALL(cudnnSetActivationDescriptor, (Ref d, int mode, int nan, double),
     get<Activation>(d)->mode = mode, get<Activation>(d)->nan = nan)
CALL(cudnnSetLRNDescriptor, (Ref d, unsigned n, double alpha, double beta, double k), {
  Lrn& l = *get<Lrn>(d);
  l.n = n, l.alpha = alpha, l.beta = beta, l.k = k;
  return n < 1 || n > 16 || k < 1e-5 || beta < 0.01 ? BAD_PARAM : SUCCESS;
})

// --- Pooling. Of equal maxima the last gets the gradient: cuDNN does not promise the first.
CALL(cudnnPoolingForward, (Ref handle, Ref pool, TO_Y), {
  Layer l(handle, alpha, beta, yForm, y, {});
  Pooling p = l.pooled(pool, l.input(tensorOf(xForm), x), l.to);
  return l.run(-1, [=](long k, Cells cells, In in, Numbers& v) {
    v[k] = p.mode == 3 ? -INFINITY : 0;
    for (long i : cells) {
      if (p.mode != 3) v[k] += in[0][i] / p.cells(cells);
      else if (in[0][i] > v[k] || in[0][i] != in[0][i]) v[k] = in[0][i];
    }
  });
})
CALL(cudnnPoolingBackward, (Ref handle, Ref pool, TO_DX), {
  Layer l(handle, alpha, beta, dxForm, dx, {{xForm, x}});
  Pooling p = l.pooled(pool, l.x, l.input(tensorOf(yForm), y));
  if (l.input(tensorOf(dyForm), dy).dims != l.windows.count) die("dy has other dimensions than y");
  return l.run(-1, [=](long k, Cells cells, In in, Numbers& v) {
    long chosen = -1;
    for (long i : cells) {
      if (p.mode != 3) v[i] += in[2][k] / p.cells(cells);
      else if (in[0][i] == in[1][k]) chosen = i;
    }
    if (chosen >= 0) v[chosen] += in[2][k];
  });
})

CALL(cudnnActivationForward, (Ref handle, Ref activation, TO_Y), {
  Activation a = *get<Activation>(activation);
  if (a.mode < 0 || a.mode > 2) die("the activation was not set");
  return Layer(handle, alpha, beta, yForm, y, {{xForm, x}}).submit([a](In in) {
    Numbers v = in[0];
    for (double& e : v) e = a.mode == 1 ? e : a.mode == 0 ? 1 / (1 + std::exp(-e)) : std::tanh(e);
    if (a.mode == 1) relu(v, a.nan);
    return v;
  });
})
CALL(cudnnActivationBackward, (Ref handle, Ref activation, TO_DX), {
  if (get<Activation>(activation)->mode != 1) die("the activation is not ReLU");
  Layer l(handle, alpha, beta, dxForm, dx, {{xForm, x}, {yForm, y}, {dyForm, dy}});
  return l.run(2, [](long, Cells cells, In in, Numbers& v) {
    for (long i : cells) {
      if ((in[0][i] > 0) != (in[1][i] > 0)) die("y is not the ReLU of x");
      v[i] = in[0][i] > 0 ? v[i] : 0;
    }
  });
})

// --- Softmax over all of an image (mode 0); algorithm 1 is accurate, 2 its logarithm.
CALL(cudnnSoftmaxForward, (Ref handle, int algorithm, int mode, TO_Y), {
  if (mode != 0 || algorithm == 0) die("algorithm %d, mode %d", algorithm, mode);
  Layer l(handle, alpha, beta, yForm, y, {{xForm, x}});
  return l.run(0, [=](long, Cells row, In, Numbers& v) {
    double most = -INFINITY, sum = 0;
    for (long i : row) most = std::max(most, v[i]);
    for (long i : row) sum += std::exp(v[i] - most);
    for (long i : row) v[i] -= most + std::log(sum);
    for (long i : row) v[i] = algorithm == 2 ? v[i] : std::exp(v[i]);
  });
})
CALL(cudnnSoftmaxBackward, (Ref handle, int algorithm, int mode, Data alpha, IN(y), IN(dy),
                            Data beta, OUT(dx)), {
  if (mode != 0 || algorithm == 0) die("algorithm %d, mode %d", algorithm, mode);
  Layer l(handle, alpha, beta, dxForm, dx, {{yForm, y}, {dyForm, dy}});
  return l.run(1, [=](long, Cells row, In in, Numbers& v) {
    double sum = 0;
    for (long i : row) sum += algorithm == 2 ? v[i] : v[i] * in[0][i];
    for (long i : row) {
      v[i] = algorithm == 2 ? v[i] - std::exp(in[0][i]) * sum : in[0][i] * (v[i] - sum);
    }
  });
})

// --- LRN over channels: y = x u^-beta, u = k + alpha/n (sum of squares over the window).
CALL(cudnnLRNCrossChannelForward, (Ref handle, Ref descriptor, int mode, TO_Y), {
  Layer l(handle, alpha, beta, yForm, y, {{xForm, x}});
  Lrn d = l.neighbours(descriptor, mode);
  return l.run(0, [=](long k, Cells cells, In in, Numbers& v) {
    v[k] *= std::pow(d.scale(cells, in[0]), -d.beta);
  });
})
CALL(cudnnLRNCrossChannelBackward, (Ref handle, Ref descriptor, int mode, TO_DX), {
  Layer l(handle, alpha, beta, dxForm, dx, {{xForm, x}, {yForm, y}, {dyForm, dy}});
  Lrn d = l.neighbours(descriptor, mode);
  return l.run(-1, [=](long k, Cells cells, In in, Numbers& v) {
    double u = d.scale(cells, in[0]), g = in[2][k] * std::pow(u, -d.beta);
    v[k] += g;
    for (long i : cells) v[i] -= 2 * d.alpha / d.n * d.beta * in[0][i] * in[0][k] * g / u;
  });
})

// --- Batch normalisation.
CALL(cudnnBatchNormalizationForwardInference,
     (Ref handle, int mode, Data alpha, Data beta, IN(x), OUT(y), Ref form, Data gamma, Data shift,
      Data mean, Data variance, double epsilon), {
  Layer l(handle, alpha, beta, yForm, y, {{xForm, x}});
  l.channels(mode, form, {gamma, shift, mean, variance});
  return l.run(0, [=](long c, Cells cells, In in, Numbers& v) {
    double factor = in[1][c] / std::sqrt(in[4][c] + epsilon);
    for (long i : cells) v[i] = (v[i] - in[3][c]) * factor + in[2][c];
  });
})
CALL(cudnnBatchNormalizationForwardTraining,
     (Ref handle, int mode, Data alpha, Data beta, IN(x), OUT(y), Ref form, Data gamma, Data shift,
      double momentum, Ref mean, Ref variance, double epsilon, Ref savedMean, Ref savedInverse), {
  Layer l(handle, alpha, beta, yForm, y, {{xForm, x}});
  l.channels(mode, form, {gamma, shift}, {mean, variance, savedMean, savedInverse});
  return l.run(0, [=](long c, Cells cells, In in, Numbers& v) {
    double n = (double)cells.size(), average = 0, squares = 0;
    for (long i : cells) average += v[i] / n;
    for (long i : cells) squares += (v[i] - average) * (v[i] - average);
    double inverse = 1 / std::sqrt(squares / n + epsilon);
    for (long i : cells) v[i] = (v[i] - average) * inverse * in[1][c] + in[2][c];
    blend(savedMean, c, 1, average, 0), blend(savedInverse, c, 1, inverse, 0);
    blend(mean, c, momentum, average, 1 - momentum);
    blend(variance, c, momentum, squares / std::max(1.0, n - 1), 1 - momentum);
  });
})
CALL(cudnnBatchNormalizationBackward,
     (Ref handle, int mode, Data alpha, Data beta, Data alphaParameter, Data betaParameter, IN(x),
      IN(dy), OUT(dx), Ref form, Data gamma, Ref dgamma, Ref dshift, double, Data savedMean,
      Data savedInverse), {
  Layer l(handle, alpha, beta, dxForm, dx, {{xForm, x}, {dyForm, dy}});
  l.channels(mode, form, {gamma, savedMean, savedInverse}, {dgamma, dshift});
  double a = load(alphaParameter, F32, 0), b = load(betaParameter, F32, 0);
  return l.run(0, [=](long c, Cells cells, In in, Numbers& v) {
    double n = (double)cells.size(), dg = 0, db = 0;
    for (long i : cells) v[i] = (v[i] - in[3][c]) * in[4][c];
    for (long i : cells) db += in[1][i], dg += in[1][i] * v[i];
    for (long i : cells) v[i] = in[2][c] * in[4][c] * (in[1][i] - db / n - v[i] * dg / n);
    blend(dgamma, c, a, dg, b), blend(dshift, c, a, db, b);
  });
})
