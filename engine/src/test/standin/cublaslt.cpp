// libcublasLt.so.13: D = epilogue(alpha op(A) op(B) + beta D) of column-major matrices, by algorithms that the
// heuristics chose. Descriptors lie in the caller's memory.
#include <cstring>

#include "numbers.h"
#include "standin.h"

using namespace standin;

#define RESULT extern "C" int
#define ENTER                \
  std::lock_guard g(lock()); \
  if (broken()) return EXECUTION_FAILED

namespace {

enum { SUCCESS = 0, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum { RELU = 2, BIAS = 4 };  // bits of an epilogue's code, which is 1 if it does nothing
enum { PEDANTIC_32F = 69, COMPUTE_64F = 70, FAST_16BF = 75, FAST_TF32 = 77 };
constexpr size_t WORKSPACE = 4096;  // what every product needs

struct Lt : Object {
  static constexpr const char* KIND = "cublasLt handle";
};

struct Operation {
  uint64_t mark = MARK;
  int compute, scale, transpose[2] = {}, epilogue = 1;
  const void* bias = nullptr;
  static constexpr uint64_t MARK = 0x5354414e4401;
};

struct Layout {
  uint64_t mark = MARK;
  int type;
  long rows, columns, ld;
  static constexpr uint64_t MARK = 0x5354414e4402;
};

struct Preference {
  uint64_t mark = MARK, workspace = 0;
  uint32_t align[4] = {256, 256, 256, 256};
  static constexpr uint64_t MARK = 0x5354414e4403;
};

struct Algorithm {  // cublasLtMatmulAlgo_t
  uint64_t chosenFor, workspace, align, rest[5];
};

struct Heuristic {  // cublasLtMatmulHeuristicResult_t
  Algorithm algorithm;
  size_t workspace;
  int state;
  float waves;
  int reserved[4];
};

template <class T>
T& described(void* p, const char* caller) {
  needHost(p, "a descriptor", caller);
  if (((T*)p)->mark != T::MARK) die("%s: a descriptor is not of its kind, or was not initialised", caller);
  return *(T*)p;
}

template <class T>
int initialise(void* p, size_t bytes, const T& value, const char* caller) {
  if (bytes < sizeof(T)) die("%s: %zu bytes", caller, bytes);
  memset(p, 0, bytes);
  memcpy(p, &value, sizeof value);
  return SUCCESS;
}

// Copies an attribute whose size must be the field's.
template <class T>
int put(T& field, const void* value, size_t bytes, const char* caller) {
  needHost(value, "the attribute", caller);
  if (bytes != sizeof field) die("%s: %zu bytes for an attribute of %zu", caller, bytes, sizeof field);
  memcpy(&field, value, bytes);
  return SUCCESS;
}

Tensor matrix(const Layout& l, const char* caller) {
  if (l.rows < 1 || l.columns < 1 || l.ld < l.rows) die("%s: a matrix %ld x %ld by %ld", caller, l.rows, l.columns, l.ld);
  if (l.type != 0 && l.type != 1 && l.type != 14) die("%s: the data type %d is not supported", caller, l.type);
  return {l.type == 14 ? (int)BF16 : l.type, {l.rows, l.columns}, {1, l.ld}};
}

// A product whose matrices fit.
struct Product {
  Operation o;
  Tensor a, b, d;
  long m, n, k;
  bool supported;

