// libcudnn_graph.so.9: handles, versions, errors, and the backend interface: descriptors are recorded and checked;
// graphs of one convolution and pointwise operations after it are executed. Engines differ in what they round and
// note; the first cannot be used.
#include "cudnn.h"

using namespace standin;

namespace {

enum { POINTWISE = 0, CONVOLUTION, ENGINE, CONFIGURATION, HEURISTICS, PLAN, FORWARD_OP = 10, FILTER_OP, DATA_OP,
       POINTWISE_OP, GRAPH = 15, PACK, TENSOR };  // descriptors
enum { HANDLE = 0, DATA_TYPE, BOOLEAN, INT64, FLOAT, VOID_PTR = 6, CONVOLUTION_MODE, HEURISTIC_MODE,
       NUMERICAL_NOTE = 11, POINTWISE_MODE = 14, DESCRIPTOR };                   // types of attributes
enum { ADD = 0, RELU_FORWARD = 100, RELU_BACKWARD = 200 };  // pointwise modes
enum { TENSOR_CORE = 0, NONDETERMINISTIC = 4, MODE_A = 3 };  // numerical notes, heuristics

// The attributes that can be set, and how many values they have; all are needed but those with `least` 0.
const struct Rule {
  int descriptor, type;
  int64_t least, most;
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
  int rounding;
  size_t workspace;
  std::vector<int> notes;
};

struct Descriptor : Object {
  const int type;
  bool finished = false;
  std::map<int, std::vector<int64_t>> values;  // every value widened to 8 bytes
  Engine engine;                               // of ENGINE, CONFIGURATION, PLAN
  int64_t graph = 0;                           // of CONFIGURATION, PLAN

  explicit Descriptor(int type) : type(type) {}
  bool has(int attribute) const { return values.count(attribute) != 0; }
  int64_t operator[](int attribute) const { return has(attribute) ? values.at(attribute)[0] : 0; }
  float number(int attribute) const { return __builtin_bit_cast(float, (int32_t)(*this)[attribute]); }
};

Descriptor& finished(int64_t handle, int type) {
  Descriptor& d = *get<Descriptor>((void*)handle);
  if (d.type != type || !d.finished) die("a descriptor of type %d where a finalised one of %d is needed", d.type, type);
  return d;
}

bool channelsLast(const Tensor& t) { return t == t.packed(true); }

Tensor tensorOf(const Descriptor& d) {
  const auto &dims = d.values.at(902), &strides = d.values.at(903);
  return {(int)d[901], {dims.begin(), dims.end()}, {strides.begin(), strides.end()}};
}

struct Operand {
  int64_t descriptor, uid, alignment;
  bool isVirtual;
  Tensor tensor;

  Operand() = default;
  Operand(const Descriptor& operation, int attribute) : descriptor(operation[attribute]) {
    const Descriptor& d = finished(descriptor, TENSOR);
    uid = d[906], alignment = d[900], isVirtual = d[907] != 0, tensor = tensorOf(d);
  }
};

// An operation of a graph.
struct Step {
  bool convolves;
  int mode = 0;  // of a pointwise one
  Direction direction;
  Convolution geometry;
  std::vector<Operand> in;
  Operand x, w, y, out;

  explicit Step(const Descriptor& d) : convolves(d.type != POINTWISE_OP) { convolves ? convolution(d) : pointwise(d); }

  // From `first` on the attributes are alpha, beta, the geometry, w, x, y.
  void convolution(const Descriptor& d) {
    int first = d.type == FORWARD_OP ? 700 : d.type == DATA_OP ? 706 : 712;
    const Descriptor& g = finished(d[first + 2], CONVOLUTION);
    w = Operand(d, first + 3), x = Operand(d, first + 4), y = Operand(d, first + 5);
    for (int k = 0; k < 2; k++) {
      geometry.pad[k] = g.values.at(105)[k], geometry.after[k] = g.values.at(104)[k];
      geometry.stride[k] = g.values.at(103)[k], geometry.dilation[k] = g.values.at(102)[k];
    }
    direction = d.type == FORWARD_OP ? FORWARD : d.type == DATA_OP ? BACKWARD_DATA : BACKWARD_FILTER;
    in = {direction == BACKWARD_DATA ? w : x, direction == FORWARD ? w : y};
    out = direction == FORWARD ? y : direction == BACKWARD_DATA ? x : w;
    if (d.number(first) != 1 || d.number(first + 1) != 0) die("a convolution's alpha is not 1 or its beta not 0");
    geometry.groups = x.tensor.dims[1] / w.tensor.dims[1];
    checkConvolution(geometry, x.tensor, w.tensor, y.tensor);
  }

