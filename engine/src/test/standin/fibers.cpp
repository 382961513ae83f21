// Runs a grid: its blocks one after the other, a block's threads as fibers. A fiber calls the kernel for one
// thread after the other; only when a thread meets a barrier does its fiber wait, and another fiber goes on.
#include <sys/mman.h>

#include <cstring>

#include "block.h"
#include "standin.h"

namespace standin {
namespace {

constexpr size_t STACK = 64 << 10;
enum { BARRIER = -1, NONE = 0 };  // what a thread waits for, else the prelude's kind of exchange
const char* const NAMES[] = {"__syncthreads", "", "__syncwarp", "__shfl_sync", "__shfl_up_sync",
                             "__shfl_down_sync", "__shfl_xor_sync", "__ballot_sync"};

struct Wait {
  int line, operation;
  unsigned mask;

  bool operator!=(const Wait& o) const { return line != o.line || operation != o.operation || mask != o.mask; }
};

// Threads that wait, of a warp or a block: how many, and whether all do for the same as the first.
struct Meeting {
  unsigned count;
  bool same;
  Wait first;

  void add(const Wait& w) {
    if (count++ == 0) first = w, same = true;
    else if (w != first) same = false;
  }
};

// The state of the one block that runs.
struct Run {
  const Function* f;
  const char* parameters;
  StandinBlock* b;
  void *main, *saved[STANDIN_THREADS];
  unsigned short ready[STANDIN_THREADS];
  unsigned first, last;  // of ready, counted without end
  unsigned fibers, waiting, present[STANDIN_THREADS / 32];
  Meeting block, warp[STANDIN_THREADS / 32];
  Wait wait[STANDIN_THREADS];
  unsigned long long in[STANDIN_THREADS], out[STANDIN_THREADS];
  bool trapped;
};

Run r;

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

char* stacks() {
  static char* base = nullptr;
  if (!base) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    base = (char*)mmap(nullptr, STANDIN_THREADS * STACK, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (base == MAP_FAILED) die("no memory for the fibers' stacks");
    for (size_t k = 0; k < STANDIN_THREADS; k++) mprotect(base + k * STACK, 4096, PROT_NONE);
  }
  return base;
}

std::string where(unsigned thread) {
  std::string text = "thread " + std::to_string(thread);
  if (r.b->returned[thread]) return text + " has returned";
  return text + " waits at " + NAMES[r.wait[thread].operation + 1] + " in line " + std::to_string(r.wait[thread].line);
}

[[noreturn]] void diverged(unsigned a, unsigned b) {
  die("kernel %s, block %u: the threads do not meet: %s, %s", r.f->name.c_str(), r.b->block.x, where(a).c_str(),
      where(b).c_str());
}

void entry();

// The fiber to go on with: one that is ready, a new one, or the main program.
void* pick() {
  if (r.first != r.last) return r.saved[r.ready[r.first++ % STANDIN_THREADS]];
  if (r.b->next >= r.b->size.x) return r.main;
  r.fibers++;  // the stacks' tops lie in different sets of the cache
  void** top = (void**)(stacks() + r.fibers * STACK - r.fibers % 32 * 128);
  top[-1] = nullptr;  // the entry has no caller; keeps its stack aligned
  top[-2] = (void*)entry;
  return top - 2;
}

void entry() {
  r.f->run(r.parameters);
  void* ended;
  exchangeStacks(&ended, pick());
}

void suspend(unsigned thread) {
  exchangeStacks(&r.saved[thread], pick());
  r.b->thread.x = thread;
}

// Lets all of [from, to) that are in the mask go on if they have met; those that returned are not waited for.
bool wake(unsigned from, unsigned to, int operation, unsigned mask, unsigned self) {
  auto counts = [&](unsigned t) { return !r.b->returned[t] && (operation == BARRIER || mask >> (t - from) & 1); };
  unsigned met = STANDIN_THREADS, present = 0;
  for (unsigned t = from; t < to; t++) {
    if (!counts(t)) continue;
    const Wait& w = r.wait[t];
    if (w.operation == NONE) return false;
    if (met == STANDIN_THREADS) met = t;
    if (w != r.wait[met] || w.operation != operation) diverged(met, t);
  }
  for (unsigned t = from; t < to; t++) {
    if (!counts(t)) continue;
    r.wait[t].operation = NONE;
    r.waiting--;
    r.out[t] = r.in[t];
    present |= 1u << (t - from) % 32;
    if (t != self) r.ready[r.last++ % STANDIN_THREADS] = (unsigned short)t;
  }
  if (operation != BARRIER) r.present[from / 32] = present;
  (operation == BARRIER ? r.block : r.warp[from / 32]).count = 0;
  return met != STANDIN_THREADS;
}

unsigned warpEnd(unsigned from) { return from + 32 < r.b->size.x ? from + 32 : r.b->size.x; }

// As wake, for all of [from, to) having come for the same.
void wakeAll(unsigned from, unsigned to, unsigned self) {
  for (unsigned t = from; t < to; t++) {
    r.wait[t].operation = NONE;
    if (t != self) r.ready[r.last++ % STANDIN_THREADS] = (unsigned short)t;
  }
  r.waiting -= to - from;
}

void sync(int line) {
  unsigned t = r.b->thread.x, n = r.b->size.x;
  r.wait[t] = {line, BARRIER, 0};
  r.waiting++;
  r.block.add(r.wait[t]);
  if (r.block.count < n) return suspend(t);
  if (!r.block.same) wake(0, n, BARRIER, 0, t);  // says who diverged
  r.block.count = 0;
  wakeAll(0, n, t);
}

const unsigned long long* exchange(int line, int operation, unsigned mask, unsigned long long value,
                                   unsigned* present) {
  unsigned t = r.b->thread.x, from = t & ~31u, to = warpEnd(from);
  Meeting& warp = r.warp[from / 32];
  if (!(mask >> (t - from) & 1)) die("kernel %s: line %d: the mask leaves out its caller", r.f->name.c_str(), line);
  r.wait[t] = {line, operation, mask};
  r.in[t] = value;
  r.waiting++;
  warp.add(r.wait[t]);
  if (warp.count == 32 && warp.same && mask == 0xffffffffu) {
    memcpy(r.out + from, r.in + from, 32 * sizeof value);
    r.present[from / 32] = mask;
    warp.count = 0;
    wakeAll(from, to, t);
  } else if ((warp.count < to - from && mask == 0xffffffffu) || !wake(from, to, operation, mask, t)) {
    suspend(t);
  }
  *present = r.present[from / 32];
  return r.out + from;
}

// Nothing can run: threads that returned count as arrived; if that frees nobody, the threads diverged.
void settle() {
  unsigned n = r.b->size.x, some = n, other = n;
  bool woken = false;
  for (unsigned t = 0; t < n; t++) {
    if (r.b->returned[t]) continue;
    if (some == n) some = t;
    if (r.wait[t].operation != r.wait[some].operation) other = t;
  }
  if (r.wait[some].operation == BARRIER && other == n) woken = wake(0, n, BARRIER, 0, n);
  for (unsigned t = 0; t < n; t++) {
    const Wait& w = r.wait[t];
    if (!r.b->returned[t] && w.operation > NONE) woken |= wake(t & ~31u, warpEnd(t & ~31u), w.operation, w.mask, n);
  }
  if (!woken) diverged(some, other < n ? other : some);
}

void fail(const char* message) {
  die("kernel %s, block %u, thread %u: %s", r.f->name.c_str(), r.b->block.x, r.b->thread.x, message);
}

void trap() {
  r.trapped = true;
  void* left;
  exchangeStacks(&left, r.main);
}

void runBlock() {
  memset(r.f->shared, 0xff, (size_t)(r.f->sharedEnd - r.f->shared));
  memset(r.b->returned, 0, r.b->size.x);
  r.b->next = r.first = r.last = r.fibers = 0;
  while (!r.trapped) {
    void* next = pick();
    if (next != r.main) exchangeStacks(&r.main, next);
    else if (r.waiting) settle();
    else return;
  }
}

}  // namespace

void runGrid(const Function& f, unsigned grid, unsigned threads, const char* parameters) {
  auto module = f.module.lock();
  if (!module) die("kernel %s was launched after its module was unloaded", f.name.c_str());
  memset((void*)&r, 0, sizeof r);
  r.f = &f;
  r.parameters = parameters;
  r.b = f.block;
  r.main = &r;  // only told apart from a fiber's
  // Backwards if asked for and the block is a power of two: what needs an order shows.
  static const bool reverse = setting("STANDIN_REVERSE", 0) != 0;
  unsigned turn = reverse && !(threads & (threads - 1)) ? threads - 1 : 0;
  *r.b = {{}, {}, {threads, 1, 1}, {grid, 1, 1}, 0, turn, {}, sync, exchange, fail, trap};
  for (unsigned k = 0; k < grid && !r.trapped; k++) {
    r.b->block = {turn ? grid - 1 - k : k, 0, 0};
    runBlock();
  }
  if (r.trapped) setBroken(719);
}

}  // namespace standin
