// libcudnn_ops.so.9: descriptors of tensors; pooling, activations, softmax, LRN, spatial batch normalisation.
#include "cudnn.h"

using namespace standin;

namespace {

struct Window {  // of dimensions n, c, h, w
  Indices size, pad{0, 0, 0, 0}, stride{1, 1, 1, 1};
};

struct PoolingDescriptor : Object {
  int mode = -1;
  Window window;
  bool average() const { return mode == 1 || mode == 2; }
};

struct LrnDescriptor : Object {
  long n = 0;
  double alpha = 0, beta = 0, k = 0;
};

int set(Tensor& t, int format, int type, Indices dims) {
  if (*std::min_element(dims.begin(), dims.end()) < 1) return BAD_PARAM;
  if (format != 0 && format != 1) return NOT_SUPPORTED;
  bytesOf(type);
  t = Tensor{type, dims, {}}.packed(format == 1);
  return SUCCESS;
}

// An execution whose inputs have the dimensions and the type of the output.
Execution layer(Ref handle, Data alpha, Data beta, std::vector<std::pair<Ref, Data>> inputs, Ref descriptor, Ref out) {
  Execution e = executionOf(handle);
  Tensor to = e.output(tensorOf(descriptor), out, alpha, beta);
  for (auto& [each, p] : inputs) {
    Tensor t = e.input(tensorOf(each), p);
    if (t.dims != to.dims || t.type != to.type) die("an input has other dimensions or another type than the output");
  }
  return e;
}

// f(k, the elements of x [n,c,h,w] in the k-th window)
template <class F>
void eachWindow(const Window& window, const Tensor& x, const Indices& dims, F f) {
  Tensor{F32, dims, {}}.packed().each([&](long k, long) {
    Indices from(4), to(4), cells;
    for (long d = 3, rest = k; d >= 0; rest /= dims[d--]) {
      long begin = rest % dims[d] * window.stride[d] - window.pad[d];
      from[d] = std::max(0L, begin), to[d] = std::min(x.dims[d], begin + window.size[d]);
    }
    for (long n = from[0]; n < to[0]; n++) {
      for (long c = from[1]; c < to[1]; c++) {
        for (long h = from[2]; h < to[2]; h++) {
          for (long w = from[3]; w < to[3]; w++) cells.push_back(((n * x.dims[1] + c) * x.dims[2] + h) * x.dims[3] + w);
        }
      }
    }
    f(k, cells);
  });
}

template <class F>
void eachImage(const Tensor& x, F f) {
  eachWindow({{1, x.dims[1], x.dims[2], x.dims[3]}}, x, {x.dims[0], 1, 1, 1}, f);
}

template <class F>
void eachChannel(const Tensor& x, F f) {
  eachWindow({{x.dims[0], 1, x.dims[2], x.dims[3]}}, x, {1, x.dims[1], 1, 1}, f);
}

std::shared_ptr<PoolingDescriptor> pooling(Ref handle, const Tensor& x, const Tensor& y) {
  auto d = get<PoolingDescriptor>(handle);
  for (int k = 0; k < 4; k++) {
    long size = d->mode < 0 ? 0 : (x.dims[k] + 2 * d->window.pad[k] - d->window.size[k]) / d->window.stride[k] + 1;
    if (y.dims[k] != size) die("x, y and the window do not fit");
  }
  return d;
}

double divisor(const PoolingDescriptor& d, const Indices& cells) {
  return d.mode == 1 ? (double)(d.window.size[2] * d.window.size[3]) : (double)cells.size();
}

std::shared_ptr<LrnDescriptor> lrn(Ref handle, int mode) {
  auto d = get<LrnDescriptor>(handle);
  if (mode != 0 || !d->n) die("mode %d, window %ld", mode, d->n);
  return d;
}

// u = k + alpha/n (sum of squares over the channels in the window)
Numbers lrnScale(const LrnDescriptor& d, const Tensor& t, const Numbers& x) {
  Numbers u(x.size(), d.k);
  eachWindow({{1, d.n, 1, 1}, {0, (d.n - 1) / 2, 0, 0}}, t, t.dims, [&](long k, const Indices& cells) {
    for (long i : cells) u[k] += d.alpha / (double)d.n * x[i] * x[i];
  });
  return u;
}

// Parameters of batch normalisation, [1,c,1,1]: read, or to be written.
Tensor perChannel(Execution& e, int mode, Ref descriptor, std::vector<Data> read, std::vector<Data> written = {}) {
  Tensor t = tensorOf(descriptor);
  bool fits = mode == 1 && t.dims == Indices{1, e.to.dims[1], 1, 1} && t.type == (e.to.type == F64 ? F64 : F32);
  if (!fits) die("only spatial batch normalisation; its parameters are [1,c,1,1]");
  for (Data p : read) e.input(t, p);
  for (Data p : written) e.ranges.push_back({p, t.bytes(), "a parameter"});
  return t;
}

}  // namespace

