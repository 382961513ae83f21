// libcudnn_ops.so.9: descriptors of tensors; pooling, activation, softmax, LRN, batch normalisation.
#include <algorithm>
#include <cmath>

#include "cudnn.h"

using namespace standin;

namespace {

struct Pooling : Object {
  static constexpr const char* KIND = "cuDNN pooling descriptor";
  int mode = -1, nan = 0;
  long window[2], pad[2], stride[2];
};

struct Lrn : Object {
  static constexpr const char* KIND = "cuDNN LRN descriptor";
  long n = 0;
  double alpha = 0, beta = 0, k = 0;
};

int set(Tensor& t, int format, int type, std::vector<long> dims) {
  bytesOf(type);
  for (long d : dims) {
    if (d < 1) return BAD_PARAM;
  }
  if (format != 0 && format != 1) return NOT_SUPPORTED;
  t.type = type;
  t.dims = std::move(dims);
  t.pack(format == 1);
  return SUCCESS;
}

const Tensor& tensorOf(const void* d, const char* caller) { return tensor<TensorDescriptor>(d, caller); }

void same(const Tensor& a, const Tensor& b, const char* caller) {
  if (a.dims != b.dims || a.type != b.type) die("%s: tensors of unequal dimensions or types", caller);
}

// Calls f(output, inside-window cell...) for each window of each plane.
template <class F>
void eachWindow(const Pooling& d, const Tensor& x, const Tensor& y, F f) {
  long h = x.dims[2], w = x.dims[3], p = y.dims[2], q = y.dims[3];
  for (long k = 0; k < y.count(); k++) {
    long plane = k / (p * q), top = k / q % p * d.stride[0] - d.pad[0], left = k % q * d.stride[1] - d.pad[1];
    std::vector<long> cells;
    for (long i = std::max(0L, top); i < std::min(h, top + d.window[0]); i++) {
      for (long j = std::max(0L, left); j < std::min(w, left + d.window[1]); j++) {
        cells.push_back((plane * h + i) * w + j);
      }
    }
    f(k, cells);
  }
}

std::shared_ptr<Pooling> pooling(void* handle, const Tensor& x, const Tensor& y, const char* caller) {
  auto d = get<Pooling>(handle, caller);
  if (d->mode < 0) die("%s: the descriptor was not set", caller);
  for (int k = 0; k < 2; k++) {
    if (y.dims[2 + k] != (x.dims[2 + k] + 2 * d->pad[k] - d->window[k]) / d->stride[k] + 1) {
      die("%s: the dimensions of x and y do not fit the window", caller);
    }
  }
  return d;
}

double divisor(const Pooling& d, const std::vector<long>& cells) {
  return d.mode == 1 ? (double)(d.window[0] * d.window[1]) : (double)cells.size();
}

// Rows of a softmax: f(index of the first element, distance of the elements, count).
template <class F>
void eachRow(const Tensor& t, int mode, F f) {
  long c = t.dims[1], area = t.dims[2] * t.dims[3];
  for (long n = 0; n < t.dims[0]; n++) {
    if (mode == 0) f(n * c * area, 1, c * area);
    for (long k = 0; k < area && mode == 1; k++) f(n * c * area + k, area, c);
  }
}

// Per channel: f(channel, indices of its elements).
template <class F>
void eachChannel(const Tensor& t, F f) {
  long c = t.dims[1], area = t.dims[2] * t.dims[3];
  for (long k = 0; k < c; k++) {
    std::vector<long> at;
    for (long n = 0; n < t.dims[0]; n++) {
      for (long j = 0; j < area; j++) at.push_back((n * c + k) * area + j);
    }
    f(k, at);
  }
}

const Tensor& perChannel(int mode, const Tensor& x, const void* descriptor, const char* caller) {
  const Tensor& t = tensorOf(descriptor, caller);
  if (mode < 1 || t.dims != std::vector<long>{1, x.dims[1], 1, 1} || t.type != (x.type == F64 ? F64 : F32)) {
    die("%s: only spatial batch normalisation; its parameters are [1,c,1,1]", caller);
  }
  return t;
}

}  // namespace

