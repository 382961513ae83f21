// Convolutions in tiles (tiles.h) of bfloat16 parts (tile_split.h), NCHW: a row of a left operand is what an output
// position reads. The input rows that a band of output rows reads are split once and lie channel by channel, position
// after position, with zeros around them; tiles are loaded from there as they are, so there is no column matrix.
// Right operands are the packed filters. Backward-data is the same for each phase of the stride.
#include "dense.h"
#include "tile_view.h"

namespace {

// ---- Packing filters; workspace of a thread: two panels of floats

struct PackTask {
  const ConvArgs* args;
  View view;
  char* room;
};

// A panel of one group and phase.
void pack_task(const void* raw, int64_t task, int thread) {
  const PackTask& t = *(const PackTask*)raw;
  const ConvArgs& g = *t.args;
  const View& v = t.view;
  const int64_t panels = ceil_div(v.outputs, PANEL), phases = v.phasesH * v.phasesW;
  const int64_t q = task % panels, phase = task / panels % phases, group = task / panels / phases;
  const Depth d = depth_of(g, v, phase);
  const int64_t chunk = g.parts * 2 * TILE_BYTES, chunks = all_chunks(d), outputs = least(PANEL, v.outputs - q * PANEL);
  char* filters = filters_of(g, v, group, phase);
  PanelGuard* guards = filter_guards(g, v, d, filters);
  float* gathered = (float*)t.room + thread * 2 * PANEL * BLOCK;
  for (int64_t first = 0; first < chunks; first += CHUNKS) {
    const int64_t count = least(CHUNKS, chunks - first);
    __builtin_memset(gathered, 0, PANEL * BLOCK * sizeof(float));
    for (int64_t i = 0; i < count * CHUNK; i++) {
      const int64_t segment = (first + i / CHUNK) / d.chunks, e = (first + i / CHUNK) % d.chunks * CHUNK + i % CHUNK;
      if (e >= d.length) continue;
      const Place from = place_of(v, d, segment, e);
      if (from.channel >= v.inputs) continue;
      for (int64_t o = 0; o < outputs; o++) gathered[o * BLOCK + i] = weight(g, group, q * PANEL + o, from);
    }
    pack_panel(g.parts, {gathered, BLOCK, 1}, outputs, count * CHUNK, true,
               filters + (first * panels + q * count) * chunk, guards + first / CHUNKS * panels + q,
               gathered + PANEL * BLOCK);
  }
}

void tile_conv_pack(bs_context* ctx, const void* args) {
  const ConvArgs& g = *(const ConvArgs*)args;
  const View v = view_of(g);
  const PackTask t = {&g, v, (char*)bs_workspace(ctx)};
  bs_parallel(ctx, g.groups * v.phasesH * v.phasesW * ceil_div(v.outputs, PANEL), pack_task, &t);
}

// ---- Bands

// Input rows of one group of an image, split; what lies in the room of a thread.
struct Band {
  const float* image;      // of the group
  int64_t first, rows;     // rows of a phase
  int64_t width, channels; // of a packed row: positions; elements of a position
  int64_t grid;            // positions from row to row of the output
  char* parts;
  float *sums, *planes;    // [positions][PANEL], [PANEL][positions]
  double unscale;
  bool notFinite;
};

// The power of two for a band with very small or great numbers, else 1; and whether all are finite.
double band_scale(const View& v, Band* b, int64_t from, int64_t to) {
  uint32_t most = 0;
  bool plain = true;
  b->notFinite = false;
  for (int64_t c = 0; c < v.inputs; c++) {
    const float* lines = b->image + (c * v.height + from) * v.width;
    const int64_t count = (to - from) * v.width;
    if (ordinary(lines, count)) continue;
    plain = false;
    bool all = true;
    const uint32_t m = greatest({lines, 0, 1}, 0, count, &all);
    most = m > most ? m : most;
    b->notFinite |= !all;
  }
  if (plain || most == 0) return 1;
  // The greatest of the ordinary ones counts, too.
  for (int64_t c = 0; c < v.inputs; c++) {
    bool all = true;
    const uint32_t m = greatest({b->image + (c * v.height + from) * v.width, 0, 1}, 0, (to - from) * v.width, &all);
    most = m > most ? m : most;
  }
  return scale_for(most);
}

// 16 positions of a row and CHUNK channels, as tiles of each part; to packed[position][channel].
template <int PARTS>
inline void split_positions(const View& v, const float* from, int64_t positions, int64_t channels, bool clean,
                            double scale, char* to, int64_t position, int64_t part) {
  alignas(64) char tiles[PARTS * TILE_BYTES];
  float room[CHUNK * 16];
  Source s = {from, 1, v.height * v.width};
  if (clean) {
    for (int64_t c = 0; c < channels; c++) {
      for (int64_t i = 0; i < positions; i++) {
        const float x = from[c * s.depth + i];
        room[c * 16 + i] = finite(x) ? (float)(x * scale) : 0;
      }
    }
    s = {room, 1, 16};
  }
  split_tile<PARTS>(s, positions, channels, false, tiles, TILE_BYTES);
  const int64_t bytes = (channels + (channels & 1)) * 2;
  for (int p = 0; p < PARTS; p++) {
    for (int64_t i = 0; i < positions; i++) {
      __builtin_memcpy(to + p * part + i * position, tiles + p * TILE_BYTES + i * 64, bytes);
    }
  }
}

template <int PARTS>
void split_rows(const ConvArgs& g, const View& v, Band* b) {
  const int64_t top = b->first * v.stepH + v.top, bottom = (b->first + b->rows - 1) * v.stepH + v.bottom;
  const int64_t from = top < 0 ? 0 : top, to = least(bottom + 1, v.height), left = v.left;
  const double scale = to > from ? band_scale(v, b, from, to) : 1;
  const bool clean = scale != 1 || b->notFinite;
  b->unscale = 1 / scale;
  __builtin_memset(b->parts, 0, PARTS * g.partBytes);
  const int64_t low = left < 0 ? 0 : left, high = least(left + b->width, v.width);
  for (int64_t row = from; row < to; row++) {
    char* line = b->parts + (row - top) * b->width * b->channels * 2;
    for (int64_t x = low; x < high; x += 16) {
      for (int64_t c = 0; c < v.inputs; c += CHUNK) {
        split_positions<PARTS>(v, b->image + (c * v.height + row) * v.width + x, least(16, high - x),
                               least(CHUNK, v.inputs - c), clean, scale,
                               line + ((x - left) * b->channels + c) * 2, b->channels * 2, g.partBytes);
      }
    }
  }
}

// ---- Products of a band

inline int64_t phase_size(int64_t outputs, int64_t phases, int64_t phase) {
  return outputs > phase ? (outputs - phase - 1) / phases + 1 : 0;
}

// Adds to sums[positions][PANEL] what the numbers make that are not finite. One of those decides a sum.
void repair_band(const ConvArgs& g, const View& v, const Band& b, const Depth& d, int64_t group, int64_t output,
                 int64_t outputs, int64_t columns) {
  for (int64_t i = 0; i < b.rows; i++) {
    for (int64_t j = 0; j < columns; j++) {
      for (int64_t o = 0; o < outputs; o++) {
        float sum = 0;
        bool any = false;
        for (int64_t l = 0; l < d.segments; l++) {
          for (int64_t e = 0; e < d.length; e++) {
            const Place from = place_of(v, d, l, e);
            if (from.channel >= v.inputs) continue;
            const int64_t tapRow = d.whole ? l : l / d.columns.count;
            const int64_t tapColumn = d.whole ? e / padded_channels(v) : l % d.columns.count;
            const int64_t row = (b.first + i) * v.stepH + d.rows.offset + tapRow * d.rows.offsetStep;
            const int64_t column = j * v.stepW + d.columns.offset + tapColumn * d.columns.offsetStep;
            const bool inside = row >= 0 && row < v.height && column >= 0 && column < v.width;
            const float x = inside ? b.image[(from.channel * v.height + row) * v.width + column] : 0;
            const float w = weight(g, group, output + o, from);
            if ((finite(x) && finite(w)) || !inside) continue;
            sum += x * w;
            any = true;
          }
        }
        if (any) b.sums[(i * b.grid + j) * PANEL + o] = sum;
      }
    }
  }
}

// Adds a block's products to the sums of two tiles of positions.
inline void add_sums(const Band& b, const PanelGuard& guard, const float* fresh, float* sums) {
  if (b.unscale == 1 && !guard.special) {
    for (int64_t i = 0; i < PANEL * PANEL; i += WIDTH) store(sums + i, floats(sums + i) + floats(fresh + i));
    return;
  }
  for (int64_t i = 0; i < PANEL * PANEL; i++) {
    sums[i] += (float)(fresh[i] * b.unscale * guard.row[i % PANEL].unscale);
  }
}

// sums of one panel of outputs, from all blocks of the depth
void band_sums(const ConvArgs& g, Tiles& tiles, const View& v, const Band& b, const Depth& d, int64_t group,
               int64_t phase, int64_t q, int64_t positions) {
  char* filters = filters_of(g, v, group, phase);
  const PanelGuard* guards = filter_guards(g, v, d, filters);
  const int64_t chunks = all_chunks(d), chunk = g.parts * 2 * TILE_BYTES, panels = ceil_div(v.outputs, PANEL);
  const int64_t position = b.channels * 2, line = b.width * position;
  __builtin_memset(b.sums, 0, g.positions * PANEL * sizeof(float));
  for (int64_t first = 0; first < chunks; first += CHUNKS) {
    const int64_t count = least(CHUNKS, chunks - first);
    int64_t offsets[CHUNKS];
    for (int64_t i = 0; i < count; i++) {
      const int64_t segment = (first + i) / d.chunks, in = (first + i) % d.chunks;
      const int64_t row = d.whole ? segment : segment / d.columns.count;
      const int64_t column = d.whole ? 0 : segment % d.columns.count;
      offsets[i] = (d.rows.offset + row * d.rows.offsetStep - v.top) * line +
                   (d.columns.offset + column * d.columns.offsetStep - v.left) * position + in * CHUNK * 2;
    }
    const char* right = filters + (first * panels + q * count) * chunk;
    const PanelGuard& guard = guards[first / CHUNKS * panels + q];
    for (int64_t start = 0; start < positions; start += PANEL) {
      alignas(64) float fresh[PANEL * PANEL];
      Left left = {{}, v.stepW * position, g.partBytes};
      for (int64_t t = 0; t < 2; t++) {
        const int64_t place = least(start + 16 * t, positions - 1) / 16 * 16;  // the last tile again if there is no second
        left.tile[t] = b.parts + place / b.grid * v.stepH * line + place % b.grid * v.stepW * position;
      }
      tile_product(g.parts, tiles, left, offsets, count, right, fresh);
      add_sums(b, guard, fresh, b.sums + start * PANEL);
    }
  }
}

// ---- Ends

// One row of outputs of one channel, from the phase's columns.
inline void finish_row(const ConvArgs& g, const float* sums, int64_t start, int64_t step, int64_t count, float bias) {
  float* out = at<float>(g.out) + start;
  const float *mask = at<float>(g.mask) + start, *residual = at<float>(g.residual) + start;
  if (step == 1) {
    for (int64_t j = 0; j < count; j += WIDTH) {
      const int64_t left = count - j;
      Floats v = floats(sums + j, left) + bias;
      if (g.flags & RESIDUAL) v += floats(residual + j, left);
      if (g.flags & RELU) v = rectified(v);
      if (g.flags & MASK) v = masked(v, floats(mask + j, left));
      if (g.flags & ACCUMULATE) v += floats(out + j, left);
      store(out + j, v, left);
    }
    return;
  }
  for (int64_t j = 0; j < count; j++) {  // of backward-data: nothing but a mask and accumulation
    const float v = g.flags & MASK ? masked(sums[j], mask[j * step]) : sums[j];
    out[j * step] = g.flags & ACCUMULATE ? out[j * step] + v : v;
  }
}

// Writes a panel of outputs of a band.
void finish_band(const ConvArgs& g, const View& v, const Band& b, int64_t image, int64_t group, int64_t phase, int64_t q,
                 int64_t columns, int64_t positions) {
  const int64_t outputs = least(PANEL, v.outputs - q * PANEL);
  for (int64_t i = 0; i < positions; i += WIDTH) {
    for (int64_t o = 0; o < outputs; o += WIDTH) {
      Floats lines[WIDTH];
      for (int64_t l = 0; l < WIDTH; l++) lines[l] = floats(b.sums + (i + l) * PANEL + o);
      transpose(lines);
      for (int64_t l = 0; l < WIDTH; l++) store(b.planes + (o + l) * g.positions + i, lines[l]);
    }
  }
  for (int64_t o = 0; o < outputs; o++) {
    const int64_t channel = group * v.outputs + q * PANEL + o;
    const float bias = g.flags & BIAS ? at<float>(g.bias)[channel] : 0;
    for (int64_t i = 0; i < b.rows; i++) {
      const int64_t row = (b.first + i) * v.phasesH + phase / v.phasesW;
      if (row >= v.rows) break;
      const int64_t line = ((image * g.groups * v.outputs + channel) * v.rows + row) * v.columns + phase % v.phasesW;
      finish_row(g, b.planes + o * g.positions + i * b.grid, line, v.phasesW, columns, bias);
    }
  }
}

struct ConvTask {
  const ConvArgs* args;
  View view;
  int64_t bands;
  char* room;
};

// As TileConv2d.threadBytes in Java.
inline int64_t thread_bytes(const ConvArgs& g) { return g.parts * g.partBytes + 2 * g.positions * PANEL * 4; }

void conv_task(const void* raw, int64_t task, int thread) {
  const ConvTask& t = *(const ConvTask*)raw;
  const ConvArgs& g = *t.args;
  const View& v = t.view;
  const int64_t group = task / t.bands % g.groups, image = task / t.bands / g.groups;
  const int64_t height = phase_size(v.rows, v.phasesH, 0), width = phase_size(v.columns, v.phasesW, 0);
  Band b;
  b.image = at<float>(g.in) + (image * g.groups + group) * v.inputs * v.height * v.width;
  b.first = task % t.bands * g.rows;
  b.rows = least(g.rows, height - b.first);
  b.width = (width - 1) * v.stepW + v.right - v.left + 1;
  b.channels = padded_channels(v);
  b.grid = v.stepH == 1 && v.stepW == 1 ? b.width : ceil_div(width, 16) * 16;
  b.parts = t.room + thread * thread_bytes(g);
  b.sums = (float*)(b.parts + g.parts * g.partBytes);
  b.planes = b.sums + g.positions * PANEL;
  b.notFinite = false;
  if (g.parts == 1) {
    split_rows<1>(g, v, &b);
  } else if (g.parts == 2) {
    split_rows<2>(g, v, &b);
  } else {
    split_rows<3>(g, v, &b);
  }
  Tiles tiles;
  tile_configure(tiles);
  for (int64_t phase = 0; phase < v.phasesH * v.phasesW; phase++) {
    const Depth d = depth_of(g, v, phase);
    const int64_t columns = phase_size(v.columns, v.phasesW, phase % v.phasesW);
    const int64_t positions = (b.rows - 1) * b.grid + columns;
    if (columns == 0) continue;
    for (int64_t q = 0; q * PANEL < v.outputs; q++) {
      band_sums(g, tiles, v, b, d, group, phase, q, positions);
      const PanelGuard* guards = filter_guards(g, v, d, filters_of(g, v, group, phase));
      bool repair = b.notFinite;
      for (int64_t block = 0; block * CHUNKS < all_chunks(d) && !repair; block++) {
        const PanelGuard& guard = guards[block * ceil_div(v.outputs, PANEL) + q];
        for (int64_t o = 0; o < PANEL && guard.special; o++) repair |= guard.row[o].notFinite != 0;
      }
      const int64_t outputs = least(PANEL, v.outputs - q * PANEL);
      if (repair) repair_band(g, v, b, d, group, q * PANEL, outputs, columns);
      finish_band(g, v, b, image, group, phase, q, columns, positions);
    }
  }
  tile_release(tiles);
}

void tile_conv(bs_context* ctx, const void* args) {
  const ConvArgs& g = *(const ConvArgs*)args;
  const View v = view_of(g);
  const int64_t bands = ceil_div(phase_size(v.rows, v.phasesH, 0), g.rows);
  const ConvTask t = {&g, v, bands, (char*)bs_workspace(ctx)};
  bs_parallel(ctx, g.n * g.groups * bands, conv_task, &t);
}

}  // namespace

BS_TABLE(tile_conv){
    {"tile_conv_pack_f32", tile_conv_pack},
    {"tile_conv_f32", tile_conv},
    {nullptr, nullptr},
};
