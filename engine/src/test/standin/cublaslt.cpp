// libcublasLt.so.13: D = epilogue(alpha op(A) op(B) + beta D) of column-major matrices, by algorithms that the
// heuristics chose. Descriptors lie in the caller's memory.
#include "numbers.h"

using namespace standin;

namespace {

enum { SUCCESS = 0, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum { NOTHING = 1, RELU = 2, BIAS = 4, DRELU = 8 | 128 };  // codes and bits of an epilogue
enum { PEDANTIC_32F = 69, COMPUTE_64F = 70, FAST_16BF = 75, FAST_TF32 = 77 };
constexpr size_t WORKSPACE = 4096;  // what every product needs

int refusal() { return state().error ? EXECUTION_FAILED : SUCCESS; }

struct Lt : Object {};

enum Kind : uint64_t { OPERATION = 0x5354414e4401, LAYOUT, PREFERENCE };
enum { COMPUTE, SCALE, TRANSPOSE_A, TRANSPOSE_B, EPILOGUE, THE_BIAS, THE_MASK, MASK_LD };  // values of an operation
enum { TYPE, ROWS, COLUMNS, LD };                                                          // of a layout
enum { MOST_WORKSPACE, SCHEME, ALIGN_A, ALIGN_B, ALIGN_C, ALIGN_D };                       // of a preference

struct Opaque {  // as many values as its kind has
  Kind kind;
  int64_t values[8];
};

const struct {
  Kind kind;
  int attribute, value;
  size_t bytes;
} ATTRIBUTES[] = {{OPERATION, 3, TRANSPOSE_A, 4}, {OPERATION, 4, TRANSPOSE_B, 4}, {OPERATION, 7, EPILOGUE, 4},
                  {OPERATION, 8, THE_BIAS, 8},    {OPERATION, 11, THE_MASK, 8},   {OPERATION, 12, MASK_LD, 8},
                  {PREFERENCE, 1, MOST_WORKSPACE, 8}, {PREFERENCE, 3, SCHEME, 4}, {PREFERENCE, 5, ALIGN_A, 4},
                  {PREFERENCE, 6, ALIGN_B, 4},    {PREFERENCE, 7, ALIGN_C, 4},    {PREFERENCE, 8, ALIGN_D, 4}};

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

int64_t* described(void* p, Kind kind) {
  needHost(p, "a descriptor");
  if (((Opaque*)p)->kind != kind) die("a descriptor is not of its kind, or was not initialised");
  return ((Opaque*)p)->values;
}

void initialise(void* p, size_t bytes, Kind kind, std::vector<int64_t> values) {
  if (bytes < 8 * (1 + values.size())) die("%zu bytes", bytes);
  ((Opaque*)p)->kind = kind;
  std::copy(values.begin(), values.end(), ((Opaque*)p)->values);
}

void put(void* p, Kind kind, int attribute, const void* value, size_t bytes) {
  int64_t* values = described(p, kind);
  needHost(value, "the attribute");
  for (auto& a : ATTRIBUTES) {
    if (a.kind != kind || a.attribute != attribute) continue;
    if (a.bytes != bytes) die("%zu bytes for an attribute of %zu", bytes, a.bytes);
    values[a.value] = 0;
    memcpy(values + a.value, value, bytes);
    return;
  }
  die("attribute %d", attribute);
}

// A matrix as a tensor of a convolution; in which dimensions its rows and columns are.
Tensor matrix(void* layout, size_t rows, size_t columns) {
  int64_t* l = described(layout, LAYOUT);
  if (l[ROWS] < 1 || l[COLUMNS] < 1 || l[LD] < l[ROWS]) die("%ld x %ld by %ld", l[ROWS], l[COLUMNS], l[LD]);
  if (l[TYPE] != F32 && l[TYPE] != F64) die("the data type %ld is not supported", l[TYPE]);
  Tensor t{(int)l[TYPE], {1, 1, 1, 1}, {0, 0, 0, 0}};
  t.dims[rows] = l[ROWS], t.dims[columns] = l[COLUMNS], t.strides[rows] = 1, t.strides[columns] = l[LD];
  return t;
}

// A product whose matrices fit: the convolution of op(B) [1,k,1,n] by op(A) [m,k,1,1] to D [1,m,1,n].
struct Product {
  int64_t* o;
  Tensor a, b, d;
  bool supported;

  Product(void* operation, void* la, void* lb, void* lc, void* ld) : o(described(operation, OPERATION)) {
    if ((o[TRANSPOSE_A] | o[TRANSPOSE_B]) & ~1) die("transpositions %ld, %ld", o[TRANSPOSE_A], o[TRANSPOSE_B]);
    a = matrix(la, o[TRANSPOSE_A] ? 1 : 0, o[TRANSPOSE_A] ? 0 : 1);
    b = matrix(lb, o[TRANSPOSE_B] ? 3 : 1, o[TRANSPOSE_B] ? 1 : 3);
    d = matrix(ld, 1, 3);
    if (!(matrix(lc, 1, 3) == d)) die("C is not laid out as D");
    checkConvolution({}, b, a, d);
    bool wide = o[COMPUTE] == COMPUTE_64F, narrow = o[COMPUTE] == FAST_16BF || o[COMPUTE] == FAST_TF32;
    if (!wide && !narrow && o[COMPUTE] != PEDANTIC_32F) die("compute type %ld", o[COMPUTE]);
    if (o[SCALE] != wide) die("scale type %ld for the compute type %ld", o[SCALE], o[COMPUTE]);
    bool masks = o[EPILOGUE] == DRELU;
    if (!masks && o[EPILOGUE] != NOTHING && o[EPILOGUE] & ~(RELU | BIAS)) die("epilogue %ld", o[EPILOGUE]);
    if (masks && (o[MASK_LD] % 128 || o[MASK_LD] < d.dims[1])) die("a mask of leading dimension %ld", o[MASK_LD]);
    supported = d.type == wide && a.type == wide && b.type == wide;
  }

