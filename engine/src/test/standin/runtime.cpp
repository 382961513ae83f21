// libcudart.so.13: what the engine calls of it, and two doors for tests behind numbers that the real library
// refuses: cudaDeviceGetAttribute 9000.. counts what lives, cudaDeviceSetLimit 9000.. sets faults.
#include <cstring>
#include <ctime>

#include "standin.h"

using namespace standin;

#define RESULT extern "C" int
#define ENTER                \
  std::lock_guard g(lock()); \
  if (int error = unavailable()) return fail(error)

namespace {

enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, OLD_DRIVER = 35, NO_DEVICE = 100, INVALID_DEVICE = 101 };
enum { HOST_TO_DEVICE = 1, DEVICE_TO_HOST = 2, DEVICE_TO_DEVICE = 3 };

const struct {
  int code;
  const char *name, *text;
} ERRORS[] = {{OK, "cudaSuccess", "no error"},
              {INVALID_VALUE, "cudaErrorInvalidValue", "invalid argument"},
              {OUT_OF_MEMORY, "cudaErrorMemoryAllocation", "out of memory"},
              {OLD_DRIVER, "cudaErrorInsufficientDriver", "CUDA driver version is insufficient for CUDA runtime version"},
              {NO_DEVICE, "cudaErrorNoDevice", "no CUDA-capable device is detected"},
              {INVALID_DEVICE, "cudaErrorInvalidDevice", "invalid device ordinal"},
              {700, "cudaErrorIllegalAddress", "an illegal memory access was encountered"},
              {719, "cudaErrorLaunchFailure", "unspecified launch failure"}};

struct Executable : Object {
  static constexpr const char* KIND = "executable graph";
  std::shared_ptr<std::vector<Work>> nodes;
};

struct Event : Object {
  static constexpr const char* KIND = "event";
  timespec at{};
};

thread_local int lastError = OK;
long long deviceCount = setting("STANDIN_DEVICES", 1);

int fail(int error) { return error ? lastError = error : OK; }

int unavailable() {
  if (setting("STANDIN_DRIVER", 13000) < 13000) return OLD_DRIVER;
  return deviceCount < 1 ? (int)NO_DEVICE : broken();
}

std::shared_ptr<std::vector<Work>> copyOf(void* graph, const char* caller) {
  return std::make_shared<std::vector<Work>>(get<Graph>(graph, caller)->nodes);
}

std::function<void()> replay(std::shared_ptr<std::vector<Work>> nodes) {
  return [nodes] {
    for (Work& work : *nodes) perform(work);
  };
}

int copy(void* to, const void* from, size_t bytes, int kind, void* handle, const char* name) {
  auto stream = get<Stream>(handle, name);
  if (kind < HOST_TO_DEVICE || kind > DEVICE_TO_DEVICE) die("%s: kind %d", name, kind);
  if (!bytes) return OK;
  std::vector<Range> ranges;
  if (kind == HOST_TO_DEVICE) needHost(from, "the source", name);
  else ranges.push_back({from, bytes, "the source"});
  if (kind == DEVICE_TO_HOST) needHost(to, "the target", name);
  else ranges.push_back({to, bytes, "the target"});
  const void* host = kind == HOST_TO_DEVICE ? from : kind == DEVICE_TO_HOST ? to : nullptr;
  bool pageable = host && !isPinned(host, bytes);
  if (pageable && stream->capture) die("%s from or to pageable memory %p inside a capture", name, host);
  if (pageable && kind == HOST_TO_DEVICE) {  // staged at once, as the driver does
    auto staged = std::make_shared<std::vector<char>>((const char*)from, (const char*)from + bytes);
    submit(handle, name, ranges, [=] { memcpy(to, staged->data(), bytes); });
    return OK;
  }
  submit(handle, name, ranges, [=] {
    if (host && !pageable && !isPinned(host, bytes)) die("%s: %p is no longer pinned", name, host);
    memmove(to, from, bytes);
  });
  if (pageable) flush(*stream);
  return OK;
}

int freeMemory(void* p, bool pinned, const char* caller) {
  refuseInCapture(caller);
  flushAll();
  if (!broken() && p) deallocate(p, pinned, caller);
  return broken();
}

