// The core of the stand-ins for NVIDIA's libraries: calls, handles, device memory, work, captures. Its state lives in
// libcuda.so.1, with which every other library is linked. Work is kept in its stream and done as late as the calls
// allow, so that a program that forgets to wait reads what was there before. Misuse ends the process with a message.
//
// Environment variables set what tests want to meet: STANDIN_DEVICES their number, STANDIN_MEMORY the bytes of a
// device, STANDIN_FAULT the name of a kernel that fails with the sticky error 700, STANDIN_DRIVER, STANDIN_RUNTIME,
// STANDIN_CUDNN and STANDIN_CUBLASLT versions; STANDIN_REVERSE=1 runs threads and blocks backwards, which finds
// kernels whose result hangs on an order. runtime.cpp has doors for the same.
#pragma once
#include <sys/mman.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace standin {

constexpr uintptr_t DEVICE = 0x200000000000, DEVICE_END = 0x300000000000;  // where device memory lies; used once
constexpr int64_t HOST = 0x500000000000, HOST_END = 0x7fffffffffff;
constexpr uintptr_t HANDLES = 0x5d00000000000000;  // never used twice: use after destruction is always seen
constexpr size_t GUARD = 512, POISONED = 16 << 20;
constexpr int MISUSED = 9999;  // status of a call whose misuse was forgiven

inline long long setting(const char* name, long long otherwise) {
  const char* text = getenv(name);
  return text && *text ? strtoll(text, nullptr, 0) : otherwise;
}

struct Object {
  virtual ~Object() = default;
};

struct Range {  // of device memory
  const void* at;
  size_t bytes;
  const char* name;
};

struct Work {
  const char* call;
  std::vector<Range> ranges;  // checked when submitted and when run
  std::function<void()> run;
};

struct Graph : Object {
  std::vector<Work> nodes;
  void *handle = nullptr, *last = nullptr;  // itself; the node that the next one of a capture follows
  bool loose = false;                       // a node was added that nothing follows yet
};

struct Stream : Object {
  std::vector<Work> pending;
  std::shared_ptr<Graph> capture;
};

using Blocks = std::map<uintptr_t, size_t>;  // bytes by begin

enum { STREAM_WAITS, EVENT_WAITS, TRANSFERS, SUBMISSIONS, GRAPHS, MEMORY, CALLS };  // what tests count

struct State {
  std::recursive_mutex lock;  // guards everything
  Blocks device, pinned;
  std::map<const void*, std::shared_ptr<Object>> handles;
  uintptr_t nextAddress = DEVICE, nextHandle = HANDLES;
  size_t limit = (size_t)setting("STANDIN_MEMORY", 16LL << 30), used = 0;
  int error = 0;           // the sticky one of a kernel that failed
  int calls[CALLS] = {};   // so far
  bool forgiving = false;  // misuse ends only the call, so that a test can see it
  std::string misuse;
};

struct Thread {
  const char* call = "";  // what goes on, for messages
  Stream* capturing = nullptr;
  int captureMode = 1;  // ThreadLocal; 2 is Relaxed
};

State& state();  // these two are in driver.cpp
Thread& thread();

[[noreturn]] __attribute__((format(printf, 1, 2))) inline void die(const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  state().misuse = std::string("STANDIN: ") + thread().call + ": " + text;
  if (state().forgiving) throw MISUSED;
  fprintf(stderr, "%s\n", state().misuse.c_str());
  abort();
}

// --- Calls. CALL defines one: under the lock, answered with refusal() (of each library) where that is not 0, else
// with what its body returns, or 0.
static thread_local int lastStatus = 0;  // that was not 0

#define ALWAYS(name, parameters, ...)                            \
  extern "C" int name parameters {                               \
    std::lock_guard<std::recursive_mutex> guard(state().lock);   \
    thread().call = #name;                                       \
    try {                                                        \
      int answer_ = [&]() -> int { __VA_ARGS__; return 0; }();   \
      return answer_ ? lastStatus = answer_ : 0;                 \
    } catch (int misused) {                                      \
      return misused;                                            \
    }                                                            \
  }
#define CALL(name, parameters, ...) ALWAYS(name, parameters, if (int refused = refusal()) return refused; __VA_ARGS__)

inline const char* nameOf(int status, const std::map<int, const char*>& names) {
  return names.count(status) ? names.at(status) : "a status without a name here";
}

// --- Handles.
inline void* adopt(std::shared_ptr<Object> object) {
  void* handle = (void*)(state().nextHandle += 16);
  state().handles[handle] = std::move(object);
  return handle;
}

