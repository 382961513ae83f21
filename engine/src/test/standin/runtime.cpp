// libcudart.so.13. Beside the real functions it has two doors for tests, numbers that the real library refuses:
// cudaDeviceGetAttribute 9000.. counts what lives, cudaDeviceSetLimit 9000.. sets faults.
#include <cstdio>
#include <cstring>
#include <ctime>

#include "standin.h"

using namespace standin;

namespace {

enum { OK = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, OLD_DRIVER = 35, NO_DEVICE = 100, INVALID_DEVICE = 101,
       INVALID_HANDLE = 400, NOT_READY = 600 };
enum { HOST_TO_DEVICE = 1, DEVICE_TO_HOST = 2, DEVICE_TO_DEVICE = 3 };

thread_local int lastError = OK;
thread_local int currentDevice = 0;
long long deviceCount = setting("STANDIN_DEVICES", 1);

struct Event : Object {
  static constexpr const char* KIND = "event";
  bool timed = true, recorded = false;
  std::shared_ptr<Stream> stream;
  uint64_t position = 0;
  const Graph* capture = nullptr;
  std::shared_ptr<double> time = std::make_shared<double>(0);
};

struct Executable : Object {
  static constexpr const char* KIND = "executable graph";
  std::shared_ptr<std::vector<Work>> nodes = std::make_shared<std::vector<Work>>();
};

struct Pool : Object {
  static constexpr const char* KIND = "memory pool";
};

int fail(int error) {
  if (error) lastError = error;
  return error;
}

int unavailable() {
  if (setting("STANDIN_DRIVER", 13000) < 13000) return OLD_DRIVER;
  if (deviceCount < 1) return NO_DEVICE;
  return broken();
}

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

int copy(void* to, const void* from, size_t bytes, int kind, void* handle) {
  const char* name = "cudaMemcpyAsync";
  auto stream = get<Stream>(handle, name);
  if (kind < HOST_TO_DEVICE || kind > DEVICE_TO_DEVICE) die("%s: kind %d", name, kind);
  if (!bytes) return OK;
  std::vector<Range> ranges;
  if (kind == HOST_TO_DEVICE) needHost(from, "the source", name);
  else ranges.push_back({from, bytes, "the source"});
  if (kind == DEVICE_TO_HOST) needHost(to, "the target", name);
  else ranges.push_back({to, bytes, "the target"});
  const void* host = kind == HOST_TO_DEVICE ? from : to;
  bool pageable = kind != DEVICE_TO_DEVICE && !isPinned(host, bytes);
  if (pageable && stream->capture) die("%s from or to pageable memory %p inside a capture", name, host);
  if (pageable && kind == HOST_TO_DEVICE) {  // staged at once, as the driver does
    auto staged = std::make_shared<std::vector<char>>((const char*)from, (const char*)from + bytes);
    submit(handle, name, ranges, [=] { memcpy(to, staged->data(), bytes); });
    return OK;
  }
  submit(handle, name, ranges, [=] {
    if (!pageable && kind != DEVICE_TO_DEVICE && !isPinned(host, bytes)) die("%s: %p is no longer pinned", name, host);
    memmove(to, from, bytes);
  });
  if (pageable) flush(*stream);
  return OK;
}

int allocateDevice(void** p, size_t bytes) {
  refuseInCapture("an allocation");
  *p = nullptr;
  if (!bytes) return OK;
  *p = allocate(bytes);
  if (*p) return OK;
  flushAll();  // frees may be waiting
  *p = broken() ? nullptr : allocate(bytes);
  return *p ? OK : OUT_OF_MEMORY;
}

int freeAll(void* p, bool pinned, const char* caller) {
  refuseInCapture(caller);
  flushAll();
  if (broken() || !p) return broken();
  if (pinned) freePinned(p, caller);
  else freeDevice(p, caller);
  return OK;
}

int waited(Event& event, const char* caller) {
  refuseInCapture(caller);
  if (event.capture) die("%s: the event was recorded in a capture", caller);
  if (event.recorded) flush(*event.stream, event.position);
  return broken();
}

int count(int attribute) {
  switch (attribute) {
    case 9000: return (int)living(nullptr);
    case 9001: return (int)living(Stream::KIND);
    case 9002: return (int)living(Event::KIND);
    case 9003: return (int)(living(Graph::KIND) + living(Executable::KIND));
    case 9004: return (int)living(Module::KIND);
    case 9005: return (int)allocations(false);
    case 9006: return (int)allocations(true);
    default: return -1;
  }
}

template <class T>
void field(void* properties, size_t offset, T value) {
  memcpy((char*)properties + offset, &value, sizeof value);
}

}  // namespace

