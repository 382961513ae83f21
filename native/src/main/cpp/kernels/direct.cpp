// Direct convolution, F32, NCHW, forward and backward-data: a task takes a band of outputs of one
// image and some of its output channels, packs the inputs they read a few channels at a time, and
// forms the outputs tile by tile from registers.
#include "direct_band.h"
#include "direct_finish.h"
#include "direct_tile.h"

namespace {

struct Task {
  const DirectArgs* g;
  Band band;
  int64_t part;  // group of the convolution
  const float* x;  // this image's first channel of the group
  int64_t image;
  float* packed;
  float* partial;  // next tile's sums of earlier channels
  float* phases;   // outputs of one row by phase [channel][phase][phase width]
  Span chunk;      // channels packed now
  bool first, last;  // chunk
  int64_t phaseWidth;  // floats of a phase's part of such a row
};

// CHANNELS: how the positions of a row are cut into tiles: `larger` ones of positions + 1, then others.
struct Tiles {
  int64_t count, positions, larger;
};

inline Tiles tiles_of(int64_t width, int64_t most) {
  const int64_t count = ceil_div(width, most), positions = count ? width / count : 0;
  return {count, positions, width - count * positions};
}

// The outputs (i * phases_h + a, j * phases_w + b) of a band.
struct Phase {
  int64_t taps, rowTaps, columnTaps;
  bool adjacent;          // the taps of a row are neighbours
  int64_t width;          // columns of the phase in the band
  Tiles tiles[2];         // by the vectors of a tile
  int64_t weights;        // floats before its weights
  const int32_t* offsets;  // of its taps' inputs from the input row that output row `a` starts at
  const int64_t* rows;     // offset of its taps' input rows
};

// A phase for each pair (a, b), and the offsets of their taps.
struct Phases {
  Phase of[MOST_PHASES * MOST_PHASES];
  int32_t offsets[MOST_OFFSETS + AHEAD];
  int64_t rows[MOST_PHASES][MOST_TAPS];
};

void find_phases(const Task& t, Phases* p) {
  const DirectArgs& g = *t.g;
  const Band& band = t.band;
  const int64_t step = step_w(g);
  int64_t weights = 0;
  int32_t* offsets = p->offsets;
  for (int64_t a = 0; a < phases_h(g); a++) {
    const Taps rows = row_taps(g, a);
    for (int64_t i = 0; i < rows.count; i++) p->rows[a][i] = rows.offset[i];
    for (int64_t b = 0; b < phases_w(g); b++) {
      const Taps columns = column_taps(g, b);
      const int64_t first = before_span(band.outColumns.from, b, phases_w(g));
      const int64_t width = before_span(band.outColumns.to, b, phases_w(g)) - first;
      const bool adjacent = columns.high - columns.low == columns.count - 1;
      p->of[a * phases_w(g) + b] = {rows.count * columns.count, rows.count, columns.count, adjacent, width,
                                    {tiles_of(width, MOST_OUTPUTS_1), tiles_of(width, MOST_OUTPUTS_2)},
                                    weights, offsets, p->rows[a]};
      weights += rows.count * columns.count * padded_channels(g) * ins_of(g);
      // All taps of a channel before the next one: they read the same lines of the cache.
      const int64_t channels = g.lanes == ROWS ? t.chunk.length() : 1;
      for (int64_t c = 0; c < channels; c++) {
        for (int64_t i = 0; i < rows.count; i++) {
          for (int64_t j = 0; j < columns.count; j++) {
            const int64_t x = first * step - band.columns.from + columns.offset[j];
            const int64_t at = g.lanes == ROWS ? remainder(x, step) * band.pitch + quotient(x, step) : x * block_of(g);
            *offsets++ = (int32_t)(c * band.plane + rows.offset[i] * band.rowPitch + at);
          }
        }
      }
    }
  }
  for (int i = 0; i < AHEAD; i++) *offsets++ = 0;
}

// A run of outputs in one row: of a phase, in columns of the phase.
struct Run {
  Group group;
  int64_t row;           // output row
  int64_t phase;         // column phase
  int64_t first, count;  // columns of the phase
};

inline int64_t output_at(const Task& t, int64_t channel, int64_t row) {
  const DirectArgs& g = *t.g;
  return ((t.image * g.k + t.part * outs_of(g) + channel) * g.p + row) * g.q;
}

// Sums of a tile to y, or to the row by phases.
void store_tile(const Task& t, const Run& run, const float* sums, int64_t vectors) {
  const DirectArgs& g = *t.g;
  const bool apart = phases_w(g) > 1;
  const int64_t channels = least(run.group.first + run.group.count, outs_of(g)) - run.group.first;
  auto put = [&](int64_t channel, int64_t column, Floats v, int64_t count) {
    if (apart) {
      store(t.phases + (channel * phases_w(g) + run.phase) * t.phaseWidth + run.first + column, v, count);
    } else {
      finish(g, output_at(t, run.group.first + channel, run.row) + t.band.outColumns.from + run.first + column, v,
             count);
    }
  };
  if (g.lanes == ROWS) {
    for (int64_t u = 0; u < channels; u++) {
      for (int64_t v = 0; v < vectors; v++) {
        put(u, v * WIDTH, floats(sums + (u * vectors + v) * WIDTH), least(WIDTH, run.count - v * WIDTH));
      }
    }
    return;
  }
  for (int64_t v = 0; v < vectors; v++) {
    for (int64_t column = 0; column < run.count; column += WIDTH) {
      Floats block[WIDTH];
      int64_t count = least(WIDTH, run.count - column);
      for (int64_t u = 0; u < WIDTH; u++) {
        block[u] = u < count ? floats(sums + ((column + u) * vectors + v) * WIDTH) : Floats{};
      }
      transpose(block);
      int64_t filled = least(WIDTH, channels - v * WIDTH);
      for (int64_t lane = 0; lane < filled; lane++) put(v * WIDTH + lane, column, block[lane], count);
    }
  }
}

// Strides of positions that the compiler knows: of whole blocks. Images of few channels are taken along rows, or by
// Winograd's transforms.
inline ScratchTile tile_for(const DirectArgs& g, int64_t stride, int64_t vectors, int64_t outputs) {
  if (g.lanes == ROWS) return scratch_tile<ROWS, 0>(vectors, outputs);
  if (stride == WIDTH) return scratch_tile<CHANNELS, WIDTH>(vectors, outputs);
  if (stride == 2 * WIDTH) return scratch_tile<CHANNELS, 2 * WIDTH>(vectors, outputs);
  return scratch_tile<CHANNELS, 0>(vectors, outputs);
}

const int64_t TILE_FLOATS = 28 * WIDTH;

void run_tile(Task& t, const Run& run, int64_t vectors, const TileInput& in) {
  const DirectArgs& g = *t.g;
  alignas(64) float sums[TILE_FLOATS];
  const int64_t outputs = g.lanes == ROWS ? run.group.size : run.count;
  const float* bias = g.flags & BIAS ? (const float*)g.b + t.part * outs_of(g) + run.group.first : nullptr;
  alignas(64) float padded[2 * WIDTH];
  if (bias && g.lanes == CHANNELS && run.group.first + run.group.count > outs_of(g)) {
    for (int64_t i = 0; i < run.group.count; i++) padded[i] = run.group.first + i < outs_of(g) ? bias[i] : 0;
    bias = padded;
  }
  const TileStart from = {t.first ? bias : nullptr, t.first ? nullptr : t.partial};
  if (g.lanes == ROWS && t.last && phases_w(g) == 1 && !(g.flags & (RESIDUAL | MASK | ACCUMULATE))) {
    int64_t at = output_at(t, run.group.first, run.row) + t.band.outColumns.from + run.first;
    TileStore to = {(float*)g.y + at, g.p * g.q, run.count, (g.flags & RELU) != 0};
    rows_tile(vectors, outputs)(in, from, to);
  } else {
    float* scratch = t.last ? sums : t.partial;
    tile_for(g, in.positionStride, vectors, outputs)(in, from, scratch);
    if (t.last) store_tile(t, run, sums, vectors);
  }
  t.partial += outputs * vectors * WIDTH;
}

// The taps of one output row that read more than padding: `row` is the input row of offset 0.
inline Span taps_inside(const DirectArgs& g, const Phase& phase, int64_t row) {
  Span s = {0, phase.rowTaps};
  auto outside = [&](int64_t i) { return row + phase.rows[i] < 0 || row + phase.rows[i] >= g.h; };
  while (s.from < s.to && outside(s.from)) s.from++;
  while (s.from < s.to && outside(s.to - 1)) s.to--;
  return {s.from * phase.columnTaps, s.to * phase.columnTaps};
}

// All tiles of one row and phase for one group of output channels.
void run_row(Task& t, Run run, const Phase& phase, const float* w) {
  const DirectArgs& g = *t.g;
  const int64_t row = quotient(run.row, phases_h(g)) * step_h(g);
  const float* x = t.packed + (row - t.band.rows.from) * t.band.rowPitch;
  const Span inside = g.lanes == ROWS ? Span{0, phase.taps * t.chunk.length()} : taps_inside(g, phase, row);
  TileInput in = {};
  in.taps = phase.offsets + inside.from;
  in.tapCount = inside.length();
  in.tapsBefore = inside.from;
  in.tapsAfter = phase.taps - inside.to;
  in.channels = t.chunk.length();
  in.far = in.channels > 8;
  in.blockStride = t.band.plane;
  in.block = block_of(g);
  in.run = phase.adjacent ? phase.columnTaps : 1;
  in.positionStride = step_w(g) * in.block;
  in.w = w;
  if (g.lanes == ROWS) {
    for (run.first = 0; run.first < phase.width; run.first += g.vectors * WIDTH) {
      run.count = least(g.vectors * WIDTH, phase.width - run.first);
      in.x = x + run.first;
      run_tile(t, run, ceil_div(run.count, WIDTH), in);
    }
    return;
  }
  const Tiles& tiles = phase.tiles[run.group.size - 1];
  for (int64_t i = 0; i < tiles.count; i++, run.first += run.count) {
    run.count = tiles.positions + (i < tiles.larger);
    in.x = x + run.first * in.positionStride;
    run_tile(t, run, run.group.size, in);
  }
}

void run_group(Task& t, int64_t index, const Phases& phases) {
  const DirectArgs& g = *t.g;
  const Group group = group_of(g, index);
  const int64_t ins = ins_of(g), outs = outs_of(g);
  const float* w = at<float>(g.weights) + t.part * padded_channels(g) * ins * g.r * g.s;
  for (int64_t row = t.band.outRows.from; row < t.band.outRows.to; row++) {
    for (int64_t b = 0; b < phases_w(g); b++) {
      const Phase& phase = phases.of[remainder(row, phases_h(g)) * phases_w(g) + b];
      const int64_t before = (group.first * ins + t.chunk.from * group.count) * phase.taps;
      run_row(t, {group, row, b, 0, 0}, phase, w + phase.weights + before);
    }
    if (phases_w(g) == 1 || !t.last) continue;
    for (int64_t c = 0; c < group.count && group.first + c < outs; c++) {
      const float* from = t.phases + c * phases_w(g) * t.phaseWidth;
      finish_phases(g, from, t.phaseWidth, output_at(t, group.first + c, row) + t.band.outColumns.from,
                    t.band.outColumns.length());
    }
  }
}

inline int64_t row_bands(const DirectArgs& g) { return ceil_div(g.p, g.bandRows); }
inline int64_t column_bands(const DirectArgs& g) { return ceil_div(g.q, g.bandColumns); }

struct Call {
  const DirectArgs* g;
  float* workspace;
};

// Tasks: [image][group of the convolution][band of rows][band of columns][part of the channels]
void run_task(const void* raw, int64_t task, int thread) {
  const Call& call = *(const Call*)raw;
  const DirectArgs& g = *call.g;
  float* workspace = call.workspace + thread * (g.packedFloats + g.partialFloats + g.phaseFloats);
  const int64_t part = task % g.parts;
  task /= g.parts;
  const int64_t column = task % column_bands(g) * g.bandColumns;
  task /= column_bands(g);
  const int64_t row = task % row_bands(g) * g.bandRows;
  task /= row_bands(g);
  Task t = {};
  t.g = &g;
  t.band = band_of(g, {row, least(g.p, row + g.bandRows)}, {column, least(g.q, column + g.bandColumns)});
  t.part = task % g.groups;
  t.image = task / g.groups;
  t.phaseWidth = ceil_div(t.band.outColumns.length(), phases_w(g)) + 2 * WIDTH;
  Phases phases;
  const int64_t ins = ins_of(g);
  t.x = at<float>(g.x) + (t.image * g.c + t.part * ins) * g.h * g.w;
  t.packed = workspace;
  t.phases = workspace + g.packedFloats + g.partialFloats;
  const int64_t chunk = g.chunk, groups = group_count(g);
  for (int64_t c = 0; c < ins; c += chunk) {
    t.chunk = {c, least(ins, c + chunk)};
    t.first = c == 0;
    t.last = t.chunk.to == ins;
    find_phases(t, &phases);
    t.partial = workspace + g.packedFloats;
    if (g.lanes == ROWS) {
      pack_rows(g, t.band, t.x, t.chunk, t.packed);
    } else {
      pack_channels(g, t.band, t.x, t.chunk, t.packed);
    }
    for (int64_t i = groups * part / g.parts; i < groups * (part + 1) / g.parts; i++) run_group(t, i, phases);
  }
}

void direct(bs_context* ctx, const void* args) {
  const DirectArgs& g = *(const DirectArgs*)args;
  Call call = {&g, (float*)bs_workspace(ctx)};
  bs_parallel(ctx, g.n * g.groups * row_bands(g) * column_bands(g) * g.parts, run_task, &call);
}

}  // namespace

BS_TABLE(direct){
    {"direct_f32", direct},
    {nullptr, nullptr},
};
