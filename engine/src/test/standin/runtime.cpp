// libcudart.so.13: what the engine calls of it, and doors for tests behind numbers that the real
// library refuses: cudaDeviceGetAttribute 9000 counts the handles that live, 9001 to 9006 the calls
// so far: waits for a stream, waits for an event, copies between host and device, work given to
// streams, graphs among it, memory taken or freed. cudaDeviceSetLimit 9000 sets the sticky error,
// 9001 the device's memory, 9002 whether misuse is forgiven: the call is answered 9999 then, whose
// name is the message.
#include <ctime>

#include "standin.h"

using namespace standin;

namespace {

enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, OLD_DRIVER = 35, NO_DEVICE = 100,
       INVALID_DEVICE = 101 };
enum { TO_DEVICE = 1, TO_HOST = 2, ON_DEVICE = 3 };

struct Event : Object {
  timespec at{};
  std::weak_ptr<Stream> stream;  // where it was recorded last
};

struct Executable : Object {
  std::vector<Work> nodes;
  explicit Executable(Ref graph) : nodes(get<Graph>(graph)->nodes) {}
};

const long long deviceCount = setting("STANDIN_DEVICES", 1);

int refusal() {
  if (setting("STANDIN_DRIVER", 13000) < 13000) return OLD_DRIVER;
  return deviceCount < 1 ? (int)NO_DEVICE : state().error;
}

int allocated(Ref* p, size_t bytes, bool pinned) {
  refuseInCapture();
  state().calls[MEMORY]++;
  *p = bytes ? allocate(bytes, pinned) : nullptr;
  return bytes && !*p ? OUT_OF_MEMORY : OK;
}

int freed(Ref p, bool pinned) {
  refuseInCapture();
  state().calls[MEMORY]++;
  flushAll();
  if (!state().error && p) deallocate(p, pinned);
  return state().error;
}

int finished(Ref handle) {
  auto stream = get<Stream>(handle);
  refuseInCapture();
  if (stream->capture) die("the stream captures");
  flush(*stream);
  return state().error;
}

std::function<void()> replay(std::shared_ptr<Executable> executable) {
  return [executable] { perform(executable->nodes); };
}

}  // namespace

extern "C" const char* cudaGetErrorName(int code) {
  if (code == MISUSED) return state().misuse.c_str();
  return code == OUT_OF_MEMORY ? "cudaErrorMemoryAllocation" : "cudaErrorIllegalAddress";
}
extern "C" const char* cudaGetErrorString(int code) { return cudaGetErrorName(code); }
extern "C" int cudaGetLastError() { return std::max(std::exchange(lastStatus, OK), state().error); }

// --- Devices.
ALWAYS(cudaDriverGetVersion, (int* version), *version = (int)setting("STANDIN_DRIVER", 13000))
ALWAYS(cudaRuntimeGetVersion, (int* version), *version = (int)setting("STANDIN_RUNTIME", 13000))
CALL(cudaGetDeviceCount, (int* count), *count = (int)deviceCount)
CALL(cudaSetDevice, (int device), return device < 0 || device >= deviceCount ? INVALID_DEVICE : OK)

ALWAYS(cudaDeviceGetAttribute, (int* value, int attribute, int device), {
  if (attribute == 9000) return *value = (int)state().handles.size(), OK;
  int counted = attribute - 9001;
  if (counted >= 0 && counted < CALLS) return *value = state().calls[counted], OK;
  if (int refused = refusal()) return refused;
  if (device < 0 || device >= deviceCount) return INVALID_DEVICE;
  *value = attribute == 16 ? 2 : attribute == 75 ? 9 : 0;  // multiprocessors, compute capability
  return attribute == 16 || attribute == 75 || attribute == 76 ? OK : INVALID_VALUE;
})

ALWAYS(cudaDeviceSetLimit, (int limit, size_t value), {
  if (limit == 9000) state().error = (int)value;
  else if (limit == 9001) state().limit = value;
  else if (limit == 9002) state().forgiving = value != 0;
  else return INVALID_VALUE;
})

// --- Memory.
CALL(cudaMalloc, (Ref* p, size_t bytes), return allocated(p, bytes, false))
CALL(cudaHostAlloc, (Ref* p, size_t bytes, unsigned), return allocated(p, bytes, true))
CALL(cudaFree, (Ref p), return freed(p, false))
CALL(cudaFreeHost, (Ref p), return freed(p, true))
CALL(cudaMemGetInfo, (size_t* free, size_t* total),
     *total = state().limit, *free = *total - std::min(*total, state().used))

CALL(cudaMemsetAsync, (Ref p, int value, size_t bytes, Ref stream),
     submit(stream, {{p, bytes, "the target"}}, [=] { memset(p, value, bytes); }))

