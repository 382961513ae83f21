// libcudnn_graph.so.9: handles, versions, errors, and the backend interface: descriptors are
// recorded and checked; graphs of one convolution and pointwise operations after it are executed.
// Engines differ in what they round and note; the first cannot be used.
#include "cudnn.h"

using namespace standin;

namespace {

enum { POINTWISE, CONVOLUTION, ENGINE, CONFIGURATION, HEURISTICS, PLAN, FORWARD_OP = 10, FILTER_OP,
       DATA_OP, POINTWISE_OP, GRAPH = 15, PACK, TENSOR };  // descriptors
enum { HANDLE, DATA_TYPE, BOOLEAN, INT64, FLOAT, VOID_PTR = 6, CONVOLUTION_MODE, HEURISTIC_MODE,
       NUMERICAL_NOTE = 11, POINTWISE_MODE = 14, DESCRIPTOR };  // types of attributes
enum { ADD = 0, RELU = 100, RELU_GRADIENT = 200 };              // pointwise modes
enum { TENSOR_CORE = 0, NONDETERMINISTIC = 4, MODE_A = 3 };     // numerical notes, heuristics

// The attributes that can be set, and how many values they have (0: any number); all are needed but
// flags and those of pointwise operations.
const struct Rule {
  int descriptor, type;
  int64_t count;
  std::vector<int> attributes;
} RULES[] = {{TENSOR, INT64, 1, {900, 906}}, {TENSOR, INT64, 4, {902, 903}},
             {TENSOR, DATA_TYPE, 1, {901}}, {TENSOR, BOOLEAN, 1, {907}},
             {CONVOLUTION, DATA_TYPE, 1, {100}}, {CONVOLUTION, CONVOLUTION_MODE, 1, {101}},
             {CONVOLUTION, INT64, 1, {106}}, {CONVOLUTION, INT64, 2, {102, 103, 104, 105}},
             {FORWARD_OP, FLOAT, 1, {700, 701}}, {FORWARD_OP, DESCRIPTOR, 1, {702, 703, 704, 705}},
             {DATA_OP, FLOAT, 1, {706, 707}}, {DATA_OP, DESCRIPTOR, 1, {708, 709, 710, 711}},
             {FILTER_OP, FLOAT, 1, {712, 713}}, {FILTER_OP, DESCRIPTOR, 1, {714, 715, 716, 717}},
             {POINTWISE, POINTWISE_MODE, 1, {0}}, {POINTWISE, DATA_TYPE, 1, {1}},
             {POINTWISE_OP, DESCRIPTOR, 1, {750, 751, 752, 753, 756, 757}},
             {GRAPH, HANDLE, 1, {800}}, {GRAPH, DESCRIPTOR, 0, {801}},
             {HEURISTICS, DESCRIPTOR, 1, {201}}, {HEURISTICS, HEURISTIC_MODE, 1, {200}},
             {PLAN, HANDLE, 1, {400}}, {PLAN, DESCRIPTOR, 1, {401}}, {PACK, INT64, 0, {1000}},
             {PACK, VOID_PTR, 0, {1001}}, {PACK, VOID_PTR, 1, {1003}}};

struct Engine {
  bool works = false;
  int rounding = EXACT;
  size_t workspace = 0;
  std::vector<int> notes;
};

struct Descriptor : Object {
  int type;
  bool finished = false;
  std::map<int, std::vector<int64_t>> values;  // every value widened to 8 bytes
  Engine engine;                               // of ENGINE, CONFIGURATION, PLAN
  int64_t graph = 0;                           // of CONFIGURATION, PLAN

  explicit Descriptor(int type) : type(type) {}
  const std::vector<int64_t>& all(int attribute) const {
    if (!values.count(attribute)) die("a descriptor of type %d lacks %d", type, attribute);
    return values.at(attribute);
  }
  int64_t operator[](int attribute) const { return all(attribute)[0]; }
};

const Descriptor& finished(int64_t handle, int type) {
  const Descriptor& d = *get<Descriptor>((Data)handle);
  if (d.type != type || !d.finished) die("type %d where a finalised %d is needed", d.type, type);
  return d;
}

bool channelsLast(const Tensor& t) { return t == t.packed(true); }

struct Operand : Tensor {
  int64_t uid, alignment;
  bool isVirtual;