template <class T>
std::shared_ptr<T> get(const void* handle) {
  auto found = state().handles.find(handle);
  bool lives = found != state().handles.end(), was = (uintptr_t)handle > HANDLES;
  const Object* object = lives ? found->second.get() : nullptr;
  if (lives && typeid(*object) == typeid(T)) return std::static_pointer_cast<T>(found->second);
  die("%p %s: %s", handle, !handle ? "is null" : lives ? "is of another kind" : was ? "was destroyed" : "is unknown",
      __PRETTY_FUNCTION__);
}

template <class T>
void release(const void* handle) {
  get<T>(handle);
  state().handles.erase(handle);
}

// --- Memory.
inline bool mayBeDevice(const void* p) { return (uintptr_t)p >= DEVICE && (uintptr_t)p < DEVICE_END; }

inline bool inside(const Blocks& blocks, const void* p, size_t bytes) {
  auto next = blocks.upper_bound((uintptr_t)p);
  if (next == blocks.begin()) return false;
  auto& [begin, size] = *std::prev(next);
  size_t offset = (uintptr_t)p - begin;
  return offset <= size && bytes <= size - offset;
}

inline void needDevice(const Range& r) {
  if (r.bytes == 0 || inside(state().device, r.at, r.bytes)) return;
  die("%s, %p with %zu bytes, is not all in live device memory", r.name, r.at, r.bytes);
}

inline void needHost(const void* p, const char* what) {
  if (!p || mayBeDevice(p)) die("%s, %p, is not host memory", what, p);
}

inline size_t mapped(size_t bytes) { return (bytes + 2 * GUARD + 4095) / 4096 * 4096; }

// Filled with NaN, between guards; null when the device is full.
inline void* allocate(size_t bytes, bool pinned) {
  State& s = state();
  if (!pinned && (s.used > s.limit || bytes > s.limit - s.used)) return nullptr;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (pinned ? 0 : MAP_FIXED_NOREPLACE);
  void* p = mmap(pinned ? nullptr : (void*)s.nextAddress, mapped(bytes), PROT_READ | PROT_WRITE, flags, -1, 0);
  if (p == MAP_FAILED) return nullptr;
  if (!pinned) s.nextAddress += (bytes + (4 << 20)) >> 21 << 21;
  if (s.nextAddress > DEVICE_END) die("the stand-in's device addresses are used up");
  char* data = (char*)p + GUARD;
  memset(p, 0x5d, GUARD), memset(data, 0xff, std::min(bytes, POISONED)), memset(data + bytes, 0x5d, GUARD);
  (pinned ? s.pinned : s.device)[(uintptr_t)data] = bytes;
  s.used += pinned ? 0 : bytes;
  return data;
}

inline void checkGuards(uintptr_t begin, size_t bytes) {
  static const std::string intact(GUARD, 0x5d);
  for (char* guard : {(char*)begin - GUARD, (char*)begin + bytes}) {
    if (memcmp(guard, intact.data(), GUARD)) {
      memcpy(guard, intact.data(), GUARD);
      die("something wrote beside the %zu bytes at %#lx", bytes, begin);
    }
  }
}

inline void deallocate(void* p, bool pinned) {
  Blocks& blocks = pinned ? state().pinned : state().device;
  auto found = blocks.find((uintptr_t)p);
  if (found == blocks.end()) die("%p is not the begin of live memory", p);
  checkGuards(found->first, found->second);
  state().used -= pinned ? 0 : found->second;
  munmap((char*)p - GUARD, mapped(found->second));
  blocks.erase(found);
}

// --- Work.
inline void perform(Work& work) {
  if (state().error) return;
  const char* outer = thread().call;
  thread().call = work.call;
  for (const Range& range : work.ranges) needDevice(range);
  work.run();
  for (auto& [begin, bytes] : state().device) checkGuards(begin, bytes);
  thread().call = outer;
}

inline void flush(Stream& stream) {
  std::vector<Work> works;
  works.swap(stream.pending);
  for (Work& work : works) perform(work);
}

inline void flushAll() {
  auto handles = state().handles;
  for (auto& entry : handles) {
    if (auto* stream = dynamic_cast<Stream*>(entry.second.get())) flush(*stream);
  }
}

inline void submit(void* handle, std::vector<Range> ranges, std::function<void()> run) {
  auto stream = get<Stream>(handle);
  for (const Range& range : ranges) needDevice(range);
  bool captured = stream->capture != nullptr;
  if (captured && stream->capture->loose) die("the capture's dependencies were not updated after a node was added");
  std::vector<Work>& works = captured ? stream->capture->nodes : stream->pending;
  if (!captured) state().calls[SUBMISSIONS]++;
  works.push_back({thread().call, std::move(ranges), std::move(run)});
  if (captured) stream->capture->last = (void*)works.size();
  else if (works.size() >= 4096) flush(*stream);
}

inline void refuseInCapture() {
  if (thread().capturing && thread().captureMode != 2) die("inside a capture");
}

}  // namespace standin
