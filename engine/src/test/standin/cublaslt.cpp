// libcublasLt.so.13: D = epilogue(alpha op(A) op(B) + beta C), described by attributes, as the heuristics choose.
#include <cmath>
#include <cstring>

#include "numbers.h"
#include "standin.h"

using namespace standin;

#define RESULT extern "C" int
#define ENTER                \
  std::lock_guard g(lock()); \
  if (broken()) return EXECUTION_FAILED

namespace {

enum { SUCCESS = 0, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
// Bits of an epilogue's code.
enum { RELU = 2, BIAS = 4, DERIVATIVE_RELU = 8, BIAS_GRADIENT = 16, AUXILIARY = 128, GRADIENT_A = 256, GRADIENT_B = 512 };
enum { COMPUTE_32F = 68, COMPUTE_32F_PEDANTIC = 69, COMPUTE_64F = 70, COMPUTE_FAST_16BF = 75, COMPUTE_FAST_TF32 = 77 };
constexpr uint64_t CHOSEN = 0x5354414e44494e31;  // the first word of an algorithm of ours
constexpr size_t WORKSPACE = 4096;               // what every matrix product needs

struct Lt : Object {
  static constexpr const char* KIND = "cublasLt handle";
};

struct Operation : Object {
  static constexpr const char* KIND = "cublasLt matmul descriptor";
  int compute = 0, scale = 0, transA = 0, transB = 0, pointerMode = 0, biasType = -1, auxType = -1;
  int epilogue = 1;
  const void *bias = nullptr, *aux = nullptr;
  int64_t auxLd = 0, biasStride = 0, auxStride = 0;
};

struct Layout : Object {
  static constexpr const char* KIND = "cublasLt matrix layout";
  int type = 0, order = 0, batch = 1;
  uint64_t rows = 0, cols = 0;
  int64_t ld = 0, stride = 0;
};

struct Preference : Object {
  static constexpr const char* KIND = "cublasLt preference";
  uint64_t workspace = 0;
  uint32_t align[4] = {256, 256, 256, 256};
};

struct Heuristic {  // cublasLtMatmulHeuristicResult_t
  uint64_t algorithm[8];
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};

// Copies an attribute whose size must be the field's.
template <class T>
int put(T& field, const void* value, size_t bytes, const char* caller) {
  needHost(value, "the attribute", caller);
  if (bytes != sizeof field) die("%s: %zu bytes for an attribute of %zu", caller, bytes, sizeof field);
  memcpy(&field, value, bytes);
  return SUCCESS;
}

int cudnnType(int type, const char* caller) {
  if (type == 0) return F32;
  if (type == 1) return F64;
  if (type == 14) return BF16;
  die("%s: the data type %d is not supported", caller, type);
}

// A matrix as a tensor [batch, rows, columns].
Tensor matrix(const Layout& l, const char* caller) {
  if (l.order != 0 && l.order != 1) die("%s: order %d", caller, l.order);
  uint64_t least = l.order == 0 ? l.rows : l.cols;
  if (l.ld < (int64_t)least || !l.rows || !l.cols) {
    die("%s: a matrix %lu x %lu with the leading dimension %ld", caller, l.rows, l.cols, l.ld);
  }
  Tensor t;
  t.type = cudnnType(l.type, caller);
  t.dims = {l.batch, (long)l.rows, (long)l.cols};
  t.strides = {l.stride, l.order == 0 ? 1 : l.ld, l.order == 0 ? l.ld : 1};
  return t;
}

// A product: its matrices, checked.
struct Product {
  Operation o;
  Tensor a, b, c, d;
  long m, n, k, batch;
  int order;