#define ENTER                                  \
  std::lock_guard g(lock());                   \
  if (unavailable()) return fail(unavailable())

#define RESULT extern "C" int

static const char* errorName(int error) {
  switch (error) {
    case OK: return "cudaSuccess";
    case INVALID_VALUE: return "cudaErrorInvalidValue";
    case OUT_OF_MEMORY: return "cudaErrorMemoryAllocation";
    case OLD_DRIVER: return "cudaErrorInsufficientDriver";
    case NO_DEVICE: return "cudaErrorNoDevice";
    case INVALID_DEVICE: return "cudaErrorInvalidDevice";
    case INVALID_HANDLE: return "cudaErrorInvalidResourceHandle";
    case NOT_READY: return "cudaErrorNotReady";
    case 700: return "cudaErrorIllegalAddress";
    case 719: return "cudaErrorLaunchFailure";
    default: return "unrecognized error code";
  }
}

extern "C" const char* cudaGetErrorName(int error) { return errorName(error); }

extern "C" const char* cudaGetErrorString(int error) {
  switch (error) {
    case OUT_OF_MEMORY: return "out of memory";
    case OLD_DRIVER: return "CUDA driver version is insufficient for CUDA runtime version";
    case NO_DEVICE: return "no CUDA-capable device is detected";
    case INVALID_DEVICE: return "invalid device ordinal";
    case 700: return "an illegal memory access was encountered";
    case 719: return "unspecified launch failure";
    default: return errorName(error);
  }
}

RESULT cudaGetLastError() {
  int error = broken() ? broken() : lastError;
  lastError = OK;
  return error;
}

RESULT cudaPeekAtLastError() { return broken() ? broken() : lastError; }

RESULT cudaDriverGetVersion(int* version) {
  *version = (int)setting("STANDIN_DRIVER", 13000);
  return OK;
}

RESULT cudaRuntimeGetVersion(int* version) {
  *version = (int)setting("STANDIN_RUNTIME", 13000);
  return OK;
}

// --- Devices.
RESULT cudaGetDeviceCount(int* devices) {
  *devices = 0;
  ENTER;
  *devices = (int)deviceCount;
  return OK;
}

RESULT cudaSetDevice(int device) {
  ENTER;
  if (device < 0 || device >= deviceCount) return fail(INVALID_DEVICE);
  currentDevice = device;
  return OK;
}

RESULT cudaGetDevice(int* device) {
  ENTER;
  *device = currentDevice;
  return OK;
}

RESULT cudaGetDeviceProperties(void* p, int device) {
  ENTER;
  if (device < 0 || device >= deviceCount) return fail(INVALID_DEVICE);
  memset(p, 0, 1008);  // offsets of CUDA 13's cudaDeviceProp
  snprintf((char*)p, 256, "Stand-in");
  field<size_t>(p, 288, memoryLimit());
  field<size_t>(p, 296, 48 << 10);  // sharedMemPerBlock
  field(p, 304, 65536);             // regsPerBlock
  field(p, 308, 32);                // warpSize
  field(p, 320, 1024);              // maxThreadsPerBlock
  field(p, 360, 9);                 // major
  field(p, 364, 0);                 // minor
  field<size_t>(p, 368, 512);       // textureAlignment
  field(p, 384, 2);                 // multiProcessorCount
  field(p, 560, 1);                 // concurrentKernels
  field(p, 588, 1);                 // unifiedAddressing
  field(p, 596, 1 << 20);           // l2CacheSize
  field(p, 604, 2048);              // maxThreadsPerMultiProcessor
  field(p, 720, 1);                 // memoryPoolsSupported
  return OK;
}