  Operand() = default;
  explicit Operand(const Descriptor& d) : uid(d[906]), alignment(d[900]) {
    isVirtual = d.values.count(907) && d[907];
    type = (int)d[901];
    std::copy_n(d.all(902).begin(), 4, dims.begin());
    std::copy_n(d.all(903).begin(), 4, strides.begin());
  }
};

// An operation of a graph: a product or, of a pointwise mode, what follows it.
struct Step {
  int mode = -1;  // a product's
  Product product;
  std::vector<Operand> in;
  Operand out;

  explicit Step(const Descriptor& d) {
    auto tensor = [&](int attribute) { return Operand(finished(d[attribute], TENSOR)); };
    if (d.type == POINTWISE_OP) {
      mode = (int)finished(d[750], POINTWISE)[0];
      if (mode != ADD && mode != RELU && mode != RELU_GRADIENT) die("pointwise mode %d", mode);
      in = {tensor(751)};
      if (mode != RELU) in.push_back(tensor(mode == ADD ? 752 : 757));
      out = tensor(mode == RELU_GRADIENT ? 756 : 753);
      Dims to = out.dims, last = in.back().dims;
      bool bias = mode == ADD && last == Dims{1, to[1], 1, 1};
      if (in[0].dims != to || (last != to && !bias)) die("a pointwise operation's dimensions");
      return;
    }
    // From `first` on the attributes are alpha, beta, the geometry, w, x, y.
    int first = d.type == FORWARD_OP ? 700 : d.type == DATA_OP ? 706 : 712;
    if (d[first] != 0x3f800000 || d[first + 1] != 0) die("alpha is not 1.0f or beta not 0");
    const Descriptor& c = finished(d[first + 2], CONVOLUTION);
    Operand w = tensor(first + 3), x = tensor(first + 4), y = tensor(first + 5);
    Geometry g;
    std::copy_n(c.all(102).begin(), 2, g.dilation), std::copy_n(c.all(103).begin(), 2, g.stride);
    std::copy_n(c.all(104).begin(), 2, g.after), std::copy_n(c.all(105).begin(), 2, g.pad);
    g.groups = x.dims[1] / w.dims[1];
    product = {Direction((first - 700) / 6), g, x, w, y};
    product.check();
    Direction way = product.direction;
    in = {way == BACKWARD_DATA ? w : x, way == FORWARD ? w : y};
    out = way == FORWARD ? y : way == BACKWARD_DATA ? x : w;
  }