  void pointwise(const Descriptor& d) {
    mode = (int)finished(d[750], POINTWISE)[0];
    if (mode != ADD && mode != RELU_FORWARD && mode != RELU_BACKWARD) die("pointwise mode %d", mode);
    in = {Operand(d, 751)}, out = Operand(d, mode == RELU_BACKWARD ? 756 : 753);
    if (mode != RELU_FORWARD) in.push_back(Operand(d, mode == ADD ? 752 : 757));
    for (const Operand& o : in) {
      bool bias = mode == ADD && &o == &in[1] && o.tensor.dims == Indices{1, out.tensor.dims[1], 1, 1};
      if (o.tensor.dims != out.tensor.dims && !bias) die("a pointwise operation's dimensions");
    }
  }

  // A ReLU takes NaN for 0, which cuDNN does not exclude.
  Numbers run(const Inputs& operands) const {
    if (convolves) return convolve(geometry, direction, x.tensor, w.tensor, y.tensor, operands[0], operands[1]);
    Numbers v = mode == RELU_BACKWARD ? operands[1] : operands[0];
    bool same = mode == ADD && in[1].tensor.dims == out.tensor.dims;
    if (mode == ADD) addBias(v, operands[1], same ? 1 : out.tensor.dims[2] * out.tensor.dims[3]);
    if (mode == RELU_FORWARD) relu(v, false);
    for (size_t k = 0; k < v.size() && mode == RELU_BACKWARD; k++) v[k] = operands[0][k] > 0 ? v[k] : 0;
    return v;
  }
};

std::vector<Step> steps(const Descriptor& graph) {
  std::vector<Step> all;
  for (int64_t handle : graph.values.at(801)) all.emplace_back(*get<Descriptor>((void*)handle));
  return all;
}

int finishTensor(const Descriptor& d) {
  Tensor t = tensorOf(d);
  if (*std::min_element(t.dims.begin(), t.dims.end()) < 1) return BAD_PARAM;
  if (d[900] < (int64_t)bytesOf(t.type) || d[900] & (d[900] - 1)) die("a tensor's alignment %ld", d[900]);
  return t == t.packed() || channelsLast(t) ? SUCCESS : NOT_SUPPORTED_LAYOUT;
}

// One convolution; what follows works on the result of what is before it; all between them is virtual.
int finishGraph(const Descriptor& d) {
  get<Dnn>((void*)d[800]);
  std::vector<Step> all = steps(d);
  std::map<int64_t, int64_t> tensors;
  for (size_t k = 0; k < all.size(); k++) {
    const Operand *previous = nullptr, &out = all[k].out;
    for (const Operand& o : all[k].in) {
      if (o.isVirtual) previous = &o;
      int64_t known = tensors.emplace(o.uid, o.descriptor).first->second;
      if (known != o.descriptor) die("two tensors have the uid %ld", o.uid);
    }
    bool fits = (k == 0) == all[k].convolves && (k > 0) == (previous != nullptr);
    fits = fits && out.isVirtual == (k + 1 < all.size()) && (!out.isVirtual || out.tensor.type == F32);
    if (!fits) return NOT_SUPPORTED_PATTERN;
    if (previous && previous->uid != all[k - 1].out.uid) die("a virtual tensor is not the result before it");
    if (!tensors.emplace(out.uid, out.descriptor).second) die("the output's uid %ld is another tensor's", out.uid);
  }
  return SUCCESS;
}

std::vector<Engine> engines(const Descriptor& heuristics) {
  std::vector<Step> all = steps(finished(heuristics[201], GRAPH));
  const Step& s = all[0];
  bool fused = all.size() > 1, last = channelsLast(s.x.tensor) && channelsLast(s.y.tensor);
  bool half = s.in[0].tensor.type == BF16, plain = !half && (!fused || s.direction == FORWARD);
  if (s.in[1].tensor.type != s.in[0].tensor.type || (fused && (!last || s.geometry.groups > 1))) return {};
  std::vector<Engine> found;
  if (heuristics[200] == MODE_A) {
    found = {{false, EXACT, 0, {TENSOR_CORE}}, {true, EXACT, 0, {NONDETERMINISTIC}}};
    found.push_back({true, half ? EXACT : TO_TF32, 2048, {TENSOR_CORE}});
    if (plain) found.insert(found.begin(), {false, EXACT, 0, {}});
  }
  if (plain) found.push_back({true, EXACT, 0, {}});
  return found;
}

int finish(Descriptor& d) {
  for (const Rule& rule : RULES) {
    for (int each : rule.attributes) {
      if (rule.descriptor == d.type && rule.least && !d.has(each)) die("type %d lacks %d", d.type, each);
    }
  }
  switch (d.type) {
    case TENSOR: return finishTensor(d);
    case CONVOLUTION: return d[100] == F32 && d[101] == 1 && d[106] == 2 ? SUCCESS : NOT_SUPPORTED;
    case FORWARD_OP: case DATA_OP: case FILTER_OP: case POINTWISE_OP: return Step(d), SUCCESS;
    case POINTWISE: return d[1] == F32 ? SUCCESS : NOT_SUPPORTED;
    case GRAPH: return finishGraph(d);
    case HEURISTICS: return engines(d).empty() && d[200] != MODE_A ? NOT_SUPPORTED : SUCCESS;
    case PLAN:
      get<Dnn>((void*)d[400]);
      d.engine = finished(d[401], CONFIGURATION).engine, d.graph = finished(d[401], CONFIGURATION).graph;
      return d.engine.works ? SUCCESS : NOT_SUPPORTED;
    case PACK: return d.values[1000].size() == d.values[1001].size() ? SUCCESS : BAD_PARAM;
    default: die("a descriptor of type %d is filled by cuDNN", d.type);
  }
}

}  // namespace

