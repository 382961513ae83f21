// libcudnn_ops.so.9: descriptors of tensors; pooling, activations, softmax, LRN, spatial batch normalisation.
#include <algorithm>
#include <cmath>

#include "cudnn.h"

using namespace standin;
using Indices = std::vector<long>;

namespace {

struct Pooling : Object {
  static constexpr const char* KIND = "cuDNN pooling descriptor";
  int mode = -1, nan = 0;
  Indices window, pad, stride;

  bool greatest() const { return mode == 0 || mode == 3; }
  double divisor(const Indices& cells) const { return mode == 1 ? (double)(window[0] * window[1]) : (double)cells.size(); }
};

struct Lrn : Object {
  static constexpr const char* KIND = "cuDNN LRN descriptor";
  long n = 0;
  double alpha = 0, beta = 0, k = 0;
};

int set(Tensor& t, int format, int type, Indices dims) {
  if (*std::min_element(dims.begin(), dims.end()) < 1) return BAD_PARAM;
  if (format != 0 && format != 1) return NOT_SUPPORTED;
  bytesOf(type);
  t.type = type;
  t.dims = std::move(dims);
  t.pack(format == 1);
  return SUCCESS;
}

std::shared_ptr<Pooling> pooling(Ref handle, const Tensor& x, const Tensor& y, const char* caller) {
  auto d = get<Pooling>(handle, caller);
  bool fits = d->mode >= 0 && x.dims[0] == y.dims[0] && x.dims[1] == y.dims[1];
  for (int k = 0; k < 2 && fits; k++) {
    fits = y.dims[2 + k] == (x.dims[2 + k] + 2 * d->pad[k] - d->window[k]) / d->stride[k] + 1;
  }
  if (!fits) die("%s: x, y and the window do not fit", caller);
  return d;
}

// f(output, cells of the input in its window)
template <class F>
void eachWindow(const Pooling& d, const Tensor& x, const Tensor& y, F f) {
  long h = x.dims[2], w = x.dims[3], p = y.dims[2], q = y.dims[3];
  for (long k = 0; k < y.count(); k++) {
    long plane = k / (p * q), top = k / q % p * d.stride[0] - d.pad[0], left = k % q * d.stride[1] - d.pad[1];
    Indices cells;
    for (long i = std::max(0L, top); i < std::min(h, top + d.window[0]); i++) {
      for (long j = std::max(0L, left); j < std::min(w, left + d.window[1]); j++) cells.push_back((plane * h + i) * w + j);
    }
    f(k, cells);
  }
}

// f(first element, distance of the elements, count) of each row of a softmax
template <class F>
void eachRow(const Tensor& t, int mode, F f) {
  long c = t.dims[1], area = t.dims[2] * t.dims[3];
  for (long n = 0; n < t.dims[0]; n++) {
    if (mode == 0) f(n * c * area, 1, c * area);
    for (long k = 0; k < area && mode == 1; k++) f(n * c * area + k, area, c);
  }
}

// f(channel, its elements)
template <class F>
void eachChannel(const Tensor& t, F f) {
  long c = t.dims[1], area = t.dims[2] * t.dims[3];
  for (long k = 0; k < c; k++) {
    Indices at;
    for (long j = 0; j < t.dims[0] * area; j++) at.push_back((j / area * c + k) * area + j % area);
    f(k, at);
  }
}

// The sum of f(index) over the channels from `behind` to `ahead` of element i.
template <class F>
double round(const Tensor& t, long i, long behind, long ahead, F f) {
  long c = t.dims[1], area = t.dims[2] * t.dims[3], channel = i / area % c;
  double sum = 0;
  for (long o = std::max(0L, channel - behind); o <= std::min(c - 1, channel + ahead); o++) sum += f(i + (o - channel) * area);
  return sum;
}

// u = k + alpha/n (sum of squares over the window)
Numbers lrnScale(const Lrn& d, const Tensor& t, const Numbers& x) {
  Numbers u(x.size());
  long behind = (d.n - 1) / 2;
  for (long i = 0; i < t.count(); i++) {
    u[i] = d.k + d.alpha / (double)d.n * round(t, i, behind, d.n - 1 - behind, [&](long j) { return x[j] * x[j]; });
  }
  return u;
}

std::shared_ptr<Lrn> lrn(Ref handle, int mode, const char* caller) {
  auto d = get<Lrn>(handle, caller);
  if (mode != 0 || !d->n) die("%s: mode %d, window %ld", caller, mode, d->n);
  return d;
}

// A parameter of batch normalisation, [1,c,1,1].
Tensor perChannel(Call& call, int mode, const Tensor& x, Ref descriptor, std::vector<Data> all) {
  const Tensor& t = tensorOf<TensorDescriptor>(descriptor, call.name);
  if (mode != 1 || t.dims != Indices{1, x.dims[1], 1, 1} || t.type != (x.type == F64 ? F64 : F32)) {
    die("%s: only spatial batch normalisation; its parameters are [1,c,1,1]", call.name);
  }
  for (Data p : all) call.tensor(t, p, "a parameter");
  return t;
}

}  // namespace

