// libcudart.so.13: what the engine calls of it, and doors for tests behind numbers that the real library refuses:
// cudaDeviceGetAttribute 9000 counts the handles that live, and 9001 to 9006 calls so far: waits for a stream, waits for
// an event, copies between host and device, work given to streams, graphs among it, memory taken or freed.
// cudaDeviceSetLimit 9000 sets the sticky error, 9001 the device's memory, 9002 whether misuse is forgiven: the call is
// answered 9999 then, whose name is the message.
#include <ctime>

#include "standin.h"

using namespace standin;

namespace {

enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, OLD_DRIVER = 35, NO_DEVICE = 100, INVALID_DEVICE = 101 };
enum { TO_DEVICE = 1, TO_HOST = 2, ON_DEVICE = 3 };

struct Event : Object {
  timespec at{};
  std::weak_ptr<Stream> stream;  // where it was recorded last
};

struct Executable : Object {
  std::vector<Work> nodes;
  explicit Executable(void* graph) : nodes(get<Graph>(graph)->nodes) {}
};

const long long deviceCount = setting("STANDIN_DEVICES", 1);

int refusal() {
  if (setting("STANDIN_DRIVER", 13000) < 13000) return OLD_DRIVER;
  return deviceCount < 1 ? (int)NO_DEVICE : state().error;
}

int allocated(void** p, size_t bytes, bool pinned) {
  refuseInCapture();
  state().calls[MEMORY]++;
  *p = bytes ? allocate(bytes, pinned) : nullptr;
  return bytes && !*p ? OUT_OF_MEMORY : OK;
}

int freed(void* p, bool pinned) {
  refuseInCapture();
  state().calls[MEMORY]++;
  flushAll();
  if (!state().error && p) deallocate(p, pinned);
  return state().error;
}

int finished(void* handle) {
  auto stream = get<Stream>(handle);
  refuseInCapture();
  if (stream->capture) die("the stream captures");
  flush(*stream);
  return state().error;
}

std::function<void()> replay(std::shared_ptr<Executable> executable) {
  return [executable] {
    for (Work& work : executable->nodes) perform(work);
  };
}

}  // namespace

