// Runs a block's threads as fibers. A fiber calls the kernel for one thread after the other; only when a thread meets
// a barrier does its fiber wait, and another fiber goes on. When all wait, those go on that have met.
#pragma once
#include "block.h"
#include "standin.h"

namespace standin {

constexpr size_t STACK = 64 << 10;

struct Wait {
  int line;  // 0: goes on
  unsigned mask;
  bool operator==(const Wait& o) const { return line == o.line && mask == o.mask; }
};

// The block that runs.
static struct Run {
  unsigned long (*run)(const void* parameters);
  const void* parameters;
  StandinBlock* b;
  void *main, *saved[STANDIN_THREADS];
  unsigned short ready[STANDIN_THREADS];
  unsigned first, last, fibers;  // of ready; begun
  Wait wait[STANDIN_THREADS];
  unsigned long long in[STANDIN_THREADS], out[STANDIN_THREADS];
  unsigned present[STANDIN_THREADS];
  bool ended;
  std::string failure;
} r;

// Goes on with another stack, on whose top the address to go on at lies; not a call, so that the processor
// predicts the returns that follow.
inline void exchangeStacks(void** saved, void* loaded) {
  asm volatile(
      "lea -128(%%rsp), %%rsp; push %%rbp; lea 1f(%%rip), %%rax; push %%rax; mov %%rsp, (%%rdi); mov %%rsi, %%rsp;"
      "pop %%rax; jmp *%%rax; 1: pop %%rbp; lea 128(%%rsp), %%rsp"
      : "+D"(saved), "+S"(loaded)
      :
      : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1", "xmm2",
        "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
        "memory", "cc");
}

inline char* stacks() {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  char* base = (char*)mmap(nullptr, STANDIN_THREADS * STACK, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (base == MAP_FAILED) die("no memory for the fibers' stacks");
  for (size_t k = 0; k < STANDIN_THREADS; k++) mprotect(base + k * STACK, 4096, PROT_NONE);
  return base;
}

inline void entry();

// The fiber to go on with: one that is ready, a new one, or the main program.
inline void* pick() {
  static char* base = stacks();
  if (r.first != r.last) return r.saved[r.ready[r.first++]];
  if (r.b->next >= r.b->size.x) return r.main;
  unsigned k = r.fibers++;
  void** top = (void**)(base + (k + 1) * STACK - k % 32 * 128);  // the tops lie in different sets of the cache
  top[-1] = nullptr;                                             // no caller; keeps the stack aligned
  top[-2] = (void*)entry;
  return top - 2;
}

inline void leave(void* next) {
  void* left;
  exchangeStacks(&left, next);
}

inline void entry() {
  r.run(r.parameters);
  leave(pick());
}

inline void fail(const char* message) {
  if (message) r.failure = "thread " + std::to_string(r.b->thread.x) + ": " + message;
  r.ended = true;
  leave(r.main);
}

inline const unsigned long long* meet(int line, unsigned mask, unsigned long long value, unsigned* present) {
  unsigned t = r.b->thread.x;
  if (mask && !(mask >> t % 32 & 1)) fail("a mask leaves out its caller");
  r.in[t] = value;
  r.wait[t] = {line, mask};
  exchangeStacks(&r.saved[t], pick());
  r.b->thread.x = t;
  *present = r.present[t];
  return r.out + t / 32 * 32;
}

// Those of [from, to) in the mask go on if they wait for the same; those that returned are not waited for. Gives one
// that waits for something else, or `to`.
inline unsigned release(unsigned from, unsigned to, Wait w) {
  unsigned present = 0;
  auto counts = [&](unsigned t) { return !r.b->returned[t] && (!w.mask || w.mask >> t % 32 & 1); };
  for (unsigned t = from; t < to; t++) {
    if (counts(t) && !(r.wait[t] == w)) return t;
    if (counts(t)) present |= 1u << t % 32;
  }
  for (unsigned t = from; t < to; t++) {
    if (!counts(t)) continue;
    r.wait[t].line = 0;
    r.out[t] = r.in[t];
    r.present[t] = present;
    r.ready[r.last++] = (unsigned short)t;
  }
  return to;
}

// All wait or have returned: lets go on who has met. False if all have returned.
inline bool settle() {
  const unsigned char* returned = r.b->returned;
  unsigned n = r.b->size.x, other = n, some = (unsigned)(std::find(returned, returned + n, 0) - returned);
  r.first = r.last = 0;
  for (unsigned t = some; t < n; t++) {
    const Wait w = r.wait[t];
    if (!returned[t] && w.line && w.mask) other = release(t / 32 * 32, std::min(n, t / 32 * 32 + 32), w);
  }
  if (r.last == 0 && some < n && !r.wait[some].mask) other = release(0, n, r.wait[some]);
  if (r.last || some == n) return some < n;
  die("block %u: the threads do not meet: thread %u waits in line %d, thread %u in line %d", r.b->block.x, some,
      r.wait[some].line, other, r.wait[other].line);
}

}  // namespace standin
