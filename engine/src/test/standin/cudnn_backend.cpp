// libcudnn_graph.so.9, the backend interface: descriptors are recorded and checked; graphs of one convolution and
// pointwise operations after it are executed. Engines differ in what they round and note; the first cannot be used.
#include <algorithm>
#include <cstring>
#include <map>

#include "cudnn.h"

using namespace standin;

namespace {

enum { POINTWISE = 0, CONVOLUTION, ENGINE, CONFIGURATION, HEURISTICS, PLAN, FORWARD_OP = 10, FILTER_OP, DATA_OP,
       POINTWISE_OP, GRAPH = 15, PACK, TENSOR };  // descriptors
enum { HANDLE = 0, DATA_TYPE, BOOLEAN, INT64, FLOAT, VOID_PTR = 6, CONVOLUTION_MODE, HEURISTIC_MODE, NUMERICAL_NOTE = 11,
       POINTWISE_MODE = 14, DESCRIPTOR };          // types of attributes
enum { ADD = 0, RELU_FORWARD = 100, RELU_BACKWARD = 200 };  // pointwise modes
enum { TENSOR_CORE = 0, NONDETERMINISTIC = 4 };              // numerical notes
enum { HEURISTICS_RESULTS = 202, CONFIGURATION_ENGINE = 300, PLAN_WORKSPACE = 402, ENGINE_NOTES = 1303, MODE_A = 3 };

// The attributes that can be set, and how many values they have; all are needed but those with `least` 0.
const struct Rule {
  int descriptor, type;
  size_t least, most;
  std::vector<int> attributes;
} RULES[] = {{TENSOR, INT64, 1, 1, {900, 906}},          {TENSOR, INT64, 4, 4, {902, 903}},
             {TENSOR, DATA_TYPE, 1, 1, {901}},           {TENSOR, BOOLEAN, 0, 1, {907}},
             {CONVOLUTION, DATA_TYPE, 1, 1, {100}},      {CONVOLUTION, CONVOLUTION_MODE, 1, 1, {101}},
             {CONVOLUTION, INT64, 1, 1, {106}},          {CONVOLUTION, INT64, 2, 2, {102, 103, 104, 105}},
             {FORWARD_OP, FLOAT, 1, 1, {700, 701}},      {FORWARD_OP, DESCRIPTOR, 1, 1, {702, 703, 704, 705}},
             {DATA_OP, FLOAT, 1, 1, {706, 707}},         {DATA_OP, DESCRIPTOR, 1, 1, {708, 709, 710, 711}},
             {FILTER_OP, FLOAT, 1, 1, {712, 713}},       {FILTER_OP, DESCRIPTOR, 1, 1, {714, 715, 716, 717}},
             {POINTWISE, POINTWISE_MODE, 1, 1, {0}},     {POINTWISE, DATA_TYPE, 1, 1, {1}},
             {POINTWISE_OP, DESCRIPTOR, 1, 1, {750, 751}}, {POINTWISE_OP, DESCRIPTOR, 0, 1, {752, 753, 756, 757}},
             {GRAPH, HANDLE, 1, 1, {800}},               {GRAPH, DESCRIPTOR, 1, 8, {801}},
             {HEURISTICS, DESCRIPTOR, 1, 1, {201}},      {HEURISTICS, HEURISTIC_MODE, 1, 1, {200}},
             {PLAN, HANDLE, 1, 1, {400}},                {PLAN, DESCRIPTOR, 1, 1, {401}},
             {PACK, INT64, 1, 16, {1000}},               {PACK, VOID_PTR, 1, 16, {1001}},
             {PACK, VOID_PTR, 1, 1, {1003}}};

struct Engine {
  bool works;
  Rounding rounding;
  size_t workspace;
  std::vector<int> notes;
};

struct Descriptor : Object {
  static constexpr const char* KIND = "cuDNN backend descriptor";
  int type;
  bool finished = false;
  std::map<int, std::vector<int64_t>> values;  // every value widened to 8 bytes
  Engine engine;                               // of ENGINE, CONFIGURATION, PLAN
  int64_t graph = 0;                           // of CONFIGURATION
};

using Handle = std::shared_ptr<Descriptor>;

size_t width(int type) {
  return type == BOOLEAN ? 1 : type == HANDLE || type == INT64 || type == VOID_PTR || type == DESCRIPTOR ? 8 : 4;
}

Handle finished(int64_t handle, int type, const char* caller) {
  Handle d = get<Descriptor>((void*)handle, caller);
  if (d->type != type) die("%s: a descriptor of type %d where %d is needed", caller, d->type, type);
  if (!d->finished) die("%s: a descriptor of type %d is not finalised", caller, type);
  return d;
}

int64_t value(const Handle& d, int attribute) { return d->values.count(attribute) ? d->values[attribute][0] : 0; }

bool one(const Handle& d, int attribute, float expected) {
  int32_t bits = (int32_t)value(d, attribute);
  float v;
  memcpy(&v, &bits, 4);
  return v == expected;
}

// A tensor of an operation, as its attribute says.
struct Operand {
  int64_t descriptor, uid, alignment;
  bool isVirtual;
  Tensor tensor;
};

Tensor tensorOf(const Handle& d) {
  const auto &dims = d->values[902], &strides = d->values[903];
  return {(int)value(d, 901), {dims.begin(), dims.end()}, {strides.begin(), strides.end()}};
}

Operand operand(const Handle& op, int attribute) {
  Handle d = finished(value(op, attribute), TENSOR, "an operation's tensor");
  return {value(op, attribute), value(d, 906), value(d, 900), value(d, 907) != 0, tensorOf(d)};
}

bool channelsLast(const Tensor& t) {
  Tensor other = t;
  other.pack(true);
  return other.strides == t.strides;
}

struct Step {
  int type, mode = 0;  // of the descriptor; of the pointwise operation
  Convolution geometry;
  Direction direction = FORWARD;
  std::vector<Operand> in;
  Operand x, w, y, out;  // x, w, y: of a convolution
};

Step convolution(const Handle& op) {
  static const int FIRST[] = {702, 714, 708};
  int first = FIRST[op->type - FORWARD_OP];
  Handle g = finished(value(op, first), CONVOLUTION, "a convolution's operation");
  Step s;
  s.type = op->type;
  for (int k = 0; k < 2; k++) {
    s.geometry.pad[k] = g->values[105][k], s.geometry.after[k] = g->values[104][k];
    s.geometry.stride[k] = g->values[103][k], s.geometry.dilation[k] = g->values[102][k];
  }
  if (op->type == FORWARD_OP) {
    s.w = operand(op, 703), s.x = operand(op, 704), s.y = operand(op, 705);
    s.direction = FORWARD, s.in = {s.x, s.w}, s.out = s.y;
  } else if (op->type == DATA_OP) {
    s.w = operand(op, 709), s.x = operand(op, 710), s.y = operand(op, 711);
    s.direction = BACKWARD_DATA, s.in = {s.w, s.y}, s.out = s.x;
  } else {
    s.w = operand(op, 715), s.x = operand(op, 716), s.y = operand(op, 717);
    s.direction = BACKWARD_FILTER, s.in = {s.x, s.y}, s.out = s.w;
  }
  if (!one(op, first - 2, 1) || !one(op, first - 1, 0)) die("a convolution's alpha is not 1 or its beta not 0");
  s.geometry.groups = s.x.tensor.dims[1] / s.w.tensor.dims[1];
  checkConvolution(s.geometry, s.x.tensor, s.w.tensor, s.y.tensor, "a convolution's operation");
  return s;
}

Step pointwise(const Handle& op) {
  Step s;
  s.type = POINTWISE_OP;
  s.mode = (int)value(finished(value(op, 750), POINTWISE, "a pointwise operation"), 0);
  int second = s.mode == ADD ? 752 : 757, out = s.mode == RELU_BACKWARD ? 756 : 753;
  if (s.mode != ADD && s.mode != RELU_FORWARD && s.mode != RELU_BACKWARD) die("pointwise mode %d", s.mode);
  bool has = op->values.count(out) && (s.mode == RELU_FORWARD || op->values.count(second));
  if (!has) die("a pointwise operation of mode %d lacks a tensor", s.mode);
  s.in = {operand(op, 751)};
  if (s.mode != RELU_FORWARD) s.in.push_back(operand(op, second));
  s.out = operand(op, out);
  const auto& dims = s.out.tensor.dims;
  for (const Operand& each : s.in) {
    for (int k = 0; k < 4; k++) {
      bool broadcast = s.mode == ADD && &each == &s.in[1] && each.tensor.dims[k] == 1;
      if (each.tensor.dims[k] != dims[k] && !broadcast) die("a pointwise operation's dimensions differ");
    }
  }
  return s;
}

std::vector<Step> steps(const Handle& graph) {
  std::vector<Step> all;
  for (int64_t handle : graph->values[801]) {
    Handle op = get<Descriptor>((void*)handle, "a graph's operation");
    all.push_back(op->type == POINTWISE_OP ? pointwise(op) : convolution(op));
  }
  return all;
}

// The tensors in memory by uid; the last operation's output is the only one written.
std::map<int64_t, Operand> inMemory(const std::vector<Step>& all) {
  std::map<int64_t, Operand> found;
  for (const Step& s : all) {
    for (const Operand& o : s.in) {
      if (!o.isVirtual) found[o.uid] = o;
    }
    if (!s.out.isVirtual) found[s.out.uid] = s.out;
  }
  return found;
}

int finishTensor(const Handle& d) {
  Tensor t = tensorOf(d);
  if (*std::min_element(t.dims.begin(), t.dims.end()) < 1) return BAD_PARAM;
  int64_t alignment = value(d, 900);
  if (alignment < (int64_t)bytesOf(t.type) || alignment & (alignment - 1)) die("a tensor's alignment %ld", alignment);
  return t.packed() || channelsLast(t) ? SUCCESS : NOT_SUPPORTED_LAYOUT;
}

// One convolution; what follows works on the result of what is before it; all between them is virtual.
int finishGraph(const Handle& d) {
  get<Dnn>((void*)value(d, 800), "a graph");
  std::vector<Step> all = steps(d);
  std::map<int64_t, int64_t> tensors;
  for (size_t k = 0; k < all.size(); k++) {
    const Step& s = all[k];
    if ((k == 0) == (s.type == POINTWISE_OP)) return NOT_SUPPORTED_PATTERN;
    if (s.out.isVirtual != (k + 1 < all.size())) return NOT_SUPPORTED_PATTERN;
    const Operand* virtualIn = nullptr;
    for (const Operand& o : s.in) virtualIn = o.isVirtual ? &o : virtualIn;
    if ((k > 0) != (virtualIn != nullptr)) return NOT_SUPPORTED_PATTERN;
    if (virtualIn && virtualIn->uid != all[k - 1].out.uid) die("a virtual tensor is not the result before it");
    if (s.out.isVirtual && s.out.tensor.type != F32) return NOT_SUPPORTED_PATTERN;
  }
  for (const Step& s : all) {
    for (const Operand& o : s.in) {
      auto [at, fresh] = tensors.emplace(o.uid, o.descriptor);
      if (!fresh && at->second != o.descriptor) die("two tensors of a graph have the uid %ld", o.uid);
    }
    auto [at, fresh] = tensors.emplace(s.out.uid, s.out.descriptor);
    if (!fresh) die("the output's uid %ld is another tensor's", at->first);
  }
  return SUCCESS;
}

std::vector<Engine> engines(const Handle& heuristics) {
  std::vector<Step> all = steps(finished(value(heuristics, 201), GRAPH, "heuristics"));
  const Step& s = all[0];
  bool fused = all.size() > 1, last = channelsLast(s.x.tensor) && channelsLast(s.y.tensor);
  bool half = s.in[0].tensor.type == BF16;
  if (s.in[1].tensor.type != s.in[0].tensor.type || (fused && (!last || s.geometry.groups > 1))) return {};
  Engine plain{true, EXACT, 0, {}}, tensorCore{true, half ? EXACT : TO_TF32, 2048, {TENSOR_CORE}};
  bool hasPlain = !half && (!fused || s.direction == FORWARD);
  std::vector<Engine> found;
  if (value(heuristics, 200) == MODE_A) {
    found = {{false, EXACT, 0, {TENSOR_CORE}}, {true, EXACT, 0, {NONDETERMINISTIC}}, tensorCore};
    if (hasPlain) found.insert(found.begin(), {false, EXACT, 0, {}});
  }
  if (hasPlain) found.push_back(plain);
  return found;
}

int finish(const Handle& d) {
  for (const Rule& rule : RULES) {
    for (int each : rule.attributes) {
      bool lacks = rule.descriptor == d->type && rule.least && !d->values.count(each);
      if (lacks) die("cudnnBackendFinalize: a descriptor of type %d lacks attribute %d", d->type, each);
    }
  }
  switch (d->type) {
    case TENSOR: return finishTensor(d);
    case CONVOLUTION: return value(d, 100) == F32 && value(d, 101) == 1 && value(d, 106) == 2 ? SUCCESS : NOT_SUPPORTED;
    case FORWARD_OP: case DATA_OP: case FILTER_OP: return convolution(d), SUCCESS;
    case POINTWISE: return value(d, 1) == F32 ? SUCCESS : NOT_SUPPORTED;
    case POINTWISE_OP: return pointwise(d), SUCCESS;
    case GRAPH: return finishGraph(d);
    case HEURISTICS: return engines(d).empty() && value(d, 200) != MODE_A ? NOT_SUPPORTED : SUCCESS;
    case PLAN:
      get<Dnn>((void*)value(d, 400), "a plan");
      d->engine = finished(value(d, 401), CONFIGURATION, "a plan")->engine;
      return d->engine.works ? SUCCESS : NOT_SUPPORTED;
    case PACK: return d->values[1000].size() == d->values[1001].size() ? SUCCESS : BAD_PARAM;
    default: die("cudnnBackendFinalize: a descriptor of type %d is filled by cuDNN", d->type);
  }
}

// Runs the steps; a ReLU takes NaN for 0, which cuDNN does not exclude.
void run(const std::vector<Step>& all, std::map<int64_t, void*> data, Rounding rounding) {
  Numbers previous;
  for (const Step& s : all) {
    bool first = s.type != POINTWISE_OP;
    std::vector<Numbers> in;
    for (const Operand& o : s.in) {
      in.push_back(o.isVirtual ? previous : o.tensor.read(data[o.uid], first ? rounding : EXACT));
    }
    Numbers v;
    if (first) {
      v = convolve(s.geometry, s.direction, s.x.tensor, s.w.tensor, s.y.tensor, in[0], in[1]);
    } else if (s.mode == ADD) {
      v = in[0];
      Tensor b = s.in[1].tensor;  // broadcast: [n,c,h,w] packed, stride 0 where the dimension is 1
      b.pack(false);
      const auto& dims = s.out.tensor.dims;
      for (long k = 0; k < (long)v.size(); k++) {
        long at = 0, rest = k;
        for (int d = 3; d >= 0; rest /= dims[d], d--) at += b.dims[d] == 1 ? 0 : rest % dims[d] * b.strides[d];
        v[k] += in[1][at];
      }
    } else {
      v = in.back();
      for (size_t k = 0; k < v.size(); k++) v[k] = in[0][k] > 0 ? v[k] : 0;
    }
    for (double& e : v) e = s.out.isVirtual ? (double)(float)e : e;
    if (!s.out.isVirtual) s.out.tensor.write(data[s.out.uid], v, 1, 0);
    previous = std::move(v);
  }
}

}  // namespace