#define DESCRIPTOR(name, T)                                                             \
  RESULT cudnnCreate##name##Descriptor(void** d) {                                      \
    ENTER;                                                                              \
    *d = make<T>();                                                                     \
    return SUCCESS;                                                                     \
  }                                                                                     \
  RESULT cudnnDestroy##name##Descriptor(void* d) {                                      \
    ENTER;                                                                              \
    release(T::KIND, d, "cudnnDestroy" #name "Descriptor");                             \
    return SUCCESS;                                                                     \
  }
DESCRIPTOR(Tensor, TensorDescriptor)
DESCRIPTOR(Filter, FilterDescriptor)
DESCRIPTOR(Pooling, Pooling)
DESCRIPTOR(Activation, ActivationDescriptor)
DESCRIPTOR(LRN, Lrn)

RESULT cudnnSetTensor4dDescriptor(void* d, int format, int type, int n, int c, int h, int w) {
  ENTER;
  return set(get<TensorDescriptor>(d, __func__)->tensor, format, type, {n, c, h, w});
}

RESULT cudnnSetFilter4dDescriptor(void* d, int type, int format, int k, int c, int r, int s) {
  ENTER;
  return set(get<FilterDescriptor>(d, __func__)->tensor, format, type, {k, c, r, s});
}

// --- Pooling.
RESULT cudnnSetPooling2dDescriptor(void* d, int mode, int nan, int r, int s, int padH, int padW, int strideH,
                                   int strideW) {
  ENTER;
  auto p = get<Pooling>(d, __func__);
  if (mode < 0 || mode > 3 || r < 1 || s < 1 || padH < 0 || padW < 0 || padH >= r || padW >= s || strideH < 1) {
    return BAD_PARAM;
  }
  p->mode = mode;
  p->nan = nan;
  std::copy_n(std::vector<long>{r, s}.data(), 2, p->window);
  std::copy_n(std::vector<long>{padH, padW}.data(), 2, p->pad);
  std::copy_n(std::vector<long>{strideH, strideW}.data(), 2, p->stride);
  return SUCCESS;
}

RESULT cudnnPoolingForward(void* handle, void* pool, const void* alpha, void* xd, const void* x, const void* beta,
                           void* yd, void* y) {
  ENTER;
  Tensor tx = tensorOf(xd, __func__), ty = tensorOf(yd, __func__);
  auto d = pooling(pool, tx, ty, __func__);
  Scale k = scale(alpha, beta, tx.type, __func__);
  return work(handle, __func__, {{x, tx.bytes(), "x"}, {y, ty.bytes(), "y"}}, [=, d = *d] {
    Numbers in = tx.read(x), out((size_t)ty.count());
    eachWindow(d, tx, ty, [&](long at, const std::vector<long>& cells) {
      double best = -INFINITY, sum = 0;
      for (long cell : cells) {
        double v = in[cell];
        sum += v;
        if (v > best || (v != v && d.nan)) best = v;
      }
      out[at] = d.mode == 0 || d.mode == 3 ? best : sum / divisor(d, cells);
    });
    ty.write(y, out, k.alpha, k.beta);
  });
}

