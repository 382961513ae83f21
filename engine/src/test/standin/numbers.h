// Tensors, rounding and convolutions in double, for the stand-ins of cuDNN and cuBLAS.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace standin {

enum Type { F32 = 0, F64 = 1, BF16 = 9 };  // cuDNN's codes
enum Rounding { EXACT, TO_TF32, TO_BF16 };
enum Direction { FORWARD, BACKWARD_DATA, BACKWARD_FILTER };
using Numbers = std::vector<double>;

size_t bytesOf(int type);
double load(const void* p, int type, long at);
void store(void* p, int type, long at, double v);
double rounded(double v, Rounding to);

struct Tensor {
  int type = -1;
  std::vector<long> dims, strides;

  void pack(bool channelsLast);
  bool packed() const;  // in the order of the dimensions
  long count() const;
  size_t bytes() const;  // up to the last element
  Numbers read(const void* p, Rounding to = EXACT) const;
  // p = alpha v + beta p; beta 0 does not read p
  void write(void* p, const Numbers& v, double alpha, double beta) const;
};

struct Convolution {
  long pad[2] = {}, after[2] = {}, stride[2] = {1, 1}, dilation[2] = {1, 1}, groups = 1;  // pads before and after
};

// Dies unless the dimensions [n,c,h,w], [k,c/groups,r,s], [n,k,p,q] fit together.
void checkConvolution(const Convolution& c, const Tensor& x, const Tensor& w, const Tensor& y, const char* caller);

// The output of the direction, of the other two.
Numbers convolve(const Convolution& c, Direction d, const Tensor& x, const Tensor& w, const Tensor& y,
                 const Numbers& first, const Numbers& second);

}  // namespace standin