CALL(cudaMemcpyAsync, (Ref to, Data from, size_t bytes, int kind, Ref handle), {
  auto stream = get<Stream>(handle);
  if (kind < TO_DEVICE || kind > ON_DEVICE) die("kind %d", kind);
  if (!bytes) return OK;
  if (kind != ON_DEVICE) state().calls[TRANSFERS]++;
  Data host = kind == TO_DEVICE ? from : kind == TO_HOST ? to : nullptr;
  std::vector<Range> ranges;
  if (host) needHost(host, "the host's side");
  if (kind != TO_DEVICE) ranges.push_back({from, bytes, "the source"});
  if (kind != TO_HOST) ranges.push_back({to, bytes, "the target"});
  bool pageable = host && !inside(state().pinned, host, bytes);
  if (pageable && stream->capture) die("pageable memory %p inside a capture", host);
  std::string staged;  // at once, as the driver does
  if (pageable && kind == TO_DEVICE) staged.assign((const char*)from, bytes);
  submit(handle, ranges, [=] {
    bool lives = !host || pageable || inside(state().pinned, host, bytes);
    if (!lives) die("%p is no longer pinned", host);
    memmove(to, staged.empty() ? from : staged.data(), bytes);
  });
  if (pageable && kind == TO_HOST) flush(*stream);
})

// --- Streams and events.
CALL(cudaStreamCreateWithFlags, (Ref* stream, unsigned flags), {
  if (flags != 1) die("the stream is not non-blocking");
  *stream = make<Stream>();
})
CALL(cudaStreamSynchronize, (Ref stream), state().calls[STREAM_WAITS]++; return finished(stream))
CALL(cudaStreamDestroy, (Ref stream), {
  finished(stream), release<Stream>(stream);
  return state().error;
})

CALL(cudaEventCreate, (Ref* event), *event = make<Event>())
CALL(cudaEventDestroy, (Ref event), release<Event>(event))
CALL(cudaEventRecord, (Ref event, Ref stream), get<Event>(event)->stream = get<Stream>(stream),
     submit(stream, {}, [e = get<Event>(event)] { clock_gettime(CLOCK_MONOTONIC, &e->at); }))
CALL(cudaEventSynchronize, (Ref event), {
  refuseInCapture();
  state().calls[EVENT_WAITS]++;
  if (auto stream = get<Event>(event)->stream.lock()) flush(*stream);
  return state().error;
})
CALL(cudaEventElapsedTime, (float* milliseconds, Ref from, Ref to), {
  timespec a = get<Event>(from)->at, b = get<Event>(to)->at;
  if (!a.tv_sec || !b.tv_sec) die("an event that was not reached");
  auto nanoseconds = (b.tv_sec - a.tv_sec) * 1000000000L + b.tv_nsec - a.tv_nsec;
  *milliseconds = (float)((double)nanoseconds * 1e-6);
})

// --- Captures and graphs.
CALL(cudaStreamBeginCapture, (Ref handle, int mode), {
  auto stream = get<Stream>(handle);
  if (mode != 1) die("mode %d is not ThreadLocal", mode);
  if (stream->capture || thread().capturing) die("a capture is under way");
  stream->capture = std::make_shared<Graph>();
  stream->capture->handle = adopt(stream->capture);
  thread().capturing = stream.get();
})

CALL(cudaStreamEndCapture, (Ref handle, Ref* graph), {
  auto stream = get<Stream>(handle);
  bool captures = stream->capture && thread().capturing == stream.get();
  if (!captures) die("this thread does not capture the stream");
  thread().capturing = nullptr;
  *graph = std::exchange(stream->capture, nullptr)->handle;
})

CALL(cudaThreadExchangeStreamCaptureMode, (int* mode), std::swap(*mode, thread().captureMode))

CALL(cudaStreamGetCaptureInfo, (Ref stream, int* status, unsigned long long* id, Ref* graph,
                                Ref** before, Ref* edges, size_t* count), {
  auto capture = get<Stream>(stream)->capture;
  *status = capture ? 1 : 0;
  if (!capture) return OK;
  *id = 1, *graph = capture->handle, *edges = nullptr;
  *before = &capture->last, *count = capture->last ? 1 : 0;
})

CALL(cudaGraphAddChildGraphNode, (Ref* node, Ref handle, Ref* before, size_t n, Ref child), {
  auto graph = get<Graph>(handle);
  bool follows = n == (graph->last ? 1 : 0) && (!n || before[0] == graph->last);
  if (!follows || graph->loose) die("the node does not follow the graph's last one");
  graph->nodes.push_back({"child graph", {}, replay(std::make_shared<Executable>(child))});
  graph->loose = true;
  *node = (void*)graph->nodes.size();
})

CALL(cudaStreamUpdateCaptureDependencies, (Ref stream, Ref* nodes, Ref, size_t n, unsigned set), {
  auto graph = get<Stream>(stream)->capture;
  bool last = graph && n == 1 && set == 1 && nodes[0] == (Ref)graph->nodes.size();
  if (!last) die("not the last node, set alone");
  graph->last = nodes[0], graph->loose = false;
})

CALL(cudaGraphGetNodes, (Ref graph, Ref* nodes, size_t* count), {
  if (nodes) die("only the number of nodes can be had");
  *count = get<Graph>(graph)->nodes.size();
})
CALL(cudaGraphInstantiate, (Ref* out, Ref graph, unsigned long long),
     refuseInCapture(), *out = make<Executable>(graph))
CALL(cudaGraphLaunch, (Ref handle, Ref stream),
     refuseInCapture(), state().calls[GRAPHS]++,
     submit(stream, {}, replay(get<Executable>(handle))))
CALL(cudaGraphExecDestroy, (Ref handle), release<Executable>(handle))
CALL(cudaGraphDestroy, (Ref graph), release<Graph>(graph))
