// Device memory, handles, streams and captures of the stand-ins.
#include "standin.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <unordered_map>
#include <utility>

namespace standin {
namespace {

constexpr uintptr_t FIRST = 0x200000000000, LAST = 0x300000000000;  // where device memory lies; used once
constexpr uintptr_t HOST_FIRST = 0x500000000000, HOST_LAST = 0x7fffffffffff;
constexpr size_t GUARD = 512, POISONED = 16 << 20;
constexpr uintptr_t FIRST_HANDLE = 0x5d00000000000000;

struct Block {
  size_t bytes, mapped;
};

// Never destroyed: other threads may still use it when the process ends.
struct State {
  std::recursive_mutex lock;
  std::map<uintptr_t, Block> device, pinned;
  std::unordered_map<const void*, std::pair<const char*, std::shared_ptr<Object>>> handles;
  uintptr_t nextAddress = FIRST, nextHandle = FIRST_HANDLE;
  size_t limit = (size_t)setting("STANDIN_MEMORY", 16LL << 30), used = 0;
  int error = 0;
  bool eager = setting("STANDIN_EAGER", 0) != 0;
};

State& state() {
  static State* s = new State;
  return *s;
}

thread_local Stream* capturing = nullptr;
thread_local int captureMode = 1;  // ThreadLocal; 2 is Relaxed

bool inside(const std::map<uintptr_t, Block>& blocks, const void* p, size_t bytes) {
  auto next = blocks.upper_bound((uintptr_t)p);
  if (next == blocks.begin()) return false;
  auto& [begin, block] = *std::prev(next);
  size_t offset = (uintptr_t)p - begin;
  return offset <= block.bytes && bytes <= block.bytes - offset;
}

void* map(size_t bytes, uintptr_t at, std::map<uintptr_t, Block>& blocks) {
  size_t mapped = (bytes + 2 * GUARD + 4095) / 4096 * 4096;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0);
  void* p = mmap((void*)at, mapped, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (p == MAP_FAILED) return nullptr;
  char* data = (char*)p + GUARD;
  memset(p, 0x5d, GUARD);
  memset(data, 0xff, bytes < POISONED ? bytes : POISONED);
  memset(data + bytes, 0x5d, GUARD);
  blocks[(uintptr_t)data] = {bytes, mapped};
  return data;
}

// Dies if something wrote beside the allocation.
void checkGuards(uintptr_t begin, const Block& block, const char* caller) {
  static const std::string intact(GUARD, 0x5d);
  if (memcmp((char*)begin - GUARD, intact.data(), GUARD)) die("%s: wrote before the allocation %#lx", caller, begin);
  if (memcmp((char*)begin + block.bytes, intact.data(), GUARD)) {
    die("%s: wrote past the %zu bytes at %#lx", caller, block.bytes, begin);
  }
}

size_t unmap(void* p, const char* caller, std::map<uintptr_t, Block>& blocks, const char* what) {
  auto found = blocks.find((uintptr_t)p);
  if (found == blocks.end()) die("%s: %p is not the begin of live %s memory", caller, p, what);
  Block block = found->second;
  checkGuards((uintptr_t)p, block, caller);
  munmap((char*)p - GUARD, block.mapped);
  blocks.erase(found);
  return block.bytes;
}

}  // namespace

void die(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("STANDIN: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  fflush(stderr);
  abort();
}

long long setting(const char* name, long long otherwise) {
  const char* text = getenv(name);
  return text && *text ? strtoll(text, nullptr, 0) : otherwise;
}

std::recursive_mutex& lock() { return state().lock; }

void* adopt(const char* kind, std::shared_ptr<Object> object) {
  void* handle = (void*)(state().nextHandle += 16);
  state().handles[handle] = {kind, std::move(object)};
  return handle;
}

std::shared_ptr<Object> find(const char* kind, const void* handle, const char* caller) {
  auto found = state().handles.find(handle);
  if (found == state().handles.end()) {
    bool was = (uintptr_t)handle > FIRST_HANDLE && (uintptr_t)handle <= state().nextHandle;
    die("%s: the %s %p %s", caller, kind, handle, !handle ? "is null" : was ? "was destroyed" : "is unknown");
  }
  if (strcmp(found->second.first, kind)) {
    die("%s: %p is a %s where a %s is needed", caller, handle, found->second.first, kind);
  }
  return found->second.second;
}

void release(const char* kind, const void* handle, const char* caller) {
  find(kind, handle, caller);
  state().handles.erase(handle);
}

size_t living(const char* kind) {
  size_t count = 0;
  for (auto& entry : state().handles) count += !strcmp(entry.second.first, kind ? kind : entry.second.first);
  return count;
}

void* allocate(size_t bytes, bool pinned) {
  State& s = state();
  if (pinned) return map(bytes, 0, s.pinned);
  if (s.used > s.limit || bytes > s.limit - s.used) return nullptr;
  void* p = map(bytes, s.nextAddress, s.device);
  s.nextAddress += (bytes + (4 << 20)) >> 21 << 21;
  if (s.nextAddress > LAST) die("the stand-in's device addresses are used up");
  if (p) s.used += bytes;
  return p;
}

void deallocate(void* p, bool pinned, const char* caller) {
  State& s = state();
  size_t bytes = unmap(p, caller, pinned ? s.pinned : s.device, pinned ? "pinned" : "device");
  if (!pinned) s.used -= bytes;
}

bool isDevice(const void* p, size_t bytes) { return inside(state().device, p, bytes); }

bool isPinned(const void* p, size_t bytes) { return inside(state().pinned, p, bytes); }

void needDevice(const Range& range, const char* caller) {
  if (range.bytes == 0 || isDevice(range.at, range.bytes)) return;
  bool device = (uintptr_t)range.at >= FIRST && (uintptr_t)range.at < LAST;
  die("%s: %s, %p with %zu bytes, %s", caller, range.name, range.at, range.bytes,
      !device             ? "is not device memory"
      : isDevice(range.at, 0) ? "passes the end of its allocation"
                          : "lies in device memory that was freed or never allocated");
}

void needHost(const void* p, const char* what, const char* caller) {
  if (!p) die("%s: %s is null", caller, what);
  if ((uintptr_t)p >= FIRST && (uintptr_t)p < LAST) die("%s: %s, %p, is device memory", caller, what, p);
}

// A field whose bits look like an address must be one that the device can read.
void checkParameters(const char* parameters, size_t bytes, const char* kernel) {
  for (size_t at = 0; at + 8 <= bytes; at += 8) {
    uintptr_t field;
    memcpy(&field, parameters + at, 8);
    if (field >= HOST_FIRST && field <= HOST_LAST) {
      die("kernel %s: argument field %zu, %p, looks like host memory", kernel, at / 8, (void*)field);
    }
    if (field >= FIRST && field < LAST && !isDevice((void*)field, 0)) {
      die("kernel %s: argument field %zu, %p, lies in no live device memory", kernel, at / 8, (void*)field);
    }
  }
}

size_t memoryLimit() { return state().limit; }

void setMemoryLimit(size_t bytes) { state().limit = bytes; }

size_t memoryUsed() { return state().used; }

size_t allocations(bool pinned) { return pinned ? state().pinned.size() : state().device.size(); }

void perform(Work& work) {
  if (state().error) return;
  for (const Range& range : work.ranges) needDevice(range, work.what);
  work.run();
  for (auto& [begin, block] : state().device) checkGuards(begin, block, work.what);
}

void submit(void* handle, const char* what, std::vector<Range> ranges, std::function<void()> run) {
  auto stream = get<Stream>(handle, what);
  for (const Range& range : ranges) needDevice(range, what);
  if (stream->capture) {
    Graph& graph = *stream->capture;
    if (graph.loose) die("%s: the capture's dependencies were not updated after a node was added", what);
    graph.nodes.push_back({what, std::move(ranges), std::move(run)});
    graph.last = (void*)graph.nodes.size();
    return;
  }
  stream->pending.push_back({what, std::move(ranges), std::move(run)});
  if (state().eager || stream->pending.size() >= 4096) flush(*stream);
}

void flush(Stream& stream) {
  std::vector<Work> works = std::move(stream.pending);
  stream.pending.clear();
  for (Work& work : works) perform(work);
}

void flushAll() {
  std::vector<std::shared_ptr<Object>> streams;
  for (auto& entry : state().handles) {
    if (!strcmp(entry.second.first, Stream::KIND)) streams.push_back(entry.second.second);
  }
  for (auto& stream : streams) flush(static_cast<Stream&>(*stream));
}

void refuseInCapture(const char* caller) {
  if (capturing && captureMode != 2) die("%s inside a capture", caller);
}

int exchangeCaptureMode(int mode) { return std::exchange(captureMode, mode); }

void beginCapture(void* handle) {
  auto stream = get<Stream>(handle, "cudaStreamBeginCapture");
  if (stream->capture || capturing) die("cudaStreamBeginCapture: a capture is under way");
  stream->capture = std::make_shared<Graph>();
  stream->capture->handle = adopt(Graph::KIND, stream->capture);
  capturing = stream.get();
}

std::shared_ptr<Graph> endCapture(void* handle) {
  auto stream = get<Stream>(handle, "cudaStreamEndCapture");
  if (!stream->capture) die("cudaStreamEndCapture: the stream captures nothing");
  if (capturing != stream.get()) die("cudaStreamEndCapture on another thread than the begin's");
  capturing = nullptr;
  return std::move(stream->capture);
}

int broken() { return state().error; }

void setBroken(int error) { state().error = error; }

}  // namespace standin