// Of equal maxima the last gets the gradient: cuDNN does not promise the first.
RESULT cudnnPoolingBackward(void* handle, void* pool, const void* alpha, void* yd, const void* y, void* dyd,
                            const void* dy, void* xd, const void* x, const void* beta, void* dxd, void* dx) {
  ENTER;
  Tensor tx = tensorOf(xd, __func__), ty = tensorOf(yd, __func__), tdy = tensorOf(dyd, __func__);
  Tensor tdx = tensorOf(dxd, __func__);
  same(tx, tdx, __func__);
  same(ty, tdy, __func__);
  auto d = pooling(pool, tx, ty, __func__);
  Scale k = scale(alpha, beta, tx.type, __func__);
  std::vector<Range> ranges = {{x, tx.bytes(), "x"}, {y, ty.bytes(), "y"}, {dy, tdy.bytes(), "dy"},
                               {dx, tdx.bytes(), "dx"}};
  return work(handle, __func__, ranges, [=, d = *d] {
    Numbers in = tx.read(x), out = ty.read(y), gradient = tdy.read(dy), result((size_t)tx.count());
    eachWindow(d, tx, ty, [&](long at, const std::vector<long>& cells) {
      long chosen = -1;
      for (long cell : cells) {
        if (d.mode == 0 || d.mode == 3) chosen = in[cell] == out[at] ? cell : chosen;
        else result[cell] += gradient[at] / divisor(d, cells);
      }
      if (chosen >= 0) result[chosen] += gradient[at];
    });
    tdx.write(dx, result, k.alpha, k.beta);
  });
}

// --- Activation: ReLU.
RESULT cudnnSetActivationDescriptor(void* d, int mode, int nan, double) {
  ENTER;
  auto a = get<ActivationDescriptor>(d, __func__);
  if (mode != 1) return NOT_SUPPORTED;
  a->mode = mode;
  a->nan = nan;
  return SUCCESS;
}

RESULT cudnnActivationForward(void* handle, void* activation, const void* alpha, void* xd, const void* x,
                              const void* beta, void* yd, void* y) {
  ENTER;
  Tensor tx = tensorOf(xd, __func__), ty = tensorOf(yd, __func__);
  same(tx, ty, __func__);
  auto a = get<ActivationDescriptor>(activation, __func__);
  if (a->mode < 0) die("%s: the descriptor was not set", __func__);
  Scale k = scale(alpha, beta, tx.type, __func__);
  return work(handle, __func__, {{x, tx.bytes(), "x"}, {y, ty.bytes(), "y"}}, [=, nan = a->nan] {
    Numbers v = tx.read(x);
    for (double& e : v) e = e > 0 || (e != e && nan) ? e : 0;
    ty.write(y, v, k.alpha, k.beta);
  });
}

RESULT cudnnActivationBackward(void* handle, void* activation, const void* alpha, void* yd, const void* y, void* dyd,
                               const void* dy, void* xd, const void* x, const void* beta, void* dxd, void* dx) {
  ENTER;
  Tensor tx = tensorOf(xd, __func__), ty = tensorOf(yd, __func__), tdy = tensorOf(dyd, __func__);
  Tensor tdx = tensorOf(dxd, __func__);
  same(tx, ty, __func__), same(tx, tdy, __func__), same(tx, tdx, __func__);
  if (get<ActivationDescriptor>(activation, __func__)->mode < 0) die("%s: the descriptor was not set", __func__);
  Scale k = scale(alpha, beta, tx.type, __func__);
  std::vector<Range> ranges = {{x, tx.bytes(), "x"}, {y, ty.bytes(), "y"}, {dy, tdy.bytes(), "dy"},
                               {dx, tdx.bytes(), "dx"}};
  return work(handle, "cudnnActivationBackward", ranges, [=] {
    Numbers in = tx.read(x), out = ty.read(y), v = tdy.read(dy);
    for (size_t i = 0; i < v.size(); i++) {
      if ((in[i] > 0) != (out[i] > 0)) die("cudnnActivationBackward: y is not the ReLU of x");
      if (!(in[i] > 0)) v[i] = 0;
    }
    tdx.write(dx, v, k.alpha, k.beta);
  });
}