  Product(void* op, void* la, void* lb, void* lc, void* ld, const char* caller) : o(*get<Operation>(op, caller)) {
    auto layout = [&](void* handle) { return get<Layout>(handle, caller); };
    a = matrix(*layout(la), caller), b = matrix(*layout(lb), caller);
    c = matrix(*layout(lc), caller), d = matrix(*layout(ld), caller);
    order = layout(ld)->order;
    m = o.transA ? a.dims[2] : a.dims[1];
    k = o.transA ? a.dims[1] : a.dims[2];
    n = o.transB ? b.dims[1] : b.dims[2];
    batch = d.dims[0];
    if ((o.transB ? b.dims[2] : b.dims[1]) != k || d.dims[1] != m || d.dims[2] != n || c.dims != d.dims) {
      die("%s: the matrices' sizes do not fit", caller);
    }
    if (a.dims[0] != batch || b.dims[0] != batch) die("%s: unequal batch counts", caller);
    if (o.transA > 1 || o.transB > 1 || o.transA < 0 || o.transB < 0) die("%s: transposition", caller);
    if (o.pointerMode) die("%s: pointer mode %d", caller, o.pointerMode);
    if (order != 0 && o.epilogue != 1) refused = true;  // bias and masks go with columns of D
    bool wide = o.compute == COMPUTE_64F;
    if (!wide && o.compute != COMPUTE_32F && o.compute != COMPUTE_32F_PEDANTIC && o.compute != COMPUTE_FAST_16BF &&
        o.compute != COMPUTE_FAST_TF32) {
      die("%s: compute type %d", caller, o.compute);
    }
    if (o.scale != (wide ? 1 : 0)) die("%s: scale type %d for the compute type %d", caller, o.scale, o.compute);
    for (const Tensor* t : {&a, &b, &c, &d}) refused |= (t->type == F64) != wide;
    refused |= a.type != b.type || c.type != d.type || (wide && o.epilogue != 1);
    refused |= o.epilogue & AUXILIARY && (o.epilogue & (RELU | DERIVATIVE_RELU)) && (o.auxLd % 128 || o.auxLd < m);
    int known = RELU | BIAS | DERIVATIVE_RELU | BIAS_GRADIENT | AUXILIARY | GRADIENT_A | GRADIENT_B | 1;
    if (o.epilogue & ~known || o.epilogue == 0) die("%s: epilogue %d", caller, o.epilogue);
    if (o.epilogue & DERIVATIVE_RELU && !(o.epilogue & AUXILIARY)) die("%s: epilogue %d", caller, o.epilogue);
  }

  bool refused = false;

  uint64_t hash() const {
    return (uint64_t)(m * 1000003 + n * 10007 + k * 101 + batch) * 64 + (uint64_t)(o.epilogue * 4 + o.transA * 2 + o.transB);
  }

  Rounding rounding() const {
    return o.compute == COMPUTE_FAST_TF32 ? TO_TF32 : o.compute == COMPUTE_FAST_16BF ? TO_BF16 : EXACT;
  }

  long biasCount() const { return o.epilogue & GRADIENT_B ? n : m; }

  int biasType() const { return o.biasType < 0 ? d.type : cudnnType(o.biasType, "cublasLtMatmul"); }