extern "C" const char* cudaGetErrorName(int code) {
  if (code == MISUSED) return state().misuse.c_str();
  return nameOf(code, {{OUT_OF_MEMORY, "cudaErrorMemoryAllocation"}, {700, "cudaErrorIllegalAddress"}});
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
  if (attribute > 9000 && attribute <= 9000 + CALLS) return *value = state().calls[attribute - 9001], OK;
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
CALL(cudaMalloc, (void** p, size_t bytes), return allocated(p, bytes, false))
CALL(cudaHostAlloc, (void** p, size_t bytes, unsigned), return allocated(p, bytes, true))
CALL(cudaFree, (void* p), return freed(p, false))
CALL(cudaFreeHost, (void* p), return freed(p, true))
CALL(cudaMemGetInfo, (size_t* free, size_t* total),
     *total = state().limit, *free = *total - std::min(*total, state().used))

CALL(cudaMemsetAsync, (void* p, int value, size_t bytes, void* stream),
     submit(stream, {{p, bytes, "the target"}}, [=] { memset(p, value, bytes); }))

CALL(cudaMemcpyAsync, (void* to, const void* from, size_t bytes, int kind, void* handle), {
  auto stream = get<Stream>(handle);
  if (kind < TO_DEVICE || kind > ON_DEVICE) die("kind %d", kind);
  if (!bytes) return OK;
  if (kind != ON_DEVICE) state().calls[TRANSFERS]++;
  const void* host = kind == TO_DEVICE ? from : kind == TO_HOST ? to : nullptr;
  if (kind != ON_DEVICE) needHost(host, "the host's side");
  std::vector<Range> ranges;
  if (kind != TO_DEVICE) ranges.push_back({from, bytes, "the source"});
  if (kind != TO_HOST) ranges.push_back({to, bytes, "the target"});
  bool pageable = host && !inside(state().pinned, host, bytes);
  if (pageable && stream->capture) die("pageable memory %p inside a capture", host);
  std::vector<char> staged;  // at once, as the driver does
  if (pageable && kind == TO_DEVICE) staged.assign((const char*)from, (const char*)from + bytes);
  submit(handle, ranges, [=] {
    if (host && !pageable && !inside(state().pinned, host, bytes)) die("%p is no longer pinned", host);
    memmove(to, staged.empty() ? from : staged.data(), bytes);
  });
  if (pageable && kind == TO_HOST) flush(*stream);
})

// --- Streams and events.
CALL(cudaStreamCreateWithFlags, (void** stream, unsigned flags), {
  if (flags != 1) die("the stream is not non-blocking");
  *stream = adopt(std::make_shared<Stream>());
})
CALL(cudaStreamSynchronize, (void* stream), state().calls[STREAM_WAITS]++; return finished(stream))
CALL(cudaStreamDestroy, (void* stream), finished(stream), release<Stream>(stream); return state().error)

CALL(cudaEventCreate, (void** event), *event = adopt(std::make_shared<Event>()))
CALL(cudaEventDestroy, (void* event), release<Event>(event))
CALL(cudaEventRecord, (void* handle, void* stream), get<Event>(handle)->stream = get<Stream>(stream),
     submit(stream, {}, [event = get<Event>(handle)] { clock_gettime(CLOCK_MONOTONIC, &event->at); }))
CALL(cudaEventSynchronize, (void* handle), {
  refuseInCapture();
  state().calls[EVENT_WAITS]++;
  if (auto stream = get<Event>(handle)->stream.lock()) flush(*stream);
  return state().error;
})
CALL(cudaEventElapsedTime, (float* milliseconds, void* from, void* to), {
  timespec a = get<Event>(from)->at, b = get<Event>(to)->at;
  if (!a.tv_sec || !b.tv_sec) die("an event that was not reached");
  *milliseconds = (float)((double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) * 1e-6);
})

// --- Captures and graphs.
CALL(cudaStreamBeginCapture, (void* handle, int mode), {
  auto stream = get<Stream>(handle);
  if (mode != 1) die("mode %d is not ThreadLocal", mode);
  if (stream->capture || thread().capturing) die("a capture is under way");
  stream->capture = std::make_shared<Graph>();
  stream->capture->handle = adopt(stream->capture);
  thread().capturing = stream.get();
})

CALL(cudaStreamEndCapture, (void* handle, void** graph), {
  auto stream = get<Stream>(handle);
  if (!stream->capture || thread().capturing != stream.get()) die("this thread does not capture the stream");
  thread().capturing = nullptr;
  *graph = std::exchange(stream->capture, nullptr)->handle;
})

CALL(cudaThreadExchangeStreamCaptureMode, (int* mode), std::swap(*mode, thread().captureMode))

CALL(cudaStreamGetCaptureInfo, (void* stream, int* status, unsigned long long* id, void** graph, void*** before,
                                void** edges, size_t* count), {
  auto capture = get<Stream>(stream)->capture;
  *status = capture ? 1 : 0;
  if (!capture) return OK;
  *id = 1, *graph = capture->handle, *edges = nullptr;
  *before = &capture->last, *count = capture->last ? 1 : 0;
})

CALL(cudaGraphAddChildGraphNode, (void** node, void* handle, void** before, size_t count, void* child), {
  auto graph = get<Graph>(handle);
  bool follows = count == (graph->last ? 1 : 0) && (!count || before[0] == graph->last);
  if (!follows || graph->loose) die("the node does not follow the graph's last one");
  graph->nodes.push_back({"child graph", {}, replay(std::make_shared<Executable>(child))});
  graph->loose = true;
  *node = (void*)graph->nodes.size();
})

CALL(cudaStreamUpdateCaptureDependencies, (void* stream, void** nodes, void*, size_t count, unsigned flags), {
  auto graph = get<Stream>(stream)->capture;
  if (!graph || count != 1 || flags != 1 || nodes[0] != (void*)graph->nodes.size()) die("not the last node, set alone");
  graph->last = nodes[0], graph->loose = false;
})

CALL(cudaGraphInstantiate, (void** out, void* graph, unsigned long long),
     refuseInCapture(), *out = adopt(std::make_shared<Executable>(graph)))
CALL(cudaGraphLaunch, (void* handle, void* stream),
     refuseInCapture(), state().calls[GRAPHS]++, submit(stream, {}, replay(get<Executable>(handle))))
CALL(cudaGraphExecDestroy, (void* handle), release<Executable>(handle))
CALL(cudaGraphDestroy, (void* graph), release<Graph>(graph))
