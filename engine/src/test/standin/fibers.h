// Runs a block's threads as fibers. A fiber calls the kernel for one thread after the other; only
// when a thread meets a barrier does its fiber wait, and another goes on, or begins. When all wait,
// those go on that have met.
#pragma once
#include "block.h"
#include "standin.h"

namespace standin {

constexpr size_t STACK = 64 << 10;

struct Waiting {
  Ref stack;
  int line;
  bool warp;  // else for the block
  unsigned long long value;
};

// The block that runs.
static struct Run {
  unsigned long (*run)(Data parameters);
  Data parameters;
  StandinBlock* b;
  Ref main;
  unsigned fibers;  // begun
  Waiting threads[STANDIN_THREADS];
  std::vector<unsigned> ready;                                        // threads that go on
  unsigned long long values[STANDIN_THREADS], came[STANDIN_THREADS];  // by thread; by warp
  bool ended;
  std::string failure;
} r;

// Goes on with another stack, on whose top the address to go on at lies; not a call, so that the
// processor predicts the returns that follow.
inline void exchangeStacks(Ref* saved, Ref loaded) {
  asm volatile(
      "lea -128(%%rsp), %%rsp; push %%rbp; lea 1f(%%rip), %%rax; push %%rax; mov %%rsp, (%%rdi);"
      "mov %%rsi, %%rsp; pop %%rax; jmp *%%rax; 1: pop %%rbp; lea 128(%%rsp), %%rsp"
      : "+D"(saved), "+S"(loaded)
      :
      : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0",
        "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
        "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
}

inline void leave() {
  Ref left;
  exchangeStacks(&left, r.main);
}

inline void entry() {
  r.run(r.parameters);
  leave();
}

inline Ref newFiber() {
  static char* base = [] {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    Ref p = mmap(nullptr, STANDIN_THREADS * STACK, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (p == MAP_FAILED) die("no memory for the fibers' stacks");
    for (size_t k = 0; k < STANDIN_THREADS; k++) mprotect((char*)p + k * STACK, 4096, PROT_NONE);
    return (char*)p;
  }();
  unsigned k = r.fibers++;
  Ref* top = (Ref*)(base + (k + 1) * STACK - k % 32 * 128);  // in different sets of the cache
  top[-1] = nullptr;                                         // no caller; keeps the stack aligned
  top[-2] = (Ref)entry;
  return top - 2;
}

inline void fail(const char* message) {
  if (message) r.failure = "thread " + std::to_string(r.b->thread.x) + ": " + message;
  r.ended = true;
  leave();
}

inline const unsigned long long* meet(int line, unsigned mask, unsigned long long value,
                                      unsigned* came) {
  unsigned t = r.b->thread.x;
  if (mask && mask != ~0u) fail("a mask is not of all lanes");
  r.threads[t] = {nullptr, line, mask != 0, value};
  exchangeStacks(&r.threads[t].stack, r.main);
  r.b->thread.x = t;
  *came = (unsigned)r.came[t / 32];
  return r.values + t / 32 * 32;
}

// Lets those of [from, to) that have not returned go on if all wait alike; else gives who does not.
inline unsigned release(unsigned from, unsigned to, bool warp) {
  unsigned long long came = 0;
  int line = 0;
  for (unsigned t = from; t < to; t++) {
    const Waiting& w = r.threads[t];
    if (r.b->returned[t]) continue;
    if (w.warp != warp || (line && w.line != line)) return t;
    line = w.line, came |= 1ull << t % 32;
  }
  for (unsigned t = from; t < to; t++) {
    if (!r.b->returned[t]) r.ready.push_back(t), r.values[t] = r.threads[t].value;
  }
  r.came[from / 32] = came;
  return to;
}

// All wait or have returned: finds who has met. False if all have returned.
inline bool settle() {
  unsigned n = r.b->size.x, other = n;
  r.ready.clear();
  for (unsigned t = 0; t < n; t += 32) release(t, std::min(n, t + 32), true);
  if (r.ready.empty()) other = release(0, n, false);
  if (other < n && r.ready.empty()) {
    die("block %u: the threads do not meet: thread %u waits in line %d, others do not",
        r.b->block.x, other, r.threads[other].line);
  }
  return !r.ready.empty();
}

inline void runBlock() {
  r.fibers = 0, r.ready.clear();
  do {
    for (size_t k = 0; k < r.ready.size() && !r.ended; k++) {
      exchangeStacks(&r.main, r.threads[r.ready[k]].stack);
    }
    while (r.b->next < r.b->size.x && !r.ended) exchangeStacks(&r.main, newFiber());
  } while (!r.ended && settle());
}

}  // namespace standin