#define DESCRIPTOR(name, T)                                                        \
  CALL(cudnnCreate##name##Descriptor, (Ref* d), *d = adopt(std::make_shared<T>())) \
  CALL(cudnnDestroy##name##Descriptor, (Ref d), release<T>(d))
DESCRIPTOR(Tensor, TensorDescriptor)
DESCRIPTOR(Filter, FilterDescriptor)
DESCRIPTOR(Pooling, PoolingDescriptor)
DESCRIPTOR(Activation, ActivationDescriptor)
DESCRIPTOR(LRN, LrnDescriptor)

CALL(cudnnSetTensor4dDescriptor, (Ref d, int format, int type, int n, int c, int h, int w), {
  return set(get<TensorDescriptor>(d)->tensor, format, type, {n, c, h, w});
})
CALL(cudnnSetFilter4dDescriptor, (Ref d, int type, int format, int k, int c, int r, int s), {
  return set(get<FilterDescriptor>(d)->tensor, format, type, {k, c, r, s});
})
CALL(cudnnSetPooling2dDescriptor, (Ref d, int mode, int nan, int r, int s, int top, int left, int strideH, int strideW), {
  bool valid = mode >= 1 && mode <= 3 && nan == 1 && top >= 0 && left >= 0 && top < r && left < s && strideH > 0 && strideW > 0;
  get<PoolingDescriptor>(d)->mode = valid ? mode : -1;
  get<PoolingDescriptor>(d)->window = {{1, 1, r, s}, {0, 0, top, left}, {1, 1, strideH, strideW}};
  return valid ? SUCCESS : BAD_PARAM;
})
CALL(cudnnSetActivationDescriptor, (Ref d, int mode, int nan, double), {
  get<ActivationDescriptor>(d)->mode = mode;
  get<ActivationDescriptor>(d)->nan = nan;
  return mode >= 0 && mode <= 2 ? SUCCESS : NOT_SUPPORTED;
})
CALL(cudnnSetLRNDescriptor, (Ref d, unsigned n, double alpha, double beta, double k), {
  auto l = get<LrnDescriptor>(d);
  l->n = n, l->alpha = alpha, l->beta = beta, l->k = k;
  return n < 1 || n > 16 || k < 1e-5 || beta < 0.01 ? BAD_PARAM : SUCCESS;
})

// --- Pooling. Of equal maxima the last gets the gradient: cuDNN does not promise the first.
CALL(cudnnPoolingForward, (Ref handle, Ref pool, Data alpha, Ref xd, Data x, Data beta, Ref yd, Ref y), {
  Execution e = executionOf(handle);
  Tensor tx = e.input(tensorOf(xd), x), ty = e.output(tensorOf(yd), y, alpha, beta);
  return e.submit([=, d = *pooling(pool, tx, ty)](const Inputs& in) {
    Numbers v((size_t)ty.count(), d.average() ? 0 : -INFINITY);
    eachWindow(d.window, tx, ty.dims, [&](long k, const Indices& cells) {
      for (long i : cells) {
        if (d.average()) v[k] += in[0][i] / divisor(d, cells);
        else if (in[0][i] > v[k] || in[0][i] != in[0][i]) v[k] = in[0][i];
      }
    });
    return v;
  });
})

CALL(cudnnPoolingBackward, (Ref handle, Ref pool, Data alpha, Ref yd, Data y, Ref dyd, Data dy, Ref xd, Data x, Data beta,
                            Ref dxd, Ref dx), {
  Execution e = layer(handle, alpha, beta, {{xd, x}}, dxd, dx);
  Tensor ty = e.input(tensorOf(yd), y);
  if (e.input(tensorOf(dyd), dy).dims != ty.dims) die("dy has other dimensions than y");
  return e.submit([t = e.to, ty, d = *pooling(pool, e.to, ty)](const Inputs& in) {
    Numbers v(in[0].size());
    eachWindow(d.window, t, ty.dims, [&](long k, const Indices& cells) {
      long chosen = -1;
      for (long i : cells) {
        if (d.average()) v[i] += in[2][k] / divisor(d, cells);
        else if (in[0][i] == in[1][k]) chosen = i;
      }
      if (chosen >= 0) v[chosen] += in[2][k];
    });
    return v;
  });
})

CALL(cudnnActivationForward, (Ref handle, Ref activation, Data alpha, Ref xd, Data x, Data beta, Ref yd, Ref y), {
  auto a = get<ActivationDescriptor>(activation);
  if (a->mode < 0) die("the activation was not set");
  return layer(handle, alpha, beta, {{xd, x}}, yd, y).submit([mode = a->mode, nan = a->nan](const Inputs& in) {
    Numbers v = in[0];
    if (mode == 1) relu(v, nan);
    for (double& e : v) e = mode == 1 ? e : mode == 0 ? 1 / (1 + std::exp(-e)) : std::tanh(e);
    return v;
  });
})

CALL(cudnnActivationBackward, (Ref handle, Ref activation, Data alpha, Ref yd, Data y, Ref dyd, Data dy, Ref xd, Data x,
                               Data beta, Ref dxd, Ref dx), {
  if (get<ActivationDescriptor>(activation)->mode != 1) die("the activation is not ReLU");
  return layer(handle, alpha, beta, {{xd, x}, {yd, y}, {dyd, dy}}, dxd, dx).submit([](const Inputs& in) {
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
  Execution e = layer(handle, alpha, beta, {{xd, x}}, yd, y);
  return e.submit([t = e.to, log = algorithm == 2](const Inputs& in) {
    Numbers v = in[0];
    eachImage(t, [&](long, const Indices& row) {
      double most = -INFINITY, sum = 0;
      for (long i : row) most = std::max(most, v[i]);
      for (long i : row) sum += std::exp(v[i] - most);
      for (long i : row) v[i] = log ? v[i] - most - std::log(sum) : std::exp(v[i] - most) / sum;
    });
    return v;
  });
})

CALL(cudnnSoftmaxBackward, (Ref handle, int algorithm, int mode, Data alpha, Ref yd, Data y, Ref dyd, Data dy, Data beta,
                            Ref dxd, Ref dx), {
  if (mode != 0 || algorithm == 0) die("algorithm %d, mode %d", algorithm, mode);
  Execution e = layer(handle, alpha, beta, {{yd, y}, {dyd, dy}}, dxd, dx);
  return e.submit([t = e.to, log = algorithm == 2](const Inputs& in) {
    Numbers v = in[1];
    eachImage(t, [&](long, const Indices& row) {
      double sum = 0;
      for (long i : row) sum += log ? v[i] : v[i] * in[0][i];
      for (long i : row) v[i] = log ? v[i] - std::exp(in[0][i]) * sum : in[0][i] * (v[i] - sum);
    });
    return v;
  });
})

// --- Local response normalisation over channels: y = x u^-beta.
CALL(cudnnLRNCrossChannelForward, (Ref handle, Ref descriptor, int mode, Data alpha, Ref xd, Data x, Data beta, Ref yd,
                                   Ref y), {
  Execution e = layer(handle, alpha, beta, {{xd, x}}, yd, y);
  if (x == y) die("in place");
  return e.submit([t = e.to, d = *lrn(descriptor, mode)](const Inputs& in) {
    Numbers v = in[0], u = lrnScale(d, t, v);
    for (size_t k = 0; k < v.size(); k++) v[k] *= std::pow(u[k], -d.beta);
    return v;
  });
})

CALL(cudnnLRNCrossChannelBackward, (Ref handle, Ref descriptor, int mode, Data alpha, Ref yd, Data y, Ref dyd, Data dy,
                                    Ref xd, Data x, Data beta, Ref dxd, Ref dx), {
  Execution e = layer(handle, alpha, beta, {{xd, x}, {yd, y}, {dyd, dy}}, dxd, dx);
  return e.submit([t = e.to, d = *lrn(descriptor, mode)](const Inputs& in) {
    Numbers v = in[2], u = lrnScale(d, t, in[0]);
    Window holding{{1, d.n, 1, 1}, {0, d.n / 2, 0, 0}};  // the channels whose window holds this one
    eachWindow(holding, t, t.dims, [&](long k, const Indices& cells) {
      double sum = 0;
      for (long i : cells) sum += in[2][i] * in[0][i] * std::pow(u[i], -d.beta - 1);
      v[k] = v[k] * std::pow(u[k], -d.beta) - 2 * d.alpha * d.beta / (double)d.n * in[0][k] * sum;
    });
    return v;
  });
})

// --- Batch normalisation.
CALL(cudnnBatchNormalizationForwardInference, (Ref handle, int mode, Data alpha, Data beta, Ref xd, Data x, Ref yd, Ref y,
                                               Ref pd, Data gamma, Data shift, Data mean, Data variance, double epsilon), {
  Execution e = layer(handle, alpha, beta, {{xd, x}}, yd, y);
  perChannel(e, mode, pd, {gamma, shift, mean, variance});
  return e.submit([t = e.to, epsilon](const Inputs& in) {
    Numbers v = in[0];
    eachChannel(t, [&](long c, const Indices& cells) {
      for (long i : cells) v[i] = (v[i] - in[3][c]) / std::sqrt(in[4][c] + epsilon) * in[1][c] + in[2][c];
    });
    return v;
  });
})

CALL(cudnnBatchNormalizationForwardTraining, (Ref handle, int mode, Data alpha, Data beta, Ref xd, Data x, Ref yd, Ref y,
                                              Ref pd, Data gamma, Data shift, double factor, Ref runningMean,
                                              Ref runningVariance, double epsilon, Ref savedMean, Ref savedInverse), {
  Execution e = layer(handle, alpha, beta, {{xd, x}}, yd, y);
  Tensor tp = perChannel(e, mode, pd, {gamma, shift}, {savedMean, savedInverse});
  if (!runningMean != !runningVariance) die("half of a pair is null");
  if (runningMean) perChannel(e, mode, pd, {}, {runningMean, runningVariance});
  return e.submit([=, t = e.to](const Inputs& in) {
    Numbers v = in[0], mean(in[1].size()), inverse = mean, variance = mean;
    eachChannel(t, [&](long c, const Indices& cells) {
      double n = (double)cells.size(), squares = 0;
      for (long i : cells) mean[c] += v[i] / n;
      for (long i : cells) squares += (v[i] - mean[c]) * (v[i] - mean[c]);
      inverse[c] = 1 / std::sqrt(squares / n + epsilon), variance[c] = squares / std::max(1.0, n - 1);
      for (long i : cells) v[i] = (v[i] - mean[c]) * inverse[c] * in[1][c] + in[2][c];
    });
    tp.write(savedMean, mean), tp.write(savedInverse, inverse);
    if (runningMean) tp.write(runningMean, mean, factor, 1 - factor);
    if (runningMean) tp.write(runningVariance, variance, factor, 1 - factor);
    return v;
  });
})

CALL(cudnnBatchNormalizationBackward, (Ref handle, int mode, Data alpha, Data beta, Data alphaParameter, Data betaParameter,
                                       Ref xd, Data x, Ref dyd, Data dy, Ref dxd, Ref dx, Ref pd, Data gamma, Ref dgamma,
                                       Ref dshift, double, Data savedMean, Data savedInverse), {
  Execution e = layer(handle, alpha, beta, {{xd, x}, {dyd, dy}}, dxd, dx), p = executionOf(handle);
  p.output(perChannel(e, mode, pd, {gamma, savedMean, savedInverse}, {dgamma, dshift}), dgamma, alphaParameter, betaParameter);
  return e.submit([=, t = e.to](const Inputs& in) {
    Numbers v = in[0], dg(in[2].size()), db = dg;
    eachChannel(t, [&](long c, const Indices& cells) {
      double n = (double)cells.size();
      for (long i : cells) v[i] = (v[i] - in[3][c]) * in[4][c], db[c] += in[1][i], dg[c] += in[1][i] * v[i];
      for (long i : cells) v[i] = in[2][c] * in[4][c] * (in[1][i] - db[c] / n - v[i] * dg[c] / n);
    });
    p.to.write(dgamma, dg, p.alpha, p.beta), p.to.write(dshift, db, p.alpha, p.beta);
    return v;
  });
})
