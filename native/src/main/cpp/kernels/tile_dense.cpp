// Matrix products and dense layers in tiles (tiles.h) of bfloat16 parts (tile_split.h): c[m,n] = a b, right operands
// packed to panels of 32 columns, BLOCK deep; left operands packed by the task that uses them, some rows at a time.
#include "tile_split.h"
#include "dense.h"
#include "integers.h"

namespace {

const int64_t ROWS = 256;  // of a left operand that is packed at a time: so many stay in the second-level cache

// What a thread needs to pack left operands.
struct LeftRoom {
  char* tiles;
  PanelGuard* guards;
  float* clean;
};

struct Product {
  int64_t m, n, k, parts;
  Source a, b;           // b by its columns
  const char* packed;    // of b, from depth `from` on
  const PanelGuard* guards;
  int64_t from, to;      // depth
  float* c;
  float alpha, beta;
  int64_t flags;
  const float *bias, *residual, *mask;
  int64_t rowsEach, rowTasks, panelsEach;  // of a task
  char* room;
};

inline int64_t chunk_bytes(int64_t parts) { return parts * 2 * TILE_BYTES; }

// Bytes of the tiles of a right operand n wide and k deep; the guards of its panels follow, block by block.
inline int64_t tiles_bytes(int64_t n, int64_t k, int64_t parts) {
  return ceil_div(n, PANEL) * ceil_div(k, CHUNK) * chunk_bytes(parts);
}

// As TileSizes.left in Java.
inline int64_t left_bytes(int64_t parts) {
  return ROWS / PANEL * (CHUNKS * chunk_bytes(parts) + (int64_t)sizeof(PanelGuard)) + PANEL * BLOCK * 4;
}

inline LeftRoom left_room(const Product& g, int thread) {
  char* p = g.room + thread * left_bytes(g.parts);
  char* guards = p + ROWS / PANEL * CHUNKS * chunk_bytes(g.parts);
  return {p, (PanelGuard*)guards, (float*)(guards + ROWS / PANEL * sizeof(PanelGuard))};
}

// ---- Ends of sums

// Adds the sums of one block of the depth to a row of c. A mask is applied to each block's part of a gradient.
inline void finish_row(const Product& g, const float* sums, int64_t i, int64_t j, int64_t count, bool first, bool last) {
  float* c = g.c + i * g.n + j;
  for (int64_t l = 0; l < count; l += WIDTH) {
    const int64_t left = count - l;
    Floats v = g.alpha * floats(sums + l);
    if (g.flags & MASK) v = masked(v, floats(g.mask + i * g.n + j + l, left));
    if (!first) {
      v += floats(c + l, left);
    } else if (g.beta != 0) {
      v += g.beta * floats(c + l, left);
    }
    if (last) {
      if (g.flags & BIAS) v += floats(g.bias + j + l, left);
      if (g.flags & RESIDUAL) v += floats(g.residual + i * g.n + j + l, left);
      if (g.flags & RELU) v = rectified(v);
    }
    store(c + l, v, left);
  }
}

// ---- Tasks

// Rows i.. (up to ROWS) of c in the panels first .. last-1, from depth k to k + count.
void product_block(const Product& g, Tiles& tiles, const LeftRoom& room, int64_t i, int64_t rows, int64_t first,
                   int64_t last, int64_t k, int64_t count) {
  const int64_t chunks = ceil_div(count, CHUNK), chunk = chunk_bytes(g.parts), panel = CHUNKS * chunk;
  const int64_t panels = ceil_div(g.n, PANEL), block = (k - g.from) / BLOCK;
  const char* packed = g.packed + block * panels * panel;
  const PanelGuard* guards = g.guards + block * panels;
  int64_t offsets[CHUNKS];
  for (int64_t l = 0; l < CHUNKS; l++) offsets[l] = l * chunk;
  for (int64_t p = 0; p * PANEL < rows; p++) {
    const Source a = {g.a.p + (i + p * PANEL) * g.a.row + k * g.a.depth, g.a.row, g.a.depth};
    pack_panel(g.parts, a, least(rows - p * PANEL, PANEL), count, false, room.tiles + p * panel, room.guards + p,
               room.clean);
  }
  for (int64_t q = first; q < last; q++) {
    const int64_t columns = least(g.n - q * PANEL, PANEL);
    const Source b = {g.b.p + q * PANEL * g.b.row + k * g.b.depth, g.b.row, g.b.depth};
    for (int64_t p = 0; p * PANEL < rows; p++) {
      alignas(64) float sums[PANEL * PANEL];
      const char* left = room.tiles + p * panel;
      const int64_t height = least(rows - p * PANEL, PANEL);
      tile_product(g.parts, tiles, {{left, left + TILE_BYTES}, 64, 2 * TILE_BYTES}, offsets, chunks,
                   packed + q * chunks * chunk, sums);
      if (room.guards[p].special | guards[q].special) {
        const Source a = {g.a.p + (i + p * PANEL) * g.a.row + k * g.a.depth, g.a.row, g.a.depth};
        tile_repair(room.guards[p], guards[q], a, b, height, columns, count, sums);
      }
      for (int64_t l = 0; l < height; l++) {
        finish_row(g, sums + l * PANEL, i + p * PANEL + l, q * PANEL, columns, k == 0, k + count == g.k);
      }
    }
  }
}

void product_task(const void* raw, int64_t task, int thread) {
  const Product& g = *(const Product*)raw;
  const LeftRoom room = left_room(g, thread);
  const int64_t top = task % g.rowTasks * g.rowsEach, bottom = least(top + g.rowsEach, g.m);
  const int64_t first = task / g.rowTasks * g.panelsEach, last = least(first + g.panelsEach, ceil_div(g.n, PANEL));
  Tiles tiles;
  tile_configure(tiles);
  for (int64_t i = top; i < bottom; i += ROWS) {
    for (int64_t k = g.from; k < g.to; k += BLOCK) {
      product_block(g, tiles, room, i, least(ROWS, bottom - i), first, last, k, least(BLOCK, g.to - k));
    }
  }
  tile_release(tiles);
}

// Divides c among threads: by rows if there are enough of them, else by panels of columns too.
void product(bs_context* ctx, Product g) {
  const int64_t threads = bs_threads(ctx), panels = ceil_div(g.n, PANEL);
  const int64_t blocks = ceil_div(g.m, ROWS);
  g.rowTasks = g.m >= 2 * PANEL * threads ? ceil_div(blocks, threads) * threads : blocks;
  g.rowsEach = ceil_div(ceil_div(g.m, g.rowTasks), PANEL) * PANEL;
  g.rowTasks = ceil_div(g.m, g.rowsEach);
  const int64_t columnTasks = least(panels, ceil_div(threads, g.rowTasks));
  g.panelsEach = ceil_div(panels, columnTasks);
  bs_parallel(ctx, g.rowTasks * ceil_div(panels, g.panelsEach), product_task, &g);
}

// ---- Right operands

struct PackArgs {
  int64_t n, k, row, depth, parts, from, packed;
};

struct Packing {
  Source b;
  int64_t n, k, parts;
  char *packed, *room;
};

// Panel task % panels of block task / panels.
void pack_task(const void* raw, int64_t task, int thread) {
  const Packing& g = *(const Packing*)raw;
  const int64_t panels = ceil_div(g.n, PANEL), block = task / panels, q = task % panels, k = block * BLOCK;
  const int64_t count = least(BLOCK, g.k - k), chunk = chunk_bytes(g.parts);
  char* to = g.packed + (block * panels * CHUNKS + q * ceil_div(count, CHUNK)) * chunk;
  PanelGuard* guard = (PanelGuard*)(g.packed + tiles_bytes(g.n, g.k, g.parts)) + task;
  const Source b = {g.b.p + q * PANEL * g.b.row + k * g.b.depth, g.b.row, g.b.depth};
  pack_panel(g.parts, b, least(g.n - q * PANEL, PANEL), count, true, to, guard,
             (float*)g.room + thread * PANEL * BLOCK);
}

void pack(bs_context* ctx, const Packing& g) {
  bs_parallel(ctx, ceil_div(g.n, PANEL) * ceil_div(g.k, BLOCK), pack_task, &g);
}

// Packs a right operand n wide and k deep whose column j begins `row` elements behind the one before.
void tile_pack(bs_context* ctx, const void* args) {
  const PackArgs& g = *(const PackArgs*)args;
  pack(ctx, {{at<float>(g.from), g.row, g.depth}, g.n, g.k, g.parts, at<char>(g.packed), (char*)bs_workspace(ctx)});
}

// ---- Dense layers, by packed weights

struct TileLinearArgs {
  int64_t m, n, k, parts, flags, a, packed, weights, row, depth, bias, residual, mask, c;
};

void tile_linear(bs_context* ctx, const void* args) {
  const TileLinearArgs& g = *(const TileLinearArgs*)args;
  const char* packed = at<char>(g.packed);
  product(ctx, {g.m, g.n, g.k, g.parts, {at<float>(g.a), g.k, 1}, {at<float>(g.weights), g.row, g.depth}, packed,
                (const PanelGuard*)(packed + tiles_bytes(g.n, g.k, g.parts)), 0, g.k, at<float>(g.c), 1,
                g.flags & ACCUMULATE ? 1.0f : 0.0f, g.flags, at<float>(g.bias), at<float>(g.residual),
                at<float>(g.mask), 0, 0, 0, (char*)bs_workspace(ctx)});
}

// ---- Matrix products

struct TileMatMulArgs {
  int64_t m, n, k, transposeA, transposeB, parts, a, b, c;
  double alpha, beta;
};

// The right operand is packed one block deep at a time, to the front of the workspace.
void tile_matmul(bs_context* ctx, const void* args) {
  const TileMatMulArgs& g = *(const TileMatMulArgs*)args;
  const Source a = {at<float>(g.a), g.transposeA ? 1 : g.k, g.transposeA ? g.m : 1};
  const Source b = {at<float>(g.b), g.transposeB ? g.k : 1, g.transposeB ? 1 : g.n};
  char* packed = (char*)bs_workspace(ctx);
  const int64_t most = least(g.k, BLOCK);
  char* room = packed + tiles_bytes(g.n, most, g.parts) + ceil_div(g.n, PANEL) * (int64_t)sizeof(PanelGuard);
  for (int64_t k = 0; k < g.k; k += BLOCK) {
    const int64_t count = least(BLOCK, g.k - k);
    pack(ctx, {{b.p + k * b.depth, b.row, b.depth}, g.n, count, g.parts, packed, room});
    product(ctx, {g.m, g.n, g.k, g.parts, a, b, packed, (const PanelGuard*)(packed + tiles_bytes(g.n, count, g.parts)),
                  k, k + count, at<float>(g.c), (float)g.alpha, (float)g.beta, 0, nullptr, nullptr, nullptr, 0, 0, 0,
                  room});
  }
}

}  // namespace

BS_TABLE(tile_dense){
    {"tile_pack_f32", tile_pack},
    {"tile_linear_f32", tile_linear},
    {"tile_matmul_f32", tile_matmul},
    {nullptr, nullptr},
};