#define DESCRIPTOR(name, T)                                 \
  RESULT cudnnCreate##name##Descriptor(Ref* d) {            \
    ENTER;                                                  \
    return *d = make<T>(), SUCCESS;                         \
  }                                                         \
  RESULT cudnnDestroy##name##Descriptor(Ref d) {            \
    ENTER;                                                  \
    return release(T::KIND, d, __func__), SUCCESS;          \
  }
DESCRIPTOR(Tensor, TensorDescriptor)
DESCRIPTOR(Filter, FilterDescriptor)
DESCRIPTOR(Pooling, Pooling)
DESCRIPTOR(Activation, ActivationDescriptor)
DESCRIPTOR(LRN, Lrn)

RESULT cudnnSetTensor4dDescriptor(Ref d, int format, int type, int n, int c, int h, int w) {
  ENTER;
  return set(get<TensorDescriptor>(d, __func__)->tensor, format, type, {n, c, h, w});
}

RESULT cudnnSetFilter4dDescriptor(Ref d, int type, int format, int k, int c, int r, int s) {
  ENTER;
  return set(get<FilterDescriptor>(d, __func__)->tensor, format, type, {k, c, r, s});
}

RESULT cudnnSetPooling2dDescriptor(Ref d, int mode, int nan, int r, int s, int top, int left, int strideH, int strideW) {
  ENTER;
  auto p = get<Pooling>(d, __func__);
  bool valid = mode >= 0 && mode <= 3 && top >= 0 && left >= 0 && top < r && left < s && strideH > 0 && strideW > 0;
  p->mode = valid ? mode : -1;
  p->nan = nan;
  p->window = {r, s}, p->pad = {top, left}, p->stride = {strideH, strideW};
  return valid ? SUCCESS : BAD_PARAM;
}

RESULT cudnnSetActivationDescriptor(Ref d, int mode, int nan, double) {
  ENTER;
  auto a = get<ActivationDescriptor>(d, __func__);
  a->mode = mode, a->nan = nan;
  return mode >= 0 && mode <= 2 ? SUCCESS : NOT_SUPPORTED;
}

RESULT cudnnSetLRNDescriptor(Ref d, unsigned n, double alpha, double beta, double k) {
  ENTER;
  auto l = get<Lrn>(d, __func__);
  l->n = n, l->alpha = alpha, l->beta = beta, l->k = k;
  return n < 1 || n > 16 || k < 1e-5 || beta < 0.01 ? BAD_PARAM : SUCCESS;
}

// --- Pooling. Of equal maxima the last gets the gradient: cuDNN does not promise the first.
RESULT cudnnPoolingForward(Ref handle, Ref pool, Data alpha, Ref xd, Data x, Data beta, Ref yd, Ref y) {
  ENTER;
  Call call(handle, __func__);
  Tensor tx = call.tensor(xd, x, "x"), ty = call.tensor(yd, y, "y");
  call.scale(alpha, beta, tx.type);
  return call.submit([=, d = *pooling(pool, tx, ty, __func__)] {
    Numbers in = tx.read(x), out((size_t)ty.count());
    eachWindow(d, tx, ty, [&](long at, const Indices& cells) {
      double best = -INFINITY, sum = 0;
      for (long cell : cells) {
        sum += in[cell];
        if (in[cell] > best || (in[cell] != in[cell] && d.nan)) best = in[cell];
      }
      out[at] = d.greatest() ? best : sum / d.divisor(cells);
    });
    ty.write(y, out, call.alpha, call.beta);
  });
}

