// Runs a grid: its blocks one after the other, a block's threads as fibers. A fiber calls the kernel for one
// thread after the other; only when a thread meets a barrier does its fiber wait, and another fiber goes on.
#include <sys/mman.h>

#include <cstring>
#include <string>

#include "block.h"
#include "standin.h"

// Saves the registers a call keeps on the stack, exchanges the stacks, and loads them.
extern "C" void standin_switch(void** saved, void* loaded);
asm(R"(
.text
.type standin_switch, @function
standin_switch:
  push %rbp
  push %rbx
  push %r12
  push %r13
  push %r14
  push %r15
  mov %rsp, (%rdi)
  mov %rsi, %rsp
  pop %r15
  pop %r14
  pop %r13
  pop %r12
  pop %rbx
  pop %rbp
  ret
.size standin_switch, .-standin_switch
)");

namespace standin {
namespace {

constexpr size_t STACK = 64 << 10;
enum { BLOCK_BARRIER = -1, NONE = 0 };  // else the prelude's kind of exchange
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
    void* p = mmap(nullptr, STANDIN_THREADS * STACK, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) die("no memory for the fibers' stacks");
    base = (char*)p;
    for (size_t k = 0; k < STANDIN_THREADS; k++) mprotect(base + k * STACK, 4096, PROT_NONE);
  }
  return base;
}

std::string where(unsigned thread) {
  const Wait& w = r.wait[thread];
  std::string text = "thread " + std::to_string(thread);
  if (r.b->returned[thread]) return text + " has returned";
  return text + " waits at " + NAMES[w.operation + 1] + " in line " + std::to_string(w.line);
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

// Lets all that wait in [from, to) for this operation go on; they must wait at the same place.
bool wake(unsigned from, unsigned to, unsigned mask, int operation, unsigned self) {
  int first = -1;
  for (unsigned t = from; t < to; t++) {
    if (r.b->returned[t] || (operation != BLOCK_BARRIER && !(mask >> (t - from) & 1))) continue;
    const Wait& w = r.wait[t];
    if (w.operation == NONE) return false;
    if (first < 0) first = (int)t;
    const Wait& other = r.wait[first];
    if (w.operation != operation || w.line != other.line || w.mask != other.mask) diverged(first, t);
  }
  if (first < 0) return false;
  unsigned warp = from / 32, present = 0;
  for (unsigned t = from; t < to; t++) {
    if (r.b->returned[t] || (operation != BLOCK_BARRIER && !(mask >> (t - from) & 1))) continue;
    r.wait[t].operation = NONE;
    r.waiting--;
    if (operation != BLOCK_BARRIER) {
      r.out[t] = r.in[t];
      present |= 1u << (t - from);
    }
    if (t != self) r.ready[r.last++ % STANDIN_THREADS] = (unsigned short)t;
  }
  if (operation == BLOCK_BARRIER) {
    r.atBarrier = 0;
  } else {
    r.present[warp] = present;
    r.atWarp[warp] = 0;
  }
  return true;
}

unsigned warpEnd(unsigned from) { return from + 32 < r.b->size.x ? from + 32 : r.b->size.x; }

void suspend(unsigned thread) {
  standin_switch(&r.saved[thread], pick());
  r.b->thread.x = thread;
}

void sync(int line) {
  unsigned t = r.b->thread.x;
  r.wait[t] = {line, BLOCK_BARRIER, 0};
  r.waiting++;
  if (++r.atBarrier < r.b->size.x || !wake(0, r.b->size.x, 0, BLOCK_BARRIER, t)) suspend(t);
}

const unsigned long long* exchange(int line, int operation, unsigned mask, unsigned long long value,
                                   unsigned* present) {
  unsigned t = r.b->thread.x, warp = t / 32, from = warp * 32, to = warpEnd(from);
  if (!(mask >> (t - from) & 1)) {
    die("kernel %s, line %d: the mask %#x leaves out the calling thread %u", r.f->name.c_str(), line, mask, t);
  }
  r.wait[t] = {line, operation, mask};
  r.in[t] = value;
  r.waiting++;
  bool all = ++r.atWarp[warp] == to - from;
  if (!(all || mask != 0xffffffffu) || !wake(from, to, mask, operation, t)) suspend(t);
  *present = r.present[warp];
  return r.out + from;
}

// Nothing can run: threads that returned count as arrived; if that frees nobody, the threads diverged.
void settle() {
  unsigned n = r.b->size.x, some = 0;
  bool barrier = true;
  for (unsigned t = 0; t < n; t++) {
    if (r.b->returned[t]) continue;
    some = t;
    if (r.wait[t].operation != BLOCK_BARRIER) barrier = false;
  }
  if (barrier && wake(0, n, 0, BLOCK_BARRIER, n)) return;
  bool woken = false;
  for (unsigned from = 0; from < n; from += 32) {
    for (unsigned t = from; t < warpEnd(from); t++) {
      const Wait& w = r.wait[t];
      if (r.b->returned[t] || w.operation <= NONE) continue;
      woken |= wake(from, warpEnd(from), w.mask, w.operation, n);
    }
  }
  if (woken) return;
  for (unsigned t = 0; t < n; t++) {
    if (r.b->returned[t] || r.wait[t].operation != r.wait[some].operation) diverged(some, t);
  }
  diverged(some, some);
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
  StandinBlock& b = *r.b;
  memset(r.f->shared, 0xff, (size_t)(r.f->sharedEnd - r.f->shared));
  memset(b.returned, 0, b.size.x);
  b.next = 0;
  r.first = r.last = r.fibers = 0;
  for (;;) {
    void* next = pick();
    if (next != r.main) {
      standin_switch(&r.main, next);
    } else if (r.waiting) {
      settle();
    } else {
      return;
    }
    if (r.trapped) return;
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
  *r.b = StandinBlock{};
  r.b->size = {threads, 1, 1};
  r.b->grid = {grid, 1, 1};
  r.b->sync = sync;
  r.b->exchange = exchange;
  r.b->fail = fail;
  r.b->trap = trap;
  for (unsigned k = 0; k < grid && !r.trapped; k++) {
    r.b->block = {k, 0, 0};
    runBlock();
  }
  if (r.trapped) setBroken(719);
}

}  // namespace standin