  void run(const void* pa, const void* pb, const void* pc, void* pd, double alpha, double beta) const;
};

bool bit(const void* mask, long at) { return ((const uint8_t*)mask)[at / 8] >> (at % 8) & 1; }

// Adds a bias before the ReLU, applies or writes its mask (bits, columns of ld), sums the bias gradient.
void epilogue(const Product& p, Numbers& v) {
  const Operation& o = p.o;
  for (long z = 0; z < p.batch; z++) {
    uint8_t* mask = (uint8_t*)o.aux + z * o.auxStride / 8;
    Numbers sums((size_t)p.m);
    for (long i = 0; i < p.m; i++) {
      double bias = o.epilogue & BIAS ? load(o.bias, p.biasType(), i + z * o.biasStride) : 0;
      for (long j = 0; j < p.n; j++) {
        double& e = v[(z * p.m + i) * p.n + j];
        long at = j * o.auxLd + i;
        e += bias;
        if (o.epilogue & DERIVATIVE_RELU) {
          e = bit(mask, at) ? e : 0;
        } else if (o.epilogue & RELU) {
          if (o.epilogue & AUXILIARY) mask[at / 8] = (uint8_t)((mask[at / 8] & ~(1 << at % 8)) | (e > 0) << at % 8);
          e = e > 0 || e != e ? e : 0;
        }
        sums[i] += e;
      }
      if (o.epilogue & BIAS_GRADIENT) store((void*)o.bias, p.biasType(), i + z * o.biasStride, sums[i]);
    }
  }
}

void Product::run(const void* pa, const void* pb, const void* pc, void* pd, double alpha, double beta) const {
  Numbers va = a.read(pa, rounding()), vb = b.read(pb, rounding()), old = beta == 0 ? Numbers() : c.read(pc);
  Numbers v((size_t)(batch * m * n));
  long ai = o.transA ? 1 : k, al = o.transA ? m : 1, bl = o.transB ? 1 : n, bj = o.transB ? k : 1;
  for (long z = 0; z < batch; z++) {
    const double *A = va.data() + z * m * k, *B = vb.data() + z * k * n;
    for (long i = 0; i < m; i++) {
      double* row = v.data() + (z * m + i) * n;
      for (long l = 0; l < k; l++) {
        double f = A[i * ai + l * al];
        for (long j = 0; j < n; j++) row[j] += f * B[l * bl + j * bj];
      }
    }
    if (o.epilogue & (GRADIENT_A | GRADIENT_B)) {  // the sums over k of op(A) or op(B)
      for (long i = 0; i < biasCount(); i++) {
        double sum = 0;
        for (long l = 0; l < k; l++) sum += o.epilogue & GRADIENT_A ? A[i * ai + l * al] : B[l * bl + i * bj];
        store((void*)o.bias, biasType(), i + z * o.biasStride, sum);
      }
    }
  }
  for (size_t i = 0; i < v.size(); i++) v[i] = alpha * v[i] + (beta == 0 ? 0 : beta * old[i]);
  epilogue(*this, v);
  d.write(pd, v, 1, 0);
}

}  // namespace

extern "C" size_t cublasLtGetVersion() { return (size_t)setting("STANDIN_CUBLASLT", 130100); }

#define CREATE_DESTROY(name, T)                    \
  RESULT cublasLt##name##Destroy(void* d) {        \
    ENTER;                                         \
    release(T::KIND, d, "cublasLt" #name "Destroy"); \
    return SUCCESS;                                \
  }
CREATE_DESTROY(, Lt)
CREATE_DESTROY(MatmulDesc, Operation)
CREATE_DESTROY(MatrixLayout, Layout)
CREATE_DESTROY(MatmulPreference, Preference)

RESULT cublasLtCreate(void** handle) {
  ENTER;
  refuseInCapture(__func__);
  *handle = make<Lt>();
  return SUCCESS;
}

RESULT cublasLtMatmulDescCreate(void** d, int compute, int scale) {
  ENTER;
  auto o = std::make_shared<Operation>();
  o->compute = compute;
  o->scale = scale;
  *d = adopt(Operation::KIND, o);
  return SUCCESS;
}

RESULT cublasLtMatrixLayoutCreate(void** d, int type, uint64_t rows, uint64_t cols, int64_t ld) {
  ENTER;
  auto l = std::make_shared<Layout>();
  l->type = type;
  l->rows = rows;
  l->cols = cols;
  l->ld = ld;
  *d = adopt(Layout::KIND, l);
  return SUCCESS;
}

RESULT cublasLtMatmulPreferenceCreate(void** d) {
  ENTER;
  *d = make<Preference>();
  return SUCCESS;
}

RESULT cublasLtMatmulDescSetAttribute(void* d, int attribute, const void* value, size_t bytes) {
  ENTER;
  auto o = get<Operation>(d, __func__);
  switch (attribute) {
    case 0: return put(o->compute, value, bytes, __func__);
    case 1: return put(o->scale, value, bytes, __func__);
    case 2: return put(o->pointerMode, value, bytes, __func__);
    case 3: return put(o->transA, value, bytes, __func__);
    case 4: return put(o->transB, value, bytes, __func__);
    case 7: return put(o->epilogue, value, bytes, __func__);
    case 8: return put(o->bias, value, bytes, __func__);
    case 10: return put(o->biasStride, value, bytes, __func__);
    case 11: return put(o->aux, value, bytes, __func__);
    case 12: return put(o->auxLd, value, bytes, __func__);
    case 13: return put(o->auxStride, value, bytes, __func__);
    case 22: return put(o->auxType, value, bytes, __func__);
    case 26: return put(o->biasType, value, bytes, __func__);
    default: die("%s: attribute %d", __func__, attribute);
  }
}

RESULT cublasLtMatrixLayoutSetAttribute(void* d, int attribute, const void* value, size_t bytes) {
  ENTER;
  auto l = get<Layout>(d, __func__);
  switch (attribute) {
    case 0: return put(l->type, value, bytes, __func__);
    case 1: return put(l->order, value, bytes, __func__);
    case 2: return put(l->rows, value, bytes, __func__);
    case 3: return put(l->cols, value, bytes, __func__);
    case 4: return put(l->ld, value, bytes, __func__);
    case 5: return put(l->batch, value, bytes, __func__);
    case 6: return put(l->stride, value, bytes, __func__);
    default: die("%s: attribute %d", __func__, attribute);
  }
}

RESULT cublasLtMatmulPreferenceSetAttribute(void* d, int attribute, const void* value, size_t bytes) {
  ENTER;
  auto p = get<Preference>(d, __func__);
  uint32_t ignored;
  if (attribute == 1) return put(p->workspace, value, bytes, __func__);
  if (attribute >= 5 && attribute <= 8) return put(p->align[attribute - 5], value, bytes, __func__);
  if (attribute == 0 || attribute == 3) return put(ignored, value, bytes, __func__);
  if (attribute == 12) return bytes == 8 ? SUCCESS : INVALID_VALUE;
  die("%s: attribute %d", __func__, attribute);
}

RESULT cublasLtMatmulAlgoGetHeuristic(void* lt, void* op, void* la, void* lb, void* lc, void* ld, void* preference,
                                      int wanted, Heuristic* results, int* got) {
  ENTER;
  get<Lt>(lt, __func__);
  Product p(op, la, lb, lc, ld, __func__);
  auto limits = get<Preference>(preference, __func__);
  *got = 0;
  if (p.refused || wanted < 1) return NOT_SUPPORTED;
  // One that is faster but too large or refused, then one that fits.
  if (wanted > 1) results[(*got)++] = {{CHOSEN, 0}, 0, NOT_SUPPORTED, 1, {}};
  size_t workspace = limits->workspace < WORKSPACE ? 0 : WORKSPACE;
  uint64_t align = limits->align[0];
  for (uint32_t a : limits->align) align = a < align ? a : align;
  results[(*got)++] = {{CHOSEN, p.hash(), workspace, align}, workspace, SUCCESS, 1, {}};
  return SUCCESS;
}

RESULT cublasLtMatmul(void* lt, void* op, const void* alpha, const void* a, void* la, const void* b, void* lb,
                      const void* beta, const void* c, void* lc, void* d, void* ld, const uint64_t* algorithm,
                      void* space, size_t bytes, void* stream) {
  ENTER;
  get<Lt>(lt, __func__);
  Product p(op, la, lb, lc, ld, __func__);
  if (p.refused) return NOT_SUPPORTED;
  needHost(alpha, "alpha", __func__);
  needHost(beta, "beta", __func__);
  double by = load(alpha, p.o.scale ? F64 : F32, 0), old = load(beta, p.o.scale ? F64 : F32, 0);
  if (!algorithm || algorithm[0] != CHOSEN || algorithm[1] != p.hash()) {
    die("%s: the algorithm was not chosen for this product", __func__);
  }
  size_t workspace = algorithm[2];
  if (bytes < workspace) die("%s: %zu bytes of workspace where the algorithm needs %zu", __func__, bytes, workspace);
  for (const void* each : {a, b, c, (const void*)d}) {
    if ((uintptr_t)each % algorithm[3]) die("%s: %p is not aligned as the heuristic was told", __func__, each);
  }
  if (old != 0 && c == d && p.c.strides != p.d.strides) die("%s: C is D in another layout", __func__);
  std::vector<Range> ranges = {{a, p.a.bytes(), "A"}, {b, p.b.bytes(), "B"}, {d, p.d.bytes(), "D"},
                               {space, workspace, "the workspace"}};
  if (old != 0) ranges.push_back({c, p.c.bytes(), "C"});
  if (p.o.epilogue & (BIAS | BIAS_GRADIENT | GRADIENT_A | GRADIENT_B)) {
    size_t each = bytesOf(p.biasType());
    ranges.push_back({p.o.bias, (size_t)(p.biasCount() + (p.batch - 1) * p.o.biasStride) * each, "the bias"});
  }
  if (p.o.epilogue & AUXILIARY) ranges.push_back({p.o.aux, (size_t)(p.o.auxLd * p.n / 8), "the ReLU's mask"});
  submit(stream, __func__, ranges, [=] {
    if (workspace) memset(space, 0xff, workspace);
    p.run(a, b, c, d, by, old);
  });
  return SUCCESS;
}