RESULT cudnnPoolingBackward(Ref handle, Ref pool, Data alpha, Ref yd, Data y, Ref dyd, Data dy, Ref xd, Data x, Data beta,
                            Ref dxd, Ref dx) {
  ENTER;
  Call call(handle, __func__);
  Tensor tx = call.tensor(xd, x, "x"), ty = call.tensor(yd, y, "y");
  Tensor tdx = call.like(tx, dxd, dx, "dx"), tdy = call.like(ty, dyd, dy, "dy");
  call.scale(alpha, beta, tx.type);
  return call.submit([=, d = *pooling(pool, tx, ty, __func__)] {
    Numbers in = tx.read(x), out = ty.read(y), gradient = tdy.read(dy), result(in.size());
    eachWindow(d, tx, ty, [&](long at, const Indices& cells) {
      long chosen = -1;
      for (long cell : cells) {
        if (d.greatest()) chosen = in[cell] == out[at] ? cell : chosen;
        else result[cell] += gradient[at] / d.divisor(cells);
      }
      if (chosen >= 0) result[chosen] += gradient[at];
    });
    tdx.write(dx, result, call.alpha, call.beta);
  });
}

// --- Activations: 0 sigmoid, 1 ReLU, 2 tanh.
RESULT cudnnActivationForward(Ref handle, Ref activation, Data alpha, Ref xd, Data x, Data beta, Ref yd, Ref y) {
  ENTER;
  Call call(handle, __func__);
  Tensor tx = call.tensor(xd, x, "x"), ty = call.like(tx, yd, y, "y");
  auto a = get<ActivationDescriptor>(activation, __func__);
  if (a->mode < 0) die("%s: the activation was not set", __func__);
  call.scale(alpha, beta, tx.type);
  return call.submit([=, a = *a] {
    Numbers v = tx.read(x);
    for (double& e : v) {
      if (a.mode == 1) e = e > 0 || (e != e && a.nan) ? e : 0;
      else e = a.mode == 0 ? 1 / (1 + std::exp(-e)) : std::tanh(e);
    }
    ty.write(y, v, call.alpha, call.beta);
  });
}

RESULT cudnnActivationBackward(Ref handle, Ref activation, Data alpha, Ref yd, Data y, Ref dyd, Data dy, Ref xd, Data x,
                               Data beta, Ref dxd, Ref dx) {
  ENTER;
  Call call(handle, __func__);
  Tensor tx = call.tensor(xd, x, "x"), ty = call.like(tx, yd, y, "y"), tdy = call.like(tx, dyd, dy, "dy");
  Tensor tdx = call.like(tx, dxd, dx, "dx");
  if (get<ActivationDescriptor>(activation, __func__)->mode != 1) die("%s: the activation is not ReLU", __func__);
  call.scale(alpha, beta, tx.type);
  return call.submit([=] {
    Numbers in = tx.read(x), out = ty.read(y), v = tdy.read(dy);
    for (size_t i = 0; i < v.size(); i++) {
      if ((in[i] > 0) != (out[i] > 0)) die("%s: y is not the ReLU of x", call.name);
      if (!(in[i] > 0)) v[i] = 0;
    }
    tdx.write(dx, v, call.alpha, call.beta);
  });
}

// --- Softmax; algorithm 0 is fast, 1 accurate, 2 its logarithm.
RESULT cudnnSoftmaxForward(Ref handle, int algorithm, int mode, Data alpha, Ref xd, Data x, Data beta, Ref yd, Ref y) {
  ENTER;
  Call call(handle, __func__);
  Tensor tx = call.tensor(xd, x, "x"), ty = call.like(tx, yd, y, "y");
  call.scale(alpha, beta, tx.type);
  return call.submit([=] {
    Numbers v = tx.read(x);
    eachRow(tx, mode, [&](long from, long step, long n) {
      double most = algorithm == 0 ? 0 : -INFINITY, sum = 0;
      for (long i = from; i < from + n * step && algorithm; i += step) most = std::max(most, v[i]);
      for (long i = from; i < from + n * step; i += step) sum += std::exp(v[i] - most);
      for (long i = from; i < from + n * step; i += step) {
        v[i] = algorithm == 2 ? v[i] - most - std::log(sum) : std::exp(v[i] - most) / sum;
      }
    });
    ty.write(y, v, call.alpha, call.beta);
  });
}

