// The inner product of the tile kernels: 32 rows by 32 columns of a product of numbers split into PARTS bfloat16
// numbers each, a = a1 + a2 + ..., by 1, 3 or 6 products of parts. Static, as all of a level.
#pragma once
#include "tiles.h"

namespace {

const int64_t CHUNK = 32;        // depth of a tile
const int64_t BLOCK = 512;       // depth summed in tiles; longer sums are sums of such, so that errors stay small
const int64_t CHUNKS = 16;       // BLOCK / CHUNK
const int64_t PANEL = 32;        // rows or columns: two tiles
const int64_t TILE_BYTES = 1024;

// Rows of the left operand: 16 of each of two tiles, `stride` bytes from row to row, its parts `part` bytes apart.
struct Left {
  const char* tile[2];
  int64_t stride, part;
};

// out[32][32] = the sum over chunks; chunk i of the left operand lies offsets[i] bytes from its tiles, those of the
// right lie one after another: of each part two tiles. Neighbouring products have an operand in common, which is not
// loaded again. Of three parts the products of small ones are summed first, so that most roundings are of small sums;
// of two, what is left out is greater than any rounding.
template <int PARTS>
inline void tile_product(Tiles& tiles, const Left& a, const int64_t* offsets, int64_t chunks, const char* right,
                         float* out) {
  (void)tiles;
  tile_fence();
  TILE_ZERO(tiles, 0);
  TILE_ZERO(tiles, 1);
  TILE_ZERO(tiles, 2);
  TILE_ZERO(tiles, 3);
#define LEFT(p)                                               \
  TILE_LOAD(tiles, 4, a0 + (p - 1) * a.part, a.stride);       \
  TILE_LOAD(tiles, 5, a1 + (p - 1) * a.part, a.stride);
#define RIGHT(p)                                              \
  TILE_LOAD(tiles, 6, b + (2 * p - 2) * TILE_BYTES, 64);      \
  TILE_LOAD(tiles, 7, b + (2 * p - 1) * TILE_BYTES, 64);
#define DOTS                  \
  TILE_DOT(tiles, 0, 4, 6);   \
  TILE_DOT(tiles, 1, 4, 7);   \
  TILE_DOT(tiles, 2, 5, 6);   \
  TILE_DOT(tiles, 3, 5, 7);
#define CHUNK_AT(i)                                                                  \
  const char *a0 = a.tile[0] + offsets[i], *a1 = a.tile[1] + offsets[i];             \
  const char* b = right + i * (PARTS * 2 * TILE_BYTES);
  for (int64_t i = 0; i < chunks && PARTS == 3; i++) {
    CHUNK_AT(i)
    LEFT(3) RIGHT(1) DOTS
    LEFT(2) DOTS
    RIGHT(2) DOTS
    LEFT(1) DOTS
    RIGHT(3) DOTS
  }
  for (int64_t i = 0; i < chunks; i++) {
    CHUNK_AT(i)
    if (PARTS == 2) {
      LEFT(1) RIGHT(2) DOTS
      RIGHT(1) DOTS
      LEFT(2) DOTS
    } else {
      LEFT(1) RIGHT(1) DOTS
    }
  }
#undef CHUNK_AT
#undef LEFT
#undef RIGHT
#undef DOTS
  TILE_STORE(tiles, 0, out, PANEL * 4);
  TILE_STORE(tiles, 1, out + 16, PANEL * 4);
  TILE_STORE(tiles, 2, out + 16 * PANEL, PANEL * 4);
  TILE_STORE(tiles, 3, out + 16 * PANEL + 16, PANEL * 4);
  tile_fence();
}

// The same of any number of parts.
inline void tile_product(int64_t parts, Tiles& tiles, const Left& a, const int64_t* offsets, int64_t chunks,
                         const char* b, float* out) {
  if (parts == 1) {
    tile_product<1>(tiles, a, offsets, chunks, b, out);
  } else if (parts == 2) {
    tile_product<2>(tiles, a, offsets, chunks, b, out);
  } else {
    tile_product<3>(tiles, a, offsets, chunks, b, out);
  }
}

}  // namespace