  // A ReLU takes NaN for 0, which cuDNN does not exclude.
  Numbers run(std::map<int64_t, Numbers>& numbers) const {
    const Numbers &first = numbers[in[0].uid], &last = numbers[in.back().uid];
    if (mode < 0) return product(first, last);
    Numbers v = mode == RELU_GRADIENT ? last : first;
    bool same = in.back().dims == out.dims;
    if (mode == ADD) addBias(v, last, same ? 1 : out.dims[2] * out.dims[3]);
    if (mode == RELU) relu(v, false);
    for (size_t k = 0; mode == RELU_GRADIENT && k < v.size(); k++) v[k] = first[k] > 0 ? v[k] : 0;
    return v;
  }
};

std::vector<Step> steps(const Descriptor& graph) {
  std::vector<Step> all;
  for (int64_t handle : graph.all(801)) all.emplace_back(*get<Descriptor>((Data)handle));
  return all;
}

int finishTensor(const Operand& t) {
  if (*std::min_element(t.dims.begin(), t.dims.end()) < 1) return BAD_PARAM;
  bool power = t.alignment > 0 && (t.alignment & (t.alignment - 1)) == 0;
  if (!power || t.alignment < (long)bytesOf(t.type)) die("alignment %ld", t.alignment);
  return t == t.packed() || channelsLast(t) ? SUCCESS : NOT_SUPPORTED_LAYOUT;
}

// One convolution; what follows works on the result before it; all between them is virtual.
int finishGraph(const std::vector<Step>& all) {
  int64_t before = -1;  // uid of the result
  for (const Step& s : all) {
    bool first = &s == &all.front(), last = &s == &all.back(), follows = false;
    for (const Operand& o : s.in) {
      if (o.isVirtual && o.uid != before) die("a virtual tensor is not the result before it");
      if (o.uid == s.out.uid) die("two tensors have the uid %ld", o.uid);
      follows = follows || o.isVirtual;
    }
    bool fits = first == (s.mode < 0) && first != follows && s.out.isVirtual != last;
    if (!fits || (s.out.isVirtual && s.out.type != F32)) return NOT_SUPPORTED_PATTERN;
    before = s.out.uid;
  }
  return SUCCESS;
}

std::vector<Engine> engines(const Descriptor& heuristics) {
  std::vector<Step> all = steps(finished(heuristics[201], GRAPH));
  const Product& p = all[0].product;
  bool fused = all.size() > 1, last = channelsLast(p.x) && channelsLast(p.y);
  bool half = p.a().type == BF16, plain = !half && (!fused || p.direction == FORWARD);
  if (p.a().type != p.b().type || (fused && (!last || p.geometry.groups > 1))) return {};
  std::vector<Engine> found;
  if (heuristics[200] == MODE_A) {
    if (plain) found.push_back({});
    found.push_back({false, EXACT, 0, {TENSOR_CORE}});
    found.push_back({true, EXACT, 0, {NONDETERMINISTIC}});
    found.push_back({true, half ? EXACT : TO_TF32, 2048, {TENSOR_CORE}});
  }
  if (plain) found.push_back({true, EXACT, 0, {}});
  return found;
}

int finish(Descriptor& d) {
  for (const Rule& rule : RULES) {
    bool optional = rule.descriptor == POINTWISE_OP || rule.type == BOOLEAN;
    for (int each : rule.attributes) {
      if (rule.descriptor == d.type && !optional) d.all(each);
    }
  }
  switch (d.type) {
    case TENSOR: return finishTensor(Operand(d));
    case CONVOLUTION: return d[100] == F32 && d[101] == 1 && d[106] == 2 ? SUCCESS : NOT_SUPPORTED;
    case FORWARD_OP: case DATA_OP: case FILTER_OP: case POINTWISE_OP: return Step(d), SUCCESS;
    case POINTWISE: return d[1] == F32 ? SUCCESS : NOT_SUPPORTED;
    case GRAPH: return get<Dnn>((Data)d[800]), finishGraph(steps(d));
    case HEURISTICS: return engines(d).empty() && d[200] != MODE_A ? NOT_SUPPORTED : SUCCESS;
    case PACK: return d.all(1000).size() == d.all(1001).size() ? SUCCESS : BAD_PARAM;
    case PLAN: break;
    default: die("a descriptor of type %d is filled by cuDNN", d.type);
  }
  const Descriptor& chosen = finished(d[401], CONFIGURATION);
  get<Dnn>((Data)d[400]), d.engine = chosen.engine, d.graph = chosen.graph;
  return d.engine.works ? SUCCESS : NOT_SUPPORTED;
}

Descriptor& open(Data handle) {
  Descriptor& d = *get<Descriptor>(handle);
  if (d.finished) die("the descriptor is finalised");
  return d;
}

}  // namespace

extern "C" size_t cudnnGetVersion() { return (size_t)setting("STANDIN_CUDNN", 91900); }
extern "C" const char* cudnnGetErrorString(int status) {
  return nameOf(status, {{EXECUTION_FAILED, "CUDNN_STATUS_EXECUTION_FAILED"}});
}
extern "C" void cudnnGetLastErrorString(char* text, size_t bytes) {
  snprintf(text, bytes, "%s", state().error ? "a kernel failed" : "");
}

CALL(cudnnCreate, (Ref* handle), refuseInCapture(), *handle = make<Dnn>())
ALWAYS(cudnnDestroy, (Ref handle), release<Dnn>(handle))
CALL(cudnnSetStream, (Ref handle, Ref s), get<Stream>(s), get<Dnn>(handle)->stream = s)

CALL(cudnnBackendCreateDescriptor, (int type, Ref* d), *d = make<Descriptor>(type))
ALWAYS(cudnnBackendDestroyDescriptor, (Ref handle), release<Descriptor>(handle))