RESULT cudnnBackendCreateDescriptor(int type, Ref* handle) {
  ENTER;
  auto d = std::make_shared<Descriptor>();
  d->type = type;
  *handle = adopt(Descriptor::KIND, d);
  return SUCCESS;
}

RESULT cudnnBackendDestroyDescriptor(void* handle) {
  std::lock_guard g(lock());
  release(Descriptor::KIND, handle, __func__);
  return SUCCESS;
}

RESULT cudnnBackendSetAttribute(void* handle, int attribute, int type, int64_t count, const void* values) {
  ENTER;
  Handle d = get<Descriptor>(handle, __func__);
  if (d->finished) die("%s: the descriptor is finalised", __func__);
  for (const Rule& rule : RULES) {
    const auto& known = rule.attributes;
    if (rule.descriptor != d->type || std::find(known.begin(), known.end(), attribute) == known.end()) continue;
    if (rule.type != type || count < 1 || (size_t)count > rule.most || (size_t)count < rule.least) {
      die("%s: attribute %d with %ld values of type %d", __func__, attribute, count, type);
    }
    std::vector<int64_t>& to = d->values[attribute];
    to.assign((size_t)count, 0);
    for (int64_t k = 0; k < count; k++) memcpy(&to[k], (const char*)values + k * width(type), width(type));
    for (int64_t k = 0; k < count && type == DESCRIPTOR; k++) {
      if (!get<Descriptor>((void*)to[k], __func__)->finished) die("%s: %d is not finalised", __func__, attribute);
    }
    return SUCCESS;
  }
  die("%s: a descriptor of type %d has no attribute %d that can be set", __func__, d->type, attribute);
}

