// The core of the stand-ins for NVIDIA's libraries: device memory, handles, streams, captures. It lives in
// libcuda.so.1; every other library is linked with it. Work is kept in its stream and done as late as the calls
// allow (at a synchronisation), so that a program that forgets to wait reads what was there before;
// STANDIN_EAGER=1 does it at once. One lock guards everything.
//
// Environment variables set what tests want to meet: STANDIN_DEVICES their number, STANDIN_MEMORY the bytes of a
// device, STANDIN_FAULT the name of a kernel that fails with the sticky error 700, STANDIN_DRIVER, STANDIN_RUNTIME,
// STANDIN_CUDNN and STANDIN_CUBLASLT versions; STANDIN_REVERSE=1 runs threads and blocks backwards, which finds
// kernels whose result hangs on an order. runtime.cpp has two doors for the same.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace standin {

// Says what is wrong on standard error and aborts.
[[noreturn]] void die(const char* format, ...) __attribute__((format(printf, 1, 2)));
// A number from the environment.
long long setting(const char* name, long long otherwise);
std::recursive_mutex& lock();

// --- Handles: never used twice, so use after destruction is always seen.
struct Object {
  virtual ~Object() = default;
};
void* adopt(const char* kind, std::shared_ptr<Object> object);
std::shared_ptr<Object> find(const char* kind, const void* handle, const char* caller);
void release(const char* kind, const void* handle, const char* caller);
size_t living(const char* kind);  // of all kinds if null

// T has a member `static constexpr const char* KIND`.
template <class T>
void* make() {
  return adopt(T::KIND, std::make_shared<T>());
}

template <class T>
std::shared_ptr<T> get(const void* handle, const char* caller) {
  return std::static_pointer_cast<T>(find(T::KIND, handle, caller));
}

// --- Memory.
struct Range {
  const void* at;
  size_t bytes;
  const char* name;
};
void* allocate(size_t bytes, bool pinned);  // null when the device is full
void deallocate(void* p, bool pinned, const char* caller);
bool isDevice(const void* p, size_t bytes);
bool isPinned(const void* p, size_t bytes);
void needDevice(const Range& range, const char* caller);
void needHost(const void* p, const char* what, const char* caller);  // null or device memory: dies
void checkParameters(const char* parameters, size_t bytes, const char* kernel);
size_t memoryLimit();
void setMemoryLimit(size_t bytes);
size_t memoryUsed();
size_t allocations(bool pinned);

// --- Work.
struct Work {
  const char* what;
  std::vector<Range> ranges;  // checked when submitted and when run
  std::function<void()> run;
};

struct Graph : Object {
  static constexpr const char* KIND = "graph";
  std::vector<Work> nodes;
  void *handle = nullptr, *last = nullptr;  // itself; the node that the next one of a capture follows
  bool loose = false;                       // a node was added that nothing follows yet
};

struct Stream : Object {
  static constexpr const char* KIND = "stream";
  std::vector<Work> pending;
  std::shared_ptr<Graph> capture;
};

void perform(Work& work);
void submit(void* stream, const char* what, std::vector<Range> ranges, std::function<void()> run);
void flush(Stream& stream);
void flushAll();
void refuseInCapture(const char* caller);  // dies if this thread captures and is not relaxed
int exchangeCaptureMode(int mode);
void beginCapture(void* stream);
std::shared_ptr<Graph> endCapture(void* stream);

// --- The sticky error of a kernel that failed; 0 while all is well.
int broken();
void setBroken(int error);

// --- Kernels.
struct Module : Object {
  static constexpr const char* KIND = "module";
  void* library = nullptr;
  int file = -1;  // open while the library is, so that no other has its path
  ~Module() override;
};

struct Function : Object {
  static constexpr const char* KIND = "function";
  std::weak_ptr<Module> module;
  struct StandinBlock* block;
  unsigned long (*run)(const char* parameters);  // the parameters' size if null is given
  char *shared, *sharedEnd;
  std::string name;
};

void runGrid(const Function& f, unsigned grid, unsigned threads, const char* parameters);

}  // namespace standin