RESULT cudnnSoftmaxBackward(Ref handle, int algorithm, int mode, Data alpha, Ref yd, Data y, Ref dyd, Data dy, Data beta,
                            Ref dxd, Ref dx) {
  ENTER;
  Call call(handle, __func__);
  Tensor ty = call.tensor(yd, y, "y"), tdy = call.like(ty, dyd, dy, "dy"), tdx = call.like(ty, dxd, dx, "dx");
  call.scale(alpha, beta, ty.type);
  return call.submit([=] {
    Numbers out = ty.read(y), v = tdy.read(dy);
    eachRow(ty, mode, [&](long from, long step, long n) {
      double sum = 0;
      for (long i = from; i < from + n * step; i += step) sum += algorithm == 2 ? v[i] : v[i] * out[i];
      for (long i = from; i < from + n * step; i += step) {
        v[i] = algorithm == 2 ? v[i] - std::exp(out[i]) * sum : out[i] * (v[i] - sum);
      }
    });
    tdx.write(dx, v, call.alpha, call.beta);
  });
}

// --- Local response normalisation over channels: y = x u^-beta.
RESULT cudnnLRNCrossChannelForward(Ref handle, Ref descriptor, int mode, Data alpha, Ref xd, Data x, Data beta, Ref yd,
                                   Ref y) {
  ENTER;
  Call call(handle, __func__);
  Tensor tx = call.tensor(xd, x, "x"), ty = call.like(tx, yd, y, "y");
  if (x == y) die("%s: in place", __func__);
  call.scale(alpha, beta, tx.type);
  return call.submit([=, d = *lrn(descriptor, mode, __func__)] {
    Numbers v = tx.read(x), u = lrnScale(d, tx, v);
    for (size_t i = 0; i < v.size(); i++) v[i] *= std::pow(u[i], -d.beta);
    ty.write(y, v, call.alpha, call.beta);
  });
}

RESULT cudnnLRNCrossChannelBackward(Ref handle, Ref descriptor, int mode, Data alpha, Ref yd, Data y, Ref dyd, Data dy,
                                    Ref xd, Data x, Data beta, Ref dxd, Ref dx) {
  ENTER;
  Call call(handle, __func__);
  Tensor tx = call.tensor(xd, x, "x"), ty = call.like(tx, yd, y, "y"), tdy = call.like(tx, dyd, dy, "dy");
  Tensor tdx = call.like(tx, dxd, dx, "dx");
  call.scale(alpha, beta, tx.type);
  return call.submit([=, d = *lrn(descriptor, mode, __func__)] {
    Numbers in = tx.read(x), g = tdy.read(dy), u = lrnScale(d, tx, in), v(in.size());
    long behind = (d.n - 1) / 2;
    for (long i = 0; i < tx.count(); i++) {  // over the channels whose window holds this one
      double sum = round(tx, i, d.n - 1 - behind, behind, [&](long j) { return g[j] * in[j] * std::pow(u[j], -d.beta - 1); });
      v[i] = g[i] * std::pow(u[i], -d.beta) - 2 * d.alpha * d.beta / (double)d.n * in[i] * sum;
    }
    tdx.write(dx, v, call.alpha, call.beta);
  });
}

// --- Batch normalisation.
RESULT cudnnBatchNormalizationForwardInference(Ref handle, int mode, Data alpha, Data beta, Ref xd, Data x, Ref yd, Ref y,
                                               Ref pd, Data gamma, Data shift, Data mean, Data variance, double epsilon) {
  ENTER;
  Call call(handle, __func__);
  Tensor tx = call.tensor(xd, x, "x"), ty = call.like(tx, yd, y, "y");
  Tensor tp = perChannel(call, mode, tx, pd, {gamma, shift, mean, variance});
  call.scale(alpha, beta, tx.type);
  return call.submit([=] {
    Numbers v = tx.read(x), g = tp.read(gamma), b = tp.read(shift), m = tp.read(mean), s = tp.read(variance);
    eachChannel(tx, [&](long c, const Indices& at) {
      for (long i : at) v[i] = (v[i] - m[c]) / std::sqrt(s[c] + epsilon) * g[c] + b[c];
    });
    ty.write(y, v, call.alpha, call.beta);
  });
}