RESULT cudnnBackendFinalize(void* handle) {
  ENTER;
  Handle d = get<Descriptor>(handle, __func__);
  if (d->finished) die("%s: the descriptor is finalised", __func__);
  int status = finish(d);
  d->finished = status == SUCCESS;
  return status;
}

RESULT cudnnBackendGetAttribute(void* handle, int attribute, int type, int64_t wanted, int64_t* count, void* values) {
  ENTER;
  Handle d = get<Descriptor>(handle, __func__);
  if (!d->finished) die("%s: the descriptor is not finalised", __func__);
  // Fills a descriptor that the caller made.
  auto fill = [&](int64_t k, int expected, const Engine& engine, int64_t graph) {
    Handle to = get<Descriptor>(((void**)values)[k], __func__);
    if (to->type != expected || to->finished) die("%s: descriptor %ld cannot be filled", __func__, k);
    to->finished = true, to->engine = engine, to->graph = graph;
  };
  if (d->type == HEURISTICS && attribute == HEURISTICS_RESULTS && type == DESCRIPTOR) {
    std::vector<Engine> all = engines(d);
    *count = (int64_t)all.size();
    for (int64_t k = 0; k < wanted && k < *count; k++) fill(k, CONFIGURATION, all[k], value(d, 201));
  } else if (d->type == CONFIGURATION && attribute == CONFIGURATION_ENGINE && type == DESCRIPTOR && wanted == 1) {
    fill(0, ENGINE, d->engine, 0);
    *count = 1;
  } else if (d->type == ENGINE && attribute == ENGINE_NOTES && type == NUMERICAL_NOTE) {
    *count = (int64_t)d->engine.notes.size();
    for (int64_t k = 0; k < wanted && k < *count; k++) ((int*)values)[k] = d->engine.notes[k];
  } else if (d->type == PLAN && attribute == PLAN_WORKSPACE && type == INT64 && wanted == 1) {
    *(int64_t*)values = (int64_t)d->engine.workspace;
    *count = 1;
  } else {
    die("%s: attribute %d of a descriptor of type %d", __func__, attribute, d->type);
  }
  return SUCCESS;
}