// --- Softmax.
RESULT cudnnSoftmaxForward(void* handle, int algorithm, int mode, const void* alpha, void* xd, const void* x,
                           const void* beta, void* yd, void* y) {
  ENTER;
  Tensor tx = tensorOf(xd, __func__), ty = tensorOf(yd, __func__);
  same(tx, ty, __func__);
  Scale k = scale(alpha, beta, tx.type, __func__);
  return work(handle, __func__, {{x, tx.bytes(), "x"}, {y, ty.bytes(), "y"}}, [=] {
    Numbers v = tx.read(x);
    eachRow(tx, mode, [&](long from, long step, long n) {
      double most = algorithm == 0 ? 0 : -INFINITY, sum = 0;
      for (long i = 0; i < n && algorithm; i++) most = std::max(most, v[from + i * step]);
      for (long i = 0; i < n; i++) sum += std::exp(v[from + i * step] - most);
      for (long i = 0; i < n; i++) {
        double& e = v[from + i * step];
        e = algorithm == 2 ? e - most - std::log(sum) : std::exp(e - most) / sum;
      }
    });
    ty.write(y, v, k.alpha, k.beta);
  });
}

RESULT cudnnSoftmaxBackward(void* handle, int algorithm, int mode, const void* alpha, void* yd, const void* y,
                            void* dyd, const void* dy, const void* beta, void* dxd, void* dx) {
  ENTER;
  Tensor ty = tensorOf(yd, __func__), tdy = tensorOf(dyd, __func__), tdx = tensorOf(dxd, __func__);
  same(ty, tdy, __func__), same(ty, tdx, __func__);
  Scale k = scale(alpha, beta, ty.type, __func__);
  std::vector<Range> ranges = {{y, ty.bytes(), "y"}, {dy, tdy.bytes(), "dy"}, {dx, tdx.bytes(), "dx"}};
  return work(handle, __func__, ranges, [=] {
    Numbers out = ty.read(y), v = tdy.read(dy);
    eachRow(ty, mode, [&](long from, long step, long n) {
      double sum = 0;
      for (long i = from; i < from + n * step; i += step) sum += algorithm == 2 ? v[i] : v[i] * out[i];
      for (long i = from; i < from + n * step; i += step) {
        v[i] = algorithm == 2 ? v[i] - std::exp(out[i]) * sum : out[i] * (v[i] - sum);
      }
    });
    tdx.write(dx, v, k.alpha, k.beta);
  });
}

// --- Local response normalisation over channels: y = x u^-beta, u = k + alpha/n (sum of x^2 round the channel).
RESULT cudnnSetLRNDescriptor(void* d, unsigned n, double alpha, double beta, double k) {
  ENTER;
  auto l = get<Lrn>(d, __func__);
  if (n < 1 || n > 16 || k < 1e-5 || beta < 0.01) return BAD_PARAM;
  l->n = n;
  l->alpha = alpha;
  l->beta = beta;
  l->k = k;
  return SUCCESS;
}

static Numbers lrnScale(const Lrn& d, const Tensor& t, const Numbers& x) {
  Numbers u((size_t)t.count());
  long c = t.dims[1], area = t.dims[2] * t.dims[3], behind = (d.n - 1) / 2, ahead = d.n - 1 - behind;
  for (long i = 0; i < t.count(); i++) {
    long channel = i / area % c;
    double sum = 0;
    for (long o = std::max(0L, channel - behind); o <= std::min(c - 1, channel + ahead); o++) {
      double v = x[i + (o - channel) * area];
      sum += v * v;
    }
    u[i] = d.k + d.alpha / (double)d.n * sum;
  }
  return u;
}

RESULT cudnnLRNCrossChannelForward(void* handle, void* lrn, int mode, const void* alpha, void* xd, const void* x,
                                   const void* beta, void* yd, void* y) {
  ENTER;
  Tensor tx = tensorOf(xd, __func__), ty = tensorOf(yd, __func__);
  same(tx, ty, __func__);
  auto d = get<Lrn>(lrn, __func__);
  if (mode != 0 || !d->n) die("%s: mode %d, window %ld", __func__, mode, d->n);
  if (x == y) die("%s: in place", __func__);
  Scale k = scale(alpha, beta, tx.type, __func__);
  return work(handle, __func__, {{x, tx.bytes(), "x"}, {y, ty.bytes(), "y"}}, [=, d = *d] {
    Numbers v = tx.read(x), u = lrnScale(d, tx, v);
    for (size_t i = 0; i < v.size(); i++) v[i] *= std::pow(u[i], -d.beta);
    ty.write(y, v, k.alpha, k.beta);
  });
}

