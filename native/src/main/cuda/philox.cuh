// Philox4x32-10, Salmon et al. 2011.
#ifndef BS_PHILOX_CUH
#define BS_PHILOX_CUH
#include "kernels.cuh"

struct Words {
  uint32_t w[4];
};

// block: which four words of the row; a row's stream is named by sample, step, stream and seed.
static __device__ inline Words philox(uint32_t block, uint32_t sample, uint32_t step, uint32_t stream, uint64_t seed) {
  uint32_t c0 = block, c1 = sample, c2 = step, c3 = stream, k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    const uint64_t p0 = 0xD2511F53ULL * c0, p1 = 0xCD9E8D57ULL * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c1 = (uint32_t)p1;
    c3 = (uint32_t)p0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

#endif