RESULT cudnnBackendExecute(void* handle, void* planHandle, void* packHandle) {
  ENTER;
  Handle plan = finished((int64_t)planHandle, PLAN, __func__), pack = finished((int64_t)packHandle, PACK, __func__);
  if (value(plan, 400) != (int64_t)handle) die("%s: the plan was made with another handle", __func__);
  Handle configuration = finished(value(plan, 401), CONFIGURATION, __func__);
  std::vector<Step> all = steps(finished(configuration->graph, GRAPH, __func__));
  std::map<int64_t, Operand> tensors = inMemory(all);
  std::map<int64_t, void*> data;
  std::vector<Range> ranges = {{(void*)value(pack, 1003), plan->engine.workspace, "the workspace"}};
  for (size_t k = 0; k < pack->values[1000].size(); k++) {
    int64_t uid = pack->values[1000][k], at = pack->values[1001][k];
    auto found = tensors.find(uid);
    if (found == tensors.end() || !data.emplace(uid, (void*)at).second) die("%s: uid %ld is not asked for", __func__, uid);
    if (at % found->second.alignment) die("%s: tensor %ld at %#lx is not aligned as was told", __func__, uid, at);
    ranges.push_back({(void*)at, found->second.tensor.bytes(), "a tensor"});
  }
  if (data.size() != tensors.size()) die("%s: %zu of %zu tensors are given", __func__, data.size(), tensors.size());
  void* space = (void*)value(pack, 1003);
  Call call(handle, __func__);
  call.ranges = ranges;
  return call.submit([=, engine = plan->engine] {
    if (engine.workspace) memset(space, 0xff, engine.workspace);
    run(all, data, engine.rounding);
  });
}
