// The core of the stand-ins for NVIDIA's libraries: calls, handles, device memory, work, captures.
// Its state lives in libcuda.so.1, with which every other library is linked. Work is kept in its
// stream and done as late as the calls allow, so that a program that forgets to wait reads what was
// there before. Misuse ends the process with a message.
//
// Environment variables set what tests want to meet: STANDIN_DEVICES their number, STANDIN_MEMORY
// the bytes of a device, STANDIN_FAULT the name of a kernel that fails with the sticky error 700,
// STANDIN_DRIVER, STANDIN_RUNTIME, STANDIN_CUDNN and STANDIN_CUBLASLT versions; STANDIN_REVERSE=1
// runs threads and blocks backwards, which finds kernels whose result hangs on an order.
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

using Ref = void*;         // a handle, a descriptor, or memory to be written
using Data = const void*;  // memory to be read

constexpr uintptr_t DEVICE = 0x200000000000, DEVICE_END = 0x300000000000;  // addresses, used once
constexpr int64_t HOST = 0x500000000000, HOST_END = 0x7fffffffffff;
constexpr uintptr_t HANDLES = 0x5d00000000000000;  // used once: use after destruction is seen
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
  Data at;
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
  Ref handle = nullptr, last = nullptr;  // itself; the node that a capture's next one follows
  bool loose = false;                    // a node was added that nothing follows yet
};

struct Stream : Object {
  std::vector<Work> pending;
  std::shared_ptr<Graph> capture;
};

using Blocks = std::map<uintptr_t, size_t>;  // bytes by begin

// Calls that tests count.
enum { STREAM_WAITS, EVENT_WAITS, TRANSFERS, SUBMISSIONS, GRAPHS, MEMORY, CALLS };