RESULT cudaDeviceGetAttribute(int* value, int attribute, int device) {
  std::lock_guard g(lock());
  if (attribute >= 9000) {
    *value = count(attribute);
    return *value < 0 ? INVALID_VALUE : OK;
  }
  if (unavailable()) return fail(unavailable());
  if (device < 0 || device >= deviceCount) return fail(INVALID_DEVICE);
  switch (attribute) {
    case 1: *value = 1024; return OK;                       // maxThreadsPerBlock
    case 8: *value = 48 << 10; return OK;                   // sharedMemPerBlock
    case 10: *value = 32; return OK;                        // warpSize
    case 13: case 36: *value = 1000000; return OK;          // clock rates in kHz
    case 16: *value = 2; return OK;                         // multiProcessorCount
    case 37: *value = 512; return OK;                       // memory bus width
    case 38: *value = 1 << 20; return OK;                   // l2CacheSize
    case 39: *value = 2048; return OK;                      // maxThreadsPerMultiProcessor
    case 41: case 115: *value = 1; return OK;               // unifiedAddressing, memoryPoolsSupported
    case 75: *value = 9; return OK;                         // compute capability
    case 76: *value = 0; return OK;
    default: return fail(INVALID_VALUE);
  }
}

// 9000 clears a sticky error, as a new process would; 9001 sets the memory limit; 9002 the number of devices.
RESULT cudaDeviceSetLimit(int limit, size_t value) {
  std::lock_guard g(lock());
  if (limit == 9000) setBroken((int)value);
  else if (limit == 9001) setMemoryLimit(value);
  else if (limit == 9002) deviceCount = (long long)value;
  else return fail(INVALID_VALUE);
  return OK;
}

RESULT cudaDeviceSynchronize() {
  ENTER;
  refuseInCapture("cudaDeviceSynchronize");
  flushAll();
  return fail(broken());
}

RESULT cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
  ENTER;
  *least = 0;
  *greatest = -5;
  return OK;
}

// --- Memory.
RESULT cudaMemGetInfo(size_t* free, size_t* total) {
  ENTER;
  *total = memoryLimit();
  *free = memoryUsed() > memoryLimit() ? 0 : memoryLimit() - memoryUsed();
  return OK;
}

RESULT cudaMalloc(void** p, size_t bytes) {
  ENTER;
  return fail(allocateDevice(p, bytes));
}

RESULT cudaMallocAsync(void** p, size_t bytes, void* stream) {
  ENTER;
  get<Stream>(stream, "cudaMallocAsync");
  return fail(allocateDevice(p, bytes));
}

RESULT cudaFree(void* p) {
  ENTER;
  return fail(freeAll(p, false, "cudaFree"));
}

RESULT cudaFreeAsync(void* p, void* stream) {
  ENTER;
  refuseInCapture("cudaFreeAsync");
  if (!p) return OK;
  if (!isDevice(p, 0)) die("cudaFreeAsync: %p is not live device memory", p);
  submit(stream, "cudaFreeAsync", {}, [p] { freeDevice(p, "cudaFreeAsync"); });
  return OK;
}

RESULT cudaHostAlloc(void** p, size_t bytes, unsigned flags) {
  ENTER;
  refuseInCapture("cudaHostAlloc");
  if (flags > 7) return fail(INVALID_VALUE);
  *p = bytes ? allocatePinned(bytes) : nullptr;
  return bytes && !*p ? fail(OUT_OF_MEMORY) : OK;
}

RESULT cudaMallocHost(void** p, size_t bytes) { return cudaHostAlloc(p, bytes, 0); }

RESULT cudaFreeHost(void* p) {
  ENTER;
  return fail(freeAll(p, true, "cudaFreeHost"));
}

RESULT cudaMemcpyAsync(void* to, const void* from, size_t bytes, int kind, void* stream) {
  ENTER;
  return fail(copy(to, from, bytes, kind, stream));
}

RESULT cudaMemsetAsync(void* p, int value, size_t bytes, void* stream) {
  ENTER;
  get<Stream>(stream, "cudaMemsetAsync");
  if (bytes) submit(stream, "cudaMemsetAsync", {{p, bytes, "the target"}}, [=] { memset(p, value, bytes); });
  return OK;
}

RESULT cudaDeviceGetDefaultMemPool(void** pool, int) {
  ENTER;
  static void* handle = make<Pool>();
  *pool = handle;
  return OK;
}

