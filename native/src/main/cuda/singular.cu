// Singular values by one-sided Jacobi rotations (Hestenes 1958), in double. The shorter side's
// vectors, [count,length] row-major, are made orthogonal by sweeps over all pairs; a round is
// count/2 disjoint pairs, a block each, so the rounds of a sweep are launched one after another.
#include "reduce.cuh"

namespace {

// vectors = matrix [m,n] times scale, transposed if its columns are the vectors
struct LoadArgs {
  int64_t type, m, n, transposed;
  double scale;
  int64_t matrix, vectors;
};

// turned [pairs] counts each pair's rotations of this sweep, which begins at round 0
struct RoundArgs {
  int64_t pairs, count, length, round, vectors, turned;
};

struct NormsArgs {
  int64_t count, length;
  double scale;
  int64_t vectors, norms;
};

struct ValuesArgs {
  int64_t type, count, norms, values;
};

template <class T>
__device__ void load(const LoadArgs& k) {
  const T* matrix = (const T*)k.matrix;
  double* vectors = (double*)k.vectors;
  EACH_THREAD(j, k.m * k.n) {
    const int64_t i = quotient(j, k.n);
    vectors[k.transposed ? (j - i * k.n) * k.m + i : j] = (double)matrix[j] * k.scale;
  }
}

const double NEGLIGIBLE = 0x1p-108;  // square of a norm that counts as zero beside elements up to 1
const double EPSILON = 0x1p-52;

// Makes a and b orthogonal, unless they are to rounding; true if they were turned.
__device__ bool rotate(double* a, double* b, int64_t length) {
  double s[3] = {0, 0, 0};
  EACH_OF_BLOCK(j, length) {
    s[0] += a[j] * a[j];
    s[1] += b[j] * b[j];
    s[2] += a[j] * b[j];
  }
  block_sums(s);
  if (s[0] <= NEGLIGIBLE || s[1] <= NEGLIGIBLE) return false;
  if (!(fabs(s[2]) > EPSILON * sqrt((double)length) * sqrt(s[0]) * sqrt(s[1]))) return false;
  const double zeta = (s[1] - s[0]) / (2 * s[2]);
  const double tangent = copysign(1 / (fabs(zeta) + sqrt(1 + zeta * zeta)), zeta);
  const double cosine = 1 / sqrt(1 + tangent * tangent), sine = cosine * tangent;
  EACH_OF_BLOCK(j, length) {
    const double u = a[j], v = b[j];
    a[j] = cosine * u - sine * v;
    b[j] = sine * u + cosine * v;
  }
  return true;
}

template <class T>
__device__ void rank_values(const ValuesArgs& k) {
  const double* norms = (const double*)k.norms;
  EACH_THREAD(i, k.count) {
    const double own = norms[i];
    int64_t rank = 0;
    for (int64_t j = 0; j < k.count; j++) rank += norms[j] > own || (norms[j] == own && j < i);
    ((T*)k.values)[rank] = (T)own;
  }
}

}  // namespace

//: singular_load thread 1 2
KERNEL(singular_load)(const LoadArgs k) { k.type == F32 ? load<float>(k) : load<double>(k); }

// Round r of a tournament of 2 pairs players: the last stays, the others move round in a circle.
//: singular_round block 0
KERNEL(singular_round)(const RoundArgs k) {
  double* vectors = (double*)k.vectors;
  double* turned = (double*)k.turned;
  const int64_t circle = 2 * k.pairs - 1;
  EACH_BLOCK(pair, k.pairs) {
    const int64_t a = (k.round + pair) % circle;
    const int64_t b = pair == 0 ? circle : (k.round + circle - pair) % circle;
    // With an odd count the last player is none.
    const bool both = a < k.count && b < k.count;
    const bool turns = both && rotate(vectors + a * k.length, vectors + b * k.length, k.length);
    if (threadIdx.x == 0) turned[pair] = (k.round == 0 ? 0 : turned[pair]) + (turns ? 1 : 0);
  }
}

// norms [count] of the vectors, times scale
//: singular_norms block 0
KERNEL(singular_norms)(const NormsArgs k) {
  EACH_BLOCK(i, k.count) {
    const double* v = (const double*)k.vectors + i * k.length;
    double squares = 0;
    EACH_OF_BLOCK(j, k.length) squares += v[j] * v[j];
    squares = block_sum(squares);
    if (threadIdx.x == 0) ((double*)k.norms)[i] = sqrt(squares) * k.scale;
  }
}

// values [count]: the norms in descending order
//: singular_values thread 1
KERNEL(singular_values)(const ValuesArgs k) { k.type == F32 ? rank_values<float>(k) : rank_values<double>(k); }