struct State {
  std::recursive_mutex lock;  // guards everything
  Blocks device, pinned;
  std::map<Data, std::shared_ptr<Object>> handles;
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

// CALL defines a call: under the lock, answered with refusal() (of each library) where that is not
// 0, else with what its body returns, or 0. ALWAYS defines one that is never refused.
static thread_local int lastStatus = 0;  // that was not 0

#define ALWAYS(name, parameters, ...)                          \
  extern "C" int name parameters {                             \
    std::lock_guard<std::recursive_mutex> guard(state().lock); \
    thread().call = #name;                                     \
    try {                                                      \
      int answer_ = [&]() -> int { __VA_ARGS__; return 0; }(); \
      return answer_ ? lastStatus = answer_ : 0;               \
    } catch (int misused) {                                    \
      return misused;                                          \
    }                                                          \
  }
#define CALL(name, parameters, ...) \
  ALWAYS(name, parameters, if (int refused = refusal()) return refused; __VA_ARGS__)

inline const char* nameOf(int status, const std::map<int, const char*>& names) {
  return names.count(status) ? names.at(status) : "a status without a name here";
}

// --- Handles.
inline Ref adopt(std::shared_ptr<Object> object) {
  Ref handle = (Ref)(state().nextHandle += 16);
  state().handles[handle] = std::move(object);
  return handle;
}

template <class T, class... A>
Ref make(A... arguments) {
  return adopt(std::make_shared<T>(arguments...));
}

template <class T>
std::shared_ptr<T> get(Data handle) {
  auto found = state().handles.find(handle);
  bool lives = found != state().handles.end(), was = (uintptr_t)handle > HANDLES;
  if (auto object = lives ? std::dynamic_pointer_cast<T>(found->second) : nullptr) return object;
  die("%p %s: %s", handle, __PRETTY_FUNCTION__,
      !handle ? "is null" : lives ? "is of another kind" : was ? "was destroyed" : "is unknown");
}

template <class T>
void release(Data handle) {
  get<T>(handle);
  state().handles.erase(handle);
}

// --- Memory.
inline bool mayBeDevice(Data p) { return (uintptr_t)p >= DEVICE && (uintptr_t)p < DEVICE_END; }

inline bool inside(const Blocks& blocks, Data p, size_t bytes) {
  auto next = blocks.upper_bound((uintptr_t)p);
  if (next == blocks.begin()) return false;
  auto& [begin, size] = *std::prev(next);
  size_t offset = (uintptr_t)p - begin;
  return offset <= size && bytes <= size - offset;
}

inline void needDevice(const std::vector<Range>& ranges) {
  for (const Range& r : ranges) {
    bool lives = r.bytes == 0 || inside(state().device, r.at, r.bytes);
    if (!lives) die("%s, %p with %zu bytes, is not all in live device", r.name, r.at, r.bytes);
  }
}

inline void needHost(Data p, const char* what) {
  if (!p || mayBeDevice(p)) die("%s, %p, is not host memory", what, p);
}

inline size_t mapped(size_t bytes) { return (bytes + 2 * GUARD + 4095) / 4096 * 4096; }

// Filled with NaN, between guards; null when the device is full.
inline Ref allocate(size_t bytes, bool pinned) {
  State& s = state();
  if (!pinned && (s.used > s.limit || bytes > s.limit - s.used)) return nullptr;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (pinned ? 0 : MAP_FIXED_NOREPLACE);
  Ref at = pinned ? nullptr : (Ref)s.nextAddress;
  Ref p = mmap(at, mapped(bytes), PROT_READ | PROT_WRITE, flags, -1, 0);
  if (p == MAP_FAILED) return nullptr;
  if (!pinned) s.used += bytes, s.nextAddress += (bytes + (4 << 20)) >> 21 << 21;
  if (s.nextAddress > DEVICE_END) die("the stand-in's device addresses are used up");
  char* data = (char*)p + GUARD;
  memset(p, 0x5d, GUARD);
  memset(data, 0xff, std::min(bytes, POISONED));
  memset(data + bytes, 0x5d, GUARD);
  (pinned ? s.pinned : s.device)[(uintptr_t)data] = bytes;
  return data;
}

inline void checkGuards(uintptr_t begin, size_t bytes) {
  static const std::string intact(GUARD, 0x5d);
  for (char* guard : {(char*)begin - GUARD, (char*)begin + bytes}) {
    if (!memcmp(guard, intact.data(), GUARD)) continue;
    memcpy(guard, intact.data(), GUARD);
    die("something wrote beside the %zu bytes at %#lx", bytes, begin);
  }
}

inline void deallocate(Ref p, bool pinned) {
  Blocks& blocks = pinned ? state().pinned : state().device;
  auto found = blocks.find((uintptr_t)p);
  if (found == blocks.end()) die("%p is not the begin of live memory", p);
  checkGuards(found->first, found->second);
  state().used -= pinned ? 0 : found->second;
  munmap((char*)p - GUARD, mapped(found->second));
  blocks.erase(found);
}

// --- Work.
inline void perform(const std::vector<Work>& works) {
  for (const Work& work : works) {
    if (state().error) return;
    const char* outer = std::exchange(thread().call, work.call);
    needDevice(work.ranges);
    work.run();
    for (auto& [begin, bytes] : state().device) checkGuards(begin, bytes);
    thread().call = outer;
  }
}

inline void flush(Stream& stream) { perform(std::exchange(stream.pending, {})); }

inline void flushAll() {
  auto handles = state().handles;
  for (auto& [handle, object] : handles) {
    if (auto* stream = dynamic_cast<Stream*>(object.get())) flush(*stream);
  }
}

inline void submit(Ref handle, std::vector<Range> ranges, std::function<void()> run) {
  auto stream = get<Stream>(handle);
  Graph* capture = stream->capture.get();
  needDevice(ranges);
  if (capture && capture->loose) die("the capture's dependencies were not updated");
  std::vector<Work>& works = capture ? capture->nodes : stream->pending;
  if (!capture) state().calls[SUBMISSIONS]++;
  works.push_back({thread().call, std::move(ranges), std::move(run)});
  if (capture) capture->last = (Ref)works.size();
  else if (works.size() >= 4096) flush(*stream);
}

inline void refuseInCapture() {
  if (thread().capturing && thread().captureMode != 2) die("inside a capture");
}

}  // namespace standin