RESULT cudaMemPoolSetAttribute(void* pool, int, void*) {
  ENTER;
  get<Pool>(pool, "cudaMemPoolSetAttribute");
  return OK;
}

RESULT cudaMemPoolTrimTo(void* pool, size_t) {
  ENTER;
  get<Pool>(pool, "cudaMemPoolTrimTo");
  return OK;
}

// --- Streams and events.
RESULT cudaStreamCreateWithFlags(void** stream, unsigned flags) {
  ENTER;
  if (flags != 1) die("cudaStreamCreateWithFlags: the stream is not non-blocking");
  *stream = make<Stream>();
  return OK;
}

RESULT cudaStreamCreateWithPriority(void** stream, unsigned flags, int) {
  return cudaStreamCreateWithFlags(stream, flags);
}

RESULT cudaStreamDestroy(void* handle) {
  ENTER;
  auto stream = get<Stream>(handle, "cudaStreamDestroy");
  if (stream->capture) die("cudaStreamDestroy of a stream that captures");
  flush(*stream);
  release(Stream::KIND, handle, "cudaStreamDestroy");
  return fail(broken());
}

RESULT cudaStreamSynchronize(void* handle) {
  ENTER;
  auto stream = get<Stream>(handle, "cudaStreamSynchronize");
  refuseInCapture("cudaStreamSynchronize");
  flush(*stream);
  return fail(broken());
}

RESULT cudaStreamQuery(void* handle) {
  ENTER;
  auto stream = get<Stream>(handle, "cudaStreamQuery");
  refuseInCapture("cudaStreamQuery");
  bool busy = !stream->pending.empty();
  flush(*stream);
  return broken() ? fail(broken()) : busy ? NOT_READY : OK;
}

RESULT cudaEventCreateWithFlags(void** handle, unsigned flags) {
  ENTER;
  auto event = std::make_shared<Event>();
  event->timed = !(flags & 2);
  *handle = adopt(Event::KIND, event);
  return OK;
}

RESULT cudaEventCreate(void** handle) { return cudaEventCreateWithFlags(handle, 0); }

RESULT cudaEventDestroy(void* handle) {
  ENTER;
  release(Event::KIND, handle, "cudaEventDestroy");
  return OK;
}

RESULT cudaEventRecord(void* handle, void* streamHandle) {
  ENTER;
  auto event = get<Event>(handle, "cudaEventRecord");
  event->stream = get<Stream>(streamHandle, "cudaEventRecord");
  event->capture = event->stream->capture.get();
  if (event->capture) return OK;
  event->recorded = true;
  event->time = std::make_shared<double>(0);
  event->position = event->stream->done + event->stream->pending.size() + 1;
  submit(streamHandle, "cudaEventRecord", {}, [time = event->time] { *time = now(); });
  return OK;
}

RESULT cudaEventSynchronize(void* handle) {
  ENTER;
  return fail(waited(*get<Event>(handle, "cudaEventSynchronize"), "cudaEventSynchronize"));
}

RESULT cudaEventQuery(void* handle) {
  ENTER;
  auto event = get<Event>(handle, "cudaEventQuery");
  bool busy = event->recorded && event->stream->done < event->position;
  int error = waited(*event, "cudaEventQuery");
  return error ? fail(error) : busy ? NOT_READY : OK;
}

RESULT cudaEventElapsedTime(float* ms, void* a, void* b) {
  ENTER;
  auto begin = get<Event>(a, "cudaEventElapsedTime"), end = get<Event>(b, "cudaEventElapsedTime");
  if (!begin->recorded || !end->recorded || !begin->timed || !end->timed) return fail(INVALID_HANDLE);
  if (begin->stream->done < begin->position || end->stream->done < end->position) return fail(NOT_READY);
  *ms = (float)(*end->time - *begin->time);
  return OK;
}

RESULT cudaStreamWaitEvent(void* streamHandle, void* handle, unsigned) {
  ENTER;
  auto stream = get<Stream>(streamHandle, "cudaStreamWaitEvent");
  auto event = get<Event>(handle, "cudaStreamWaitEvent");
  if (stream->capture.get() != event->capture) {
    die("cudaStreamWaitEvent: stream and event do not belong to the same capture");
  }
  if (stream->capture || !event->recorded) return OK;
  submit(streamHandle, "cudaStreamWaitEvent", {},
         [source = event->stream, position = event->position] { flush(*source, position); });
  return OK;
}

