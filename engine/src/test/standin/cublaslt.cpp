// libcublasLt.so.13: D = epilogue(alpha op(A) op(B) + beta D) of column-major matrices, by
// algorithms that the heuristics chose. Descriptors lie in the caller's memory.
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
enum { COMPUTE, SCALE, TRANSPOSE_A = 3, TRANSPOSE_B, EPILOGUE = 7, THE_BIAS, MASK = 11, MASK_LD };
enum { TYPE, ROWS = 2, COLUMNS, LD };        // of a layout; these are the attributes' numbers
enum { MOST_WORKSPACE, SCHEME, ALIGN, END = 6 };  // of a preference

struct Opaque {  // as many values as its kind has
  Kind kind;
  int64_t values[13];
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

int64_t* described(Ref p, Kind kind) {
  needHost(p, "a descriptor");
  if (((Opaque*)p)->kind != kind) die("a descriptor is of another kind, or was not initialised");
  return ((Opaque*)p)->values;
}

void initialise(Ref p, size_t bytes, Kind kind, const std::vector<int64_t>& values) {
  if (bytes < 8 * (1 + values.size())) die("%zu bytes", bytes);
  ((Opaque*)p)->kind = kind;
  std::copy(values.begin(), values.end(), ((Opaque*)p)->values);
}

void put(int64_t& to, Data value, size_t bytes, size_t needed) {
  if (!needed) die("an unknown attribute");
  if (bytes != needed) die("%zu bytes for an attribute of %zu", bytes, needed);
  needHost(value, "the attribute");
  to = 0, memcpy(&to, value, bytes);
}

// A matrix as a tensor of a convolution; in which dimensions its rows and columns are.
Tensor matrix(Ref layout, int rows, int columns) {
  int64_t* l = described(layout, LAYOUT);
  bool valid = l[ROWS] > 0 && l[COLUMNS] > 0 && l[LD] >= l[ROWS] && l[TYPE] <= F64;
  if (!valid) die("%ld x %ld by %ld of type %ld", l[ROWS], l[COLUMNS], l[LD], l[TYPE]);
  Tensor t{(int)l[TYPE], {1, 1, 1, 1}, {}};
  t.dims[rows] = l[ROWS], t.dims[columns] = l[COLUMNS];
  t.strides[rows] = 1, t.strides[columns] = l[LD];
  return t;
}

// The product as a convolution of op(B) [1,k,1,n] by op(A) [m,k,1,1] to D [1,m,1,n].
struct Matmul : Product {
  int64_t* o;

  Matmul(Ref operation, Ref a, Ref b, Ref c, Ref d) : o(described(operation, OPERATION)) {
    w = matrix(a, o[TRANSPOSE_A] ? 1 : 0, o[TRANSPOSE_A] ? 0 : 1);
    x = matrix(b, o[TRANSPOSE_B] ? 3 : 1, o[TRANSPOSE_B] ? 1 : 3);
    y = matrix(d, 1, 3);
    if (!(matrix(c, 1, 3) == y)) die("C is not laid out as D");
    check();
    bool wide = o[COMPUTE] == COMPUTE_64F, valid = wide || o[COMPUTE] == PEDANTIC_32F;
    valid = (valid || o[COMPUTE] == FAST_16BF || o[COMPUTE] == FAST_TF32) && o[SCALE] == wide;
    if (!valid) die("compute type %ld, scale type %ld", o[COMPUTE], o[SCALE]);
    bool masks = o[EPILOGUE] == DRELU, padded = o[MASK_LD] % 128 == 0 && o[MASK_LD] >= y.dims[1];
    bool known = o[EPILOGUE] == NOTHING || !(o[EPILOGUE] & ~(RELU | BIAS)) || (masks && padded);
    if (!known) die("epilogue %ld, a mask of leading dimension %ld", o[EPILOGUE], o[MASK_LD]);
  }

  // Of what an algorithm is chosen for; 0 if there is none.
  uint64_t hash() const {
    bool wide = o[COMPUTE] == COMPUTE_64F;
    uint64_t h = y.type == wide && w.type == wide && x.type == wide;
    for (long v : {y.dims[1], y.dims[3], x.dims[1], o[COMPUTE], o[EPILOGUE]}) h *= 1000003 + 2 * v;
    return h;
  }