int count(int attribute) {
  switch (attribute) {
    case 9000: return (int)living(nullptr);
    case 9001: return (int)living(Stream::KIND);
    case 9002: return (int)(living(Graph::KIND) + living(Executable::KIND));
    case 9003: return (int)living(Module::KIND);
    case 9004: return (int)allocations(false);
    case 9005: return (int)allocations(true);
    default: return -1;
  }
}

}  // namespace

extern "C" const char* cudaGetErrorName(int code) {
  for (auto& e : ERRORS) {
    if (e.code == code) return e.name;
  }
  return "unrecognized error code";
}

extern "C" const char* cudaGetErrorString(int code) {
  for (auto& e : ERRORS) {
    if (e.code == code) return e.text;
  }
  return "unrecognized error code";
}

RESULT cudaGetLastError() {
  int error = broken() ? broken() : lastError;
  lastError = OK;
  return error;
}

RESULT cudaDriverGetVersion(int* version) { return *version = (int)setting("STANDIN_DRIVER", 13000), OK; }

RESULT cudaRuntimeGetVersion(int* version) { return *version = (int)setting("STANDIN_RUNTIME", 13000), OK; }

// --- Devices.
RESULT cudaGetDeviceCount(int* devices) {
  *devices = 0;
  ENTER;
  *devices = (int)deviceCount;
  return OK;
}

RESULT cudaSetDevice(int device) {
  ENTER;
  return fail(device < 0 || device >= deviceCount ? (int)INVALID_DEVICE : OK);
}

RESULT cudaDeviceGetAttribute(int* value, int attribute, int device) {
  std::lock_guard g(lock());
  if (attribute >= 9000) return (*value = count(attribute)) < 0 ? INVALID_VALUE : OK;
  if (int error = unavailable()) return fail(error);
  if (device < 0 || device >= deviceCount) return fail(INVALID_DEVICE);
  switch (attribute) {
    case 16: *value = 2; return OK;  // multiprocessors
    case 75: *value = 9; return OK;  // compute capability
    case 76: *value = 0; return OK;
    default: return fail(INVALID_VALUE);
  }
}

// 9000 sets or clears the sticky error; 9001 sets the memory limit; 9002 the number of devices.
RESULT cudaDeviceSetLimit(int limit, size_t value) {
  std::lock_guard g(lock());
  if (limit == 9000) setBroken((int)value);
  else if (limit == 9001) setMemoryLimit(value);
  else if (limit == 9002) deviceCount = (long long)value;
  else return fail(INVALID_VALUE);
  return OK;
}

// --- Memory.
RESULT cudaMemGetInfo(size_t* free, size_t* total) {
  ENTER;
  *total = memoryLimit();
  *free = memoryUsed() > *total ? 0 : *total - memoryUsed();
  return OK;
}

RESULT cudaMalloc(void** p, size_t bytes) {
  ENTER;
  refuseInCapture(__func__);
  *p = bytes ? allocate(bytes, false) : nullptr;
  return fail(bytes && !*p ? (int)OUT_OF_MEMORY : OK);
}

RESULT cudaHostAlloc(void** p, size_t bytes, unsigned flags) {
  ENTER;
  refuseInCapture(__func__);
  if (flags > 7) return fail(INVALID_VALUE);
  *p = bytes ? allocate(bytes, true) : nullptr;
  return fail(bytes && !*p ? (int)OUT_OF_MEMORY : OK);
}

RESULT cudaFree(void* p) {
  ENTER;
  return fail(freeMemory(p, false, __func__));
}

RESULT cudaFreeHost(void* p) {
  ENTER;
  return fail(freeMemory(p, true, __func__));
}

RESULT cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void* stream) {
  ENTER;
  return fail(copy(to, from, bytes, kind, stream, __func__));
}

RESULT cudaMemsetAsync(void* p, int value, size_t bytes, void* stream) {
  ENTER;
  submit(stream, __func__, {{p, bytes, "the target"}}, [=] { memset(p, value, bytes); });
  return OK;
}

// --- Streams.
RESULT cudaStreamCreateWithFlags(void** stream, unsigned flags) {
  ENTER;
  if (flags != 1) die("%s: the stream is not non-blocking", __func__);
  *stream = make<Stream>();
  return OK;
}