extern "C" size_t cudnnGetVersion() { return (size_t)setting("STANDIN_CUDNN", 91900); }
extern "C" const char* cudnnGetErrorString(int status) {
  return nameOf(status, {{EXECUTION_FAILED, "CUDNN_STATUS_EXECUTION_FAILED"}});
}
extern "C" void cudnnGetLastErrorString(char* text, size_t bytes) {
  snprintf(text, bytes, "%s", state().error ? "a kernel failed" : "");
}

CALL(cudnnCreate, (Ref* handle), refuseInCapture(), *handle = adopt(std::make_shared<Dnn>()))
ALWAYS(cudnnDestroy, (Ref handle), release<Dnn>(handle))
CALL(cudnnSetStream, (Ref handle, Ref stream), get<Stream>(stream), get<Dnn>(handle)->stream = stream)

CALL(cudnnBackendCreateDescriptor, (int type, Ref* handle), *handle = adopt(std::make_shared<Descriptor>(type)))
ALWAYS(cudnnBackendDestroyDescriptor, (void* handle), release<Descriptor>(handle))

CALL(cudnnBackendSetAttribute, (void* handle, int attribute, int type, int64_t count, const void* values), {
  Descriptor& d = *get<Descriptor>(handle);
  if (d.finished) die("the descriptor is finalised");
  for (const Rule& rule : RULES) {
    const auto& known = rule.attributes;
    if (rule.descriptor != d.type || std::find(known.begin(), known.end(), attribute) == known.end()) continue;
    bool fits = rule.type == type && count >= std::max(rule.least, int64_t(1)) && count <= rule.most;
    if (!fits) die("attribute %d with %ld values of type %d", attribute, count, type);
    bool wide = type == HANDLE || type == INT64 || type == VOID_PTR || type == DESCRIPTOR;
    size_t width = wide ? 8 : type == BOOLEAN ? 1 : 4;
    std::vector<int64_t>& to = d.values[attribute];
    to.assign((size_t)count, 0);
    for (int64_t k = 0; k < count; k++) {
      memcpy(&to[k], (const char*)values + k * width, width);
      if (type == DESCRIPTOR && !get<Descriptor>((void*)to[k])->finished) die("%d is not finalised", attribute);
    }
    return SUCCESS;
  }
  die("a descriptor of type %d has no attribute %d that can be set", d.type, attribute);
})