  int run(Execution e, Data pa, Data pb) const {
    int to = o[COMPUTE] == FAST_TF32 ? TO_TF32 : o[COMPUTE] == FAST_16BF ? TO_BF16 : EXACT;
    bool masks = o[EPILOGUE] == DRELU, biased = o[EPILOGUE] & BIAS, relus = o[EPILOGUE] & RELU;
    long ld = o[MASK_LD], columns = y.dims[3];
    const auto* mask = (const uint8_t*)o[MASK];
    e.input(x, pb, to), e.input(w, pa, to);
    if (biased) e.input({y.type, {1, y.dims[1], 1, 1}, {0, 1, 0, 0}}, (Data)o[THE_BIAS]);
    if (masks) e.ranges.push_back({mask, (size_t)(ld / 8 * columns), "the mask"});
    auto after = [=](Numbers& v, const Inputs& in) {
      if (biased) addBias(v, in[2], columns);
      if (relus) relu(v, false);
      for (long k = 0; masks && k < (long)v.size(); k++) {  // a bit each, in D's order
        long bit = k % columns * ld + k / columns;
        v[k] = mask[bit / 8] >> bit % 8 & 1 ? v[k] : 0;
      }
    };
    return e.submit([p = *this](const Inputs& in) { return p(in[0], in[1]); }, after);
  }
};

}  // namespace

extern "C" size_t cublasLtGetVersion() { return (size_t)setting("STANDIN_CUBLASLT", 130100); }
extern "C" const char* cublasLtGetStatusName(int status) {
  return status == EXECUTION_FAILED ? "CUBLAS_STATUS_EXECUTION_FAILED" : "CUBLAS_STATUS_SUCCESS";
}

CALL(cublasLtCreate, (Ref* handle), refuseInCapture(), *handle = make<Lt>())
CALL(cublasLtDestroy, (Ref handle), release<Lt>(handle))
CALL(cublasLtMatmulDescInit_internal, (Ref p, size_t bytes, int compute, int scale),
     initialise(p, bytes, OPERATION, {compute, scale, 0, 0, 0, 0, 0, NOTHING, 0, 0, 0, 0, 0}))
CALL(cublasLtMatrixLayoutInit_internal, (Ref p, size_t bytes, int type, long rows, long n, long ld),
     initialise(p, bytes, LAYOUT, {type, 0, rows, n, ld}))
CALL(cublasLtMatmulPreferenceInit_internal, (Ref p, size_t bytes),
     initialise(p, bytes, PREFERENCE, {0, 0, 256, 256, 256, 256}))
CALL(cublasLtMatmulDescSetAttribute, (Ref p, int attribute, Data value, size_t bytes), {
  std::map<int, size_t> sizes{{3, 4}, {4, 4}, {7, 4}, {8, 8}, {11, 8}, {12, 8}};
  put(described(p, OPERATION)[attribute], value, bytes, sizes[attribute]);
})
CALL(cublasLtMatmulPreferenceSetAttribute, (Ref p, int attribute, Data value, size_t bytes), {
  std::map<int, size_t> sizes{{1, 8}, {3, 4}, {5, 4}, {6, 4}, {7, 4}, {8, 4}};
  int at = attribute < 5 ? attribute / 2 : attribute - 3;  // in MOST_WORKSPACE, SCHEME, ALIGN...
  put(described(p, PREFERENCE)[at], value, bytes, sizes[attribute]);
})

// Offers one that cannot run, then one that can.
CALL(cublasLtMatmulAlgoGetHeuristic, (Ref lt, Ref operation, Ref a, Ref b, Ref c, Ref d,
                                      Ref preference, int wanted, Heuristic* results, int* got), {
  get<Lt>(lt);
  Matmul p(operation, a, b, c, d);
  int64_t* limits = described(preference, PREFERENCE);
  *got = 0;
  if (!p.hash()) return NOT_SUPPORTED;
  if (wanted > 1) results[(*got)++] = {{}, 0, NOT_SUPPORTED, 1, {}};
  uint64_t workspace = limits[MOST_WORKSPACE] < (int64_t)WORKSPACE ? 0 : WORKSPACE;
  uint64_t align = (uint64_t)*std::min_element(limits + ALIGN, limits + END);
  results[(*got)++] = {{p.hash(), workspace, align, {}}, workspace, SUCCESS, 1, {}};
  if (wanted > 2) results[(*got)++] = {{p.hash(), 0, align, {}}, 0, SUCCESS, 1, {}};
})

CALL(cublasLtMatmul, (Ref lt, Ref operation, Data alpha, Data a, Ref la, Data b, Ref lb, Data beta,
                      Data c, Ref lc, Ref d, Ref ld, const Algorithm* algorithm, Ref space,
                      size_t bytes, Ref stream), {
  get<Lt>(lt);
  Matmul p(operation, la, lb, lc, ld);
  needHost(algorithm, "the algorithm");
  bool chosen = p.hash() && algorithm->chosenFor == p.hash() && c == d;
  if (!chosen) die("the algorithm was chosen for another product, or C is not D");
  uintptr_t all = (uintptr_t)a | (uintptr_t)b | (uintptr_t)d;
  if (all & (algorithm->align - 1)) die("a matrix is not aligned as was told");
  Execution e;
  e.stream = stream;
  e.output(p.y, d), e.factors(alpha, beta);
  e.workspace(space, bytes, algorithm->workspace);
  return p.run(e, a, b);
})