RESULT cudaStreamDestroy(void* handle) {
  ENTER;
  auto stream = get<Stream>(handle, __func__);
  if (stream->capture) die("%s of a stream that captures", __func__);
  flush(*stream);
  release(Stream::KIND, handle, __func__);
  return fail(broken());
}

RESULT cudaStreamSynchronize(void* handle) {
  ENTER;
  auto stream = get<Stream>(handle, __func__);
  refuseInCapture(__func__);
  if (stream->capture) die("%s of a stream that captures", __func__);
  flush(*stream);
  return fail(broken());
}

// --- Captures and graphs.
RESULT cudaStreamBeginCapture(void* stream, int mode) {
  ENTER;
  if (mode != 1) die("%s: mode %d is not ThreadLocal", __func__, mode);
  beginCapture(stream);
  return OK;
}

RESULT cudaStreamEndCapture(void* stream, void** graph) {
  ENTER;
  *graph = endCapture(stream)->handle;
  return OK;
}

RESULT cudaThreadExchangeStreamCaptureMode(int* mode) {
  ENTER;
  *mode = exchangeCaptureMode(*mode);
  return OK;
}

RESULT cudaStreamGetCaptureInfo(void* stream, int* status, unsigned long long* id, void** graph, void*** before,
                                void** edges, size_t* count) {
  ENTER;
  auto capture = get<Stream>(stream, __func__)->capture;
  *status = capture ? 1 : 0;
  if (!capture) return OK;
  *id = 1;
  *graph = capture->handle;
  *before = &capture->last;
  *edges = nullptr;
  *count = capture->last ? 1 : 0;
  return OK;
}

RESULT cudaGraphAddChildGraphNode(void** node, void* handle, void** before, size_t count, void* child) {
  ENTER;
  auto graph = get<Graph>(handle, __func__);
  if (count != (graph->last ? 1 : 0) || (count && before[0] != graph->last) || graph->loose) {
    die("%s: the node does not follow the graph's last one", __func__);
  }
  graph->nodes.push_back({"child graph", {}, replay(copyOf(child, __func__))});
  *node = (void*)graph->nodes.size();
  graph->loose = true;
  return OK;
}

RESULT cudaStreamUpdateCaptureDependencies(void* stream, void** nodes, void*, size_t count, unsigned flags) {
  ENTER;
  auto graph = get<Stream>(stream, __func__)->capture;
  if (!graph || count != 1 || flags != 1 || nodes[0] != (void*)graph->nodes.size()) {
    die("%s: not the last node, set alone", __func__);
  }
  graph->last = nodes[0];
  graph->loose = false;
  return OK;
}

RESULT cudaGraphInstantiate(void** executable, void* graph, unsigned long long) {
  ENTER;
  refuseInCapture(__func__);
  auto made = std::make_shared<Executable>();
  made->nodes = copyOf(graph, __func__);
  *executable = adopt(Executable::KIND, made);
  return OK;
}

RESULT cudaGraphLaunch(void* executable, void* stream) {
  ENTER;
  refuseInCapture(__func__);
  submit(stream, __func__, {}, replay(get<Executable>(executable, __func__)->nodes));
  return OK;
}

RESULT cudaGraphExecDestroy(void* executable) {
  ENTER;
  release(Executable::KIND, executable, __func__);
  return OK;
}

RESULT cudaGraphDestroy(void* graph) {
  ENTER;
  release(Graph::KIND, graph, __func__);
  return OK;
}

RESULT cudaEventCreate(void** event) {
  ENTER;
  *event = adopt(Event::KIND, std::make_shared<Event>());
  return OK;
}

RESULT cudaEventRecord(void* handle, void* stream) {
  ENTER;
  auto event = get<Event>(handle, __func__);
  submit(stream, __func__, {}, [event] { clock_gettime(CLOCK_MONOTONIC, &event->at); });
  return OK;
}

RESULT cudaEventElapsedTime(float* milliseconds, void* from, void* to) {
  ENTER;
  timespec a = get<Event>(from, __func__)->at, b = get<Event>(to, __func__)->at;
  if (!a.tv_sec || !b.tv_sec) die("%s: an event that was not reached", __func__);
  *milliseconds = (float)((double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) * 1e-6);
  return OK;
}

RESULT cudaEventDestroy(void* event) {
  ENTER;
  release(Event::KIND, event, __func__);
  return OK;
}