CALL(cudnnBackendFinalize, (void* handle), {
  Descriptor& d = *get<Descriptor>(handle);
  if (d.finished) die("the descriptor is finalised");
  int status = finish(d);
  d.finished = status == SUCCESS;
  return status;
})

CALL(cudnnBackendGetAttribute, (void* handle, int attribute, int type, int64_t wanted, int64_t* count, void* values), {
  Descriptor& d = *get<Descriptor>(handle);
  if (!d.finished) die("the descriptor is not finalised");
  // Fills a descriptor that the caller made.
  auto fill = [&](int expected, const std::vector<Engine>& all, int64_t graph) {
    *count = (int64_t)all.size();
    for (int64_t k = 0; k < wanted && k < *count; k++) {
      Descriptor& to = *get<Descriptor>(((void**)values)[k]);
      if (to.type != expected || to.finished) die("descriptor %ld cannot be filled", k);
      to.finished = true, to.engine = all[k], to.graph = graph;
    }
    return SUCCESS;
  };
  auto is = [&](int a, int b, int c) { return d.type == a && attribute == b && type == c; };
  if (is(HEURISTICS, 202, DESCRIPTOR)) return fill(CONFIGURATION, engines(d), d[201]);
  if (is(CONFIGURATION, 300, DESCRIPTOR) && wanted == 1) return fill(ENGINE, {d.engine}, 0);
  if (is(PLAN, 402, INT64) && wanted == 1) return *count = 1, *(int64_t*)values = (int64_t)d.engine.workspace, SUCCESS;
  if (!is(ENGINE, 1303, NUMERICAL_NOTE)) die("attribute %d of a descriptor of type %d", attribute, d.type);
  *count = (int64_t)d.engine.notes.size();
  for (int64_t k = 0; k < wanted && k < *count; k++) ((int*)values)[k] = d.engine.notes[k];
})

CALL(cudnnBackendExecute, (void* handle, void* planHandle, void* packHandle), {
  Descriptor &plan = finished((int64_t)planHandle, PLAN), &pack = finished((int64_t)packHandle, PACK);
  if (plan[400] != (int64_t)handle) die("the plan was made with another handle");
  std::map<int64_t, void*> given, used;
  for (size_t k = 0; k < pack.values[1000].size(); k++) given[pack.values[1000][k]] = (void*)pack.values[1001][k];
  auto address = [&](const Operand& o) {
    bool good = given.count(o.uid) && (uintptr_t)given[o.uid] % o.alignment == 0;
    if (!good) die("tensor %ld is missing, or not aligned", o.uid);
    return used[o.uid] = given[o.uid];
  };
  Execution e = executionOf(handle);
  std::vector<Step> all = steps(finished(plan.graph, GRAPH));
  for (const Step& s : all) {
    for (const Operand& o : s.in) {
      if (!o.isVirtual) e.input(o.tensor, address(o), s.convolves ? plan.engine.rounding : EXACT);
    }
  }
  e.output(all.back().out.tensor, address(all.back().out));
  if (used.size() != given.size()) die("%zu tensors are given where %zu are asked for", given.size(), used.size());
  e.workspace((void*)pack[1003], plan.engine.workspace, plan.engine.workspace);
  return e.submit([all](const Inputs& in) {
    Numbers v;
    size_t next = 0;
    for (const Step& s : all) {
      Inputs operands;
      for (const Operand& o : s.in) operands.push_back(o.isVirtual ? v : in[next++]);
      v = s.run(operands);
      for (double& each : v) each = s.out.isVirtual ? (double)(float)each : each;
    }
    return v;
  });
})