// --- Captures and graphs.
RESULT cudaStreamBeginCapture(void* stream, int mode) {
  ENTER;
  if (mode != 1) die("cudaStreamBeginCapture: mode %d is not ThreadLocal", mode);
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

RESULT cudaStreamIsCapturing(void* stream, int* status) {
  ENTER;
  *status = get<Stream>(stream, "cudaStreamIsCapturing")->capture ? 1 : 0;
  return OK;
}

RESULT cudaStreamGetCaptureInfo(void* stream, int* status, unsigned long long* id, void** graph, void*** before,
                                void** edges, size_t* count) {
  ENTER;
  auto capture = get<Stream>(stream, "cudaStreamGetCaptureInfo")->capture;
  *status = capture ? 1 : 0;
  if (!capture) return OK;
  if (id) *id = 1;
  if (graph) *graph = capture->handle;
  if (before) *before = &capture->last;
  if (edges) *edges = nullptr;
  if (count) *count = capture->last ? 1 : 0;
  return OK;
}

RESULT cudaGraphAddChildGraphNode(void** node, void* handle, void** before, size_t count, void* child) {
  ENTER;
  auto graph = get<Graph>(handle, "cudaGraphAddChildGraphNode");
  auto nodes = std::make_shared<std::vector<Work>>(get<Graph>(child, "cudaGraphAddChildGraphNode")->nodes);
  if (count != (graph->last ? 1 : 0) || (count && before[0] != graph->last) || graph->loose) {
    die("cudaGraphAddChildGraphNode: the node does not follow the graph's last one");
  }
  graph->nodes.push_back({"child graph", {}, [nodes] {
                            for (Work& work : *nodes) perform(work);
                          }});
  *node = (void*)graph->nodes.size();
  graph->loose = true;
  return OK;
}

RESULT cudaStreamUpdateCaptureDependencies(void* stream, void** nodes, void*, size_t count, unsigned flags) {
  ENTER;
  auto graph = get<Stream>(stream, "cudaStreamUpdateCaptureDependencies")->capture;
  if (!graph || count != 1 || flags != 1 || nodes[0] != (void*)graph->nodes.size()) {
    die("cudaStreamUpdateCaptureDependencies: not the last node, set alone");
  }
  graph->last = nodes[0];
  graph->loose = false;
  return OK;
}

RESULT cudaGraphGetNodes(void* graph, void** nodes, size_t* count) {
  ENTER;
  if (nodes) die("cudaGraphGetNodes: only the count is supported");
  *count = get<Graph>(graph, "cudaGraphGetNodes")->nodes.size();
  return OK;
}

RESULT cudaGraphInstantiate(void** executable, void* graph, unsigned long long) {
  ENTER;
  refuseInCapture("cudaGraphInstantiate");
  auto made = std::make_shared<Executable>();
  *made->nodes = get<Graph>(graph, "cudaGraphInstantiate")->nodes;
  *executable = adopt(Executable::KIND, made);
  return OK;
}

RESULT cudaGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long flags) {
  return cudaGraphInstantiate(executable, graph, flags);
}

RESULT cudaGraphUpload(void* executable, void* stream) {
  ENTER;
  get<Executable>(executable, "cudaGraphUpload");
  get<Stream>(stream, "cudaGraphUpload");
  return OK;
}

RESULT cudaGraphLaunch(void* executable, void* stream) {
  ENTER;
  refuseInCapture("cudaGraphLaunch");
  auto nodes = get<Executable>(executable, "cudaGraphLaunch")->nodes;
  submit(stream, "cudaGraphLaunch", {}, [nodes] {
    for (Work& work : *nodes) perform(work);
  });
  return OK;
}

RESULT cudaGraphExecDestroy(void* executable) {
  ENTER;
  release(Executable::KIND, executable, "cudaGraphExecDestroy");
  return OK;
}

RESULT cudaGraphDestroy(void* graph) {
  ENTER;
  release(Graph::KIND, graph, "cudaGraphDestroy");
  return OK;
}