RESULT cudnnLRNCrossChannelBackward(void* handle, void* lrn, int mode, const void* alpha, void* yd, const void* y,
                                    void* dyd, const void* dy, void* xd, const void* x, const void* beta, void* dxd,
                                    void* dx) {
  ENTER;
  Tensor tx = tensorOf(xd, __func__), ty = tensorOf(yd, __func__), tdy = tensorOf(dyd, __func__);
  Tensor tdx = tensorOf(dxd, __func__);
  same(tx, ty, __func__), same(tx, tdy, __func__), same(tx, tdx, __func__);
  auto d = get<Lrn>(lrn, __func__);
  if (mode != 0 || !d->n) die("%s: mode %d, window %ld", __func__, mode, d->n);
  Scale k = scale(alpha, beta, tx.type, __func__);
  std::vector<Range> ranges = {{x, tx.bytes(), "x"}, {y, ty.bytes(), "y"}, {dy, tdy.bytes(), "dy"},
                               {dx, tdx.bytes(), "dx"}};
  return work(handle, __func__, ranges, [=, d = *d] {
    Numbers in = tx.read(x), gradient = tdy.read(dy), u = lrnScale(d, tx, in), v = gradient;
    long c = tx.dims[1], area = tx.dims[2] * tx.dims[3], behind = (d.n - 1) / 2, ahead = d.n - 1 - behind;
    for (long i = 0; i < tx.count(); i++) {
      long channel = i / area % c;
      double sum = 0;  // over the channels whose window holds this one
      for (long o = std::max(0L, channel - ahead); o <= std::min(c - 1, channel + behind); o++) {
        long j = i + (o - channel) * area;
        sum += gradient[j] * in[j] * std::pow(u[j], -d.beta - 1);
      }
      v[i] = gradient[i] * std::pow(u[i], -d.beta) - 2 * d.alpha * d.beta / (double)d.n * in[i] * sum;
    }
    tdx.write(dx, v, k.alpha, k.beta);
  });
}

// --- Batch normalisation, spatial.
RESULT cudnnBatchNormalizationForwardInference(void* handle, int mode, const void* alpha, const void* beta, void* xd,
                                               const void* x, void* yd, void* y, void* pd, const void* gamma,
                                               const void* shift, const void* mean, const void* variance,
                                               double epsilon) {
  ENTER;
  Tensor tx = tensorOf(xd, __func__), ty = tensorOf(yd, __func__), tp = perChannel(mode, tx, pd, __func__);
  same(tx, ty, __func__);
  Scale k = scale(alpha, beta, tx.type, __func__);
  std::vector<Range> ranges = {{x, tx.bytes(), "x"}, {y, ty.bytes(), "y"}};
  for (const void* p : {gamma, shift, mean, variance}) ranges.push_back({p, tp.bytes(), "a parameter"});
  return work(handle, __func__, ranges, [=] {
    Numbers v = tx.read(x), g = tp.read(gamma), b = tp.read(shift), m = tp.read(mean), s = tp.read(variance);
    eachChannel(tx, [&](long c, const std::vector<long>& at) {
      for (long i : at) v[i] = (v[i] - m[c]) / std::sqrt(s[c] + epsilon) * g[c] + b[c];
    });
    ty.write(y, v, k.alpha, k.beta);
  });
}