CALL(cudnnBackendSetAttribute, (Ref handle, int attribute, int type, int64_t count, Data values), {
  Descriptor& d = open(handle);
  const Rule* rule = std::find_if(RULES, std::end(RULES), [&](const Rule& r) {
    const auto& known = r.attributes;
    return r.descriptor == d.type && std::count(known.begin(), known.end(), attribute);
  });
  if (rule == std::end(RULES)) die("type %d has no attribute %d to be set", d.type, attribute);
  bool fits = rule->type == type && (rule->count ? count == rule->count : count > 0);
  if (!fits) die("attribute %d with %ld values of type %d", attribute, count, type);
  bool wide = type == HANDLE || type == INT64 || type == VOID_PTR || type == DESCRIPTOR;
  size_t width = wide ? 8 : type == BOOLEAN ? 1 : 4;
  std::vector<int64_t>& to = d.values[attribute];
  to.assign((size_t)count, 0);
  for (size_t k = 0; k < to.size(); k++) {
    memcpy(&to[k], (const char*)values + k * width, width);
    bool ready = type != DESCRIPTOR || get<Descriptor>((Data)to[k])->finished;
    if (!ready) die("%d is not finalised", attribute);
  }
})

CALL(cudnnBackendFinalize, (Ref handle), {
  Descriptor& d = open(handle);
  int status = finish(d);
  d.finished = status == SUCCESS;
  return status;
})

CALL(cudnnBackendGetAttribute, (Ref handle, int attribute, int type, int64_t wanted, int64_t* count,
                                Ref values), {
  Descriptor& d = *get<Descriptor>(handle);
  if (!d.finished) die("the descriptor is not finalised");
  auto is = [&](int a, int b, int c) { return d.type == a && attribute == b && type == c; };
  std::vector<Engine> all{d.engine};
  bool list = is(HEURISTICS, 202, DESCRIPTOR);
  if (list) all = engines(d);
  if (list || is(CONFIGURATION, 300, DESCRIPTOR)) {  // fills descriptors that the caller made
    *count = (int64_t)all.size();
    for (int64_t k = 0; k < wanted && k < *count; k++) {
      Descriptor& to = open(((Ref*)values)[k]);
      if (to.type != (list ? CONFIGURATION : ENGINE)) die("descriptor %ld cannot be filled", k);
      to.finished = true, to.engine = all[k], to.graph = list ? d[201] : 0;
    }
  } else if (is(PLAN, 402, INT64)) {
    *count = 1, *(size_t*)values = d.engine.workspace;
  } else {
    if (!is(ENGINE, 1303, NUMERICAL_NOTE)) die("attribute %d of type %d", attribute, d.type);
    *count = (int64_t)d.engine.notes.size();
    for (int64_t k = 0; k < wanted && k < *count; k++) ((int*)values)[k] = d.engine.notes[k];
  }
})

CALL(cudnnBackendExecute, (int64_t handle, int64_t planned, int64_t packed), {
  const Descriptor &plan = finished(planned, PLAN), &pack = finished(packed, PACK);
  if (plan[400] != handle) die("the plan was made with another handle");
  std::vector<Step> all = steps(finished(plan.graph, GRAPH));
  Execution e = executionOf((Ref)handle);
  std::map<int64_t, int64_t> given;
  std::vector<int64_t> uids;  // of the inputs
  for (size_t k = 0; k < pack.all(1000).size(); k++) given[pack.all(1000)[k]] = pack.all(1001)[k];
  auto address = [&](const Operand& o) {
    bool good = given.count(o.uid) && given[o.uid] % o.alignment == 0;
    if (!good) die("tensor %ld is missing, or not aligned", o.uid);
    return (Ref)given[o.uid];
  };
  for (const Step& s : all) {
    for (const Operand& o : s.in) {
      if (o.isVirtual) continue;
      e.input(o, address(o), s.mode < 0 ? plan.engine.rounding : EXACT);
      uids.push_back(o.uid);
    }
  }
  e.output(all.back().out, address(all.back().out));
  e.workspace((Ref)pack[1003], plan.engine.workspace, plan.engine.workspace);
  return e.submit([all, uids](const Inputs& in) {
    std::map<int64_t, Numbers> numbers;
    for (size_t k = 0; k < in.size(); k++) numbers[uids[k]] = in[k];
    for (const Step& s : all) {
      Numbers& v = numbers[s.out.uid] = s.run(numbers);
      for (double& each : v) each = s.out.isVirtual ? (double)(float)each : each;
    }
    return numbers[all.back().out.uid];
  });
})