  Product(void* op, void* la, void* lb, void* lc, void* ld, const char* caller) : o(described<Operation>(op, caller)) {
    a = matrix(described<Layout>(la, caller), caller);
    b = matrix(described<Layout>(lb, caller), caller);
    d = matrix(described<Layout>(ld, caller), caller);
    Tensor c = matrix(described<Layout>(lc, caller), caller);
    m = d.dims[0], n = d.dims[1], k = a.dims[!o.transpose[0]];
    if (a.dims[o.transpose[0]] != m || b.dims[!o.transpose[1]] != n || b.dims[o.transpose[1]] != k) {
      die("%s: the matrices' sizes do not fit", caller);
    }
    if (c.dims != d.dims || c.strides != d.strides || c.type != d.type) die("%s: C is not laid out as D", caller);
    bool wide = o.compute == COMPUTE_64F, narrow = o.compute == FAST_16BF || o.compute == FAST_TF32;
    if (!wide && !narrow && o.compute != PEDANTIC_32F) die("%s: compute type %d", caller, o.compute);
    if (o.scale != wide) die("%s: scale type %d for the compute type %d", caller, o.scale, o.compute);
    if (o.epilogue != 1 && o.epilogue & ~(RELU | BIAS)) die("%s: epilogue %d", caller, o.epilogue);
    supported = (d.type == F64) == wide && a.type == b.type && (a.type == d.type || (a.type == BF16 && d.type == F32));
  }

  uint64_t hash() const {
    uint64_t h = 0x5354414e44;
    for (long v : {m, n, k, (long)o.compute, (long)o.epilogue, (long)o.transpose[0], (long)o.transpose[1]}) {
      h = h * 1000003 + (uint64_t)v;
    }
    return h;
  }

