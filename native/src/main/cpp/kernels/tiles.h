// Tile operations: eight tiles of 16 rows of 64 bytes, products of pairs of bfloat16 numbers. At level amx they are
// the processor's; elsewhere plain loops with the same result, by the operation of TDPBF16PS in Intel's
// "Architecture Instruction Set Extensions and Future Features", so that all that uses them is tested on any machine.
// Static, as all of a level.
#pragma once
#include <immintrin.h>
#include <stdint.h>

#include "level.h"

namespace {

#if defined(__AMX_BF16__)

// The tiles are registers of the thread.
struct Tiles {};

// The compiler does not know that tile instructions read and write memory.
inline void tile_fence() { __asm__ volatile("" ::: "memory"); }

// To be called before the other operations, by the thread that calls them.
inline void tile_configure(Tiles&) {
  alignas(64) uint8_t shape[64] = {1};  // palette 1
  for (int t = 0; t < 8; t++) {
    shape[16 + 2 * t] = 64;  // bytes of a row
    shape[48 + t] = 16;      // rows
  }
  __asm__ volatile("" ::"r"(shape) : "memory");
  _tile_loadconfig(shape);
}

// Gives the registers up: a thread that holds some is slower to switch.
inline void tile_release(Tiles&) { _tile_release(); }

#define TILE_LOAD(tiles, t, p, stride) _tile_loadd(t, p, stride)
#define TILE_STORE(tiles, t, p, stride) _tile_stored(t, p, stride)
#define TILE_ZERO(tiles, t) _tile_zero(t)
#define TILE_DOT(tiles, c, a, b) _tile_dpbf16ps(c, a, b)

#else

struct Tile {
  alignas(64) uint32_t row[16][16];
};

struct Tiles {
  Tile tile[8];
};

inline void tile_fence() {}

inline void tile_configure(Tiles& tiles) { __builtin_memset(&tiles, 0, sizeof tiles); }

inline void tile_release(Tiles& tiles) { __builtin_memset(&tiles, 0, sizeof tiles); }

inline void tile_load(Tile& t, const void* p, int64_t stride) {
  for (int i = 0; i < 16; i++) __builtin_memcpy(t.row[i], (const char*)p + i * stride, 64);
}

inline void tile_store(const Tile& t, void* p, int64_t stride) {
  for (int i = 0; i < 16; i++) __builtin_memcpy((char*)p + i * stride, t.row[i], 64);
}

inline float tile_float(uint32_t bits) {
  float v;
  __builtin_memcpy(&v, &bits, 4);
  return v;
}

// c += a b: sums of the pairs' first and of their second numbers by fused multiply-adds, added to each other, then to
// c. Doubles hold the products, and the sums so exactly that rounding them is as rounding once.
inline __attribute__((noinline)) void tile_dot_rows(Tile& c, const Tile& a, const Tile& b) {
  for (int m = 0; m < 16; m++) {
    float first[16] = {}, second[16] = {};
    for (int k = 0; k < 16; k++) {
      const double x = tile_float(a.row[m][k] << 16), y = tile_float(a.row[m][k] & 0xffff0000);
      for (int n = 0; n < 16; n++) {
        first[n] = (float)(x * tile_float(b.row[k][n] << 16) + first[n]);
        second[n] = (float)(y * tile_float(b.row[k][n] & 0xffff0000) + second[n]);
      }
    }
    for (int n = 0; n < 16; n++) {
      const float sum = tile_float(c.row[m][n]) + (first[n] + second[n]);
      __builtin_memcpy(&c.row[m][n], &sum, 4);
    }
  }
}

inline void tile_dot(Tile& c, const Tile& a, const Tile& b) {
  const unsigned mode = _mm_getcsr();
  _mm_setcsr(0x9fc0);  // no exceptions, to nearest even, numbers below 2^-126 count as 0 and become 0
  tile_dot_rows(c, a, b);
  _mm_setcsr(mode);
}

#define TILE_LOAD(tiles, t, p, stride) tile_load((tiles).tile[t], p, stride)
#define TILE_STORE(tiles, t, p, stride) tile_store((tiles).tile[t], p, stride)
#define TILE_ZERO(tiles, t) __builtin_memset(&(tiles).tile[t], 0, sizeof(Tile))
#define TILE_DOT(tiles, c, a, b) tile_dot((tiles).tile[c], (tiles).tile[a], (tiles).tile[b])

#endif

}  // namespace