RESULT cudnnBatchNormalizationForwardTraining(void* handle, int mode, const void* alpha, const void* beta, void* xd,
                                              const void* x, void* yd, void* y, void* pd, const void* gamma,
                                              const void* shift, double factor, void* runningMean,
                                              void* runningVariance, double epsilon, void* savedMean,
                                              void* savedInverse) {
  ENTER;
  Tensor tx = tensorOf(xd, __func__), ty = tensorOf(yd, __func__), tp = perChannel(mode, tx, pd, __func__);
  same(tx, ty, __func__);
  Scale k = scale(alpha, beta, tx.type, __func__);
  if (!runningMean != !runningVariance || !savedMean != !savedInverse) die("%s: half of a pair is null", __func__);
  std::vector<Range> ranges = {{x, tx.bytes(), "x"}, {y, ty.bytes(), "y"}};
  for (const void* p : {gamma, shift}) ranges.push_back({p, tp.bytes(), "a parameter"});
  for (const void* p : {(const void*)runningMean, (const void*)runningVariance, (const void*)savedMean,
                        (const void*)savedInverse}) {
    if (p) ranges.push_back({p, tp.bytes(), "a statistic"});
  }
  return work(handle, __func__, ranges, [=] {
    Numbers v = tx.read(x), g = tp.read(gamma), b = tp.read(shift), mean(g.size()), inverse(g.size()), spread(g.size());
    eachChannel(tx, [&](long c, const std::vector<long>& at) {
      double n = (double)at.size(), sum = 0, squares = 0;
      for (long i : at) sum += v[i];
      mean[c] = sum / n;
      for (long i : at) squares += (v[i] - mean[c]) * (v[i] - mean[c]);
      inverse[c] = 1 / std::sqrt(squares / n + epsilon);
      spread[c] = n > 1 ? squares / (n - 1) : squares;
      for (long i : at) v[i] = (v[i] - mean[c]) * inverse[c] * g[c] + b[c];
    });
    ty.write(y, v, k.alpha, k.beta);
    if (runningMean) tp.write(runningMean, mean, factor, 1 - factor);
    if (runningVariance) tp.write(runningVariance, spread, factor, 1 - factor);
    if (savedMean) tp.write(savedMean, mean, 1, 0);
    if (savedInverse) tp.write(savedInverse, inverse, 1, 0);
  });
}

RESULT cudnnBatchNormalizationBackward(void* handle, int mode, const void* alphaData, const void* betaData,
                                       const void* alphaParameter, const void* betaParameter, void* xd, const void* x,
                                       void* dyd, const void* dy, void* dxd, void* dx, void* pd, const void* gamma,
                                       void* dgamma, void* dshift, double epsilon, const void* savedMean,
                                       const void* savedInverse) {
  ENTER;
  Tensor tx = tensorOf(xd, __func__), tdy = tensorOf(dyd, __func__), tdx = tensorOf(dxd, __func__);
  Tensor tp = perChannel(mode, tx, pd, __func__);
  same(tx, tdy, __func__), same(tx, tdx, __func__);
  Scale k = scale(alphaData, betaData, tx.type, __func__), kp = scale(alphaParameter, betaParameter, tx.type, __func__);
  std::vector<Range> ranges = {{x, tx.bytes(), "x"}, {dy, tdy.bytes(), "dy"}, {dx, tdx.bytes(), "dx"}};
  for (const void* p : {gamma, (const void*)dgamma, (const void*)dshift}) ranges.push_back({p, tp.bytes(), "a parameter"});
  for (const void* p : {savedMean, savedInverse}) {
    if (p) ranges.push_back({p, tp.bytes(), "a statistic"});
  }
  return work(handle, __func__, ranges, [=] {
    Numbers v = tx.read(x), d = tdy.read(dy), g = tp.read(gamma), dg(g.size()), db(g.size()), mean, inverse;
    if (savedMean) mean = tp.read(savedMean), inverse = tp.read(savedInverse);
    eachChannel(tx, [&](long c, const std::vector<long>& at) {
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
    tdx.write(dx, v, k.alpha, k.beta);
    tp.write(dgamma, dg, kp.alpha, kp.beta);
    tp.write(dshift, db, kp.alpha, kp.beta);
  });
}