RESULT cudnnBatchNormalizationForwardTraining(Ref handle, int mode, Data alpha, Data beta, Ref xd, Data x, Ref yd, Ref y,
                                              Ref pd, Data gamma, Data shift, double factor, Ref runningMean,
                                              Ref runningVariance, double epsilon, Ref savedMean, Ref savedInverse) {
  ENTER;
  Call call(handle, __func__);
  Tensor tx = call.tensor(xd, x, "x"), ty = call.like(tx, yd, y, "y"), tp = perChannel(call, mode, tx, pd, {gamma, shift});
  if (!runningMean != !runningVariance || !savedMean != !savedInverse) die("%s: half of a pair is null", __func__);
  if (runningMean) perChannel(call, mode, tx, pd, {runningMean, runningVariance});
  if (savedMean) perChannel(call, mode, tx, pd, {savedMean, savedInverse});
  call.scale(alpha, beta, tx.type);
  return call.submit([=] {
    Numbers v = tx.read(x), g = tp.read(gamma), b = tp.read(shift), mean(g.size()), inverse(g.size()), spread(g.size());
    eachChannel(tx, [&](long c, const Indices& at) {
      double n = (double)at.size(), squares = 0;
      for (long i : at) mean[c] += v[i] / n;
      for (long i : at) squares += (v[i] - mean[c]) * (v[i] - mean[c]);
      inverse[c] = 1 / std::sqrt(squares / n + epsilon);
      spread[c] = n > 1 ? squares / (n - 1) : squares;
      for (long i : at) v[i] = (v[i] - mean[c]) * inverse[c] * g[c] + b[c];
    });
    ty.write(y, v, call.alpha, call.beta);
    if (runningMean) tp.write(runningMean, mean, factor, 1 - factor), tp.write(runningVariance, spread, factor, 1 - factor);
    if (savedMean) tp.write(savedMean, mean, 1, 0), tp.write(savedInverse, inverse, 1, 0);
  });
}

RESULT cudnnBatchNormalizationBackward(Ref handle, int mode, Data alpha, Data beta, Data alphaParameter, Data betaParameter,
                                       Ref xd, Data x, Ref dyd, Data dy, Ref dxd, Ref dx, Ref pd, Data gamma, Ref dgamma,
                                       Ref dshift, double epsilon, Data savedMean, Data savedInverse) {
  ENTER;
  Call call(handle, __func__), parameters(handle, __func__);
  Tensor tx = call.tensor(xd, x, "x"), tdy = call.like(tx, dyd, dy, "dy"), tdx = call.like(tx, dxd, dx, "dx");
  Tensor tp = perChannel(call, mode, tx, pd, {gamma, dgamma, dshift});
  if (!savedMean != !savedInverse) die("%s: half of a pair is null", __func__);
  if (savedMean) perChannel(call, mode, tx, pd, {savedMean, savedInverse});
  call.scale(alpha, beta, tx.type);
  parameters.scale(alphaParameter, betaParameter, tx.type);
  return call.submit([=] {
    Numbers v = tx.read(x), d = tdy.read(dy), g = tp.read(gamma), dg(g.size()), db(g.size()), mean, inverse;
    if (savedMean) mean = tp.read(savedMean), inverse = tp.read(savedInverse);
    eachChannel(tx, [&](long c, const Indices& at) {
      double n = (double)at.size(), m = 0, s = 0;
      for (long i : at) m += v[i] / n;
      for (long i : at) s += (v[i] - m) * (v[i] - m) / n;
      s = 1 / std::sqrt(s + epsilon);
      if (savedMean) m = mean[c], s = inverse[c];
      for (long i : at) {
        v[i] = (v[i] - m) * s;
        db[c] += d[i];
        dg[c] += d[i] * v[i];
      }
      for (long i : at) v[i] = g[c] * s * (d[i] - db[c] / n - v[i] * dg[c] / n);
    });
    tdx.write(dx, v, call.alpha, call.beta);
    tp.write(dgamma, dg, parameters.alpha, parameters.beta);
    tp.write(dshift, db, parameters.alpha, parameters.beta);
  });
}
