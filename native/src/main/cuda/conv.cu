// Backward-data of a convolution to few input channels, the last step of every input gradient: F32, one group, no
// dilation. Libraries form it as a product whose result has c r s columns, most of them padding for small c.
//
// With stride (u,v) the rows of dx fall into u phases, its columns into v: row y with y + padTop = u a + phase takes
// the taps i = phase + u t, and meets row a - t of dy. So each phase is a correlation of stride 1 over dy with the taps
// of the phase. A block computes a tile of one phase of one image, all channels: dy with its border and the taps of
// some filters go to shared memory, four groups of 64 threads take every fourth filter, a thread forms four
// neighbouring positions, and the groups' sums are added in a fixed order.
#include "kernels.cuh"

namespace {

enum Flags { MASK = 8, ACCUMULATE = 16 };  // as PostOps.java

// w [k,c,r,s]; lastX, lastY: channels are last in dx and mask, and in dy. down, across: tiles of a phase.
struct Args {
  int64_t items, c, h, w, k, r, s, strideH, strideW, padTop, padLeft, p, q, down, across, lastX, lastY, flags;
  int64_t dy, weights, mask, dx;
};

const int ROWS = 8, COLUMNS = 32, GROUPS = 4, MOST_FILTERS = 16;

// As FewChannelsConv2d.java, which refuses what does not fit for four filters.
const int DY_FLOATS = 6144, TAP_FLOATS = 4096;

// The taps of a position for each channel, read at once.
struct alignas(16) Tap {
  float of[4];
};

// One dimension of a phase: which cells it has and which taps.
struct Phase {
  int first;  // the first position whose cell is not before the image
  int shift;  // the cell of position a is stride a + shift
  int taps;
};

__device__ inline Phase phase_of(int phase, int pad, int window, int stride) {
  const int before = pad - phase;
  return {before > 0 ? (before + stride - 1) / stride : 0, phase - pad,
          phase < window ? (window - phase + stride - 1) / stride : 0};
}

struct Tile {
  Phase y, x;
  int top, left;            // positions of the tile's corner
  int phaseY, phaseX;
  int rows, columns, pitch;  // of dy in shared memory
  int filters;               // at once
};

__device__ inline void load_dy(const Args& g, const Tile& t, const float* dy, int k0, float* to) {
  const int area = t.rows * t.pitch, all = t.filters * area;
  for (int j = threadIdx.x; j < all; j += 256) {
    // Neighbouring threads read neighbouring elements of dy in either layout.
    const int kk = g.lastY ? j % t.filters : j / area, at = g.lastY ? j / t.filters : j - kk * area;
    const int row = at / t.pitch, column = at - row * t.pitch, k = k0 + kk;
    const int p = t.top - (t.y.taps - 1) + row, q = t.left - (t.x.taps - 1) + column;
    const bool inside = k < g.k && p >= 0 && p < g.p && q >= 0 && q < g.q && column < t.columns;
    const int64_t from = g.lastY ? ((int64_t)p * g.q + q) * g.k + k : ((int64_t)k * g.p + p) * g.q + q;
    to[kk * area + at] = inside ? dy[from] : 0;
  }
}

template <int C>
__device__ void load_taps(const Args& g, const Tile& t, int k0, Tap* to) {
  const float* w = (const float*)g.weights;
  const int count = t.y.taps * t.x.taps;
  for (int j = threadIdx.x; j < t.filters * count; j += 256) {
    const int kk = j / count, at = j - kk * count, row = at / t.x.taps, column = at - row * t.x.taps;
    const int i = t.phaseY + (int)g.strideH * row, l = t.phaseX + (int)g.strideW * column;
    Tap tap = {};
    if (k0 + kk < g.k) {
#pragma unroll
      for (int c = 0; c < C; c++) tap.of[c] = w[(((int64_t)(k0 + kk) * C + c) * g.r + i) * g.s + l];
    }
    to[j] = tap;
  }
}

// Adds one filter's part to the four positions from column `left` on of a row of the tile.
template <int C>
__device__ inline void add_filter(const Tile& t, const float* dy, const Tap* taps, int row, int left,
                                  float (&sum)[4][C]) {
  for (int i = 0; i < t.y.taps; i++) {
    const float* line = dy + (row + t.y.taps - 1 - i) * t.pitch + left + t.x.taps - 1;
    float v0 = line[0], v1 = line[1], v2 = line[2], v3 = line[3];
    for (int l = 0; l < t.x.taps; l++) {
      const Tap tap = taps[i * t.x.taps + l];
#pragma unroll
      for (int c = 0; c < C; c++) {
        sum[0][c] += v0 * tap.of[c];
        sum[1][c] += v1 * tap.of[c];
        sum[2][c] += v2 * tap.of[c];
        sum[3][c] += v3 * tap.of[c];
      }
      v3 = v2, v2 = v1, v1 = v0;
      if (l + 1 < t.x.taps) v0 = line[-l - 1];
    }
  }
}

// Adds the groups' sums and writes the tile; a thread has one position.
template <int C>
__device__ void store(const Args& g, const Tile& t, int64_t image, const float* part) {
  const int row = threadIdx.x / COLUMNS, column = threadIdx.x % COLUMNS;
  const int y = (int)g.strideH * (t.top + row) + t.y.shift, x = (int)g.strideW * (t.left + column) + t.x.shift;
  if (y >= g.h || x >= g.w) return;
#pragma unroll
  for (int c = 0; c < C; c++) {
    const float* own = part + c * 256 + threadIdx.x;
    float v = (own[0] + own[C * 256]) + (own[2 * C * 256] + own[3 * C * 256]);
    const int64_t at = g.lastX ? ((image * g.h + y) * g.w + x) * C + c : ((image * C + c) * g.h + y) * g.w + x;
    if (g.flags & MASK) {
      const float m = ((const float*)g.mask)[at];
      v = m > 0 ? v : m != m ? m : 0;
    }
    float* dx = (float*)g.dx + at;
    *dx = g.flags & ACCUMULATE ? *dx + v : v;
  }
}

template <int C>
__device__ void backward(const Args& g) {
  __shared__ float sharedDy[DY_FLOATS];     // [filters][rows + taps - 1][pitch]
  __shared__ Tap sharedTaps[TAP_FLOATS / 4];  // [filters][tapRows][tapColumns]
  const int group = threadIdx.x / 64, row = threadIdx.x % 64 / 8, left = threadIdx.x % 8 * 4;
  EACH_BLOCK(item, g.items) {
    int64_t rest = item;
    const int across = (int)(rest % g.across);
    rest /= g.across;
    const int down = (int)(rest % g.down);
    rest /= g.down;
    Tile t;
    t.phaseX = (int)(rest % g.strideW);
    rest /= g.strideW;
    t.phaseY = (int)(rest % g.strideH);
    const int64_t image = rest / g.strideH;
    t.y = phase_of(t.phaseY, (int)g.padTop, (int)g.r, (int)g.strideH);
    t.x = phase_of(t.phaseX, (int)g.padLeft, (int)g.s, (int)g.strideW);
    t.top = t.y.first + down * ROWS;
    t.left = t.x.first + across * COLUMNS;
    float sum[4][C] = {};
    if (t.y.taps > 0 && t.x.taps > 0) {
      t.rows = ROWS + t.y.taps - 1;
      t.columns = COLUMNS + t.x.taps - 1;
      t.pitch = (t.columns + 2) / 4 * 4 + 1;  // 1 mod 4: the eight threads of four rows meet different banks
      const int fit = min(DY_FLOATS / (t.rows * t.pitch), TAP_FLOATS / (4 * t.y.taps * t.x.taps));
      t.filters = min(fit, MOST_FILTERS) / GROUPS * GROUPS;
      const float* dy = (const float*)g.dy + image * g.k * g.p * g.q;
      const int area = t.rows * t.pitch, count = t.y.taps * t.x.taps;
      for (int k0 = 0; k0 < g.k; k0 += t.filters) {
        __syncthreads();  // what was loaded before has been read
        load_dy(g, t, dy, k0, sharedDy);
        load_taps<C>(g, t, k0, sharedTaps);
        __syncthreads();
        for (int kk = group; kk < t.filters; kk += GROUPS) {
          add_filter<C>(t, sharedDy + kk * area, sharedTaps + kk * count, row, left, sum);
        }
      }
    }
    float* part = sharedDy;  // [group][channel][position]
    __syncthreads();
#pragma unroll
    for (int c = 0; c < C; c++) {
      float* to = part + (group * C + c) * 256 + row * COLUMNS + left;
      for (int i = 0; i < 4; i++) to[i] = sum[i][c];
    }
    __syncthreads();
    store<C>(g, t, image, part);
    __syncthreads();  // before the next tile writes there
  }
}

}  // namespace

// dx [n,c,h,w] from dy [n,k,p,q] and w [k,c,r,s]; items are n strideH strideW down across. A kernel for each c, since
// the registers of one for all would be those of c = 4.
//: conv_backward_1_channel_f32 block 0
KERNEL(conv_backward_1_channel_f32)(const Args g) { backward<1>(g); }

//: conv_backward_2_channels_f32 block 0
KERNEL(conv_backward_2_channels_f32)(const Args g) { backward<2>(g); }

//: conv_backward_3_channels_f32 block 0
KERNEL(conv_backward_3_channels_f32)(const Args g) { backward<3>(g); }

//: conv_backward_4_channels_f32 block 0
KERNEL(conv_backward_4_channels_f32)(const Args g) { backward<4>(g); }
