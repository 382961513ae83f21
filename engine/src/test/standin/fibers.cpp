// Runs a grid: its blocks one after the other, a block's threads as fibers. A fiber calls the kernel for one
// thread after the other; only when a thread meets a barrier does its fiber wait, and another fiber goes on.
#include <sys/mman.h>

#include <cstring>

#include "block.h"
#include "standin.h"

// Saves the registers a call keeps on the stack, exchanges the stacks, and loads them.
extern "C" void standin_switch(void** saved, void* loaded);
asm(R"(
.text
.type standin_switch, @function
standin_switch:
  push %rbp; push %rbx; push %r12; push %r13; push %r14; push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbx; pop %rbp
  ret
.size standin_switch, .-standin_switch
)");

namespace standin {
namespace {

constexpr size_t STACK = 64 << 10;
enum { BARRIER = -1, NONE = 0 };  // what a thread waits for, else the prelude's kind of exchange
const char* const NAMES[] = {"__syncthreads", "", "__syncwarp", "__shfl_sync", "__shfl_up_sync",
                             "__shfl_down_sync", "__shfl_xor_sync", "__ballot_sync"};

struct Wait {
  int line, operation;
  unsigned mask;
};

// The state of the one block that runs.
struct Run {
  const Function* f;
  const char* parameters;
  StandinBlock* b;
  void *main, *saved[STANDIN_THREADS];
  unsigned short ready[STANDIN_THREADS];
  unsigned first, last;  // of ready, counted without end
  unsigned fibers, waiting, atBarrier, atWarp[STANDIN_THREADS / 32], present[STANDIN_THREADS / 32];
  Wait wait[STANDIN_THREADS];
  unsigned long long in[STANDIN_THREADS], out[STANDIN_THREADS];
  bool trapped;
};

Run r;

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
  void** top = (void**)(stacks() + ++r.fibers * STACK);
  top[-1] = nullptr;  // the entry has no caller; keeps its stack aligned
  top[-2] = (void*)entry;
  return top - 8;  // six registers below
}

void entry() {
  r.f->run(r.parameters);
  void* ended;
  standin_switch(&ended, pick());
}

void suspend(unsigned thread) {
  standin_switch(&r.saved[thread], pick());
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
    if (w.operation != operation || w.line != r.wait[met].line || w.mask != r.wait[met].mask) diverged(met, t);
  }
  for (unsigned t = from; t < to; t++) {
    if (!counts(t)) continue;
    r.wait[t].operation = NONE;
    r.waiting--;
    r.out[t] = r.in[t];
    present |= 1u << (t - from) % 32;
    if (t != self) r.ready[r.last++ % STANDIN_THREADS] = (unsigned short)t;
  }
  if (operation == BARRIER) {
    r.atBarrier = 0;
  } else {
    r.present[from / 32] = present;
    r.atWarp[from / 32] = 0;
  }
  return met != STANDIN_THREADS;
}

unsigned warpEnd(unsigned from) { return from + 32 < r.b->size.x ? from + 32 : r.b->size.x; }

void sync(int line) {
  unsigned t = r.b->thread.x;
  r.wait[t] = {line, BARRIER, 0};
  r.waiting++;
  if (++r.atBarrier < r.b->size.x || !wake(0, r.b->size.x, BARRIER, 0, t)) suspend(t);
}

const unsigned long long* exchange(int line, int operation, unsigned mask, unsigned long long value,
                                   unsigned* present) {
  unsigned t = r.b->thread.x, from = t & ~31u, to = warpEnd(from);
  if (!(mask >> (t - from) & 1)) die("kernel %s: line %d: the mask leaves out its caller", r.f->name.c_str(), line);
  r.wait[t] = {line, operation, mask};
  r.in[t] = value;
  r.waiting++;
  bool complete = ++r.atWarp[from / 32] == to - from;
  if (!(complete || mask != 0xffffffffu) || !wake(from, to, operation, mask, t)) suspend(t);
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
  standin_switch(&left, r.main);
}

void runBlock() {
  memset(r.f->shared, 0xff, (size_t)(r.f->sharedEnd - r.f->shared));
  memset(r.b->returned, 0, r.b->size.x);
  r.b->next = r.first = r.last = r.fibers = 0;
  while (!r.trapped) {
    void* next = pick();
    if (next != r.main) standin_switch(&r.main, next);
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
  *r.b = {{}, {}, {threads, 1, 1}, {grid, 1, 1}, 0, {}, sync, exchange, fail, trap};
  for (unsigned k = 0; k < grid && !r.trapped; k++) {
    r.b->block = {k, 0, 0};
    runBlock();
  }
  if (r.trapped) setBroken(719);
}

}  // namespace standin
