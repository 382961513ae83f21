// Backward-data to few channels (the first layer of a network), F32, NCHW. Each tap column s and
// channel c has sums of its own over the filters k and the tap rows r,
//   sum[c,s][i, j] = sum_{k,r} w[k,c,r,s] dy[k, row of i and r, j],
// so that every vector of dy is loaded where it lies, neighbouring rows in one run, and used c*s
// times; the sums are then shifted to where they belong:
//   dx[c, row of i, j * strideW + s * dilationW - padLeft] += sum[c,s][i, j].
#include "direct_band.h"
#include "direct_finish.h"
#include "direct_few_tile.h"

namespace {

// Positions of one run, unless a row is longer.
const int64_t RUN = 384;

// The taps of one column phase, and where its weights lie for each row phase.
struct Columns {
  Taps taps;
  int64_t sums;  // channels * tap columns
  int64_t weights[MOST_PHASES];
};

struct FewCall {
  const DirectArgs* g;
  Columns columns[MOST_PHASES];
  Taps rows[MOST_PHASES];
  float* workspace;
};

struct FewTask {
  const FewCall* call;
  int64_t image, part;
  const float* dy;  // row `first` of filter 0, where it lies or copied
  int64_t first, plane;
  float* sums;   // [column phase][channel][tap column][pitch]
  int64_t pitch;
  float* lines;  // [channel][column phase][line]: a row of dx
  int64_t line;
};

// Forms the sums of `rows` rows of dx from row index i on, whose taps from..to-1 lie inside dy.
void sum_rows(const FewTask& t, int64_t a, int64_t b, int64_t i, int64_t rows, Span taps, float* sums) {
  const DirectArgs& g = *t.call->g;
  const Taps& r = t.call->rows[a];
  const Columns& columns = t.call->columns[b];
  int64_t offsets[MOST_TAPS];
  for (int64_t k = taps.from; k < taps.to; k++) offsets[k - taps.from] = (r.offset[k] + i - t.first) * g.w;
  FewInput in = {};
  in.offsets = offsets;
  in.taps = taps.length();
  in.filters = ins_of(g);
  in.plane = t.plane;
  in.filterWeights = r.count * columns.sums;
  in.w = at<float>(g.weights) + t.part * ins_of(g) * outs_of(g) * g.r * g.s + columns.weights[a] + taps.from * columns.sums;
  const int64_t count = rows * g.w, vectors = few_vectors(columns.sums);
  int64_t j = 0;
  while (j < count) {
    const int64_t left = ceil_div(count - j, WIDTH), wide = left > 2 ? vectors : least(left, vectors);
    in.dy = t.dy + j;
    few_tile(wide, columns.sums)(in, sums + j, t.pitch);
    j += wide * WIDTH;
  }
}

// The phases of one row of dx from its sums at row `i` of the run.
void shift_row(const FewTask& t, int64_t i, const float* sums) {
  const DirectArgs& g = *t.call->g;
  for (int64_t b = 0; b < g.strideW; b++) {
    const Taps& taps = t.call->columns[b].taps;
    const int64_t width = before_span(g.q, b, g.strideW);
    for (int64_t c = 0; c < outs_of(g); c++) {
      float* line = t.lines + (c * g.strideW + b) * t.line;
      for (int64_t j = 0; j < width; j += WIDTH) {
        Floats v = {};
        for (int64_t s = 0; s < taps.count; s++) {
          const int64_t from = j + taps.offset[s];
          v += floats(sums + (c * taps.count + s) * t.pitch + i * g.w + from, -from, g.w - from);
        }
        store(line + j, v);
      }
    }
    sums += outs_of(g) * taps.count * t.pitch;
  }
}

void finish_row(const FewTask& t, int64_t row) {
  const DirectArgs& g = *t.call->g;
  for (int64_t c = 0; c < outs_of(g); c++) {
    const int64_t at = ((t.image * g.k + t.part * outs_of(g) + c) * g.p + row) * g.q;
    finish_phases(g, t.lines + c * g.strideW * t.line, t.line, at, g.q);
  }
}

// The taps of a row of dx whose rows of dy are inside: neighbours, as offsets rise or fall.
inline Span inside(const DirectArgs& g, const Taps& r, int64_t i) {
  Span s = {0, r.count};
  while (s.from < s.to && (i + r.offset[s.from] < 0 || i + r.offset[s.from] >= g.h)) s.from++;
  while (s.from < s.to && (i + r.offset[s.to - 1] < 0 || i + r.offset[s.to - 1] >= g.h)) s.to--;
  return s;
}

// Rows i..to-1 of a row phase, as many at once as have the same taps and fit a run.
void phase_rows(const FewTask& t, int64_t a, int64_t i, int64_t to) {
  const DirectArgs& g = *t.call->g;
  const int64_t most_rows = most(1, RUN / g.w);
  while (i < to) {
    const Span taps = inside(g, t.call->rows[a], i);
    int64_t rows = 1;
    for (; rows < most_rows && i + rows < to; rows++) {
      const Span next = inside(g, t.call->rows[a], i + rows);
      if (next.from != taps.from || next.to != taps.to) break;
    }
    float* sums = t.sums;
    for (int64_t b = 0; b < g.strideW; b++) {
      if (t.call->columns[b].sums > 0) sum_rows(t, a, b, i, rows, taps, sums);
      sums += t.call->columns[b].sums * t.pitch;
    }
    for (int64_t k = 0; k < rows; k++) {
      shift_row(t, k, t.sums);
      finish_row(t, (i + k) * g.strideH + a);
    }
    i += rows;
  }
}

inline int64_t bands(const DirectArgs& g) { return ceil_div(g.p, g.bandRows); }

void run_rows(const FewTask& t, Span rows) {
  const DirectArgs& g = *t.call->g;
  for (int64_t a = 0; a < g.strideH && rows.length() > 0; a++) {
    phase_rows(t, a, before_span(rows.from, a, g.strideH), before_span(rows.to, a, g.strideH));
  }
}

// Vectors may reach behind the last row that is read, never behind the tensor: the first row of dx
// that must read copied rows.
int64_t first_copied(const FewTask& t, Span rows) {
  const DirectArgs& g = *t.call->g;
  const int64_t behind = (g.n * g.c - t.image * g.c - (t.part + 1) * ins_of(g)) * g.h * g.w;
  if (behind >= MOST_VECTORS * WIDTH) return rows.to;
  int64_t high = 0;
  for (int64_t a = 0; a < g.strideH; a++) high = most(high, t.call->rows[a].high);
  const int64_t first = (g.h - ceil_div(MOST_VECTORS * WIDTH, g.w) - high) * g.strideH;
  return least(rows.to, most(rows.from, first));
}

// Copies the rows of dy that these rows of dx read, with room behind them.
void copy_rows(FewTask* t, Span rows, float* to) {
  const DirectArgs& g = *t->call->g;
  const Span read = inputs_of(rows, g.strideH, 1, [&](int64_t phase) { return t->call->rows[phase]; });
  const Span in = {most(read.from, 0), most(most(read.from, 0), least(read.to, g.h))};
  const int64_t plane = most(read.length(), 0) * g.w + MOST_VECTORS * WIDTH;
  for (int64_t k = 0; k < ins_of(g); k++) {
    __builtin_memcpy(to + k * plane + (in.from - read.from) * g.w, t->dy + k * t->plane + in.from * g.w,
                     in.length() * g.w * sizeof(float));
  }
  t->dy = to;
  t->first = read.from;
  t->plane = plane;
}

void few_task(const void* raw, int64_t task, int thread) {
  const FewCall& call = *(const FewCall*)raw;
  const DirectArgs& g = *call.g;
  float* workspace = call.workspace + thread * (g.packedFloats + g.partialFloats + g.phaseFloats);
  FewTask t = {};
  t.call = &call;
  t.part = task / bands(g) % g.groups;
  t.image = task / bands(g) / g.groups;
  t.dy = at<float>(g.x) + (t.image * g.c + t.part * ins_of(g)) * g.h * g.w;
  t.plane = g.h * g.w;
  t.sums = workspace + g.packedFloats;
  t.pitch = most(RUN, g.w) + MOST_VECTORS * WIDTH;
  t.lines = t.sums + g.partialFloats;
  t.line = ceil_div(ceil_div(g.q, g.strideW), WIDTH) * WIDTH + WIDTH;
  const Span rows = {task % bands(g) * g.bandRows, least(g.p, (task % bands(g) + 1) * g.bandRows)};
  const int64_t copied = first_copied(t, rows);
  run_rows(t, {rows.from, copied});
  if (copied == rows.to) return;
  copy_rows(&t, {copied, rows.to}, workspace);
  run_rows(t, {copied, rows.to});
}

void prepare(const DirectArgs& g, FewCall* call) {
  call->g = &g;
  int64_t weights = 0;
  for (int64_t a = 0; a < g.strideH; a++) call->rows[a] = row_taps(g, a);
  for (int64_t b = 0; b < g.strideW; b++) {
    Columns& c = call->columns[b];
    c.taps = column_taps(g, b);
    c.sums = c.taps.count * outs_of(g);
    for (int64_t a = 0; a < g.strideH; a++) {
      c.weights[a] = weights;
      weights += call->rows[a].count * ins_of(g) * c.sums;
    }
  }
}

void few(bs_context* ctx, const void* args) {
  const DirectArgs& g = *(const DirectArgs*)args;
  FewCall call;
  prepare(g, &call);
  call.workspace = (float*)bs_workspace(ctx);
  bs_parallel(ctx, g.n * g.groups * bands(g), few_task, &call);
}

// Weights w [k, c/groups, r, s] as [group][column phase][row phase][filter][tap row][channel][tap column].
void pack_few(bs_context*, const void* args) {
  const DirectArgs& g = *(const DirectArgs*)args;
  FewCall call;
  prepare(g, &call);
  float* to = at<float>(g.weights);
  for (int64_t part = 0; part < g.groups; part++) {
    const float* w = at<float>(g.x) + part * ins_of(g) * outs_of(g) * g.r * g.s;
    for (int64_t b = 0; b < g.strideW; b++) {
      for (int64_t a = 0; a < g.strideH; a++) {
        const Taps &rows = call.rows[a], &columns = call.columns[b].taps;
        for (int64_t k = 0; k < ins_of(g); k++) {
          for (int64_t i = 0; i < rows.count; i++) {
            for (int64_t c = 0; c < outs_of(g); c++) {
              for (int64_t j = 0; j < columns.count; j++) {
                *to++ = w[((k * outs_of(g) + c) * g.r + rows.index[i]) * g.s + columns.index[j]];
              }
            }
          }
        }
      }
    }
  }
}

}  // namespace

BS_TABLE(direct_few){
    {"direct_few_f32", few},
    {"direct_few_pack_f32", pack_few},
    {nullptr, nullptr},
};