  void run(const void* pa, const void* pb, void* pd, double alpha, double beta) const {
    Rounding to = o.compute == FAST_TF32 ? TO_TF32 : o.compute == FAST_16BF ? TO_BF16 : EXACT;
    // Row-major as Tensor::read gives them; op(B) in that order too.
    Numbers va = a.read(pa, to), vb = b.read(pb, to), v = beta == 0 ? Numbers((size_t)(m * n)) : d.read(pd);
    long ai = o.transpose[0] ? 1 : k, al = o.transpose[0] ? m : 1;
    if (o.transpose[1]) {
      Numbers stored = vb;
      for (long j = 0; j < n; j++) {
        for (long l = 0; l < k; l++) vb[l * n + j] = stored[j * k + l];
      }
    }
    Numbers row((size_t)n);
    for (long i = 0; i < m; i++) {
      row.assign((size_t)n, 0);
      for (long l = 0; l < k; l++) {
        double f = va[i * ai + l * al];
        for (long j = 0; j < n; j++) row[j] += f * vb[l * n + j];
      }
      double bias = o.epilogue & BIAS ? load(o.bias, d.type, i) : 0;
      for (long j = 0; j < n; j++) {
        double e = alpha * row[j] + (beta == 0 ? 0 : beta * v[i * n + j]) + bias;
        v[i * n + j] = o.epilogue & RELU && !(e > 0) && e == e ? 0 : e;
      }
    }
    d.write(pd, v, 1, 0);
  }
};

}  // namespace

extern "C" size_t cublasLtGetVersion() { return (size_t)setting("STANDIN_CUBLASLT", 130100); }

extern "C" const char* cublasLtGetStatusName(int status) {
  return status == SUCCESS            ? "CUBLAS_STATUS_SUCCESS"
         : status == EXECUTION_FAILED ? "CUBLAS_STATUS_EXECUTION_FAILED"
         : status == NOT_SUPPORTED    ? "CUBLAS_STATUS_NOT_SUPPORTED"
                                      : "CUBLAS_STATUS unknown";
}

RESULT cublasLtCreate(void** handle) {
  ENTER;
  refuseInCapture(__func__);
  *handle = make<Lt>();
  return SUCCESS;
}

RESULT cublasLtDestroy(void* handle) {
  ENTER;
  release(Lt::KIND, handle, __func__);
  return SUCCESS;
}

RESULT cublasLtMatmulDescInit_internal(void* p, size_t bytes, int compute, int scale) {
  return initialise(p, bytes, Operation{Operation::MARK, compute, scale}, __func__);
}

RESULT cublasLtMatrixLayoutInit_internal(void* p, size_t bytes, int type, uint64_t rows, uint64_t columns, int64_t ld) {
  return initialise(p, bytes, Layout{Layout::MARK, type, (long)rows, (long)columns, ld}, __func__);
}

RESULT cublasLtMatmulPreferenceInit_internal(void* p, size_t bytes) {
  return initialise(p, bytes, Preference{}, __func__);
}

RESULT cublasLtMatmulDescSetAttribute(void* p, int attribute, const void* value, size_t bytes) {
  Operation& o = described<Operation>(p, __func__);
  if (attribute == 3 || attribute == 4) {
    put(o.transpose[attribute - 3], value, bytes, __func__);
    if (o.transpose[attribute - 3] & ~1) die("%s: transposition %d", __func__, o.transpose[attribute - 3]);
    return SUCCESS;
  }
  if (attribute == 7) return put(o.epilogue, value, bytes, __func__);
  if (attribute == 8) return put(o.bias, value, bytes, __func__);
  die("%s: attribute %d", __func__, attribute);
}

RESULT cublasLtMatmulPreferenceSetAttribute(void* p, int attribute, const void* value, size_t bytes) {
  Preference& limits = described<Preference>(p, __func__);
  uint32_t scheme;  // none of the stand-in's products splits its sums
  if (attribute == 1) return put(limits.workspace, value, bytes, __func__);
  if (attribute == 3) return put(scheme, value, bytes, __func__);
  if (attribute >= 5 && attribute <= 8) return put(limits.align[attribute - 5], value, bytes, __func__);
  die("%s: attribute %d", __func__, attribute);
}

// Offers one that cannot run, then one that can.
RESULT cublasLtMatmulAlgoGetHeuristic(void* lt, void* op, void* la, void* lb, void* lc, void* ld, void* preference,
                                      int wanted, Heuristic* results, int* got) {
  ENTER;
  get<Lt>(lt, __func__);
  Product p(op, la, lb, lc, ld, __func__);
  Preference& limits = described<Preference>(preference, __func__);
  *got = 0;
  if (!p.supported) return NOT_SUPPORTED;
  if (wanted > 1) results[(*got)++] = {{}, 0, NOT_SUPPORTED, 1, {}};
  uint64_t workspace = limits.workspace < WORKSPACE ? 0 : WORKSPACE, align = 256;
  for (uint64_t each : limits.align) align = each < align ? each : align;
  results[(*got)++] = {{p.hash(), workspace, align, {}}, workspace, SUCCESS, 1, {}};
  return SUCCESS;
}

RESULT cublasLtMatmul(void* lt, void* op, const void* alpha, const void* a, void* la, const void* b, void* lb,
                      const void* beta, const void* c, void* lc, void* d, void* ld, const Algorithm* algorithm,
                      void* space, size_t bytes, void* stream) {
  ENTER;
  get<Lt>(lt, __func__);
  Product p(op, la, lb, lc, ld, __func__);
  needHost(alpha, "alpha", __func__);
  needHost(beta, "beta", __func__);
  needHost(algorithm, "the algorithm", __func__);
  if (c != d) die("%s: C is not D", __func__);
  if (!p.supported || algorithm->chosenFor != p.hash()) die("%s: the algorithm was chosen for another product", __func__);
  size_t workspace = algorithm->workspace;
  if (bytes < workspace) die("%s: %zu bytes of workspace where the algorithm needs %zu", __func__, bytes, workspace);
  std::vector<Range> ranges = {{a, p.a.bytes(), "A"}, {b, p.b.bytes(), "B"}, {d, p.d.bytes(), "D"},
                               {space, workspace, "the workspace"}};
  for (int k = 0; k < 3; k++) {
    if ((uintptr_t)ranges[k].at % algorithm->align) die("%s: %s is not aligned as was told", __func__, ranges[k].name);
  }
  if (p.o.epilogue & BIAS) ranges.push_back({p.o.bias, (size_t)p.m * bytesOf(p.d.type), "the bias"});
  double by = load(alpha, p.o.scale, 0), old = load(beta, p.o.scale, 0);
  submit(stream, __func__, ranges, [=] {
    if (workspace) memset(space, 0xff, workspace);
    p.run(a, b, d, by, old);
  });
  return SUCCESS;
}