  uint64_t hash() const {
    uint64_t h = 0x5354414e44;
    for (int64_t v : {d.dims[1], d.dims[3], b.dims[1], o[COMPUTE], o[EPILOGUE], o[TRANSPOSE_A], o[TRANSPOSE_B]}) {
      h = h * 1000003 + (uint64_t)v;
    }
    return h;
  }

  int run(Execution e, const void* pa, const void* pb, void* pd) const {
    int to = o[COMPUTE] == FAST_TF32 ? TO_TF32 : o[COMPUTE] == FAST_16BF ? TO_BF16 : EXACT;
    bool masks = o[EPILOGUE] == DRELU, biased = !masks && o[EPILOGUE] & BIAS, relus = !masks && o[EPILOGUE] & RELU;
    int64_t ld = o[MASK_LD], columns = d.dims[3];
    const auto* mask = (const uint8_t*)o[THE_MASK];
    e.input(b, pb, to), e.input(a, pa, to), e.output(d, pd);
    double alpha = std::exchange(e.alpha, 1), beta = std::exchange(e.beta, 0);
    if (beta != 0) e.input(d, pd);
    if (biased) e.input({d.type, {d.dims[1]}, {1}}, (void*)o[THE_BIAS]);
    if (masks) e.ranges.push_back({mask, (size_t)(ld / 8 * columns), "the mask"});
    return e.submit([=, a = a, b = b, d = d](const Inputs& in) {
      Numbers v = convolve({}, FORWARD, b, a, d, in[0], in[1]);
      for (size_t k = 0; k < v.size(); k++) v[k] = alpha * v[k] + (beta == 0 ? 0 : beta * in[2][k]);
      if (biased) addBias(v, in.back(), columns);
      if (relus) relu(v, false);
      for (int64_t k = 0; k < (int64_t)v.size() && masks; k++) {  // a bit for each element, in D's order, lowest first
        int64_t bit = k % columns * ld + k / columns;
        v[k] = mask[bit / 8] >> bit % 8 & 1 ? v[k] : 0;
      }
      return v;
    });
  }
};

}  // namespace

extern "C" size_t cublasLtGetVersion() { return (size_t)setting("STANDIN_CUBLASLT", 130100); }
extern "C" const char* cublasLtGetStatusName(int status) {
  return nameOf(status, {{SUCCESS, "CUBLAS_STATUS_SUCCESS"}, {EXECUTION_FAILED, "CUBLAS_STATUS_EXECUTION_FAILED"}});
}

CALL(cublasLtCreate, (void** handle), refuseInCapture(), *handle = adopt(std::make_shared<Lt>()))
CALL(cublasLtDestroy, (void* handle), release<Lt>(handle))
CALL(cublasLtMatmulDescInit_internal, (void* p, size_t bytes, int compute, int scale),
     initialise(p, bytes, OPERATION, {compute, scale, 0, 0, NOTHING, 0, 0, 0}))
CALL(cublasLtMatrixLayoutInit_internal, (void* p, size_t bytes, int type, int64_t rows, int64_t columns, int64_t ld),
     initialise(p, bytes, LAYOUT, {type, rows, columns, ld}))
CALL(cublasLtMatmulPreferenceInit_internal, (void* p, size_t bytes),
     initialise(p, bytes, PREFERENCE, {0, 0, 256, 256, 256, 256}))
CALL(cublasLtMatmulDescSetAttribute, (void* p, int attribute, const void* value, size_t bytes),
     put(p, OPERATION, attribute, value, bytes))
CALL(cublasLtMatmulPreferenceSetAttribute, (void* p, int attribute, const void* value, size_t bytes),
     put(p, PREFERENCE, attribute, value, bytes))

// Offers one that cannot run, then one that can.
CALL(cublasLtMatmulAlgoGetHeuristic, (void* lt, void* op, void* la, void* lb, void* lc, void* ld, void* preference,
                                      int wanted, Heuristic* results, int* got), {
  get<Lt>(lt);
  Product p(op, la, lb, lc, ld);
  int64_t* limits = described(preference, PREFERENCE);
  *got = 0;
  if (!p.supported) return NOT_SUPPORTED;
  if (wanted > 1) results[(*got)++] = {{}, 0, NOT_SUPPORTED, 1, {}};
  uint64_t workspace = limits[MOST_WORKSPACE] < (int64_t)WORKSPACE ? 0 : WORKSPACE;
  uint64_t align = (uint64_t)*std::min_element(limits + ALIGN_A, limits + ALIGN_D + 1);
  results[(*got)++] = {{p.hash(), workspace, align, {}}, workspace, SUCCESS, 1, {}};
})

CALL(cublasLtMatmul, (void* lt, void* op, const void* alpha, const void* a, void* la, const void* b, void* lb,
                      const void* beta, const void* c, void* lc, void* d, void* ld, const Algorithm* algorithm,
                      void* space, size_t bytes, void* stream), {
  get<Lt>(lt);
  Product p(op, la, lb, lc, ld);
  needHost(algorithm, "the algorithm");
  if (c != d) die("C is not D");
  if (!p.supported || algorithm->chosenFor != p.hash()) die("the algorithm was chosen for another product");
  if (((uintptr_t)a | (uintptr_t)b | (uintptr_t)d) & (algorithm->align - 1)) die("a matrix is not aligned as was told");
  Execution e;
  e.stream = stream;
  e.factors(alpha, beta, p.d.type);
  e.workspace(space, bytes, algorithm->workspace);
  return p.run(e, a, b, d);
})
